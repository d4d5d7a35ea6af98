// The histogram against an exact sort.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PeersPerTorrentHistograms } from '../../src/metrics/peers-per-torrent.js'
import { ValueHistogram } from '../../src/metrics/value-histogram.js'

const valuesMax = 2 ** 31 - 1
const fractions = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

/** Small values, and all magnitudes alike. */
const value = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: valuesMax })).map(([shift, number]) => number >>> shift),
)

describe('ValueHistogram', () => {
  it('is within 1 % of the exact percentile, and exact at both ends and below 128', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 500 }), values => {
        const histogram = new ValueHistogram()
        for (const each of values) histogram.record(each)
        const sorted = [...values].sort((a, b) => a - b)
        const found = histogram.percentiles(fractions)
        for (const [index, fraction] of fractions.entries()) {
          const exact = sorted[Math.max(0, Math.ceil(fraction * sorted.length - 1e-6) - 1)]
          const error = Math.abs(found[index] - exact)
          assert.ok(error <= exact * 0.01, `${fraction}: ${found[index]} for ${exact}`)
          if (exact < 128) assert.equal(found[index], exact)
        }
        assert.deepEqual([histogram.min, histogram.max], [sorted[0], sorted.at(-1)])
        assert.equal(histogram.count, values.length)
      }),
    )
  })

  it('has a place for every magnitude up to its limit', () => {
    for (let bits = 0; bits <= 31; bits++) {
      for (const each of [2 ** bits - 1, 2 ** bits].filter(number => number <= valuesMax)) {
        const histogram = new ValueHistogram()
        histogram.record(each)
        assert.deepEqual(histogram.percentiles([0.5]), [each])
      }
    }
  })

  it('is empty again after clear', () => {
    const histogram = new ValueHistogram()
    histogram.record(7)
    histogram.clear()
    histogram.record(9)
    assert.deepEqual(histogram.percentiles([0, 1]), [9, 9])
  })
})

describe('PeersPerTorrentHistograms', () => {
  it('publishes a round when it is over, and leaves out what has no peers', () => {
    const histograms = new PeersPerTorrentHistograms()
    histograms.begin()
    for (let peers = 1; peers <= 100; peers++) histograms.record(peers, 0)
    const before = histograms.published
    assert.deepEqual([before.ipv4, before.ipv6], [null, null])
    histograms.end()
    const { ipv4, ipv6 } = histograms.published
    assert.deepEqual(
      [ipv6, ipv4?.torrents, ipv4?.min, ipv4?.p10, ipv4?.p50, ipv4?.p95, ipv4?.p99, ipv4?.p999, ipv4?.max],
      [null, 100, 1, 10, 50, 95, 99, 100, 100],
    )
    histograms.begin()
    histograms.record(0, 5)
    histograms.end()
    const after = histograms.published
    assert.deepEqual([after.ipv4, after.ipv6?.p10], [null, 5])
  })
})
