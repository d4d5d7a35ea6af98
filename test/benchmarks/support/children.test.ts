import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { childEnvironment, startPinned } from '../../../benchmarks/support/children.js'

const skip = process.platform !== 'linux' && 'taskset and /proc are Linux'
const children = new URL('../../../benchmarks/support/children.js', import.meta.url).href
/** A benchmark in small: starts something endless, makes a directory, prints both, and waits. */
const endless = `
  const { cleanUpAtExit, makeScratchDirectory, startPinned } = await import('${children}')
  cleanUpAtExit()
  const child = startPinned({ command: 'tail', args: ['-f', '/dev/null'], core: 0 })
  process.stdout.write(JSON.stringify({ pid: child.pid, directory: makeScratchDirectory() }) + '\\n')
  await child.exited
`

/** Ended, or a zombie whose new parent has not collected it yet. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch (error) {
    assert.match((error as NodeJS.ErrnoException).code ?? '', /^(ENOENT|ESRCH)$/)
    return true
  }
}

test('an interrupt leaves no process and no directory behind', { skip, timeout: 120_000 }, async () => {
  const benchmark = spawn(process.execPath, ['--input-type=module', '-e', endless], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(benchmark.stdout), 'line')) as [string]
  const { pid, directory } = JSON.parse(line) as { pid: number; directory: string }
  assert.ok(existsSync(`/proc/${pid}`) && existsSync(directory))
  benchmark.kill('SIGINT')
  const [code] = (await once(benchmark, 'exit')) as [number]
  assert.equal(code, 130)
  assert.equal(existsSync(directory), false)
  // SIGKILL was sent before the benchmark ended; the kernel acts on it before the process runs again.
  while (!isGone(pid)) await new Promise(resolve => setImmediate(resolve))
})

test("settings of the caller's shell do not reach what is measured", () => {
  const own = { PATH: '/bin', AQUATIC_UDP__SOCKET_WORKERS: '2', NODE_OPTIONS: '--jitless' }
  assert.deepEqual(childEnvironment(own), { PATH: '/bin' })
})

test('a child says how it ended, and stopping it again does nothing', { skip }, async () => {
  const failing = startPinned({ command: 'sh', args: ['-c', 'echo out; echo err >&2; exit 3'], core: 0 })
  assert.equal(await failing.exited, 'ended with exit code 3')
  assert.equal(failing.stdout(), 'out\n')
  assert.equal(failing.stderr(), 'err\n')
  const endlessChild = startPinned({ command: 'tail', args: ['-f', '/dev/null'], core: 0 })
  await endlessChild.stop()
  await endlessChild.stop()
  assert.equal(await endlessChild.exited, 'was ended by SIGKILL')
})
