// Intervals against published values, and against what they promise.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Random } from '../../src/loadtest/random.js'
import {
  blockMeans,
  differenceInterval,
  momentsOf,
  rankInterval,
  studentT99,
  welchHalfWidth,
  wilsonInterval,
} from '../../src/loadtest/report/intervals.js'

describe('studentT99', () => {
  it('agrees with the table', () => {
    for (const [degrees, expected] of [
      [5, 4.0321],
      [9, 3.2498],
      [18, 2.8784],
      [30, 2.75],
      [1e9, 2.5758],
    ]) {
      assert.ok(Math.abs(studentT99(degrees) / expected - 1) < 0.01, `${degrees}: ${studentT99(degrees)}`)
    }
  })
})

describe('welchHalfWidth', () => {
  it('is what the textbook has for two equal samples', () => {
    const sample = momentsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.deepEqual([sample.count, sample.mean], [10, 5.5])
    assert.ok(Math.abs(sample.meanVariance - 0.916_67) < 1e-4)
    assert.ok(Math.abs(welchHalfWidth(sample, sample) - 2.8784 * Math.sqrt(2 * 0.916_67)) < 0.01)
    assert.equal(welchHalfWidth(momentsOf([3, 3]), momentsOf([4, 4])), 0)
  })
})

describe('wilsonInterval', () => {
  it('agrees with published values and knows 0 and 1', () => {
    // Newcombe 1998, table I: 81 of 263, 95 %.
    const { low, high } = wilsonInterval(81 / 263, 263, 1.959_964)
    assert.deepEqual([low.toFixed(4), high.toFixed(4)], ['0.2553', '0.3662'])
    const none = wilsonInterval(0, 29, 1.959_964)
    assert.deepEqual([none.low, none.high.toFixed(4)], [0, '0.1170'])
    assert.equal(wilsonInterval(1, 29, 1.959_964).high, 1)
  })

  it('gives the difference of two shares its interval', () => {
    // Newcombe 1998, interval estimation for the difference, table II (10): 56/70 - 48/80.
    const estimate = (count: number, of: number) => ({
      value: count / of,
      ...wilsonInterval(count / of, of, 1.959_964),
    })
    const { low, high } = differenceInterval(estimate(48, 80), estimate(56, 70))
    assert.deepEqual([low.toFixed(4), high.toFixed(4)], ['0.0524', '0.3339'])
  })
})

describe('rankInterval', () => {
  it('holds the true percentile in about 99 of 100 samples', () => {
    const random = new Random(5)
    let held = 0
    for (let trial = 0; trial < 500; trial++) {
      const values = Float64Array.from({ length: 400 }, () => random.unit()).sort()
      const { low, high } = rankInterval(0.9, 400)
      if (values[low - 1] <= 0.9 && values[high - 1] >= 0.9) held++
    }
    assert.ok(held >= 485, `${held} of 500`)
  })

  it('says where the records are too few', () => {
    assert.ok(rankInterval(0.999, 1000).high > 1000)
    assert.ok(rankInterval(0.999, 100_000).high <= 100_000)
    assert.equal(rankInterval(0.5, 1).low, 1)
  })
})

describe('blockMeans', () => {
  it('uses every value once', () => {
    assert.deepEqual(blockMeans([1, 2, 3, 4, 5, 6, 7], 3), [1.5, 3.5, 6])
  })
})
