import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createRandom,
  median,
  pairedRatios,
  shuffled,
  spread,
  summarizeRatios,
} from '../../../benchmarks/support/statistics.js'

const values = fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 })

test('the median is the middle value, or the mean of the two middle ones', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.ok(Number.isNaN(median([])))
})

test('at most half of the values lie on either side of the median', () => {
  fc.assert(
    fc.property(values, sample => {
      const middle = median(sample)
      assert.ok(sample.filter(value => value < middle).length * 2 <= sample.length)
      assert.ok(sample.filter(value => value > middle).length * 2 <= sample.length)
    }),
  )
})

test('a spread holds the smallest and the largest value and does not reorder its input', () => {
  const sample = [3, 1, 2]
  assert.deepEqual(spread(sample), { median: 2, minimum: 1, maximum: 3 })
  assert.deepEqual(sample, [3, 1, 2])
})

test('ratios pair the same round and skip a round that either side lacks', () => {
  assert.deepEqual(pairedRatios([1, undefined, 3, 4], [2, 2, undefined, 8]), [0.5, 0.5])
})

test('the interval of ratios is known for a known sample', () => {
  // Logarithms -0.1, 0 and 0.1: mean 0, deviation 0.1, so 4.303 * 0.1 / sqrt(3) = 0.24843 around it.
  const summary = summarizeRatios([Math.exp(-0.1), 1, Math.exp(0.1)])
  assert.ok(Math.abs(Math.log(summary.intervalHigh) - 0.24843) < 1e-4)
  assert.ok(Math.abs(Math.log(summary.intervalLow) + 0.24843) < 1e-4)
  assert.equal(summary.median, 1)
})

test('a single round has a ratio but no interval', () => {
  const summary = summarizeRatios([0.7])
  assert.equal(summary.median, 0.7)
  assert.ok(Number.isNaN(summary.intervalLow) && Number.isNaN(summary.intervalHigh))
})

test('turning every ratio over turns the interval over', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2, maxLength: 35 }),
      ratios => {
        const forth = summarizeRatios(ratios)
        const back = summarizeRatios(ratios.map(ratio => 1 / ratio))
        assert.ok(Math.abs(Math.log(forth.intervalLow) + Math.log(back.intervalHigh)) < 1e-6)
        assert.ok(forth.intervalLow <= forth.intervalHigh)
      },
    ),
  )
})

test('a seed gives the same order again, another seed another', () => {
  const items = Array.from({ length: 20 }, (_, index) => index)
  const order = (seed: number): number[] => shuffled(items, createRandom(seed))
  assert.deepEqual(order(7), order(7))
  assert.notDeepEqual(order(7), order(8))
  assert.deepEqual(
    order(7).sort((a, b) => a - b),
    items,
  )
})

test('every item comes first about equally often', () => {
  const random = createRandom(1)
  const firsts = [0, 0, 0, 0, 0]
  for (let run = 0; run < 5000; run++) firsts[shuffled([0, 1, 2, 3, 4], random)[0]!]!++
  for (const count of firsts) assert.ok(count > 850 && count < 1150, `${firsts}`)
})
