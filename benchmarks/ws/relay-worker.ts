// Sleeps until something is in its inbox, takes it as a worker does, and notes how long it was on its way.

import { parentPort, workerData } from 'node:worker_threads'
import { Inboxes, type InboxMemory, lostMessages, RelayKind } from '../../src/trackers/ws/inbox.js'

/** Words of the memory that both threads share beside the inboxes. */
export const enum Shared {
  /** Raised to wake the receiver. */
  signal = 0,
  received = 16,
  words = 32,
}

export interface RelayWorkerData {
  readonly memory: InboxMemory
  readonly shared: Int32Array
}

/** Of the relays since the last report; a message of kind `refusal` asks for it. */
export interface RelayReport {
  readonly received: number
  readonly wakeUps: number
  readonly lost: number
  readonly p50Us: number
  readonly p99Us: number
}

const TENTHS_MAX = 1_000_000

const { memory, shared } = workerData as RelayWorkerData
const inboxes = new Inboxes(memory, { lockOwner: 2, worker: 1, wake: () => undefined })
const output = new Uint8Array(65_536)
/** Relays by tenths of a microsecond. */
const histogram = new Uint32Array(TENTHS_MAX)
let received = 0
let wakeUps = 0
let isAsked = false

/** The microseconds that this share of the relays took at most. */
function percentile(share: number): number {
  let left = received * share
  let tenths = 0
  while (tenths < TENTHS_MAX && left > histogram[tenths]) left -= histogram[tenths++]
  return tenths / 10
}

function reportAndReset(): void {
  const { offers, answers } = lostMessages(memory)
  const report: RelayReport = {
    received,
    wakeUps,
    lost: offers + answers,
    p50Us: percentile(0.5),
    p99Us: percentile(0.99),
  }
  histogram.fill(0)
  received = 0
  wakeUps = 0
  parentPort?.postMessage(report)
}

/** The low 53 bits of nanoseconds fit into a number, and are the same in all threads of a process. */
function nowNanoseconds(): number {
  return Number(process.hrtime.bigint())
}

if (parentPort === null) throw new Error('runs as a worker only')
parentPort.postMessage('ready')
for (let seen = 0; ; ) {
  Atomics.wait(shared, Shared.signal, seen)
  seen = Atomics.load(shared, Shared.signal)
  wakeUps++
  inboxes.drain((message, payload, start, end) => {
    if (message.kind === RelayKind.refusal) {
      isAsked = true
      return
    }
    // When it was sent, in two words that are there for something else.
    const sentAt = (message.offerKey0 >>> 0) * 2 ** 32 + (message.offerKey1 >>> 0)
    for (let from = start; from < end; from++) output[from - start] = payload[from]
    const tenths = Math.floor((nowNanoseconds() - sentAt) / 100)
    histogram[Math.min(TENTHS_MAX - 1, tenths)]++
    received++
    Atomics.add(shared, Shared.received, 1)
  })
  if (!isAsked) continue
  isAsked = false
  reportAndReset()
}
