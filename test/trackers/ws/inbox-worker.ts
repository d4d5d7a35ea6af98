// A producer of messages for the inbox test, in a thread of its own; not a test itself.

import { workerData } from 'node:worker_threads'
import { Inboxes, type InboxMemory, RelayKind, RelayMessage } from '../../../src/trackers/ws/inbox.js'
import { fillPayload, payloadBytesOf } from './inbox-payload.js'

export interface ProducerData {
  readonly memory: InboxMemory
  readonly worker: number
  readonly toWorker: number
  readonly messages: number
  /** One word for each worker, raised to wake it. */
  readonly signals: Int32Array
}

const { memory, worker, toWorker, messages, signals } = workerData as ProducerData
const inboxes = new Inboxes(memory, {
  lockOwner: worker + 1,
  worker,
  wake: woken => {
    Atomics.add(signals, woken, 1)
    Atomics.notify(signals, woken)
  },
})
const message = new RelayMessage()
const payload = new Uint8Array(4096)
for (let index = 1; index <= messages; index++) {
  const bytes = payloadBytesOf(worker, index)
  fillPayload(payload, 3, 3 + bytes, worker, index)
  message.kind = index % 2 === 0 ? RelayKind.offer : RelayKind.answer
  message.member = index
  message.fromWorker = worker
  if (!inboxes.push(toWorker, message, payload, 3, 3 + bytes)) throw new Error('not taken')
}
