import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createHandlingTimeMemory,
  HandlingTime,
  handlingTimeEdgesNs,
  handlingTimesIn,
} from '../../src/metrics/handling-time.js'

const batch = fc.record({
  // Times of all sizes, and often on an edge or beside one.
  perRequestNs: fc.oneof(
    fc.integer({ min: 0, max: 2_000_000_000 }),
    fc.double({ min: 0, max: 8, noNaN: true }).map(exponent => 10 ** exponent),
    fc
      .tuple(fc.constantFrom(...handlingTimeEdgesNs), fc.integer({ min: -1, max: 1 }))
      .map(([edge, off]) => edge + off),
  ),
  requests: fc.integer({ min: 1, max: 8 }).map(power => 2 ** (power - 1)),
})

describe('handling time', () => {
  it('counts exactly what lies at or below each edge', () => {
    fc.assert(
      fc.property(fc.array(batch), batches => {
        const [time] = handlingTimesIn(createHandlingTimeMemory(1))
        // Weights are powers of two: dividing by them and multiplying by them changes no value.
        for (const { perRequestNs, requests } of batches) time.record(perRequestNs * requests, requests)
        const { cumulativeCounts, count, sumNs } = time.snapshot()
        const weigh = (isIn: (ns: number) => boolean): number =>
          batches.reduce((sum, { perRequestNs, requests }) => sum + (isIn(perRequestNs) ? requests : 0), 0)
        assert.deepEqual(
          cumulativeCounts,
          handlingTimeEdgesNs.map(edge => weigh(ns => ns <= edge)),
        )
        assert.equal(
          count,
          weigh(() => true),
        )
        const exactSum = batches.reduce((sum, { perRequestNs, requests }) => sum + perRequestNs * requests, 0)
        assert.ok(Math.abs(sumNs - exactSum) <= exactSum * 1e-12)
      }),
    )
  })

  it('takes nothing, negative and endless times without losing a request', () => {
    const time = new HandlingTime(createHandlingTimeMemory(1), 0)
    time.record(100, 0)
    assert.equal(time.snapshot().count, 0)
    time.record(-5, 1)
    time.record(Number.MAX_SAFE_INTEGER, 1)
    const { cumulativeCounts, count } = time.snapshot()
    assert.equal(count, 2)
    assert.equal(cumulativeCounts[0], 1)
    assert.equal(cumulativeCounts.at(-1), 1)
  })

  it('keeps workers apart', () => {
    const times = handlingTimesIn(createHandlingTimeMemory(3))
    assert.equal(times.length, 3)
    times[1].record(400, 2)
    assert.deepEqual(
      times.map(time => time.snapshot().count),
      [0, 2, 0],
    )
  })
})
