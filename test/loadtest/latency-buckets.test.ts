// The histogram of latencies against an exact sort.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  bucketBottomUs,
  bucketOf,
  bucketTopUs,
  LATENCY_BUCKETS,
  percentileUs,
  recordLatency,
} from '../../src/loadtest/latency-buckets.js'
import { kindFigures, latencyFigures } from '../../src/loadtest/latency-figures.js'
import { announcesOf } from './plans.js'

const TENTHS_PER_MS = 10_000
const tenthsMax = 2 ** 31 - 1
const shares = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

/** In tenths of a microsecond: small values, and all magnitudes alike. */
const tenths = fc.oneof(
  fc.integer({ min: 0, max: 600 }),
  fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: tenthsMax })).map(([shift, number]) => number >>> shift),
)

function histogramOf(latenciesMs: readonly number[]): Float64Array {
  const buckets = new Float64Array(LATENCY_BUCKETS)
  for (const latencyMs of latenciesMs) recordLatency(buckets, latencyMs)
  return buckets
}

/** The smallest value that at least this share of the values do not exceed. */
function exactPercentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  const least = sorted.find((_, index) => (index + 1) / sorted.length >= share - 1e-12)
  return least ?? Number.NaN
}

describe('the histogram of latencies', () => {
  it('has every percentile at most 0.8 % too high and never too low, in tenths of a microsecond', () => {
    fc.assert(
      fc.property(fc.array(tenths, { minLength: 1, maxLength: 300 }), values => {
        // Half a tenth, so that no rounding of milliseconds moves a value to the next.
        const buckets = histogramOf(values.map(value => (value + 0.5) / TENTHS_PER_MS))
        for (const share of shares) {
          const exact = exactPercentile(values, share)
          const found = Math.round((percentileUs(buckets, share) ?? Number.NaN) * 10)
          assert.ok(found >= exact && found <= exact * 1.008, `${share}: ${found} for ${exact}`)
          if (exact < 256) assert.equal(found, exact)
        }
      }),
    )
  })

  it('is exact to a tenth of a microsecond or 0.8 % for any milliseconds', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 200_000, noNaN: true }), latencyMs => {
        const found = (percentileUs(histogramOf([latencyMs]), 0.5) ?? Number.NaN) / 1000
        const error = found - latencyMs
        assert.ok(error > -0.000_1001 && error <= latencyMs * 0.008, `${found} for ${latencyMs}`)
      }),
    )
  })

  it('has buckets without gaps or overlaps, each of which holds its both ends', () => {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      const bottom = Math.round(bucketBottomUs(bucket) * 10)
      const top = Math.round(bucketTopUs(bucket) * 10)
      assert.equal(bucketOf(bottom), bucket)
      assert.equal(bucketOf(top), bucket)
      assert.equal(bottom, bucket === 0 ? 0 : Math.round(bucketTopUs(bucket - 1) * 10) + 1)
    }
    assert.equal(bucketTopUs(LATENCY_BUCKETS - 1) * 10, tenthsMax)
  })

  it('takes in anything: negative, too long, no number', () => {
    const odd = [-1, -1e-9, Number.NaN, Number.NEGATIVE_INFINITY, 1e9, Number.POSITIVE_INFINITY]
    const buckets = histogramOf(odd)
    assert.equal(buckets[0], 4)
    assert.equal(buckets[LATENCY_BUCKETS - 1], 2)
  })

  it('counts beyond 32 bits', () => {
    const buckets = new Float64Array(LATENCY_BUCKETS)
    recordLatency(buckets, 1000, 60e9)
    recordLatency(buckets, 1)
    assert.equal(latencyFigures(buckets, 1).count, 60e9 + 1)
  })

  it('leaves out what an earlier copy has', () => {
    const buckets = histogramOf([1, 1, 1])
    const before = buckets.slice()
    assert.equal(percentileUs(buckets, 0.5, before), null)
    recordLatency(buckets, 0.02)
    assert.equal(percentileUs(buckets, 1, before), 20)
  })
})

describe('figures of a latency', () => {
  it('lie in the order of their names', () => {
    fc.assert(
      fc.property(fc.array(tenths, { minLength: 1, maxLength: 100 }), values => {
        const figures = latencyFigures(histogramOf(values.map(value => (value + 0.5) / TENTHS_PER_MS)), 1e9)
        const { minUs, p50Us, p90Us, p99Us, p999Us, maxUs, meanUs } = figures
        const ordered = [minUs, p50Us, p90Us, p99Us, p999Us, maxUs]
        assert.deepEqual(
          ordered,
          ordered.toSorted((left, right) => left - right),
        )
        assert.ok(minUs * 10 <= Math.min(...values) + 1e-6)
        assert.ok(meanUs >= minUs && meanUs <= maxUs)
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length / 10
        assert.ok(Math.abs(meanUs - mean) <= mean * 0.004 + 0.05, `${meanUs} for ${mean}`)
        assert.equal(figures.count, values.length)
        assert.equal(
          figures.buckets.reduce((sum, [, count]) => sum + count, 0),
          values.length,
        )
        assert.ok(figures.buckets.every(([us, count]) => us >= minUs && us <= maxUs && count > 0))
      }),
    )
  })

  it('are zeros where nothing came', () => {
    assert.deepEqual(latencyFigures(new Float64Array(LATENCY_BUCKETS), 0), {
      count: 0,
      timeouts: 0,
      meanUs: 0,
      minUs: 0,
      p50Us: 0,
      p90Us: 0,
      p99Us: 0,
      p999Us: 0,
      maxUs: 0,
      buckets: [],
    })
  })
})

describe('figures of a kind of requests', () => {
  const { outcomes } = announcesOf()

  it('count timeouts where they are: what was never sent is in the response time alone', () => {
    const service = histogramOf([...Array<number>(90).fill(1), ...Array<number>(7).fill(1000)])
    const response = service.slice()
    recordLatency(response, 1000, 3)
    const figures = kindFigures({
      kind: 'announce',
      outcomes: { ...outcomes, answered: 90, timedOut: 10, broken: 20 },
      arrivals: 80,
      measuredSeconds: 2,
      response,
      service,
    })
    assert.deepEqual([figures.service.count, figures.service.timeouts], [97, 7])
    assert.deepEqual([figures.response?.count, figures.response?.timeouts], [100, 10])
    assert.deepEqual([figures.answersPerSecond, figures.lossShare], [40, 0.25])
    assert.ok(figures.response !== null && figures.response.p90Us < 1_010 && figures.response.p99Us >= 1e6)
  })

  it('are zeros without requests or time', () => {
    const nothing = new Float64Array(LATENCY_BUCKETS)
    const none = { ...outcomes, answered: 0 }
    const figures = kindFigures({
      kind: 'scrape',
      outcomes: none,
      arrivals: 0,
      measuredSeconds: 0,
      response: null,
      service: nothing,
    })
    assert.deepEqual([figures.answersPerSecond, figures.lossShare, figures.response], [0, 0, null])
  })
})
