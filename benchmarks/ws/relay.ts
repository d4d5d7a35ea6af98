// What it costs to hand an offer from one worker to another: relays per second, and the latency of one at a time.
// Run: node dist/benchmarks/ws/relay.js [--payload BYTES] [--seconds SECONDS]
// The wake-up is `Atomics.wait` and `notify` here: what a worker's event loop adds is not in these figures.

import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createInboxMemory, Inboxes, type InboxMemory, RelayMessage } from '../../src/trackers/ws/inbox.js'
import { describeEnvironment } from '../support/environment.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, runProgram } from '../support/program.js'

const RING_BYTES = 4 * 2 ** 20
const ECHO = 1
/** Messages on their way at most, in the measurement of throughput: half of a ring. */
const WINDOW = 1024

interface Shared {
  readonly inboxes: InboxMemory
  /** A word for each worker: how often it was woken; then one that says that all is over, and one of received ones. */
  readonly words: SharedArrayBuffer
}

const overWord = 2
const receivedWord = 3

function inboxesOf({ inboxes, words }: Shared, worker: number): Inboxes {
  const counts = new Int32Array(words)
  return new Inboxes(inboxes, {
    lockOwner: worker + 1,
    worker,
    wake: to => {
      Atomics.add(counts, to, 1)
      Atomics.notify(counts, to)
    },
  })
}

/** The other worker: counts messages, and sends back those that want it. */
function receive(shared: Shared): void {
  const words = new Int32Array(shared.words)
  const inboxes = inboxesOf(shared, 1)
  const deliver = (message: RelayMessage, payload: Uint8Array, start: number, end: number): void => {
    Atomics.add(words, receivedWord, 1)
    if (message.kind === ECHO) inboxes.push(0, message, payload, start, end)
  }
  parentPort?.postMessage('ready')
  while (Atomics.load(words, overWord) === 0) {
    const seen = Atomics.load(words, 1)
    if (inboxes.drain(deliver) === 0) Atomics.wait(words, 1, seen, 100)
  }
}

/** Messages there and back, one at a time. @returns half of each time, in microseconds, sorted */
function pingPong(shared: Shared, payload: Uint8Array, seconds: number): Float64Array {
  const words = new Int32Array(shared.words)
  const inboxes = inboxesOf(shared, 0)
  const message = new RelayMessage()
  message.kind = ECHO
  const times: number[] = []
  const endsAtMs = performance.now() + seconds * 1000
  for (let now = performance.now(); now < endsAtMs; ) {
    const seen = Atomics.load(words, 0)
    inboxes.push(1, message, payload, 0, payload.length)
    Atomics.wait(words, 0, seen)
    while (inboxes.drain(() => undefined) === 0);
    const later = performance.now()
    times.push((later - now) * 500)
    now = later
  }
  return Float64Array.from(times).sort()
}

/** As many messages as the other takes. @returns messages per second, and microseconds of a push */
function pour(shared: Shared, payload: Uint8Array, seconds: number): { perSecond: number; pushUs: number } {
  const words = new Int32Array(shared.words)
  const inboxes = inboxesOf(shared, 0)
  const message = new RelayMessage()
  const startedAt = Atomics.load(words, receivedWord)
  const beganAtMs = performance.now()
  const endsAtMs = beganAtMs + seconds * 1000
  let sent = 0
  let pushMs = 0
  while (performance.now() < endsAtMs) {
    if (sent - (Atomics.load(words, receivedWord) - startedAt) > WINDOW) continue
    const before = performance.now()
    for (let index = 0; index < 64; index++) inboxes.push(1, message, payload, 0, payload.length)
    pushMs += performance.now() - before
    sent += 64
  }
  const received = Atomics.load(words, receivedWord) - startedAt
  const tookMs = performance.now() - beganAtMs
  return { perSecond: (received / tookMs) * 1000, pushUs: (pushMs / sent) * 1000 }
}

if (isMainThread) {
  await runProgram(async () => {
    const { values } = parseArgs({
      options: { payload: { type: 'string', default: '1200' }, seconds: { type: 'string', default: '3' } },
    })
    const payload = new Uint8Array(Number(values.payload)).fill(0x61)
    const seconds = Number(values.seconds)
    const shared: Shared = {
      inboxes: createInboxMemory(2, RING_BYTES),
      words: new SharedArrayBuffer(16),
    }
    const worker = new Worker(new URL(import.meta.url), { workerData: shared })
    await new Promise(resolve => worker.once('message', resolve))
    // What is compiled first is slower.
    pingPong(shared, payload, seconds / 4)
    pour(shared, payload, seconds / 4)
    const times = pingPong(shared, payload, seconds)
    const { perSecond, pushUs } = pour(shared, payload, seconds)
    Atomics.store(new Int32Array(shared.words), overWord, 1)
    await worker.terminate()
    const at = (share: number): string => times[Math.floor((times.length - 1) * share)].toFixed(1)
    const rows = [
      ['relays per second', Math.round(perSecond).toLocaleString('en-US')],
      ['a push, µs', pushUs.toFixed(2)],
      ['latency p50, µs', at(0.5)],
      ['latency p99, µs', at(0.99)],
    ]
    process.stdout.write(`Relays of ${payload.length} bytes between two threads.\n\n`)
    process.stdout.write(`${renderTable(['figure', 'value'], rows)}\n\n`)
    for (const [label, value] of describeEnvironment(0)) process.stdout.write(`* ${label}: ${value}\n`)
    return ExitCode.ok
  })
} else {
  receive(workerData as Shared)
}
