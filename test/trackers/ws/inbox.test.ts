// Messages between workers: in order, whole, bounded, and with one wake-up for many.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { acquireLock, releaseLock } from '../../../src/swarm/lock.js'
import {
  createInboxMemory,
  Inboxes,
  type InboxMemory,
  inboxBytesOf,
  inboxLocksHeldBy,
  lostMessages,
  RelayKind,
  RelayMessage,
} from '../../../src/trackers/ws/inbox.js'
import { isPayload } from './inbox-payload.js'
import type { ProducerData } from './inbox-worker.js'

/** The smallest there are. */
const RING_BYTES = 4096

interface Ends {
  readonly memory: InboxMemory
  readonly producer: Inboxes
  readonly consumer: Inboxes
  /** Workers in the order in which they were woken. */
  readonly woken: number[]
}

function makeEnds(bytes = RING_BYTES): Ends {
  const memory = createInboxMemory(2, bytes)
  const woken: number[] = []
  const [producer, consumer] = [0, 1].map(
    worker => new Inboxes(memory, { lockOwner: worker + 1, worker, wake: other => woken.push(other) }),
  ) as [Inboxes, Inboxes]
  return { memory, producer, consumer, woken }
}

/** Pushes a message with a payload of `text`. */
function push(inboxes: Inboxes, text: string, kind: number = RelayKind.offer, member = 1): boolean {
  const message = new RelayMessage()
  message.kind = kind
  message.member = member
  const payload = Buffer.from(`.${text}.`, 'latin1')
  return inboxes.push(1, message, payload, 1, payload.length - 1)
}

/** Drains. @returns the payloads */
function drain(inboxes: Inboxes): string[] {
  const texts: string[] = []
  const count = inboxes.drain((_, payload, start, end) => {
    texts.push(Buffer.from(payload.subarray(start, end)).toString('latin1'))
  })
  assert.equal(count, texts.length)
  return texts
}

describe('an inbox', () => {
  it('hands on all that a message says', () => {
    const { producer, consumer } = makeEnds()
    const message = new RelayMessage()
    Object.assign(message, { kind: RelayKind.answer, member: 2 ** 31 - 1, fromWorker: 3, fromMember: 4 })
    Object.assign(message, { offerKey0: -5, offerKey1: 6 })
    message.hashWords.set([-7, 8, 9, 10, 11])
    producer.push(1, message, Buffer.from('abc'), 1, 3)
    const seen: unknown[] = []
    consumer.drain((read, payload, start, end) => {
      seen.push(
        { ...read, hashWords: [...read.hashWords] },
        Buffer.from(payload.slice(start, end)).toString(),
      )
    })
    assert.deepEqual(seen, [{ ...message, hashWords: [-7, 8, 9, 10, 11] }, 'bc'])
    assert.deepEqual(drain(consumer), [], 'once')
    assert.deepEqual(drain(producer), [], 'to nobody else')
  })

  it('wakes its worker when something comes into an empty one, and only then', () => {
    const { producer, consumer, woken } = makeEnds()
    for (let round = 1; round <= 3; round++) {
      for (const text of ['a', 'b', 'c']) push(producer, text)
      assert.deepEqual(
        woken,
        Array.from({ length: round }, () => 1),
      )
      assert.deepEqual(drain(consumer), ['a', 'b', 'c'])
    }
    // Full, not empty: what is lost makes no wake-up.
    for (let count = 0; count < 200; count++) push(producer, 'x'.repeat(100))
    assert.equal(woken.length, 4)
  })

  it('takes what comes while it is emptied the next time', () => {
    const { producer, consumer, woken } = makeEnds()
    push(producer, 'a')
    push(producer, 'b')
    const seen: string[] = []
    consumer.drain((_, payload, start, end) => {
      const text = Buffer.from(payload.slice(start, end)).toString()
      seen.push(text)
      push(producer, `${text}2`)
    })
    assert.deepEqual(seen, ['a', 'b'])
    assert.deepEqual(woken, [1, 1])
    assert.deepEqual(drain(consumer), ['a2', 'b2'])
  })

  it('that is full loses the oldest, and counts them by kind', () => {
    const { memory, producer, consumer } = makeEnds()
    const payload = 'x'.repeat(1024 - inboxBytesOf(0))
    push(producer, payload, RelayKind.offer)
    push(producer, payload, RelayKind.answer)
    push(producer, payload, RelayKind.refusal)
    push(producer, payload.replaceAll('x', 'y'), RelayKind.offer)
    assert.deepEqual(lostMessages(memory), { offers: 0, answers: 0 }, 'full to the last byte')
    push(producer, '')
    assert.deepEqual(lostMessages(memory), { offers: 1, answers: 0 })
    push(producer, payload)
    assert.deepEqual(lostMessages(memory), { offers: 1, answers: 1 })
    // More than the oldest gives.
    push(producer, payload.repeat(3))
    assert.deepEqual(lostMessages(memory), { offers: 2, answers: 2 })
    assert.deepEqual(drain(consumer), ['', payload, payload.repeat(3)])
  })

  it('takes a message as large as itself, and none that is larger', () => {
    const { memory, producer, consumer, woken } = makeEnds()
    const largest = 'x'.repeat(RING_BYTES - inboxBytesOf(0))
    push(producer, 'a')
    assert.equal(push(producer, `${largest}y`), false)
    assert.deepEqual(drain(consumer), ['a'], 'nothing was lost for it')
    assert.equal(push(producer, largest), true)
    assert.deepEqual(drain(consumer), [largest])
    assert.deepEqual(lostMessages(memory), { offers: 0, answers: 0 })
    assert.deepEqual(woken, [1, 1])
    assert.equal(
      createInboxMemory(1, RING_BYTES + 1).rings[0]!.byteLength > 2 * RING_BYTES,
      true,
      'rounded up',
    )
  })

  it('is a queue of the newest bytes, wherever its ends are', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ bytes: fc.nat({ max: 700 }), isOffer: fc.boolean() }) },
      { weight: 1, arbitrary: fc.constant('drain' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), steps => {
        const { memory, producer, consumer } = makeEnds()
        let queue: { text: string; isOffer: boolean }[] = []
        const lost = { offers: 0, answers: 0 }
        const used = (): number => queue.reduce((sum, { text }) => sum + inboxBytesOf(text.length), 0)
        let number = 0
        for (const each of [...steps, 'drain' as const]) {
          if (each === 'drain') {
            assert.deepEqual(
              drain(consumer),
              queue.map(({ text }) => text),
            )
            queue = []
            continue
          }
          const text = String.fromCharCode(++number & 0xff).repeat(each.bytes)
          push(producer, text, each.isOffer ? RelayKind.offer : RelayKind.answer)
          queue.push({ text, isOffer: each.isOffer })
          while (used() > RING_BYTES) lost[queue.shift()!.isOffer ? 'offers' : 'answers']++
        }
        assert.deepEqual(lostMessages(memory), lost)
      }),
      { numRuns: 500 },
    )
  })

  it('goes on when its counts of bytes wrap around', () => {
    const { memory, producer, consumer } = makeEnds()
    // Head and tail just below 2^31, where Int32 becomes negative, and below 2^32.
    for (const near of [2 ** 31 - 200, -200]) {
      new Int32Array(memory.rings[1]!).fill(near & ~3, 16, 18)
      for (let round = 0; round < 10; round++) {
        push(producer, `${round}a`.repeat(50))
        push(producer, `${round}b`)
        assert.deepEqual(drain(consumer), [`${round}a`.repeat(50), `${round}b`])
      }
    }
    assert.deepEqual(lostMessages(memory), { offers: 0, answers: 0 })
  })

  it('that a thread has locked is found', () => {
    const { memory } = makeEnds()
    const words = new Int32Array(memory.rings[1]!)
    acquireLock(words, 0, 2)
    assert.deepEqual([inboxLocksHeldBy(memory, 2), inboxLocksHeldBy(memory, 1)], [1, 0])
    releaseLock(words, 0)
    assert.equal(inboxLocksHeldBy(memory, 2), 0)
  })
})

interface Received {
  /** Messages of each producer. */
  readonly counts: number[]
  readonly wakeUps: number
}

/** Three threads leave messages for this one, which is only ever woken by them. */
async function receiveFromThreads(memory: InboxMemory, messages: number, isEach: boolean): Promise<Received> {
  const signals = new Int32Array(new SharedArrayBuffer(16))
  const producers = [1, 2, 3]
  const threads = producers.map(worker => {
    const workerData: ProducerData = { memory, worker, toWorker: 0, messages, signals }
    return new Worker(new URL('./inbox-worker.js', import.meta.url), { workerData })
  })
  let running = threads.length
  const exits = threads.map(async thread => {
    const [code] = await once(thread, 'exit')
    assert.equal(code, 0)
    running--
    // Seen by the loop, which then looks a last time.
    Atomics.add(signals, 0, 1)
    Atomics.notify(signals, 0)
  })
  const inboxes = new Inboxes(memory, { lockOwner: 1, worker: 0, wake: () => assert.fail('nobody to wake') })
  const last = [0, 0, 0, 0]
  const counts = [0, 0, 0, 0]
  let seen = 0
  let isLast = false
  while (!isLast) {
    const waiting = Atomics.waitAsync(signals, 0, seen)
    if (waiting.async) await waiting.value
    // Read before the drain: whoever comes after it finds an empty ring, and wakes again.
    seen = Atomics.load(signals, 0)
    isLast = running === 0
    inboxes.drain(({ kind, member, fromWorker }, payload, start, end) => {
      if (isEach) assert.equal(member, last[fromWorker]! + 1, 'none is missing')
      assert.ok(member > last[fromWorker]!, 'in order')
      last[fromWorker] = member
      counts[fromWorker]!++
      assert.equal(kind, member % 2 === 0 ? RelayKind.offer : RelayKind.answer)
      if (!isPayload(payload, start, end, fromWorker, member)) assert.fail(`message ${member} is torn`)
    })
  }
  await Promise.all(exits)
  return { counts: counts.slice(1), wakeUps: Atomics.load(signals, 0) }
}

describe('an inbox with three producers in threads', () => {
  it('hands on every message of each in its order, as long as there is room', async () => {
    const memory = createInboxMemory(4, 16 << 20)
    const { counts, wakeUps } = await receiveFromThreads(memory, 5000, true)
    assert.deepEqual(counts, [5000, 5000, 5000])
    assert.ok(wakeUps >= 1 && wakeUps <= 15_003)
    assert.deepEqual(lostMessages(memory), { offers: 0, answers: 0 })
  })

  it('loses and counts what does not fit, and never tears or reorders the rest', async () => {
    const memory = createInboxMemory(4, RING_BYTES)
    const { counts } = await receiveFromThreads(memory, 30_000, false)
    const { offers, answers } = lostMessages(memory)
    assert.ok(offers > 0 && answers > 0)
    assert.equal(counts.reduce((sum, count) => sum + count, 0) + offers + answers, 90_000)
  })
})
