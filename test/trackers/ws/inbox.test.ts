// Rings between workers: order, wrap-around, what makes room for what, and who is woken when.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
import { checkMessage, fillMessage, fillPayload } from './inbox-fixture.js'

/** The smallest ring there is. */
const ringBytes = 4096
const message = new RelayMessage()

/** Words of a ring's bookkeeping, as inbox.ts draws them. */
const lockWord = 0
const headWord = 16
const tailWord = 17

interface Pair {
  readonly memory: InboxMemory
  readonly sender: Inboxes
  readonly receiver: Inboxes
  /** Workers that were woken, in order. */
  readonly woken: number[]
}

/** Worker 0 sends, worker 1 receives. */
function makePair(bytes = ringBytes): Pair {
  const memory = createInboxMemory(2, bytes)
  const woken: number[] = []
  const sender = new Inboxes(memory, { lockOwner: 1, worker: 0, wake: worker => woken.push(worker) })
  const receiver = new Inboxes(memory, { lockOwner: 2, worker: 1, wake: () => undefined })
  woken.length = 0
  return { memory, sender, receiver, woken }
}

/** Pushes message `number` with so many bytes of payload, from somewhere in a buffer. */
function push({ sender }: Pair, number: number, payloadBytes: number): boolean {
  fillMessage(message, 0, number)
  const buffer = new Uint8Array(payloadBytes + 10)
  fillPayload(buffer.subarray(7, 7 + payloadBytes), 0, number)
  return sender.push(1, message, buffer, 7, 7 + payloadBytes)
}

/** Drains, and checks every byte. @returns the numbers of the messages */
function drain({ receiver }: Pair, bytesOf: (number: number) => number): number[] {
  const numbers: number[] = []
  const count = receiver.drain((received, payload, start, end) => {
    numbers.push(checkMessage(received, payload, start, end, bytesOf(received.member)))
  })
  assert.equal(count, numbers.length)
  return numbers
}

test('messages come in order, with every field and byte', () => {
  const pair = makePair()
  const sizes = [0, 1, 2, 3, 4, 5, 63, 64, 500]
  sizes.forEach((bytes, number) => {
    assert.equal(push(pair, number, bytes), true)
  })
  assert.deepEqual(
    drain(pair, number => sizes[number]!),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  )
  assert.deepEqual(
    drain(pair, () => 0),
    [],
  )
  assert.deepEqual(lostMessages(pair.memory), { offers: 0, answers: 0 })
})

test('only a ring that was empty wakes its worker, and a burst wakes it once', () => {
  const pair = makePair()
  for (let number = 0; number < 5; number++) push(pair, number, 10)
  assert.deepEqual(pair.woken, [1])
  drain(pair, () => 10)
  push(pair, 5, 10)
  push(pair, 6, 10)
  assert.deepEqual(pair.woken, [1, 1])
  fillMessage(message, 0, 7)
  pair.sender.push(0, message, new Uint8Array(0), 0, 0)
  assert.deepEqual(pair.woken, [1, 1, 0], 'one may leave messages for oneself')
})

test('who starts wakes everybody: messages of before may wait in a ring that wakes nobody', () => {
  const pair = makePair()
  push(pair, 1, 10)
  const woken: number[] = []
  const successor = new Inboxes(pair.memory, { lockOwner: 2, worker: 1, wake: worker => woken.push(worker) })
  assert.deepEqual(woken, [0, 1])
  assert.deepEqual(
    drain({ ...pair, receiver: successor }, () => 10),
    [1],
  )
})

test('a message may be as large as the ring, and not a byte larger', () => {
  const pair = makePair()
  const largest = ringBytes - inboxBytesOf(0)
  assert.equal(push(pair, 1, largest), true)
  assert.deepEqual(
    drain(pair, () => largest),
    [1],
  )
  push(pair, 2, 10)
  assert.equal(push(pair, 3, largest + 1), false)
  assert.deepEqual(
    drain(pair, () => 10),
    [2],
    'what is too large moves nothing out',
  )
  assert.deepEqual(lostMessages(pair.memory), { offers: 0, answers: 0 })
})

test('a full ring loses its oldest messages, counted by kind', () => {
  const pair = makePair()
  const payloadBytes = 256 - inboxBytesOf(0)
  for (let number = 1; number <= 16; number++) push(pair, number, payloadBytes)
  assert.deepEqual(lostMessages(pair.memory), { offers: 0, answers: 0 }, 'full to the last byte')
  push(pair, 17, payloadBytes)
  assert.deepEqual(lostMessages(pair.memory), { offers: 1, answers: 0 })
  push(pair, 18, 2 * 256 - inboxBytesOf(0))
  assert.deepEqual(lostMessages(pair.memory), { offers: 2, answers: 1 })
  fillMessage(message, 0, 19)
  message.kind = RelayKind.refusal
  pair.sender.push(1, message, new Uint8Array(0), 0, 0)
  assert.deepEqual(lostMessages(pair.memory), { offers: 3, answers: 1 })
  assert.deepEqual(pair.woken, [1], 'nobody needs to be woken again')
  const kinds: number[] = []
  const numbers: number[] = []
  pair.receiver.drain(received => {
    kinds.push(received.kind)
    numbers.push(received.member)
  })
  assert.deepEqual(numbers, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  assert.equal(kinds.at(-1), RelayKind.refusal)
  const one = lostMessages({ rings: [pair.memory.rings[0]!] })
  assert.deepEqual(one, { offers: 0, answers: 0 }, 'each ring counts for itself')
})

test('what is pushed while messages are delivered comes with the next drain', () => {
  const pair = makePair()
  push(pair, 1, 100)
  const numbers: number[] = []
  pair.receiver.drain((received, payload, start, end) => {
    push(pair, 2, 3000)
    numbers.push(checkMessage(received, payload, start, end, 100))
  })
  assert.deepEqual(numbers, [1])
  assert.deepEqual(pair.woken, [1, 1])
  assert.deepEqual(
    drain(pair, () => 3000),
    [2],
  )
})

test('a long inbox is taken in parts, a message larger than a part in one', () => {
  const pair = makePair(2 ** 20)
  const sizes = Array.from({ length: 60 }, (_, number) => (number % 7 === 3 ? 70_000 : 1000 + number))
  sizes.forEach((bytes, number) => {
    push(pair, number, bytes)
  })
  assert.deepEqual(
    drain(pair, number => sizes[number]!),
    [...sizes.keys()],
  )
  assert.deepEqual(lostMessages(pair.memory), { offers: 0, answers: 0 })
})

test('where others push without pause a drain ends, and the rest wakes the worker again', () => {
  const memory = createInboxMemory(1, 2 ** 18)
  let wakeUps = 0
  const inboxes = new Inboxes(memory, { lockOwner: 1, worker: 0, wake: () => wakeUps++ })
  const payload = new Uint8Array(1000)
  let pushed = 0
  const pushOne = (): void => {
    fillMessage(message, 0, pushed++)
    inboxes.push(0, message, payload, 0, payload.length)
  }
  for (let count = 0; count < 100; count++) pushOne()
  wakeUps = 0
  const drained = inboxes.drain(pushOne)
  assert.ok(drained >= 250 && drained <= 350, `${drained} messages`)
  assert.equal(wakeUps, 1)
  const rest = inboxes.drain(() => undefined)
  assert.equal(drained + rest, pushed)
  assert.equal(wakeUps, 1)
})

test('any sequence does what an array does that loses its first when it is full', () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 1400 }), fc.nat({ max: 4200 })) },
    { weight: 1, arbitrary: fc.constant(-1) },
  )
  // Positions count bytes modulo 2^32: some begin just before they wrap around.
  const from = fc.constantFrom(0, 2 ** 31 - 512, -512, -4, 1364)
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), from, (operations, position) => {
      const pair = makePair()
      const words = new Int32Array(pair.memory.rings[1]!)
      words[headWord] = position
      words[tailWord] = position
      const sizes: number[] = []
      let model: number[] = []
      const lost = { offers: 0, answers: 0 }
      const usedBytes = (): number => model.reduce((sum, number) => sum + inboxBytesOf(sizes[number]!), 0)
      for (const bytes of operations) {
        if (bytes < 0) {
          assert.deepEqual(
            drain(pair, number => sizes[number]!),
            model,
          )
          model = []
          continue
        }
        const number = sizes.push(bytes) - 1
        const isFitting = inboxBytesOf(bytes) <= ringBytes
        assert.equal(push(pair, number, bytes), isFitting)
        if (!isFitting) continue
        while (usedBytes() + inboxBytesOf(bytes) > ringBytes)
          lost[model.shift()! % 3 === 0 ? 'answers' : 'offers']++
        model.push(number)
      }
      assert.deepEqual(
        drain(pair, number => sizes[number]!),
        model,
      )
      assert.deepEqual(lostMessages(pair.memory), lost)
    }),
    { numRuns: 1000 },
  )
})

test('rings are powers of two of at least 4 KiB, each in memory of its own', () => {
  for (const [asked, bytes] of [
    [0, 4096],
    [4096, 4096],
    [4097, 8192],
    [4 * 2 ** 20, 4 * 2 ** 20],
  ] as const) {
    const pair = makePair(asked)
    assert.equal(pair.memory.rings.length, 2)
    assert.equal(push(pair, 1, bytes - inboxBytesOf(0)), true)
    assert.equal(push(pair, 1, bytes - inboxBytesOf(0) + 1), false)
  }
})

test('the locks that a thread holds are counted', () => {
  const { memory } = makePair()
  const words = new Int32Array(memory.rings[1]!)
  acquireLock(words, lockWord, 7)
  Atomics.or(words, lockWord, 0x40000000)
  assert.deepEqual([inboxLocksHeldBy(memory, 7), inboxLocksHeldBy(memory, 1)], [1, 0])
  releaseLock(words, lockWord)
  assert.equal(inboxLocksHeldBy(memory, 7), 0)
})
