// What a load test does, as plain data: made once from the configuration, handed to every worker.

import type { LoadProtocol } from './kinds.js'

/** Who is asked. Names are resolved before the workers start. */
export interface LoadTarget {
  /** As the user gave it, for reports: `udp://127.0.0.1:3000`. */
  readonly url: string
  /** Numeric. */
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  /** Name for `Host`, SNI and certificates; the address where no name was given. */
  readonly hostName: string
  /** HTTP: path of announces, with a query if it has one; WebTorrent: path of the upgrade. `/announce` by default. */
  readonly path: string
  /** HTTP: path of scrapes, as BEP 48 derives it from `path`. */
  readonly scrapePath: string
  readonly isTls: boolean
  /** Whether the certificate has to be valid for `hostName`. */
  readonly verifiesCertificate: boolean
}

/** A stretch of an open loop's schedule: the rate moves from one to the other along a line. */
export interface Stage {
  /** May be Infinity for the last one. */
  readonly seconds: number
  /** Requests per second, of all workers together. */
  readonly from: number
  readonly to: number
}

export type Pacing =
  /** As many requests in flight as the window holds, for the highest throughput. */
  | { readonly mode: 'closed' }
  /** At planned instants, whatever the tracker does. `stages` cover warm-up and measurement. */
  | { readonly mode: 'open'; readonly spacing: 'even' | 'poisson'; readonly stages: readonly Stage[] }

/** Lengths of the phases. Connect and fill end as soon as they are done, drain when nothing is awaited any more. */
export interface PhaseLengths {
  readonly connectSeconds: number
  /** 0: the swarm is not filled. */
  readonly fillSeconds: number
  readonly warmUpSeconds: number
  /** Infinity: until interrupted. */
  readonly measureSeconds: number
  readonly drainSeconds: number
}

/** Relative frequencies. */
export interface Mix {
  /** UDP: fresh connection ids. HTTP and WebTorrent have none: connections are opened as they are needed. */
  readonly connect: number
  readonly announce: number
  readonly scrape: number
}

/** How peers are spread over torrents. */
export type Popularity =
  /** Torrent i of T, with P peers, weighs T/P + e^(6.5 - 500 i/T): aquatic's UDP load test. */
  | { readonly kind: 'exponential' }
  /** floor((min(Gamma(shape, scale), 101) - 1) / 100 * (T - 1)), at least 0: aquatic's HTTP and WebTorrent ones. */
  | { readonly kind: 'gamma'; readonly shape: number; readonly scale: number }
  /** Torrent i weighs 1 / (i + 1)^exponent. */
  | { readonly kind: 'zipf'; readonly exponent: number }
  | { readonly kind: 'uniform' }

export interface PopulationPlan {
  readonly torrents: number
  /** Of all workers together. WebTorrent: one for each connection, this is not used. */
  readonly peers: number
  readonly popularity: Popularity
  /** 0 to 1. */
  readonly seederShare: number
  /** Most hashes in one scrape. */
  readonly scrapeTorrents: number
}

export interface LoadPlan {
  readonly protocol: LoadProtocol
  readonly engine: 'native' | 'node'
  readonly target: LoadTarget
  readonly workers: number
  /** UDP sockets, HTTP or WebTorrent connections of each worker. */
  readonly connectionsPerWorker: number
  /** Requests in flight over each UDP socket in a closed loop; other protocols have one for each connection. */
  readonly window: number
  readonly pacing: Pacing
  readonly phases: PhaseLengths
  /** After which a request counts as lost. */
  readonly timeoutMs: number
  readonly mix: Mix
  readonly population: PopulationPlan
  /** Peers asked for; -1: not said. */
  readonly numwant: number
  /** Share of the answers that are looked at closely, 0 to 1. */
  readonly verifyShare: number
  /** Everything random follows from it and from the number of the worker. */
  readonly seed: number
  /** Loopback addresses 127.0.0.1 and following that connections come from; 1 for any other target. */
  readonly sourceAddresses: number
  readonly receiveBufferBytes: number
  readonly http: {
    readonly keepsAlive: boolean
    /** Requests before a kept-alive connection is closed and opened anew; 0: never. */
    readonly requestsPerConnection: number
  }
  readonly ws: {
    readonly offersPerAnnounce: number
    /** Whether offers are answered. */
    readonly answers: boolean
    /** New connections per second, of all workers together; Infinity: as fast as they open. */
    readonly connectionsPerSecond: number
    /** Seconds between announces over one connection in a closed loop; 0: at once. */
    readonly announceIntervalSeconds: number
  }
}
