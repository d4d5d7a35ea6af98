// A process that is stopped and goes on, as a debugger, a full cgroup or the host of a virtual machine does to it. (A
// single thread can't be stopped by a signal: SIGSTOP is for the process, whomever it is sent to.)

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { engineMissing, meets } from '../support/requirement.js'
import { randomPoints } from './random-points.js'
import { allProtocols } from './service.js'
import { assertAsBefore, underLoad } from './under-load.js'

const ROUNDS = 3

/** What waits in the sockets of a UDP port, in bytes. */
function waitingBytes(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/udp', 'utf8').split('\n')
  const queues = lines.filter(line => line.includes(` ${local} `)).map(line => line.trim().split(/\s+/)[4])
  return queues.reduce((sum, queue) => sum + Number.parseInt(queue.split(':')[1], 16), 0)
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('a tracker under load that is stopped', () => {
  it('goes on where it was, and answers what came meanwhile', async t => {
    if (!meets(t, engineMissing('native'))) return
    const random = randomPoints(t)
    const aftermath = await underLoad(t, { protocols: allProtocols }, async tracker => {
      const { port } = tracker.place('udp')
      for (let round = 0; round < ROUNDS; round++) {
        await random.pass(tracker)
        tracker.process.signal('SIGSTOP')
        // Some hundred requests of the load: nobody reads them.
        while (waitingBytes(port) < 200_000) await turn()
        tracker.process.signal('SIGCONT')
      }
    })
    assert.equal(aftermath.workerRestarts, 0)
    assertAsBefore(t, aftermath)
  })
})
