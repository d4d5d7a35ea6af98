// One clock for all threads.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { clockOffsetMs, monotonicMs } from '../../src/loadtest/clock.js'

describe('the clock of a load test', () => {
  it('never goes back', () => {
    let before = monotonicMs()
    for (let reading = 0; reading < 100_000; reading++) {
      const now = monotonicMs()
      assert.ok(now >= before)
      before = now
    }
  })

  it('takes its offset from the reading that was not interrupted', () => {
    // 7 ms ahead. Between its two halves a reading loses 1 µs, or a time slice.
    let nowMs = 100
    let reading = 0
    const first = (): number => {
      const read = nowMs + 7
      nowMs += reading++ === 9 ? 0.001 : 4
      return read
    }
    assert.ok(Math.abs(clockOffsetMs(first, () => nowMs) - 7) < 0.0011)
  })

  it('is the same in another thread', async () => {
    const turn = new SharedArrayBuffer(4)
    const times = new SharedArrayBuffer(8)
    const word = new Int32Array(turn)
    const worker = new Worker(new URL('../fixtures/clock-worker.js', import.meta.url), {
      workerData: { turn, times },
    })
    const exited = once(worker, 'exit')
    await once(worker, 'online')
    for (let question = 0; question < 1000; question++) {
      const before = monotonicMs()
      Atomics.store(word, 0, 1)
      Atomics.notify(word, 0)
      assert.equal(Atomics.wait(word, 0, 1, 60_000) === 'timed-out', false)
      const after = monotonicMs()
      const [there] = new Float64Array(times)
      // Two readings of the same clock are some tens of nanoseconds apart.
      assert.ok(there > before - 0.01 && there < after + 0.01, `${there} is not in ${before} to ${after}`)
    }
    Atomics.store(word, 0, 2)
    Atomics.notify(word, 0)
    assert.deepEqual(await exited, [0])
  })
})
