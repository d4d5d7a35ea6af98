// Processor time of threads: from a text, and of this very thread.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory, Gauge } from '../../src/loadtest/tally.js'
import { parseThreadMs, parseWaitedMs, ThreadTimes } from '../../src/loadtest/thread-times.js'
import { threadId } from '../../src/net/thread-name.js'

const isLinux = process.platform === 'linux'

describe('the processor time of a thread', () => {
  it('is its user and system time, whatever its name is', () => {
    const rest = 'S 1 1 1 0 -1 4194560 5 0 0 0 120 35 7 9 20 0 12 0 100 0 0'
    assert.equal(parseThreadMs(`77 (load-udp-01) ${rest}`), 1550)
    assert.equal(parseThreadMs(`77 (a ) b (c) 9 9) ${rest}\n`), 1550)
  })

  it('has beside it the time of waiting for a processor', () => {
    assert.equal(parseWaitedMs('102462368 219764953 428\n'), 219.764953)
    assert.equal(parseWaitedMs('\n'), 0)
  })

  it('grows with what the thread does, and stays when it has ended', { skip: !isLinux }, () => {
    const tallies = new Tallies(createTallyMemory(3, 1), 3)
    const times = new ThreadTimes(tallies)
    assert.deepEqual(times.processorMs(), [0, 0, 0])
    tallies.workers[1].gauges[Gauge.threadId] = threadId()
    const [, before] = times.processorMs()
    const startMs = process.cpuUsage().user
    while (process.cpuUsage().user - startMs < 100_000);
    const [, after] = times.processorMs()
    assert.ok(after - before >= 50, `${after - before} ms`)
    // No thread has this number.
    tallies.workers[1].gauges[Gauge.threadId] = 2 ** 30
    assert.deepEqual(times.processorMs(), [0, after, 0])
  })
})
