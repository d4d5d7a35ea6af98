// Which answers may still come: once, in time, from the one the offer was for; and what a full table forgets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExpectedAnswers } from '../../../src/trackers/ws/expected-answers.js'

const key = Int32Array.of(1, 2, 3, 4)

function makeTable(capacity = 4096): ExpectedAnswers {
  return new ExpectedAnswers({ capacity, key })
}

test('an answer is expected once, and in time', () => {
  const table = makeTable()
  table.add(5, 6, 100, 220)
  assert.equal(table.take(5, 7, 100), false)
  assert.equal(table.take(6, 6, 100), false)
  assert.equal(table.take(5, 6, 219), true)
  assert.equal(table.take(5, 6, 219), false)
  table.add(5, 6, 300, 420)
  assert.equal(table.take(5, 6, 420), false, 'too late')
  assert.equal(table.take(5, 6, 300), false, 'and gone')
  assert.equal(table.take(0, 0, 0), false, 'nothing is expected of a free place')
})

test('the same offer sent again is expected once, for the later time', () => {
  const table = makeTable()
  table.add(5, 6, 100, 220)
  table.add(5, 6, 200, 320)
  assert.equal(table.take(5, 6, 319), true)
  assert.equal(table.take(5, 6, 200), false)
  assert.equal(table.replaced, 0)
})

test('four of a set wait, a fifth takes the place of the oldest, and that is counted', () => {
  const table = makeTable(4)
  for (const second of [3, 1, 4, 2]) table.add(second, 0, 0, second)
  assert.equal(table.replaced, 0)
  table.add(9, 0, 0, 9)
  assert.equal(table.replaced, 1)
  assert.equal(table.take(1, 0, 0), false, 'the oldest')
  table.add(8, 0, 2, 8)
  assert.equal(table.replaced, 1, "what has expired is nobody's loss")
  for (const [waiting, isExpected] of [
    [2, false],
    [3, true],
    [4, true],
    [8, true],
    [9, true],
  ] as const) {
    assert.equal(table.take(waiting, 0, 2), isExpected, `${waiting}`)
  }
  for (const second of [21, 22, 23, 24]) table.add(second, 1, 20, second)
  assert.equal(table.replaced, 1, 'nor what was taken')
})

test('capacities are rounded up to powers of two and hold so many', () => {
  for (const [asked, held] of [
    [0, 4],
    [1, 4],
    [5, 8],
    [4097, 8192],
  ] as const) {
    const table = makeTable(asked)
    // One set after the other: keys are chosen by their low bits.
    for (let count = 0; count < held; count++) table.add(count, count, 0, 10)
    assert.equal(table.replaced, 0)
    table.add(held, held, 0, 10)
    assert.equal(table.replaced, 1)
  }
})

test('any sequence does what a map does, as long as nothing is replaced', () => {
  const operation = fc.record({
    isAdd: fc.boolean(),
    low: fc.constantFrom(0, 1, 7, -1, 8),
    high: fc.constantFrom(0, -5),
    seconds: fc.nat({ max: 5 }),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), operations => {
      const table = makeTable(64)
      const model = new Map<string, number>()
      let now = 1
      for (const { isAdd, low, high, seconds } of operations) {
        now += seconds % 3
        const name = `${low}:${high}`
        if (isAdd) {
          table.add(low, high, now, now + seconds)
          model.set(name, now + seconds)
        } else {
          assert.equal(table.take(low, high, now), (model.get(name) ?? 0) > now)
          model.delete(name)
        }
      }
      assert.equal(table.replaced, 0)
    }),
  )
})

test('as many answers as half of the table has places lose hardly any', () => {
  const table = makeTable(2 ** 16)
  const words = Int32Array.of(1, 2, 3, 4, 5)
  const out = new Int32Array(2)
  for (let offer = 0; offer < 2 ** 15; offer++) {
    words[4] = offer
    table.offerKey(1, words, 0, words, out)
    table.add(out[0]!, out[1]!, 0, 120)
  }
  // Sets of four at a load of two each, Poisson: 3.7 % of 2^15 find theirs full.
  assert.ok(table.replaced < 0.045 * 2 ** 15, `${table.replaced} replaced`)
})

test('a key is told apart by sender, offer and receiver, and the same in every worker', () => {
  const offerId = Int32Array.of(0, 0, 11, 12, 13, 14, 15)
  const receiver = Int32Array.of(21, 22, 23, 24, 25)
  const keyOf = (sender: number, table = makeTable(), at = 2): string => {
    const out = new Int32Array(2)
    table.offerKey(sender, offerId, at, receiver, out)
    return `${out[0]}:${out[1]}`
  }
  const first = keyOf(1)
  assert.equal(keyOf(1, makeTable(8)), first)
  const others = [keyOf(2), keyOf(1, makeTable(), 1)]
  others.push(keyOf(1, new ExpectedAnswers({ capacity: 4, key: Int32Array.of(5, 6, 7, 8) })))
  for (let word = 2; word < 7; word++) {
    offerId[word]!++
    others.push(keyOf(1))
    offerId[word]!--
  }
  for (let word = 0; word < 5; word++) {
    receiver[word]!++
    others.push(keyOf(1))
    receiver[word]!--
  }
  assert.equal(keyOf(1), first)
  assert.equal(new Set([first, ...others]).size, others.length + 1)
  for (const other of others) {
    const [low, high] = other.split(':')
    const [firstLow, firstHigh] = first.split(':')
    assert.ok(low !== firstLow && high !== firstHigh, 'both halves depend on everything')
  }
})
