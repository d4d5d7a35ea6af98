// Several threads fill one inbox while its owner empties it: each message comes once and whole, those of one sender in
// order, and those that are missing are the ones counted as lost.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import {
  createInboxMemory,
  Inboxes,
  type InboxMemory,
  inboxLocksHeldBy,
  lostMessages,
} from '../../../src/trackers/ws/inbox.js'
import { checkMessage, wake } from './inbox-fixture.js'
import type { InboxWorkerData } from './inbox-worker.js'

const senders = [1, 2, 3]
const messages = 30_000

function startWorker(data: InboxWorkerData): Worker {
  return new Worker(new URL('./inbox-worker.js', import.meta.url), { workerData: data })
}

interface Reception {
  /** Messages of each sender. */
  readonly received: ReadonlyMap<number, number>
  readonly memory: InboxMemory
}

/** Receives as worker 0, only when woken, until all is sent and the inbox is empty. */
async function receiveAll(bytesPerWorker: number): Promise<Reception> {
  const memory = createInboxMemory(4, bytesPerWorker)
  const wakes = new SharedArrayBuffer(16)
  const inboxes = new Inboxes(memory, { lockOwner: 1, worker: 0, wake: worker => wake(wakes, worker) })
  const received = new Map(senders.map(sender => [sender, 0]))
  const last = new Map(senders.map(sender => [sender, -1]))
  const sent = Promise.all(
    senders.map(async worker => {
      await once(startWorker({ task: 'send', memory, wakes, worker, messages }), 'message')
    }),
  )
  let isSent = false
  const end = (): void => {
    isSent = true
  }
  sent.then(end, end)
  const drain = (): number =>
    inboxes.drain((message, payload, start, end) => {
      const number = checkMessage(message, payload, start, end, end - start)
      const { fromWorker } = message
      assert.ok(
        number > last.get(fromWorker)!,
        `${number} of ${fromWorker} came after ${last.get(fromWorker)}`,
      )
      last.set(fromWorker, number)
      received.set(fromWorker, received.get(fromWorker)! + 1)
    })
  let seen = 0
  while (!isSent) {
    const now = Atomics.load(new Int32Array(wakes), 0)
    if (now !== seen) {
      seen = now
      drain()
    }
    // Lets the events of the senders in.
    await new Promise(resolve => setImmediate(resolve))
  }
  await sent
  if (Atomics.load(new Int32Array(wakes), 0) === seen)
    assert.equal(drain(), 0, 'no message without a wake-up')
  drain()
  return { received, memory }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0)
}

test('nothing is lost in a ring with room for everything', async () => {
  const { received, memory } = await receiveAll(64 * 2 ** 20)
  assert.deepEqual([...received.values()], [messages, messages, messages])
  assert.deepEqual(lostMessages(memory), { offers: 0, answers: 0 })
})

test('in a small ring what does not come is counted', async () => {
  const { received, memory } = await receiveAll(4096)
  const { offers, answers } = lostMessages(memory)
  assert.equal(sum(received.values()) + offers + answers, senders.length * messages)
  assert.ok(offers + answers > 0 && sum(received.values()) > 0)
})

test('a thread terminated with the lock of a ring is found by it', async () => {
  const memory = createInboxMemory(2, 4096)
  const wakes = new SharedArrayBuffer(8)
  const worker = startWorker({ task: 'die', memory, wakes, worker: 1, messages: 0 })
  await once(worker, 'message')
  await worker.terminate()
  assert.deepEqual([inboxLocksHeldBy(memory, 2), inboxLocksHeldBy(memory, 1)], [1, 0])
})
