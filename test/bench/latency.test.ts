// Which rates latency is measured at, and what is done where the load generator can't keep them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Saturation } from '../../src/bench/cell-result.js'
import { measureLatency } from '../../src/bench/latency.js'
import type { LoadTestDocument } from '../../src/loadtest/report/document.js'
import { figuresOf } from './sample-cells.js'

const saturation: Saturation = { ...figuresOf().saturation!, responsesPerSecond: 1000 }

/** A generator that keeps rates up to a limit; it keeps count of what it was asked for. */
function generator(limitPerSecond: number, failures = 0) {
  const rates: number[] = []
  const load = async (flags: readonly string[]): Promise<LoadTestDocument> => {
    const rate = Number(flags[flags.indexOf('--rate') + 1])
    rates.push(rate)
    const keeps = rate <= limitPerSecond && rates.length > failures
    return {
      verdict: keeps ? 'valid' : 'generator-bound',
      kinds: [{ kind: 'announce', response: { p50Us: 1, p99Us: 2, p999Us: 3 }, lossShare: 0 }],
      selfCheck: { lagP99Us: 0.5, workerWaitShares: [0.1, 0.2] },
    } as unknown as LoadTestDocument
  }
  return { rates, request: { saturation, latencyShare: 0.5, measureSeconds: 2, load } }
}

describe('latency of a bench', () => {
  it('is that at half of the saturation', async () => {
    const { rates, request } = generator(500)
    const points = await measureLatency(request)
    assert.deepEqual(rates, [500])
    const expected = { ratePerSecond: 500, share: 0.5, p50Us: 1, p99Us: 2, p999Us: 3, lossShare: 0 }
    assert.deepEqual(points, [{ ...expected, isValid: true, lagP99Us: 0.5, waitShare: 0.2 }])
  })

  it('is tried once more where the generator fell behind', async () => {
    const { rates, request } = generator(500, 1)
    const points = await measureLatency(request)
    assert.deepEqual(rates, [500, 500])
    assert.deepEqual(
      points.map(({ isValid }) => isValid),
      [true],
    )
  })

  it('is measured at a quarter where half can not be kept, and stays known as that', async () => {
    const { rates, request } = generator(499)
    const points = await measureLatency(request)
    assert.deepEqual(rates, [500, 500, 250])
    assert.deepEqual(
      points.map(({ share, isValid }) => [share, isValid]),
      [
        [0.5, false],
        [0.25, true],
      ],
    )
  })

  it('has its points of a curve in their places, kept or not', async () => {
    const { request } = generator(600)
    const points = await measureLatency({ ...request, curveShares: [0.25, 0.75, 0.9] })
    assert.deepEqual(
      points.map(({ share }) => share),
      [0.5, 0.25, 0.75, 0.9],
    )
    assert.deepEqual(
      points.map(({ isValid }) => isValid),
      [true, true, false, false],
    )
  })

  it('is none where it is not asked for', async () => {
    const { rates, request } = generator(500)
    assert.deepEqual(await measureLatency({ ...request, latencyShare: 0 }), [])
    assert.deepEqual(rates, [])
  })
})
