// The live screen of a tracker: opened when it answers, fed from its snapshots, closed when it stops. What it says
// otherwise on stderr goes above the screen.

import type { PeerClientsSnapshot, TrackerSnapshot } from '../../metrics/snapshot.js'
import { threadTimes } from '../../metrics/thread-times.js'
import { formatSocketAddress } from '../../protocol/socket-address.js'
import type { TrackerEvent } from '../../trackers/events.js'
import type { TrackerWatcher } from '../../trackers/host.js'
import { openReporter, type Reporter } from '../../tui/reporter.js'
import type { ScreenSnapshot, WorkerShare } from '../../tui/snapshot.js'
import { ServeScreen } from './serve-screen.js'

const SAMPLE_INTERVAL_MS = 250
/** Threads' times are known in steps of 10 ms: shorter stretches would jump. */
const THREAD_INTERVAL_MS = 1_000
/** Peers are counted by client so often at most, and the longer one count takes, the more seldom. */
const CLIENTS_INTERVAL_MS = 5_000
/** Counting may take this part of the main thread's time. */
const CLIENTS_TIME_SHARE = 0.01
const WARNINGS_MAX = 5

export interface TrackerScreenOptions {
  /** `aquatic serve udp` */
  readonly command: string
  /** Takes lines while there is no screen. */
  readonly write: (text: string) => void
}

type SnapshotNow = (countsClients: boolean) => TrackerSnapshot[]

export class TrackerScreen implements TrackerWatcher {
  readonly #options: TrackerScreenOptions
  readonly #screen = new ServeScreen()
  readonly #addresses: string[] = []
  readonly #warnings: string[] = []
  #reporter: Reporter | null = null
  #opening: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #shown: ScreenSnapshot | null = null
  #workers: readonly WorkerShare[] = []
  #threadsAt: { readonly atMs: number; readonly ofName: ReadonlyMap<string, number> } | null = null
  #clients: readonly PeerClientsSnapshot[] = []
  #countClientsAtMs = 0

  constructor(options: TrackerScreenOptions) {
    this.#options = options
  }

  /** Takes from events what the screen shows of them. */
  learn(event: TrackerEvent): void {
    if (event.event === 'listening') {
      this.#addresses.push(`${event.protocol} ${formatSocketAddress(event)}`)
    } else if (event.event === 'warning' || event.event === 'worker-restarted') {
      const text = event.event === 'warning' ? event.text : `${event.worker} restarted: ${event.reason}`
      this.#warnings.push(`${new Date().toISOString().slice(11, 19)} ${text}`)
      if (this.#warnings.length > WARNINGS_MAX) this.#warnings.shift()
    }
  }

  /** Writes lines, above the screen where there is one. */
  print(text: string): void {
    if (this.#reporter === null) this.#options.write(text)
    else this.#reporter.print(text)
  }

  /** Opens the screen. What the tracker says at its start stands above it. */
  readonly onRunning = (snapshot: SnapshotNow): (() => void) => {
    let isRunning = true
    this.#opening = this.#open().then(() => {
      if (!isRunning) return
      this.#sample(snapshot)
      this.#timer = setInterval(() => this.#sample(snapshot), SAMPLE_INTERVAL_MS)
      this.#timer.unref()
    })
    return () => {
      isRunning = false
      if (this.#timer !== null) clearInterval(this.#timer)
      this.#timer = null
      const shown = this.#shown
      if (shown !== null) this.#reporter?.show({ ...shown, title: { ...shown.title, phase: 'stopping' } })
    }
  }

  /** Takes the screen off the terminal. */
  async close(): Promise<void> {
    await this.#opening
    await this.#reporter?.close()
    this.#reporter = null
  }

  async #open(): Promise<void> {
    const { write } = this.#options
    const reporter = await openReporter('screen', { write })
    // A tracker without a screen says what it said before there were screens, and no figures.
    if (reporter.kind === 'screen') this.#reporter = reporter
  }

  #sample(snapshot: SnapshotNow): void {
    const reporter = this.#reporter
    if (reporter === null || !reporter.isDrawing()) return
    const nowMs = performance.now()
    const countsClients = nowMs >= this.#countClientsAtMs
    const trackers = snapshot(countsClients)
    if (countsClients) this.#noteClients(trackers, performance.now() - nowMs)
    this.#noteThreads(nowMs, new Set(trackers.flatMap(({ workers }) => workers.map(({ name }) => name))))
    this.#shown = this.#screen.of(trackers, {
      command: this.#options.command,
      addresses: this.#addresses,
      workers: this.#workers,
      peerClients: this.#clients,
      warnings: this.#warnings,
    })
    reporter.show(this.#shown)
  }

  /** UDP and HTTP, which have one swarm, have the same count. */
  #noteClients(trackers: readonly TrackerSnapshot[], tookMs: number): void {
    this.#clients = [...new Set(trackers.map(({ peerClients }) => peerClients))].filter(
      count => count !== null,
    )
    this.#countClientsAtMs = performance.now() + Math.max(CLIENTS_INTERVAL_MS, tookMs / CLIENTS_TIME_SHARE)
  }

  #noteThreads(nowMs: number, workerNames: ReadonlySet<string>): void {
    const before = this.#threadsAt
    if (before !== null && nowMs - before.atMs < THREAD_INTERVAL_MS) return
    const times = threadTimes().filter(({ name }) => workerNames.has(name))
    this.#threadsAt = {
      atMs: nowMs,
      ofName: new Map(times.map(({ name, processorMs }) => [name, processorMs])),
    }
    if (before === null) return
    const passedMs = nowMs - before.atMs
    this.#workers = times
      .map(({ name, processorMs }) => {
        // A worker that was started again begins at 0.
        const usedMs = Math.max(0, processorMs - (before.ofName.get(name) ?? 0))
        return { name, share: Math.min(1, usedMs / passedMs) }
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}
