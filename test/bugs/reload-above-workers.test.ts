// The thread that reads access lists took niceness 10, whatever the tracker's was: one that was started with
// `nice -n 15` gave its workers a third of the reload's share of a processor.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { startProcess } from '../support/child-process.js'
import { engineMissing, meets } from '../support/requirement.js'
import { binaryArguments, cleanEnvironment } from '../support/tracker-process.js'

/** Niceness of each thread by its name, as /proc/PID/task/TID/stat has them (proc(5)). */
function nicenesses(pid: number): Map<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map(thread => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      const [, name, rest] = /\((.*)\) (.*)$/s.exec(stat) ?? []
      // The 19th field; the first two are before the rest.
      return [name!, Number(rest!.split(' ')[16])]
    }),
  )
}

it('a tracker that is nice itself reloads its access list below its workers', async t => {
  if (!meets(t, engineMissing('native'))) return
  const list = join(scratchDirectory(t), 'list.txt')
  writeFileSync(list, '')
  const sets = ['network.use_ipv6=false', 'network.address_ipv4=127.0.0.1:0', 'access_list.mode=deny']
  const args = [...sets, `access_list.path=${list}`].flatMap(set => ['--set', set])
  const command = [process.execPath, ...binaryArguments('serve', 'udp', '--json', ...args)]
  const tracker = startProcess(t, 'nice', ['-n', '15', ...command], { env: cleanEnvironment() })
  await tracker.waitForLines('stdout', /"event":"listening"/)
  tracker.signal('SIGUSR1')
  await tracker.waitForLines('stdout', /access list updated/)
  const found = nicenesses(tracker.pid!)
  const worker = found.get('socket-01')
  assert.ok(worker !== undefined && worker >= 15, `${worker}`)
  assert.equal(found.get('access-list'), 19)
  assert.equal((await tracker.stop()).code, 0)
})
