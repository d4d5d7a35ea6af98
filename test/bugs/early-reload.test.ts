// For the first tenth of a second of a start, while modules were loaded, node still had its own handler of SIGUSR1: a
// reload that came then opened a debugger on the loopback address, for every user of the machine. SIGHUP ended the
// program then.

import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { type RunningProcess, startProcess } from '../support/child-process.js'
import { binaryArguments, cleanEnvironment } from '../support/tracker-process.js'

/** Starts a tracker with a script that runs before anything of it. */
async function listening(t: TestContext, script: string): Promise<RunningProcess> {
  const preload = `data:text/javascript,${encodeURIComponent(script)}`
  const sets = ['network.address_ipv4=127.0.0.1:0', 'network.use_ipv6=false'].flatMap(set => ['--set', set])
  const args = ['--import', preload, ...binaryArguments('serve', 'udp', '--json', ...sets)]
  const tracker = startProcess(t, process.execPath, args, { env: cleanEnvironment() })
  await tracker.waitForLines('stdout', /"event":"listening"/)
  return tracker
}

/** As soon as the first package is asked for. */
const atFirstPackage = (signal: NodeJS.Signals): string =>
  `import { register } from 'node:module'
    const hook = \`export async function resolve(specifier, context, next) {
      if (specifier.startsWith('@oclif/core')) process.kill(process.pid, '${signal}')
      return next(specifier, context)
    }\`
    register('data:text/javascript,' + encodeURIComponent(hook))`

it('a reload while the program is loaded opens none', async t => {
  const tracker = await listening(t, atFirstPackage('SIGUSR1'))
  assert.deepEqual((await tracker.stop()).stderr, '')
})

it('SIGHUP then does not end the tracker, which reloads at the next one', async t => {
  const tracker = await listening(t, atFirstPackage('SIGHUP'))
  tracker.signal('SIGHUP')
  await tracker.waitForLines('stdout', /there is nothing to reload/)
  const { code, stderr } = await tracker.stop()
  assert.deepEqual([code, stderr], [0, ''])
})

it('other commands end with their terminal all the same', async t => {
  const preload = `data:text/javascript,${encodeURIComponent(atFirstPackage('SIGHUP'))}`
  const args = ['--import', preload, ...binaryArguments('config', 'print', 'udp')]
  const { signal } = await startProcess(t, process.execPath, args, { env: cleanEnvironment() }).ended
  assert.equal(signal, 'SIGHUP')
})
