// What a tracker on byte streams is made from: where it listens, how it reads requests, and its parts, one for each
// protocol. A part is the main thread's side of one: what its workers are given, and what is told of them.

import type { CertificateFiles } from '../../net/certificate.js'
import type { EngineName } from '../../net/engine.js'
import type { StreamCounter, StreamLimits } from '../../net/stream.js'
import type { HttpCounterName } from '../http/counters.js'
import type { HttpRules } from '../http/rules.js'
import type { ServedProtocol, SharedByTrackers, TrackerFigures } from '../tracker.js'
import type { Trouble } from '../watch.js'
import type { StreamListenNetwork } from './listeners.js'
import type { StreamWorkerData } from './worker-data.js'

export interface StreamPlan {
  readonly serves: readonly ServedProtocol[]
  readonly network: StreamListenNetwork
  /** Null for plain connections. */
  readonly certificateFiles: CertificateFiles | null
  /** As configured; 0 for one for each processor. */
  readonly socketWorkers: number
  readonly rules: HttpRules
  readonly limitsFor: (workers: number) => StreamLimits
  /** Prepares the parts, in the order of `serves`; called once. */
  readonly createParts: (context: PartContext) => Promise<readonly StreamPart[]>
}

/** What parts are prepared with before anything runs. */
export interface PartContext {
  readonly engine: EngineName
  readonly workers: number
}

/** Counters of byte streams, and of the requests that come over them, of one worker. */
export interface FrontCounters {
  readonly streams: Readonly<Record<keyof typeof StreamCounter, number>>
  readonly requests: Readonly<Record<HttpCounterName, number>>
}

export interface StreamPart {
  readonly protocol: 'http' | 'ws'
  /**
   * @param fronts of each worker at this moment
   * @param webSocketsOpen connections of a worker that are another part's
   */
  open(
    shared: SharedByTrackers,
    fronts: () => readonly FrontCounters[],
    webSocketsOpen: (workerIndex: number) => number,
  ): OpenStreamPart
  /** Gives back what the part has open. */
  close(): void
}

export interface OpenStreamPart {
  /** The part's share of what each worker is given. */
  readonly workerData: Partial<Pick<StreamWorkerData, 'http' | 'ws'>>
  readonly handlingTimes: SharedArrayBuffer | null
  /**
   * @param names of the workers
   * @param tellsOfStreams whether the byte streams are in these figures: they are in those of the first part
   */
  figures(
    names: readonly string[],
    tellsOfStreams: boolean,
  ): Pick<TrackerFigures, 'workers' | 'peerIdsReplaced'>
  /** Every counter of its own by name, all workers together. */
  counters(): Readonly<Record<string, number>>
  /** Connections of a worker that have become WebSockets, where this part speaks over them. */
  webSocketsOpen(workerIndex: number): number
  /** Locks of its own that a dead worker may hold. */
  locksHeldBy(workerIndex: number): number
  readonly troubles: readonly Trouble[]
}
