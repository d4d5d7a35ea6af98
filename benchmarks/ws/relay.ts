// What it costs to hand an offer to another worker through its inbox. Run: node dist/benchmarks/ws/relay.js [SECONDS]
// One thread sends, one sleeps until it is woken (Atomics.wait): first one offer at a time, each to a receiver that has
// fallen asleep, then as many as go, with a bounded number on their way.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createInboxMemory, Inboxes, RelayKind, RelayMessage } from '../../src/trackers/ws/inbox.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, runProgram, UsageError } from '../support/program.js'
import { type RelayReport, type RelayWorkerData, Shared } from './relay-worker.js'

/** An offer of a browser with a few candidates, in the text of its message. */
const PAYLOAD_BYTES = 1200
const INBOX_BYTES = 4 * 2 ** 20
/** Offers on their way while as many are sent as go: some of what fits into an inbox. */
const UNDERWAY_MAX = 1000
/** Between offers that are sent one at a time. */
const PAUSE_NANOSECONDS = 100_000

const shared = new Int32Array(new SharedArrayBuffer(Shared.words * 4))
const memory = createInboxMemory(2, INBOX_BYTES)
const inboxes = new Inboxes(memory, {
  lockOwner: 1,
  worker: 0,
  wake: () => {
    Atomics.add(shared, Shared.signal, 1)
    Atomics.notify(shared, Shared.signal)
  },
})
const message = new RelayMessage()
const payload = new Uint8Array(PAYLOAD_BYTES).fill(0x61)

function nowNanoseconds(): number {
  return Number(process.hrtime.bigint())
}

function send(): void {
  const now = nowNanoseconds()
  message.kind = RelayKind.offer
  message.offerKey0 = Math.floor(now / 2 ** 32)
  message.offerKey1 = now >>> 0
  inboxes.push(1, message, payload, 0, PAYLOAD_BYTES)
}

/** Sends one offer after another, each when the one before has been received for a while. */
function sendSingly(seconds: number): void {
  const end = nowNanoseconds() + seconds * 1e9
  while (nowNanoseconds() < end) {
    const expected = Atomics.load(shared, Shared.received) + 1
    send()
    while (Atomics.load(shared, Shared.received) !== expected);
    const next = nowNanoseconds() + PAUSE_NANOSECONDS
    while (nowNanoseconds() < next);
  }
}

function sendManyAtOnce(seconds: number): void {
  const end = nowNanoseconds() + seconds * 1e9
  let sent = Atomics.load(shared, Shared.received)
  while (nowNanoseconds() < end) {
    while (sent - Atomics.load(shared, Shared.received) >= UNDERWAY_MAX);
    send()
    sent++
  }
}

interface Load {
  readonly name: string
  readonly send: (seconds: number) => void
}

const loads: readonly Load[] = [
  { name: 'one at a time', send: sendSingly },
  { name: `up to ${UNDERWAY_MAX.toLocaleString('en-US')} on their way`, send: sendManyAtOnce },
]

async function reportOf(worker: Worker): Promise<RelayReport> {
  message.kind = RelayKind.refusal
  inboxes.push(1, message, payload, 0, 0)
  const [report] = (await once(worker, 'message')) as [RelayReport]
  return report
}

await runProgram(async () => {
  const seconds = Number(process.argv[2] ?? 5)
  if (!(seconds > 0)) throw new UsageError('SECONDS is a number above 0')
  const workerData: RelayWorkerData = { memory, shared }
  const worker = new Worker(new URL('./relay-worker.js', import.meta.url), { workerData })
  await once(worker, 'message')
  const rows: string[][] = []
  let lost = 0
  for (const load of loads) {
    // What the first quarter says is that the code was compiled meanwhile.
    load.send(seconds / 4)
    await reportOf(worker)
    const started = performance.now()
    load.send(seconds)
    const report = await reportOf(worker)
    const perSecond = (report.received * 1000) / (performance.now() - started)
    lost = report.lost
    rows.push([
      load.name,
      Math.round(perSecond).toLocaleString('en-US'),
      report.p50Us.toFixed(1),
      report.p99Us.toFixed(1),
      (report.received / report.wakeUps).toFixed(1),
    ])
  }
  const columns = ['offers', 'relays/s', 'p50 µs', 'p99 µs', 'relays per wake-up']
  process.stdout.write(`${renderTable(columns, rows)}\n`)
  return lost > 0 ? ExitCode.invalid : ExitCode.ok
})
