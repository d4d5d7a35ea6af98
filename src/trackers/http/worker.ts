// An HTTP worker's thread: connections from accept to close, answered by one handler. The native engine's loop never
// leaves this file's `while` and sleeps only in the kernel; the node engine's is driven by events.

import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { AquaticError } from '../../errors.js'
import { CounterBlock } from '../../metrics/counters.js'
import { HandlingTime } from '../../metrics/handling-time.js'
import type { Certificate } from '../../net/certificate.js'
import { type NodeListener, NodeStreamServer } from '../../net/node/stream-server.js'
import { NodeTls } from '../../net/node/tls.js'
import {
  openConnections,
  StreamCounter,
  type StreamProtocol,
  type StreamServer,
  streamCounterNames,
} from '../../net/stream.js'
import { setThreadName } from '../../net/thread-name.js'
import { Swarm } from '../../swarm/swarm.js'
import { PeerIdTable } from '../peer-id-table.js'
import { RELEASE_MESSAGE, type WorkerMessage } from '../supervisor.js'
import { TorrentFilter } from '../torrent-filter.js'
import { CONTROL_STOP, lockOwnerOf, NATIVE_SLEEP_MS_MAX, NODE_BEAT_INTERVAL_MS } from '../tracker.js'
import { WorkerSignals } from '../worker-signals.js'
import { HttpAnswers } from './answers.js'
import { CertificateSlot } from './certificate-slot.js'
import { ClientAddress } from './client-address.js'

import { httpCounters } from './counters.js'
import { FullScrapeTimes } from './full-scrape-times.js'
import { FullScrapes } from './full-scrapes.js'

import { HttpHandler, type Stopwatch } from './handler.js'
import type { HttpWorkerData, WorkerListeners, WorkerListenReport, WorkerTls } from './worker-data.js'

type NativeListeners = Extract<WorkerListeners, { engine: 'native' }>

/** At a stop, what had come is served for so long at most. */
const FAREWELL_SECONDS_MAX = 1
/** Turns of node's event loop: a connection is accepted in one, and its first bytes are read in the next. */
const QUIET_TURNS = 3

function report(message: WorkerMessage<WorkerListenReport>): void {
  parentPort?.postMessage(message)
}

/** What is spoken over the connections of a server. */
function speak(data: HttpWorkerData, stopwatch: Stopwatch | null): (server: StreamServer) => StreamProtocol {
  const worker = data.firstWorker + data.workerIndex
  const { values: counters } = httpCounters(data.counters, data.workerIndex)
  const swarm = new Swarm(data.swarm, {
    lockOwner: lockOwnerOf(worker),
    randomSeed: crypto.getRandomValues(new Int32Array(1))[0],
  })
  const filter = data.filter === null ? null : new TorrentFilter(data.filter, worker)
  const peerIds = data.peerIds === null ? null : new PeerIdTable(data.peerIds)
  const answers = new HttpAnswers(data.rules, swarm, filter, peerIds, counters)
  const client = new ClientAddress(data.rules.proxies)
  return server => {
    const fullScrapes =
      data.fullScrapeTimes === null
        ? null
        : new FullScrapes(
            server,
            swarm,
            filter,
            new FullScrapeTimes(data.fullScrapeTimes, data.rules.fullScrapeIntervalSeconds),
            counters,
          )
    return new HttpHandler({
      server,
      rules: data.rules,
      answers,
      client,
      filter,
      counters,
      startedAtSeconds: data.startedAtSeconds,
      stopwatch,
      fullScrapes,
      upgrade: null,
      wordsPerConnection: data.limits.protocolWordCount,
    })
  }
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

function nanosecondStopwatch(data: HttpWorkerData): Stopwatch | null {
  if (data.handlingTimes === null) return null
  const time = new HandlingTime(data.handlingTimes, data.workerIndex)
  let startedAtMs = 0
  return {
    start: () => {
      startedAtMs = performance.now()
    },
    record: requests => time.record(Math.round((performance.now() - startedAtMs) * 1e6), requests),
  }
}

async function runNative(data: HttpWorkerData, opened: NativeListeners): Promise<void> {
  const { NativeStreamServer } = await import('../../net/native/stream-server.js')
  const certificates = data.tls === null ? null : new CertificateReader(data.tls)
  const tls = data.tls === null ? undefined : await openNativeTls(data.tls, certificates)
  const signals = new WorkerSignals(data.signals)
  const control = new Int32Array(data.control)
  const isStopping = (): boolean => Atomics.load(control, CONTROL_STOP) !== 0
  const options = {
    limits: data.limits,
    protocol: speak(data, nanosecondStopwatch(data)),
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
      if (certificate !== undefined) tls?.setCertificate(certificate)
      server.turn(NATIVE_SLEEP_MS_MAX)
    }
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

async function runNode(data: HttpWorkerData, listeners: readonly NodeListener[]): Promise<void> {
  const certificates = data.tls === null ? null : new CertificateReader(data.tls)
  const tls =
    data.tls === null || certificates === null
      ? undefined
      : new NodeTls({ certificate: certificates.first(), ticketKeys: data.tls.ticketKeys })
  const signals = new WorkerSignals(data.signals)
  const server = await NodeStreamServer.open({
    listeners,
    // Where rights are to be given up, nothing is read before that.
    isHeld: true,
    limits: data.limits,
    protocol: speak(data, nanosecondStopwatch(data)),
    counters: streamCountersOf(data),
    ...(tls === undefined ? {} : { tls }),
  })
  const timer = setInterval(() => {
    signals.beat(data.workerIndex)
    const certificate = certificates?.next()
    if (certificate !== undefined) tls?.setCertificate(certificate)
  }, NODE_BEAT_INTERVAL_MS)
  parentPort?.on('message', async (message: unknown) => {
    if (message === RELEASE_MESSAGE) {
      server.serve()
      report({ type: 'serving' })
      return
    }
    clearInterval(timer)
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

function streamCountersOf(data: HttpWorkerData): Float64Array {
  const block = new CounterBlock(streamCounterNames, data.streamCounters, data.workerIndex)
  // With a worker that died its connections went, whatever it still could count of them.
  block.values[StreamCounter.endedServerClosed] += openConnections(block.snapshot())
  return block.values
}

async function main(data: HttpWorkerData): Promise<void> {
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

await main(workerData as HttpWorkerData)
