// A thread that serves byte streams: connections from accept to close, spoken to by HTTP, WebTorrent or both. The
// native engine's loop never leaves this file's `while` and sleeps only in the kernel; the node engine's is driven by
// events.

import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { AquaticError } from '../../errors.js'
import { CounterBlock } from '../../metrics/counters.js'
import type { Certificate } from '../../net/certificate.js'
import type { NodeListener } from '../../net/node/stream-listeners.js'
import { NodeStreamServer } from '../../net/node/stream-server.js'
import { NodeTls } from '../../net/node/tls.js'
import { openConnections, StreamCounter, type StreamServer, streamCounterNames } from '../../net/stream.js'
import { setThreadName } from '../../net/thread-name.js'
import { RELEASE_MESSAGE, type WorkerMessage } from '../supervisor.js'
import { CONTROL_STOP, NATIVE_SLEEP_MS_MAX, NODE_BEAT_INTERVAL_MS } from '../tracker.js'
import { WorkerSignals } from '../worker-signals.js'
import { CertificateSlot } from './certificate-slot.js'
import { WorkerSpeech } from './speech.js'
import type { StreamWorkerData, WorkerListeners, WorkerListenReport, WorkerTls } from './worker-data.js'

type NativeListeners = Extract<WorkerListeners, { engine: 'native' }>

/** At a stop, what had come is served for so long at most. */
const FAREWELL_SECONDS_MAX = 1
/** Turns of node's event loop: a connection is accepted in one, and its first bytes are read in the next. */
const QUIET_TURNS = 3

function report(message: WorkerMessage<WorkerListenReport>): void {
  parentPort?.postMessage(message)
}

/** Certificates as they come. */
class CertificateReader {
  readonly #slot: CertificateSlot
  #version = 0

  constructor({ certificate }: WorkerTls) {
    this.#slot = new CertificateSlot(certificate)
  }

  /** A certificate that was not seen before. */
  next(): Certificate | undefined {
    if (this.#slot.version === this.#version) return undefined
    const read = this.#slot.read()
    if (read === undefined) return undefined
    this.#version = read.version
    return read.certificate
  }

  /** The one that the main thread put there before it started the worker. */
  first(): Certificate {
    for (;;) {
      const certificate = this.next()
      if (certificate !== undefined) return certificate
    }
  }
}

async function runNative(data: StreamWorkerData, opened: NativeListeners): Promise<void> {
  const { NativeStreamServer } = await import('../../net/native/stream-server.js')
  const certificates = data.tls === null ? null : new CertificateReader(data.tls)
  const tls = data.tls === null ? undefined : await openNativeTls(data.tls, certificates)
  const signals = new WorkerSignals(data.signals)
  const control = new Int32Array(data.control)
  const isStopping = (): boolean => Atomics.load(control, CONTROL_STOP) !== 0
  const { wakeNative } = await import('../../net/native/wake-up.js')
  const speech = new WorkerSpeech(data, wakeNative)
  const options = {
    limits: data.limits,
    protocol: speech.speak,
    wakeUp: speech.wakeUp,
    counters: streamCountersOf(data),
    listeners: opened.listeners,
    descriptors: opened.descriptors,
    ...(tls === undefined ? {} : { tls }),
  }
  report({ type: 'ready', ready: [] })
  signals.waitForRelease(isStopping)
  const server = new NativeStreamServer(options)
  try {
    while (Atomics.load(control, CONTROL_STOP) === 0) {
      signals.beat(data.workerIndex)
      const certificate = certificates?.next()
      if (certificate !== undefined) {
        tls?.setCertificate(certificate)
        speech.webTorrent?.certificateChanged()
      }
      server.turn(NATIVE_SLEEP_MS_MAX)
      speech.webTorrent?.endGracePeriods()
    }
    speech.webTorrent?.sayGoodbye()
    // What has come is answered, also to those who wait to be accepted; nobody is waited for.
    const stopAt = server.nowSeconds + FAREWELL_SECONDS_MAX
    while (server.turn(0) > 0 && server.nowSeconds < stopAt) signals.beat(data.workerIndex)
  } finally {
    // Clients of a failed worker hear of it at once, and what OpenSSL keeps for them is given back.
    server.closeAll()
  }
}

async function openNativeTls(data: WorkerTls, certificates: CertificateReader | null) {
  assert(certificates !== null)
  const { NativeTls } = await import('../../net/native/tls.js')
  return new NativeTls({ certificate: certificates.first(), ticketKeys: data.ticketKeys })
}

async function runNode(data: StreamWorkerData, listeners: readonly NodeListener[]): Promise<void> {
  const certificates = data.tls === null ? null : new CertificateReader(data.tls)
  const tls =
    data.tls === null || certificates === null
      ? undefined
      : new NodeTls({ certificate: certificates.first(), ticketKeys: data.tls.ticketKeys })
  const signals = new WorkerSignals(data.signals)
  const speech = new WorkerSpeech(data)
  const server = await NodeStreamServer.open({
    listeners,
    // Where rights are to be given up, nothing is read before that.
    isHeld: true,
    limits: data.limits,
    protocol: speech.speak,
    wakeUp: speech.wakeUp,
    counters: streamCountersOf(data),
    ...(tls === undefined ? {} : { tls }),
  })
  const timer = setInterval(() => {
    signals.beat(data.workerIndex)
    const certificate = certificates?.next()
    if (certificate !== undefined) {
      tls?.setCertificate(certificate)
      speech.webTorrent?.certificateChanged()
    }
    speech.webTorrent?.endGracePeriods()
  }, NODE_BEAT_INTERVAL_MS)
  parentPort?.on('message', async (message: unknown) => {
    if (message === RELEASE_MESSAGE) {
      server.serve()
      report({ type: 'serving' })
      return
    }
    clearInterval(timer)
    speech.webTorrent?.sayGoodbye()
    await untilQuiet(server)
    await server.closeAll()
    parentPort?.close()
  })
  if (signals.isReleased) server.serve()
  report({ type: 'ready', ready: server.listening })
}

/** Lets the event loop turn as long as something comes that waits for it: connections, and requests on them. */
async function untilQuiet({ counters }: StreamServer): Promise<void> {
  const stopAtMs = performance.now() + FAREWELL_SECONDS_MAX * 1000
  for (let quietTurns = 0; quietTurns < QUIET_TURNS && performance.now() < stopAtMs; quietTurns++) {
    const before = counters[StreamCounter.accepted] + counters[StreamCounter.bytesReceived]
    await setImmediate()
    if (counters[StreamCounter.accepted] + counters[StreamCounter.bytesReceived] !== before) quietTurns = 0
  }
}

function streamCountersOf(data: StreamWorkerData): Float64Array {
  const block = new CounterBlock(streamCounterNames, data.streamCounters, data.workerIndex)
  // With a worker that died its connections went, whatever it still could count of them.
  block.values[StreamCounter.endedServerClosed] += openConnections(block.snapshot())
  return block.values
}

async function main(data: StreamWorkerData): Promise<void> {
  setThreadName(data.workerName)
  try {
    if (data.listeners.engine === 'native') await runNative(data, data.listeners)
    else await runNode(data, data.listeners.listeners)
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    const { code, message, remedy } = error
    report({ type: 'refused', code, message, ...(remedy === undefined ? {} : { remedy }) })
  }
}

await main(workerData as StreamWorkerData)
