// What the load on a WebTorrent tracker is put together from.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Random } from '../../src/loadtest/random.js'
import { Deadlines } from '../../src/loadtest/ws/deadlines.js'
import { IdleQueue } from '../../src/loadtest/ws/idle-queue.js'
import { LEFT_BYTES, Peers } from '../../src/loadtest/ws/peers.js'
import { ANSWERS_MAX, createRelayMemory, RelayMemory } from '../../src/loadtest/ws/relay-memory.js'
import { AnswerStamp, OfferStamp } from '../../src/loadtest/ws/stamps.js'
import { planOf } from './plans.js'

const SLOTS = 6
/** What is done to a slot, after how many milliseconds. */
const steps = fc.array(fc.record({ slot: fc.nat(SLOTS - 1), does: fc.nat(2), afterMs: fc.nat(3) }), {
  maxLength: 200,
})

describe('the queue of idle connections', () => {
  it('hands them out in order, and passes over those that have gone', () => {
    fc.assert(
      fc.property(steps, taken => {
        const queue = new IdleQueue(SLOTS)
        let model: { slot: number; fromMs: number }[] = []
        let nowMs = 0
        for (const { slot, does, afterMs } of taken) {
          nowMs += afterMs
          const isIn = model.some(entry => entry.slot === slot)
          if (does === 0 && !isIn) {
            queue.add(slot, nowMs)
            model.push({ slot, fromMs: nowMs })
          } else if (does === 1) {
            queue.remove(slot)
            model = model.filter(entry => entry.slot !== slot)
          } else if (does === 2 && model.length > 0) {
            assert.equal(queue.take(), model.shift()?.slot)
          }
          assert.equal(queue.size, model.length)
          assert.equal(queue.nextMs, model[0]?.fromMs ?? Number.POSITIVE_INFINITY)
        }
        queue.clear()
        assert.deepEqual([queue.size, queue.nextMs], [0, Number.POSITIVE_INFINITY])
      }),
    )
  })
})

describe('deadlines', () => {
  it('end in the order in which they were set', () => {
    fc.assert(
      fc.property(steps, taken => {
        const deadlines = new Deadlines(SLOTS)
        let model: { slot: number; dueMs: number }[] = []
        let nowMs = 0
        for (const { slot, does, afterMs } of taken) {
          nowMs += afterMs
          const isIn = model.some(entry => entry.slot === slot)
          if (does === 0 && !isIn) {
            deadlines.add(slot, nowMs)
            model.push({ slot, dueMs: nowMs })
          } else if (does > 0 && isIn) {
            deadlines.remove(slot)
            model = model.filter(entry => entry.slot !== slot)
          }
          assert.equal(deadlines.size, model.length)
          assert.equal(deadlines.nextMs, model[0]?.dueMs ?? Number.POSITIVE_INFINITY)
          if (model.length > 0) assert.equal(deadlines.first, model[0]?.slot)
        }
      }),
    )
  })
})

describe('stamps', () => {
  it('of offers come back as they were written, and no others are taken for them', () => {
    const words = new Int32Array(10)
    const time = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1))
    const change = fc.record({ word: fc.nat(4), bits: fc.integer().filter(bits => bits !== 0) })
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(2 ** 31 - 1),
        time,
        fc.nat(2047),
        change,
        (tag, connection, us, number, { word, bits }) => {
          const stamp = new OfferStamp(tag)
          stamp.write(words, 5, connection, us, number)
          assert.equal(new OfferStamp(tag).read(words.subarray(5)), true)
          const other = new OfferStamp(tag)
          other.read(words.subarray(5))
          assert.deepEqual([other.connection, other.sentUs, other.offer], [connection, us, number])
          assert.equal(new OfferStamp(tag ^ 1).read(words.subarray(5)), false)
          const changed = words.slice(5)
          changed[word]! ^= bits
          assert.equal(other.read(changed), false)
        },
      ),
    )
  })

  it('of answers do, too', () => {
    const words = new Int32Array(4)
    const stamp = new AnswerStamp(7)
    stamp.write(words, 1023, ANSWERS_MAX - 1, -5)
    const other = new AnswerStamp(7)
    assert.equal(other.read(words), true)
    assert.deepEqual([other.worker, other.place, other.number], [1023, ANSWERS_MAX - 1, -5])
    for (let word = 0; word < 4; word++) {
      const changed = words.slice()
      changed[word]! ^= 1
      assert.equal(other.read(changed), false)
    }
  })
})

describe('the memory of offers and answers', () => {
  const plan = { workers: 2, connectionsPerWorker: 3 }
  const memories = (): [RelayMemory, RelayMemory] => {
    const buffers = createRelayMemory(plan)
    return [new RelayMemory(buffers, plan), new RelayMemory(buffers, plan)]
  }

  it('knows the offers of the last announce, the first 32, once each', () => {
    const [here, there] = memories()
    here.announce(4, 1000)
    assert.deepEqual(
      [there.arrive(4, 1000, 31), there.arrive(4, 1000, 31), there.arrive(4, 1000, 30)],
      [true, false, true],
    )
    assert.deepEqual([there.arrive(4, 1000, 32), there.arrive(4, 1000, 32)], [true, true])
    assert.equal(there.arrive(5, 1000, 31), true)
    here.announce(4, 2000)
    assert.deepEqual(
      [there.arrive(4, 1000, 31), there.arrive(4, 2000, 31), there.arrive(4, 2000, 31)],
      [true, true, false],
    )
  })

  it('has a tag that is its own', () => {
    const [here, there] = memories()
    assert.equal(here.tag, there.tag)
    assert.ok([1, 2, 3].some(() => memories()[0].tag !== here.tag))
  })

  it('gives an answer to one who takes it', () => {
    const [here, there] = memories()
    here.sendAnswer(1, ANSWERS_MAX - 1, 9, 12.5)
    here.sendAnswer(0, ANSWERS_MAX - 1, 8, 13.5)
    assert.equal(there.takeAnswer(1, ANSWERS_MAX - 1, 8), false)
    assert.equal(there.takeAnswer(1, ANSWERS_MAX - 1, 9), true)
    assert.equal(there.answerSentMs(1, ANSWERS_MAX - 1), 12.5)
    assert.equal(here.isUnderWay(1, ANSWERS_MAX - 1, 9), false)
    assert.equal(here.takeAnswer(1, ANSWERS_MAX - 1, 9), false)
    assert.equal(there.isUnderWay(0, ANSWERS_MAX - 1, 8), true)
  })

  it('counts how often a connection was opened and ended', () => {
    const [here, there] = memories()
    assert.equal(there.epoch(5), 0)
    here.turn(5)
    here.turn(5)
    here.turn(5)
    assert.deepEqual([there.epoch(5), there.epoch(4)], [3, 0])
  })
})

describe('peers of connections', () => {
  it('are others in each worker, whatever the plan says of peers', () => {
    const plan = planOf({ workers: 2, connectionsPerWorker: 4 })
    const ids = [0, 1].flatMap(worker => {
      const peers = new Peers(plan, worker, new Random(1))
      return [0, 1, 2, 3].map(slot =>
        Buffer.from(peers.bytes.slice(peers.peerAt(slot), peers.peerAt(slot) + 20)).toString('latin1'),
      )
    })
    assert.equal(new Set(ids).size, 8)
    for (const id of ids) assert.match(id, /^-LT0001-/)
  })

  it('know themselves', () => {
    const peers = new Peers(planOf({ connectionsPerWorker: 3 }), 0, new Random(1))
    const hash = peers.words.slice(10, 15)
    const id = peers.words.slice(15, 20)
    assert.deepEqual(
      [peers.isHash(1, hash), peers.isPeerId(1, id), peers.isPeerId(2, id)],
      [true, true, false],
    )
    id[4]! ^= 1
    assert.equal(peers.isPeerId(1, id), false)
    for (const slot of [0, 1, 2]) assert.ok([0, LEFT_BYTES].includes(peers.leftOf(slot)))
  })
})
