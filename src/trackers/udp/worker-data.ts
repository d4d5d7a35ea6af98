// What the main thread hands to a socket worker's thread, and what comes back: plain data and shared memory.

import type { OpenUdpSocket } from '../../net/native/udp-open.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import type { SwarmMemory } from '../../swarm/memory.js'
import type { PeerIdTableMemory } from '../peer-id-table.js'
import type { TorrentFilterData } from '../torrent-filter.js'
import type { UdpRules } from './handler.js'
import type { SipHashKey } from './siphash.js'

/** Sockets of one worker: opened by the main thread (native) or to be opened here (node). */
export type WorkerSockets =
  | { readonly engine: 'native'; readonly sockets: readonly OpenUdpSocket[] }
  | { readonly engine: 'node'; readonly sockets: readonly NodeSocketPlan[] }

export interface NodeSocketPlan {
  readonly address: SocketAddress
  readonly family: 4 | 6
  readonly onlyIpv6: boolean
  readonly reusePort: boolean
  /** A bound socket passed in by a service manager, used instead of binding. */
  readonly fd?: number
}

/** Everything a worker needs, as plain data and shared memory. */
export interface UdpWorkerData {
  readonly workerIndex: number
  readonly workerName: string
  /** The first of the UDP workers among those of all trackers of the process. */
  readonly firstWorker: number
  readonly sockets: WorkerSockets
  readonly rules: UdpRules
  readonly swarm: SwarmMemory
  readonly filter: TorrentFilterData | null
  /** Null while clients are not counted. */
  readonly peerIds: PeerIdTableMemory | null
  readonly connectionIdKey: SipHashKey
  readonly maxConnectionAgeSeconds: number
  /** Monotonic seconds at which the tracker started: ids and expiries count from there. */
  readonly startedAtSeconds: number
  readonly control: SharedArrayBuffer
  /** See WorkerSignals: when to begin, and that the worker is alive. */
  readonly signals: SharedArrayBuffer
  readonly counters: SharedArrayBuffer
  /** Histograms of handling time, where someone asks for them. */
  readonly handlingTimes: SharedArrayBuffer | null
  readonly batchSize: number
  readonly pollTimeoutMs: number
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
}

/** What the node engine found out by binding; the native engine's main thread knows it already. */
export interface WorkerSocketReport {
  readonly address: SocketAddress
  readonly receiveBufferBytesGranted: number
  readonly sendBufferBytesGranted: number
}
