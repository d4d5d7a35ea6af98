// What a tracker is to the process that runs it (`host.ts`): sockets that are bound first, then workers that serve
// them. Mostly it speaks one protocol; HTTP and WebTorrent on one port are one tracker that speaks two. Everything that
// does not depend on the protocol (swarms, access list, cleaning, statistics, privileges) is the host's, and shared by
// all trackers of the process.

import type { WorkerSnapshot } from '../metrics/snapshot.js'
import type { EngineChoice } from '../net/engine.js'
import type { InheritedDescriptor } from '../net/inherited-sockets.js'
import type { TrackerEventSink } from './events.js'
import type { Reloadable } from './reload.js'
import type { SwarmConfig, SwarmRooms } from './swarm-rooms.js'
import type { TorrentFilterData } from './torrent-filter.js'
import type { WorkerSignals } from './worker-signals.js'

export type Protocol = 'udp' | 'http' | 'ws'

/** One protocol of a tracker. */
export interface ServedProtocol {
  readonly protocol: Protocol
  /** Of the swarm that it has its peers in; UDP and HTTP, which have one, have the same here. */
  readonly swarm: SwarmConfig
}

/** A tracker to be run: its configuration is in the closure. */
export interface TrackerSetup {
  /** What it speaks: one protocol, or several on the same sockets. */
  readonly serves: readonly ServedProtocol[]
  /** The engine must be able to speak TLS. */
  readonly needsTls: boolean
  /** What it takes of sockets passed in, as in `descriptor 3 is no …`. */
  readonly inheritable: string
  /**
   * Reads what must be read, and binds every socket.
   * @param inherited what a service manager passed in, without what others have taken @throws AquaticError
   */
  bind(engine: EngineChoice, inherited: readonly InheritedDescriptor[]): Promise<BoundTracker>
}

export interface BoundTracker {
  readonly workerCount: number
  /** Descriptors passed in that it has taken. */
  readonly adopted: readonly number[]
  /** Prepares the workers; nothing runs yet. */
  create(shared: SharedByTrackers): Tracker
  close(): void
}

/** What the host gives to each tracker, most of it shared memory for its workers. */
export interface SharedByTrackers {
  readonly engine: EngineChoice
  readonly swarms: SwarmRooms
  readonly filter: TorrentFilterData | null
  /** The first of this tracker's workers among those of all trackers: what they must have each for themselves. */
  readonly firstWorker: number
  /** Monotonic seconds at which the host started: expiries count from there. */
  readonly startedAtSeconds: number
  /** Word `CONTROL_STOP` ends the loops of native workers. */
  readonly control: SharedArrayBuffer
  /** Workers are to measure how long requests take. */
  readonly isTimed: boolean
  /** Why no failed worker can be started again, where the host knows a reason. */
  readonly restartObstacle: string | undefined
  readonly onEvent: TrackerEventSink
}

/** A tracker whose workers can be started. */
export interface Tracker {
  /** Its threads; see `Supervisor`. */
  readonly workers: TrackerWorkers
  readonly signals: WorkerSignals
  /** Histograms of handling time, where they are measured, for each protocol that it serves. */
  readonly handlingTimes: readonly (SharedArrayBuffer | null)[]
  /** A worker shows at least this often that it is alive, while its processor is not needed elsewhere. */
  readonly beatIntervalMs: number
  readonly reloadables: readonly Reloadable[]
  /**
   * Starts the workers; calls `begin` when all are loaded, and says where it listens when that resolves.
   * @returns what it listens on, `udp 127.0.0.1:3000`
   */
  start(begin: () => Promise<void>): Promise<readonly string[]>
  /** For each protocol that it serves. */
  figures(): readonly TrackerFigures[]
  /** Every counter by name, all workers together. */
  counters(): Readonly<Record<string, number>>
  /** Ends what runs beside the workers. */
  stopWatching(): void
}

export interface TrackerWorkers {
  readonly failed: Promise<never>
  readonly restarts: number
  nameOf(workerIndex: number): string
  release(): Promise<void>
  stop(): Promise<void>
  terminate(): Promise<void>
}

/** What only the protocol's side knows of a snapshot. */
export interface TrackerFigures {
  /** Whether clients of each family can reach it. */
  readonly isServed: { readonly ipv4: boolean; readonly ipv6: boolean }
  readonly workers: readonly WorkerSnapshot[]
  readonly kernelDrops: number
  /** Peer ids forgotten early because their table was full. */
  readonly peerIdsReplaced: number
}

/** Index of the control word that ends a native worker's loop when it is not zero. */
export const CONTROL_STOP = 0

/** A worker of the node engine is driven by events, so a timer shows that its event loop turns. */
export const NODE_BEAT_INTERVAL_MS = 200

/** A native worker that sleeps longer would notice a stop too late. */
export const NATIVE_SLEEP_MS_MAX = 50

/** Native workers allocate next to nothing: a small young generation keeps their memory small. */
export const WORKER_YOUNG_GENERATION_MB = 2

/** Lock owner 1 is the main thread (cleaning, statistics); workers follow, all trackers of the process together. */
export const MAIN_THREAD_LOCK_OWNER = 1
export const lockOwnerOf = (worker: number): number => MAIN_THREAD_LOCK_OWNER + 1 + worker
