// The words through which the main thread leads its workers.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRunControlMemory, Phase, RunControl } from '../../src/loadtest/control.js'

describe('the control of a run', () => {
  it('shows phases and times to whoever has the memory', () => {
    const memory = createRunControlMemory(2)
    const main = new RunControl(memory)
    const worker = new RunControl(structuredClone(memory))
    assert.equal(worker.phase, Phase.connect)
    main.setTimes(1.25, 2.5, Number.POSITIVE_INFINITY)
    main.enter(Phase.load)
    assert.equal(worker.phase, Phase.load)
    const { loadStartMs, measureStartMs, measureEndMs } = worker
    assert.deepEqual([loadStartMs, measureStartMs, measureEndMs], [1.25, 2.5, Number.POSITIVE_INFINITY])
  })

  it('knows for each worker which phases it is done with', () => {
    const control = new RunControl(createRunControlMemory(3))
    const doneWith = (worker: number): Phase[] =>
      [Phase.connect, Phase.fill, Phase.load, Phase.drain].filter(phase => control.isDone(worker, phase))
    control.reportDone(1, Phase.connect)
    control.reportDone(2, Phase.fill)
    // Again, and late: what is done stays done.
    control.reportDone(2, Phase.connect)
    control.reportDone(2, Phase.fill)
    assert.deepEqual([0, 1, 2].map(doneWith), [[], [Phase.connect], [Phase.connect, Phase.fill]])
    control.reportDone(0, Phase.drain)
    assert.deepEqual(doneWith(0), [Phase.connect, Phase.fill, Phase.load, Phase.drain])
    assert.deepEqual(doneWith(1), [Phase.connect])
    assert.equal(control.phase, Phase.connect)
  })
})
