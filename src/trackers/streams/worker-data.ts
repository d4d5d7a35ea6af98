// What the main thread hands to a thread that serves byte streams, and what comes back: plain data and shared memory.

import type { OpenStreamListener } from '../../net/native/stream-listener.js'
import type { NodeListener } from '../../net/node/stream-listeners.js'
import type { StreamAddress, StreamLimits } from '../../net/stream.js'
import type { SwarmMemory } from '../../swarm/memory.js'
import type { HttpRules } from '../http/rules.js'
import type { PeerIdTableMemory } from '../peer-id-table.js'
import type { TorrentFilterData } from '../torrent-filter.js'
import type { WebTorrentPartData } from '../ws/part.js'

/** What one worker listens on: opened by the main thread (native) or to be opened by the worker (node). */
export type WorkerListeners =
  | {
      readonly engine: 'native'
      readonly listeners: readonly OpenStreamListener[]
      /** What the worker has open; see open-descriptors.ts. */
      readonly descriptors: SharedArrayBuffer
    }
  | { readonly engine: 'node'; readonly listeners: readonly NodeListener[] }

/** TLS of all workers. */
export interface WorkerTls {
  /** See `CertificateSlot`. */
  readonly certificate: SharedArrayBuffer
  readonly ticketKeys: Uint8Array
}

/** What the HTTP tracker's answers need. */
export interface HttpPartData {
  readonly swarm: SwarmMemory
  /** Null while clients are not counted. */
  readonly peerIds: PeerIdTableMemory | null
  /** See `FullScrapeTimes`; null while there are no full scrapes. */
  readonly fullScrapeTimes: SharedArrayBuffer | null
  /** Histograms of handling time, where someone asks for them. */
  readonly handlingTimes: SharedArrayBuffer | null
}

/** Everything a worker needs, as plain data and shared memory. Of `http` and `ws` there is one at least. */
export interface StreamWorkerData {
  readonly workerIndex: number
  readonly workerName: string
  /** The first of these workers among those of all trackers of the process. */
  readonly firstWorker: number
  readonly listeners: WorkerListeners
  /** How requests are read, whoever answers them. */
  readonly rules: HttpRules
  readonly limits: StreamLimits
  /** Null for plain connections. */
  readonly tls: WorkerTls | null
  readonly http: HttpPartData | null
  readonly ws: WebTorrentPartData | null
  readonly filter: TorrentFilterData | null
  /** Monotonic seconds at which the host started: expiries count from there. */
  readonly startedAtSeconds: number
  readonly control: SharedArrayBuffer
  /** See WorkerSignals: when to begin, and that the worker is alive. */
  readonly signals: SharedArrayBuffer
  /** Of `httpCounterNames`: also where only WebTorrent is served, its requests are HTTP. */
  readonly counters: SharedArrayBuffer
  /** Of `streamCounterNames`. */
  readonly streamCounters: SharedArrayBuffer
}

/** What the node engine found out by listening; the native engine's main thread knows it already. */
export type WorkerListenReport = readonly StreamAddress[]
