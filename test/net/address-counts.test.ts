// The table of connections per source, against a plain Map.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AddressCounts } from '../../src/net/address-counts.js'

const CAPACITY = 32
const MOST = 3

const source = fc.record({
  family: fc.constantFrom(4, 6),
  first: fc.integer({ min: 0, max: 7 }),
  second: fc.integer({ min: 0, max: 2 }),
})

describe('address counts', () => {
  it('agree with a map, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ source, adds: fc.boolean() }), { maxLength: 400 }), steps => {
        const counts = new AddressCounts(CAPACITY)
        const model = new Map<string, number>()
        let total = 0
        for (const {
          source: { family, first, second },
          adds,
        } of steps) {
          const name = `${family} ${first} ${second}`
          const before = model.get(name) ?? 0
          if (adds && total < CAPACITY) {
            assert.equal(counts.add(family, first, second, MOST), before < MOST)
            if (before === MOST) continue
            model.set(name, before + 1)
            total++
          } else if (!adds && before > 0) {
            counts.remove(family, first, second)
            model.set(name, before - 1)
            total--
          }
        }
        for (const [name, count] of model) {
          const [family, first, second] = name.split(' ').map(Number)
          assert.equal(counts.count(family, first, second), count)
        }
      }),
    )
  })
})
