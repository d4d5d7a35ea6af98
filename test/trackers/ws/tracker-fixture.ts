// WebTorrent workers over real sockets, all in the test's thread: they share what workers share, and wake each other.

import type { TestContext } from 'node:test'
import { closeWakeUp, openWakeUp, wakeNative } from '../../../src/net/native/wake-up.js'
import { wakeNode } from '../../../src/net/node/wake-up.js'
import type { StreamServer, WakeUp } from '../../../src/net/stream.js'
import type { WebSocketStreams } from '../../../src/net/websocket.js'
import { offerKeyOf } from '../../../src/swarm/members.js'
import { createWebTorrentMemory, WebTorrentSwarm } from '../../../src/swarm/web-torrent.js'
import { createPeerIdTable, PeerIdTable } from '../../../src/trackers/peer-id-table.js'
import { TorrentFilter, type TorrentFilterData } from '../../../src/trackers/torrent-filter.js'
import { type WsCounterName, wsCounterNames } from '../../../src/trackers/ws/counters.js'
import { ExpectedAnswers } from '../../../src/trackers/ws/expected-answers.js'
import { WebTorrentHandler, wsOutputBytesFor } from '../../../src/trackers/ws/handler.js'
import { createInboxMemory, Inboxes, type InboxMemory } from '../../../src/trackers/ws/inbox.js'
import { Relay } from '../../../src/trackers/ws/relay.js'
import type { WsRules } from '../../../src/trackers/ws/rules.js'
import { Client, type Engine, type SpeakingServer, startSpeaking } from '../../net/stream-fixture.js'
import { text, WebSocketClient } from '../../net/websocket-fixture.js'
import {
  echoLimits,
  echoStreamLimits,
  type FrontedProtocol,
  UpgradingFront,
} from '../../support/websocket-echo.js'

export const CONNECTIONS = 16
/** Of the fixture's clock when trackers start. */
const STARTED_AT_SECONDS = 900

export interface TrackerOptions {
  readonly engine: Engine
  readonly workers?: number
  readonly rules?: Partial<Omit<WsRules, 'messages'>> & { readonly messages?: Partial<WsRules['messages']> }
  readonly memberCapacity?: number
  readonly filter?: TorrentFilterData
  readonly inboxBytes?: number
  readonly address?: string
}

function rulesOf({ messages, ...rules }: NonNullable<TrackerOptions['rules']>): WsRules {
  return {
    messages: { maxOffers: 10, maxOfferBytes: 2000, maxScrapeTorrents: 3, maxDepth: 8, ...messages },
    sockets: echoLimits,
    pages: { redirect: '', hasHealthCheck: false },
    announceIntervalSeconds: 120,
    maxPeerAgeSeconds: 180,
    maxOfferAgeSeconds: 120,
    maxTorrentsPerConnection: 100,
    tlsGraceSeconds: 0,
    ...rules,
  }
}

/** Stands for the handler in front of `WebSocketStreams`, which must be there before it. */
class LateHandler implements FrontedProtocol {
  #sockets: WebSocketStreams | undefined
  #handler: WebTorrentHandler | undefined

  constructor(private readonly make: (sockets: WebSocketStreams) => WebTorrentHandler) {}

  get sockets(): WebSocketStreams | undefined {
    return this.#sockets
  }

  set sockets(sockets: WebSocketStreams | undefined) {
    this.#sockets = sockets
    this.#handler = sockets === undefined ? undefined : this.make(sockets)
  }

  opened(connection: number): void {
    this.#handler?.opened(connection)
  }

  message(connection: number, input: Uint8Array, start: number, end: number): void {
    this.#handler?.message(connection, input, start, end)
  }

  closed(connection: number): void {
    this.#handler?.closed(connection)
  }

  woken(): void {
    this.#handler?.woken()
  }
}

export interface TestTracker {
  readonly inboxes: InboxMemory
  readonly swarm: WebTorrentSwarm
  /** Different peer ids noted. */
  peerIds(): number
  /** Has a worker look into its inbox. */
  wake(worker: number): void
  /** Sum over all workers. */
  count(name: WsCounterName): number
  connect(worker?: number, localAddress?: string): Promise<PeerClient>
  /** Lets time pass for all workers. */
  advance(seconds: number): void
}

/** Starts workers that are gone when the test is over. */
export async function startTracker(t: TestContext, options: TrackerOptions): Promise<TestTracker> {
  const { engine, workers = 1, memberCapacity = 1000, filter, inboxBytes = 65_536 } = options
  const rules = rulesOf(options.rules ?? {})
  const memory = createWebTorrentMemory({
    memoryLimitBytes: 2 ** 20,
    maxPeerAgeSeconds: rules.maxPeerAgeSeconds,
    cleaningIntervalSeconds: 30,
    memberCapacity,
  })
  const inboxMemory = createInboxMemory(workers, inboxBytes)
  const peerIdMemory = createPeerIdTable(100, rules.maxPeerAgeSeconds)
  const wakeUps = Array.from({ length: workers }, () => makeWakeUp(engine))
  const wake = (worker: number): void => {
    const { fd, signal } = wakeUps[worker]!
    if (fd !== undefined) wakeNative(fd)
    else wakeNode(signal!)
  }
  const counters = wakeUps.map(() => new Float64Array(wsCounterNames.length))
  const makeHandler = (
    worker: number,
    server: StreamServer,
    sockets: WebSocketStreams,
  ): WebTorrentHandler => {
    const lockOwner = worker + 1
    const swarm = new WebTorrentSwarm(memory, { lockOwner, randomSeed: lockOwner })
    const common = { server, sockets, swarm, worker, counters: counters[worker]! }
    const inboxes = new Inboxes(inboxMemory, { lockOwner, worker, wake })
    const expected = new ExpectedAnswers({ capacity: 4096, key: offerKeyOf(memory.members) })
    const relay = new Relay({ ...common, inboxes, expected, offerAgeSeconds: rules.maxOfferAgeSeconds })
    return new WebTorrentHandler({
      ...common,
      rules,
      relay,
      filter: filter === undefined ? null : new TorrentFilter(filter, worker),
      peerIds: new PeerIdTable(peerIdMemory),
      startedAtSeconds: STARTED_AT_SECONDS,
      stopwatch: null,
      capacity: CONNECTIONS,
    })
  }
  const servers: SpeakingServer[] = []
  for (const [worker, wakeUp] of wakeUps.entries()) {
    const limits = { capacity: CONNECTIONS, ...echoStreamLimits(echoLimits) }
    const outputScratchBytes = wsOutputBytesFor(rules)
    const address = options.address === undefined ? {} : { address: options.address }
    servers.push(
      await startSpeaking(
        t,
        { engine, wakeUp, ...address, limits: { ...limits, outputScratchBytes } },
        server => {
          const late = new LateHandler(sockets => makeHandler(worker, server, sockets))
          return new UpgradingFront(server, late, echoLimits)
        },
      ),
    )
  }
  // After the servers.
  t.after(() => {
    for (const { fd } of wakeUps) if (fd !== undefined) closeWakeUp(fd)
  })
  return {
    inboxes: inboxMemory,
    swarm: new WebTorrentSwarm(memory, { lockOwner: workers + 1, randomSeed: 1 }),
    peerIds: () => {
      let count = 0
      new PeerIdTable(peerIdMemory).forEach(0, () => count++)
      return count
    },
    wake,
    count: name => counters.reduce((sum, values) => sum + values[wsCounterNames.indexOf(name)]!, 0),
    connect: async (worker = 0, localAddress) => {
      const { host, port } = servers[worker]!
      return new PeerClient(await WebSocketClient.shake(await Client.connect(t, host, port, localAddress)))
    },
    advance: seconds => {
      for (const server of servers) server.advance(seconds)
    },
  }
}

function makeWakeUp(engine: Engine): WakeUp {
  return engine === 'node' ? { signal: new Int32Array(new SharedArrayBuffer(4)) } : { fd: openWakeUp() }
}

export type Message = Readonly<Record<string, unknown>>

/** A client that speaks JSON over a WebSocket. */
export class PeerClient {
  #read = 0

  constructor(readonly socket: WebSocketClient) {}

  send(message: unknown): void {
    this.sendText(JSON.stringify(message))
  }

  sendText(message: string | Uint8Array): void {
    this.socket.send(text(message))
  }

  /** The next message as text. */
  async nextText(): Promise<string> {
    const frames = await this.socket.until(this.#read + 1)
    const frame = frames[this.#read]
    if (frame?.opcode !== 1) throw new Error(`no message, but ${JSON.stringify(frame)}`)
    this.#read++
    return frame.payload.toString()
  }

  async next(): Promise<Message> {
    return JSON.parse(await this.nextText()) as Message
  }

  /** Sends a message and waits for the next one. */
  async ask(message: unknown): Promise<Message> {
    this.send(message)
    return this.next()
  }

  /** All that came before the answer to something that is asked now: what was sent before has been handled. */
  async rest(): Promise<Message[]> {
    this.send({ action: 'scrape', info_hash: 'nobody announces it!' })
    const messages: Message[] = []
    for (;;) {
      const message = await this.next()
      if (message['action'] === 'scrape' && message['failure reason'] === undefined) return messages
      messages.push(message)
    }
  }

  /** Breaks the connection off. */
  reset(): void {
    this.socket.client.reset()
  }
}
