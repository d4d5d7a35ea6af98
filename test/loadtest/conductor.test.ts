// The phases of a test, led through shared memory; here the workers are this test.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Conductor } from '../../src/loadtest/conductor.js'
import { createRunControlMemory, Phase, RunControl } from '../../src/loadtest/control.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { planOf } from './plans.js'

const never = new Promise<never>(() => undefined)

/** A conductor of two workers; `onTick` may do what workers would. */
function scene(
  phases: Partial<LoadPlan['phases']>,
  onTick: (control: RunControl) => void,
  signal?: AbortSignal,
) {
  const plan = planOf({ workers: 2 })
  const control = new RunControl(createRunControlMemory(2))
  const names: string[] = []
  const conductor = new Conductor({ ...plan, phases: { ...plan.phases, ...phases } }, control, signal, {
    onTick: () => onTick(control),
    onPhase: phase => names.push(phase),
    failure: never,
  })
  return { conductor, control, names }
}

function doneBoth(control: RunControl, phase: Phase): void {
  for (const worker of [0, 1]) control.reportDone(worker, phase)
}

describe('phases of a load test', () => {
  it('go on as soon as every worker is done', async () => {
    const limits = { connectSeconds: 1000, fillSeconds: 1000, drainSeconds: 1000, measureSeconds: 0.05 }
    const { conductor, control, names } = scene(limits, control => {
      if (control.phase !== Phase.load) doneBoth(control, control.phase)
    })
    assert.deepEqual(await conductor.prepare(), { isConnected: true, isFilled: true })
    let measured = 0
    await conductor.load(() => measured++)
    await conductor.drain()
    conductor.stop()
    assert.equal(measured, 1)
    assert.equal(control.phase, Phase.stop)
    assert.deepEqual(names, ['connect', 'fill', 'warm-up', 'measure', 'drain', 'done'])
  })

  it('go on without those that are not done in time, and say so', async () => {
    const limits = { connectSeconds: 0.03, fillSeconds: 0.03 }
    const { conductor } = scene(limits, control => control.reportDone(0, Phase.fill))
    assert.deepEqual(await conductor.prepare(), { isConnected: false, isFilled: false })
  })

  it('end at an abort: the measurement then, the drain still comes', async () => {
    const abort = new AbortController()
    const { conductor, control, names } = scene(
      { measureSeconds: Number.POSITIVE_INFINITY },
      control => {
        if (control.phase === Phase.load) abort.abort()
        if (control.phase === Phase.drain) doneBoth(control, Phase.drain)
      },
      abort.signal,
    )
    await conductor.load(() => undefined)
    assert.ok(Number.isFinite(control.measureEndMs))
    assert.ok(control.measureEndMs >= control.measureStartMs)
    await conductor.drain()
    assert.equal(conductor.isInterrupted, true)
    assert.equal(names.at(-1), 'drain')
  })

  it('end at an abort before anything is measured: nothing counts', async () => {
    const abort = new AbortController()
    const { conductor, control } = scene({ warmUpSeconds: 1000 }, () => abort.abort(), abort.signal)
    let measured = 0
    await conductor.load(() => measured++)
    assert.equal(measured, 0)
    assert.equal(control.measureStartMs, control.measureEndMs)
  })

  it('end when a worker fails', async () => {
    const plan = planOf()
    const control = new RunControl(createRunControlMemory(1))
    const failure = Promise.reject(new Error('a worker failed'))
    const conductor = new Conductor(plan, control, undefined, {
      onTick: () => undefined,
      onPhase: () => undefined,
      failure,
    })
    await assert.rejects(conductor.prepare(), /a worker failed/)
  })
})
