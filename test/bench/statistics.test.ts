import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createRandom, estimateRatio, median, outliers, shuffled } from '../../src/bench/statistics.js'

describe('ratios of a bench', () => {
  it('pairs blocks, and gives the interval of a known example', () => {
    // Ratios 2, 2.2, 1.8: logarithms 0.6931, 0.7885, 0.5878; mean 0.6898, s 0.1004, t(2) 4.303.
    const { ratio, low, high, pairs, isNoise } = estimateRatio([20, 22, 18], [10, 10, 10])
    assert.equal(pairs, 3)
    assert.ok(Math.abs(ratio - 1.9934) < 1e-3)
    assert.ok(Math.abs(low - 1.5533) < 2e-3)
    assert.ok(Math.abs(high - 2.5582) < 4e-3)
    assert.equal(isNoise, false)
  })

  it('is noise when the interval holds 1, and with one pair', () => {
    assert.equal(estimateRatio([9, 11, 10], [10, 10, 10]).isNoise, true)
    assert.equal(estimateRatio([20], [10]).isNoise, true)
    assert.ok(Number.isNaN(estimateRatio([], []).ratio))
  })

  it('leaves out blocks that one side lacks', () => {
    assert.equal(estimateRatio([20, null, 20, 0], [10, 10, null, 10]).pairs, 1)
  })

  it('inverts with its sides', () => {
    const values = fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 3, maxLength: 12 })
    fc.assert(
      fc.property(values, values, (left, right) => {
        const there = estimateRatio(left, right)
        const back = estimateRatio(right, left)
        assert.ok(Math.abs(there.ratio * back.ratio - 1) < 1e-9)
        assert.ok(Math.abs(there.low * back.high - 1) < 1e-6)
      }),
    )
  })
})

describe('samples of a bench', () => {
  it('have a median', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.ok(Number.isNaN(median([])))
  })

  it('have outliers, which are named by index', () => {
    assert.deepEqual(outliers([10, 11, 10, 9, 10, 30]), [5])
    assert.deepEqual(outliers([10, 11, 10, 9]), [])
    assert.deepEqual(outliers([10, 10, 10, 10, 10, 11]), [])
  })

  it('are taken in an order that follows from the seed', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8]
    const order = shuffled(items, createRandom(7))
    assert.deepEqual(order, shuffled(items, createRandom(7)))
    assert.notDeepEqual(order, shuffled(items, createRandom(8)))
    assert.deepEqual([...order].sort(), items)
  })
})
