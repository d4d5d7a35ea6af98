// What is spoken over the connections of a worker's server: HTTP, WebTorrent, or both by what the first request asks.

import { CounterBlock } from '../../metrics/counters.js'
import { HandlingTime } from '../../metrics/handling-time.js'
import { wakeNode } from '../../net/node/wake-up.js'
import type { StreamProtocol, StreamServer, WakeUp } from '../../net/stream.js'
import { WebSocketStreams, webSocketCounterNames } from '../../net/websocket.js'
import { Swarm } from '../../swarm/swarm.js'
import type { RequestAnswers } from '../http/answer-terms.js'
import { HttpAnswers } from '../http/answers.js'
import { ClientAddress } from '../http/client-address.js'
import { httpCounters } from '../http/counters.js'
import { FullScrapeTimes } from '../http/full-scrape-times.js'
import { FullScrapes } from '../http/full-scrapes.js'
import { HttpHandler, PROTOCOL_WORDS, type Stopwatch } from '../http/handler.js'
import { PeerIdTable } from '../peer-id-table.js'
import { TorrentFilter } from '../torrent-filter.js'
import { lockOwnerOf } from '../tracker.js'
import { forgetWsConnections, wsCounters } from '../ws/counters.js'
import { WsPages } from '../ws/pages.js'
import { type WakeUps, WebTorrentPart, type WebTorrentPartData } from '../ws/part.js'
import type { HttpPartData, StreamWorkerData } from './worker-data.js'

/** Words that a connection has where WebTorrent is served. */
export const wordsWithWebSockets = PROTOCOL_WORDS + WebSocketStreams.words

export class WorkerSpeech {
  /** What wakes this worker's server; nothing where nobody has anything for it. */
  readonly wakeUp: WakeUp
  /** There once the server is, where WebTorrent is served. */
  webTorrent: WebTorrentPart | null = null
  readonly #data: StreamWorkerData
  readonly #counters: Float64Array

  readonly #wakeNative: ((fd: number) => void) | undefined

  /** @param wakeNative of the native engine, which alone may load it */
  constructor(data: StreamWorkerData, wakeNative?: (fd: number) => void) {
    this.#data = data
    this.#wakeNative = wakeNative
    this.#counters = httpCounters(data.counters, data.workerIndex).values
    this.wakeUp = data.ws === null ? {} : wakeUpOf(data.ws.wakeUps, data.workerIndex)
  }

  /** Given to a server as its protocol. */
  readonly speak = (server: StreamServer): StreamProtocol => {
    const { http, ws, rules, limits, firstWorker, workerIndex, startedAtSeconds } = this.#data
    const counters = this.#counters
    const filter =
      this.#data.filter === null ? null : new TorrentFilter(this.#data.filter, firstWorker + workerIndex)
    this.webTorrent = ws === null ? null : this.#openWebTorrent(ws, server, filter)
    const webTorrent = this.webTorrent
    const answers = http === null ? null : this.#httpAnswers(http, filter)
    return new HttpHandler({
      server,
      rules,
      answers: answers ?? this.#pages(),
      client: new ClientAddress(rules.proxies),
      filter,
      counters,
      startedAtSeconds,
      stopwatch: http === null ? null : stopwatchOf(http.handlingTimes, workerIndex),
      fullScrapes: http === null ? null : this.#fullScrapes(http, server, filter),
      upgrade:
        webTorrent === null
          ? null
          : { upgrades: webTorrent.sockets, wantedHeaders: WebSocketStreams.wantedHeaders },
      wordsPerConnection: limits.protocolWordCount,
      onWoken: webTorrent === null ? null : () => webTorrent.woken(),
    })
  }

  #httpAnswers({ swarm, peerIds }: HttpPartData, filter: TorrentFilter | null): HttpAnswers {
    const { rules, firstWorker, workerIndex } = this.#data
    const ownSwarm = new Swarm(swarm, {
      lockOwner: lockOwnerOf(firstWorker + workerIndex),
      randomSeed: crypto.getRandomValues(new Int32Array(1))[0],
    })
    const table = peerIds === null ? null : new PeerIdTable(peerIds)
    return new HttpAnswers(rules, ownSwarm, filter, table, this.#counters)
  }

  #pages(): RequestAnswers {
    const { ws } = this.#data
    if (ws === null) throw new Error('a worker was given nothing to serve')
    return new WsPages(ws.rules.pages, this.#counters)
  }

  #fullScrapes(
    { swarm, fullScrapeTimes }: HttpPartData,
    server: StreamServer,
    filter: TorrentFilter | null,
  ): FullScrapes | null {
    if (fullScrapeTimes === null) return null
    const { rules, firstWorker, workerIndex } = this.#data
    const ownSwarm = new Swarm(swarm, { lockOwner: lockOwnerOf(firstWorker + workerIndex), randomSeed: 1 })
    const times = new FullScrapeTimes(fullScrapeTimes, rules.fullScrapeIntervalSeconds)
    return new FullScrapes(server, ownSwarm, filter, times, this.#counters)
  }

  #openWebTorrent(
    data: WebTorrentPartData,
    server: StreamServer,
    filter: TorrentFilter | null,
  ): WebTorrentPart {
    const { firstWorker, limits, startedAtSeconds, workerIndex } = this.#data
    const block = wsCounters(data.counters, workerIndex)
    // Those of a worker that died went with it.
    forgetWsConnections(block)
    return new WebTorrentPart({
      data,
      server,
      filter,
      stopwatch: stopwatchOf(data.handlingTimes, workerIndex),
      counters: block.values,
      socketCounters: new CounterBlock(webSocketCounterNames, data.socketCounters, workerIndex).values,
      workerIndex,
      firstWorker,
      startedAtSeconds,
      capacity: limits.capacity,
      wordsAt: PROTOCOL_WORDS,
      wordsPerConnection: limits.protocolWordCount,
      wake: wakerOf(data.wakeUps, this.#wakeNative),
    })
  }
}

function wakeUpOf(wakeUps: WakeUps, workerIndex: number): WakeUp {
  return wakeUps.engine === 'native'
    ? { fd: wakeUps.fds[workerIndex] }
    : { signal: new Int32Array(wakeUps.signals[workerIndex]) }
}

function wakerOf(wakeUps: WakeUps, wakeNative: ((fd: number) => void) | undefined): (worker: number) => void {
  if (wakeUps.engine === 'native') return worker => wakeNative?.(wakeUps.fds[worker])
  const signals = wakeUps.signals.map(signal => new Int32Array(signal))
  return worker => wakeNode(signals[worker])
}

function stopwatchOf(handlingTimes: SharedArrayBuffer | null, workerIndex: number): Stopwatch | null {
  if (handlingTimes === null) return null
  const time = new HandlingTime(handlingTimes, workerIndex)
  let startedAtMs = 0
  return {
    start: () => {
      startedAtMs = performance.now()
    },
    record: requests => time.record(Math.round((performance.now() - startedAtMs) * 1e6), requests),
  }
}
