// Which answers are expected: once, in time, by whom they were asked from; and a bounded number of them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ExpectedAnswers } from '../../../src/trackers/ws/expected-answers.js'

const KEY = Int32Array.of(1, -2, 3, -4)

function makeTable(capacity: number, key = KEY): ExpectedAnswers {
  return new ExpectedAnswers({ capacity, key })
}

describe('expected answers', () => {
  it('are taken once, up to the second in which they expire', () => {
    const table = makeTable(16)
    table.add(5, 6, 100, 220)
    assert.equal(table.take(5, 7, 100), false)
    assert.equal(table.take(4, 6, 100), false)
    assert.equal(table.take(5, 6, 219), true)
    assert.equal(table.take(5, 6, 219), false)
    table.add(5, 6, 100, 220)
    assert.equal(table.take(5, 6, 220), false)
    assert.equal(table.take(5, 6, 100), false, 'gone')
    assert.equal(table.replaced, 0)
  })

  it('are not there before, also not those that look like free places', () => {
    const table = makeTable(16)
    assert.equal(table.take(0, 0, 0), false)
    table.add(0, 0, 10, 20)
    assert.equal(table.take(0, 0, 19), true)
    assert.equal(table.take(0, 0, 0), false)
  })

  it('that are asked for again wait longer, in one place', () => {
    const table = makeTable(4)
    for (let offer = 0; offer < 4; offer++) table.add(offer, 0, 100, 120)
    table.add(2, 0, 119, 139)
    assert.equal(table.replaced, 0)
    assert.equal(table.take(2, 0, 138), true)
    assert.equal(table.take(2, 0, 119), false)
    for (const offer of [0, 1, 3]) assert.equal(table.take(offer, 0, 119), true)
  })

  it('take the places of expired ones first, and else of the one that waits longest', () => {
    const table = makeTable(4)
    for (const [offer, expiresAt] of [
      [1, 130],
      [2, 110],
      [3, 140],
      [4, 150],
    ] as const) {
      table.add(offer, 0, 100, expiresAt)
    }
    table.add(5, 0, 110, 160)
    assert.equal(table.replaced, 0, 'the second one had expired')
    table.add(6, 0, 110, 170)
    assert.equal(table.replaced, 1)
    for (const offer of [3, 4, 5, 6]) assert.equal(table.take(offer, 0, 110), true)
  })

  it('that lost their place are taken all the same, until they would have expired', () => {
    const table = makeTable(8)
    // Even offers are in one set, odd ones in the other.
    for (const offer of [0, 2, 4, 6]) table.add(offer, 0, 100, 130 + offer)
    table.add(8, 0, 100, 220)
    assert.equal(table.replaced, 1)
    assert.equal(table.take(0, 0, 129), true, 'its place is the one of 8')
    assert.equal(table.take(2, 0, 129), true)
    assert.equal(table.take(2, 0, 129), false, 'not twice')
    assert.equal(table.take(10, 0, 129), true, 'it may have been there')
    assert.equal(table.take(10, 0, 130), false)
    assert.equal(table.take(1, 0, 129), false, 'the other set has lost nothing')
  })

  it('are as many as the capacity, rounded up, whatever is asked for', () => {
    for (const [capacity, places] of [
      [1, 4],
      [5, 8],
      [4096, 4096],
    ] as const) {
      const table = makeTable(capacity)
      // Each set gets as many as it has places for.
      for (let offer = 0; offer < places * 3; offer++) table.add(offer, 1, 100, 200 + offer)
      assert.equal(table.replaced, places * 2)
      // At this time those that are left have not expired, and all others have.
      let taken = 0
      for (let offer = 0; offer < places * 3; offer++) taken += table.take(offer, 1, 199 + places * 2) ? 1 : 0
      assert.equal(taken, places)
    }
  })

  it('do what a Map does as long as they have room', () => {
    const step = fc.record({
      offer: fc.nat({ max: 7 }),
      isAdd: fc.boolean(),
      seconds: fc.nat({ max: 10 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), steps => {
        // Two keys for each of four sets.
        const table = makeTable(16)
        const model = new Map<number, number>()
        let now = 1
        for (const { offer, isAdd, seconds } of steps) {
          now += seconds
          const keys = [offer & 3, offer >> 2] as const
          if (isAdd) {
            table.add(...keys, now, now + 20)
            model.set(offer, now + 20)
          } else {
            assert.equal(table.take(...keys, now), now < (model.get(offer) ?? 0))
            model.delete(offer)
          }
        }
        assert.equal(table.replaced, 0)
      }),
    )
  })
})

describe('the key of an offer', () => {
  const keyOf = (
    table: ExpectedAnswers,
    sender: number,
    offerId: readonly number[],
    receiver: readonly number[],
  ): string => {
    const out = new Int32Array(2)
    const ids = Int32Array.from([99, ...offerId, 99])
    table.offerKey(sender, ids, 1, Int32Array.from(receiver), out)
    return out.join(' ')
  }

  it('depends on the sender, each word of the offer id and of the receiver, and the key', () => {
    const table = makeTable(4)
    const [offerId, receiver] = [
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
    ]
    const keys = [keyOf(table, 1, offerId, receiver), keyOf(table, 2, offerId, receiver)]
    keys.push(keyOf(table, 1, receiver, offerId))
    for (let word = 0; word < 5; word++) {
      const changed = (words: readonly number[]): number[] =>
        words.map((value, index) => (index === word ? value ^ 0x100 : value))
      keys.push(keyOf(table, 1, changed(offerId), receiver), keyOf(table, 1, offerId, changed(receiver)))
    }
    for (let word = 0; word < 4; word++) {
      const other = makeTable(
        4,
        KEY.map((value, index) => (index === word ? value ^ 1 : value)),
      )
      keys.push(keyOf(other, 1, offerId, receiver))
    }
    const halves = keys.flatMap(key => key.split(' '))
    assert.equal(new Set(keys).size, keys.length)
    // A word of the key changes one half at least; everything else changes both.
    assert.ok(new Set(halves).size >= 2 * keys.length - 4)
    assert.equal(
      keyOf(makeTable(1000, KEY.slice()), 1, offerId, receiver),
      keys[0],
      'the same in all workers',
    )
  })

  it('spreads offers evenly over the table', () => {
    const table = makeTable(4096)
    const out = new Int32Array(2)
    for (let offer = 0; offer < 2048; offer++) {
      table.offerKey(7, Int32Array.of(offer, 0, 0, 0, 0), 0, new Int32Array(5), out)
      table.add(out[0]!, out[1]!, 100, 200)
    }
    // Half full: by chance, some 5 in 100 find four others in their set (Poisson, mean 2).
    assert.ok(table.replaced > 0 && table.replaced < 200, `${table.replaced} were replaced`)
  })
})
