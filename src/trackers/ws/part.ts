// WebTorrent in a worker: puts together what speaks it over the connections of one server.

import type { StreamServer } from '../../net/stream.js'
import { WebSocketStreams } from '../../net/websocket.js'
import { offerKeyOf } from '../../swarm/members.js'
import { type WebTorrentMemory, WebTorrentSwarm } from '../../swarm/web-torrent.js'
import type { Stopwatch } from '../http/handler.js'
import { PeerIdTable, type PeerIdTableMemory } from '../peer-id-table.js'
import type { TorrentFilter } from '../torrent-filter.js'
import { lockOwnerOf } from '../tracker.js'
import { ExpectedAnswers } from './expected-answers.js'
import { WebTorrentHandler } from './handler.js'
import { Inboxes, type InboxMemory } from './inbox.js'
import { Relay } from './relay.js'
import type { WsRules } from './rules.js'

/** What a worker needs to speak WebTorrent: plain data and shared memory. */
export interface WebTorrentPartData {
  readonly rules: WsRules
  readonly memory: WebTorrentMemory
  readonly inboxes: InboxMemory
  /** Of each worker: what wakes it (`WakeUp`), an eventfd or a word. */
  readonly wakeUps: WakeUps
  /** Answers that a worker expects at a time. */
  readonly expectedAnswers: number
  /** Of `wsCounterNames`. */
  readonly counters: SharedArrayBuffer
  /** Of `webSocketCounterNames`. */
  readonly socketCounters: SharedArrayBuffer
  /** Null while clients are not counted. */
  readonly peerIds: PeerIdTableMemory | null
  /** Histograms of handling time, where someone asks for them. */
  readonly handlingTimes: SharedArrayBuffer | null
}

export type WakeUps =
  | { readonly engine: 'native'; readonly fds: readonly number[] }
  | { readonly engine: 'node'; readonly signals: readonly SharedArrayBuffer[] }

export interface WebTorrentPartOptions {
  readonly data: WebTorrentPartData
  readonly server: StreamServer
  readonly filter: TorrentFilter | null
  readonly stopwatch: Stopwatch | null
  /** This worker's blocks of the counters. */
  readonly counters: Float64Array
  readonly socketCounters: Float64Array
  readonly workerIndex: number
  readonly firstWorker: number
  readonly startedAtSeconds: number
  readonly capacity: number
  /** Words of the connection that others use, and all of them. */
  readonly wordsAt: number
  readonly wordsPerConnection: number
  readonly wake: (worker: number) => void
}

/** A certificate that connections may still have been opened under, and until when they may stay. */
interface GracePeriod {
  readonly epoch: number
  readonly endsAtSeconds: number
}

export class WebTorrentPart {
  readonly sockets: WebSocketStreams
  readonly #server: StreamServer
  readonly #handler: WebTorrentHandler
  readonly #graceSeconds: number
  readonly #gracePeriods: GracePeriod[] = []

  constructor(options: WebTorrentPartOptions) {
    const { data, server, counters, workerIndex: worker, firstWorker } = options
    const { rules, memory } = data
    const lockOwner = lockOwnerOf(firstWorker + worker)
    const swarm = new WebTorrentSwarm(memory, {
      lockOwner,
      randomSeed: crypto.getRandomValues(new Int32Array(1))[0],
    })
    // A worker that died has left the members of its connections behind.
    swarm.forgetWorker(worker)
    this.#server = server
    this.#graceSeconds = rules.tlsGraceSeconds
    this.sockets = new WebSocketStreams(
      server,
      {
        opened: connection => this.#handler.opened(connection),
        message: (connection, input, start, end) => this.#handler.message(connection, input, start, end),
        closed: connection => this.#handler.closed(connection),
      },
      rules.sockets,
      options.socketCounters,
      options.wordsAt,
      options.wordsPerConnection,
    )
    const relay = new Relay({
      server,
      sockets: this.sockets,
      swarm,
      inboxes: new Inboxes(data.inboxes, { lockOwner, worker, wake: options.wake }),
      expected: new ExpectedAnswers({ capacity: data.expectedAnswers, key: offerKeyOf(memory.members) }),
      worker,
      counters,
      offerAgeSeconds: rules.maxOfferAgeSeconds,
    })
    this.#handler = new WebTorrentHandler({
      server,
      sockets: this.sockets,
      rules,
      swarm,
      relay,
      worker,
      filter: options.filter,
      peerIds: data.peerIds === null ? null : new PeerIdTable(data.peerIds),
      counters,
      startedAtSeconds: options.startedAtSeconds,
      stopwatch: options.stopwatch,
      capacity: options.capacity,
    })
  }

  /** Other workers have put something into this one's inbox. */
  woken(): void {
    this.#handler.woken()
  }

  /** From now on connections have a new certificate; those with the one before may stay for the grace period. */
  certificateChanged(): void {
    this.sockets.epoch++
    const endsAtSeconds = this.#server.nowSeconds + this.#graceSeconds
    this.#gracePeriods.push({ epoch: this.sockets.epoch, endsAtSeconds })
  }

  /** Ends connections whose grace period has passed; to be called now and then. */
  endGracePeriods(): void {
    while (this.#gracePeriods.length > 0 && this.#gracePeriods[0].endsAtSeconds <= this.#server.nowSeconds) {
      const period = this.#gracePeriods.shift()
      if (period !== undefined) this.sockets.closeOlderEpochs(period.epoch, 'the certificate has changed')
    }
  }

  /** The tracker stops: tells all clients, so that they need not find out. */
  sayGoodbye(): void {
    this.sockets.epoch++
    this.sockets.closeOlderEpochs(this.sockets.epoch, 'the tracker stops')
  }
}
