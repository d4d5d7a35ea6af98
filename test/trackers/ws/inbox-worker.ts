// What the threads of the inboxes' concurrency tests do; not a test itself.
import { parentPort, workerData } from 'node:worker_threads'
import { acquireLock } from '../../../src/swarm/lock.js'
import { Random } from '../../../src/swarm/random.js'
import { Inboxes, type InboxMemory, RelayMessage } from '../../../src/trackers/ws/inbox.js'
import { fillMessage, fillPayload, wake } from './inbox-fixture.js'

export interface InboxWorkerData {
  readonly task: 'send' | 'die'
  readonly memory: InboxMemory
  readonly wakes: SharedArrayBuffer
  readonly worker: number
  readonly messages: number
}

const { task, memory, wakes, worker, messages } = workerData as InboxWorkerData
if (task === 'die') dieInside()
else sendAll()

/** Sends messages 0, 1, 2, ... to worker 0, whose payloads have the lengths that `payloadBytesOf` says. */
function sendAll(): void {
  const inboxes = new Inboxes(memory, { lockOwner: worker + 1, worker, wake: to => wake(wakes, to) })
  const message = new RelayMessage()
  const random = new Random(worker)
  const buffer = new Uint8Array(2000)
  for (let number = 0; number < messages; number++) {
    const bytes = random.below(600)
    const payload = buffer.subarray(3, 3 + bytes)
    fillPayload(payload, worker, number)
    fillMessage(message, worker, number)
    if (!inboxes.push(0, message, buffer, 3, 3 + bytes)) throw new Error('a message was larger than the ring')
  }
  parentPort!.postMessage('sent')
}

/** Dies with the lock of worker 0's ring. */
function dieInside(): void {
  acquireLock(new Int32Array(memory.rings[0]!), 0, worker + 1)
  parentPort!.postMessage('inside')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
