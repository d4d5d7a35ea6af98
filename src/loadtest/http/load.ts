// The load over HTTP, whatever carries it (a state machine, longer than other files): phases, connections, requests,
// and where each is counted. A transport opens connections and carries requests, and says what became of them.
//
//   closed ─▶ opening ─▶ idle ⇄ busy ─▶ finishing ─▶ closed             kept alive, until the connection's last answer
//     └ ready ─▶ opening (with its request) ─▶ busy ─▶ finishing ─┘     one connection for each request
//   waiting: closed, and not opened before a moment passes (after failures)
//
// A request with a connection of its own counts from the moment that begins to be opened: that is what a client waits.

import { strict as assert } from 'node:assert'
import type { HttpResponse } from '../../protocol/http/response-decoder.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, loadKindNames, Outcome, WorkerCount } from '../kinds.js'
import { OwedRequests } from '../owed-requests.js'
import { Gauge } from '../tally.js'
import { HttpAnswers, type HttpKind } from './answers.js'
import { HttpOpener } from './opener.js'
import { HttpRequests } from './requests.js'
import { SlotQueue } from './slot-queue.js'
import { ConnectionFate, type HttpTransport } from './transport.js'
import { HttpVerifier } from './verifier.js'

/** How often time limits and pauses are looked at. */
const SCAN_MS = 10
const State = { closed: 0, opening: 1, idle: 2, busy: 3, finishing: 4, waiting: 5, ready: 6 } as const

export class HttpLoad {
  readonly #context: GeneratorContext
  readonly #transport: HttpTransport
  readonly #requests: HttpRequests
  readonly #answers: HttpAnswers
  readonly #verifier: HttpVerifier
  readonly #opener: HttpOpener
  readonly #owed: OwedRequests
  readonly #capacity: number
  readonly #timeoutMs: number
  readonly #isOpenLoop: boolean
  /** Requests of each connection; Infinity: no end. */
  readonly #requestsPerConnection: number
  /** Whether connections are opened before there is a request for them. */
  readonly #keepsAlive: boolean
  readonly #states: Uint8Array
  readonly #kinds: Uint8Array
  /** A request waits for its connection, or for its answer. */
  readonly #hasRequest: Uint8Array
  readonly #isFill: Uint8Array
  readonly #plannedMs: Float64Array
  readonly #sentMs: Float64Array
  /** Peer of an announce. */
  readonly #peers: Int32Array
  readonly #idleSinceMs: Float64Array
  /** Time limit of what is under way, or end of a pause. */
  readonly #limitsMs: Float64Array
  /** Answers over the present connection. */
  readonly #answered: Int32Array
  /** What requests can be given to: idle and ready. */
  readonly #free: SlotQueue
  #open = 0
  #inFlight = 0
  #nextScanMs = 0
  #phase: Phase = Phase.connect
  /** One connection for each request: none has been opened yet to see whether somebody answers. */
  #isUntried = true

  constructor(context: GeneratorContext, transport: HttpTransport) {
    const { plan } = context
    const capacity = plan.connectionsPerWorker
    this.#context = context
    this.#transport = transport
    this.#requests = new HttpRequests(
      context.population,
      context.random,
      plan.mix,
      capacity,
      plan.sourceAddresses,
    )
    this.#answers = new HttpAnswers(context.remarks)
    this.#verifier = new HttpVerifier(context, this.#requests, transport)
    this.#opener = new HttpOpener(context)
    this.#owed = new OwedRequests(context)
    this.#capacity = capacity
    this.#timeoutMs = plan.timeoutMs
    this.#isOpenLoop = context.schedule !== null
    const { keepsAlive, requestsPerConnection } = plan.http
    this.#keepsAlive = keepsAlive && requestsPerConnection !== 1
    const last = requestsPerConnection === 0 ? Number.POSITIVE_INFINITY : requestsPerConnection
    this.#requestsPerConnection = keepsAlive ? last : 1
    this.#states = new Uint8Array(capacity)
    this.#kinds = new Uint8Array(capacity)
    this.#hasRequest = new Uint8Array(capacity)
    this.#isFill = new Uint8Array(capacity)
    this.#plannedMs = new Float64Array(capacity)
    this.#sentMs = new Float64Array(capacity)
    this.#peers = new Int32Array(capacity)
    this.#idleSinceMs = new Float64Array(capacity)
    this.#limitsMs = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.#answered = new Int32Array(capacity)
    this.#free = new SlotQueue(capacity)
    for (let slot = 0; slot < capacity; slot++) this.#reopen(slot, 0)
  }

  get isOver(): boolean {
    return this.#phase === Phase.stop
  }

  /** Whether an answer is awaited. */
  isBusy(slot: number): boolean {
    return this.#states[slot] === State.busy
  }

  /**
   * Does what is due. To be called before each wait.
   * @returns milliseconds until something will be due
   */
  tick(nowMs: number): number {
    const phase = this.#context.control.phase
    if (phase !== this.#phase) {
      this.#phase = phase
      if (phase === Phase.stop) {
        this.#stop(nowMs)
        return 0
      }
    }
    if (nowMs >= this.#nextScanMs) this.#scan(nowMs)
    this.#openMore(nowMs)
    this.#feed(nowMs)
    this.#report()
    return this.#untilDueMs(nowMs)
  }

  /** A connection is there. */
  opened(slot: number, nowMs: number): void {
    this.#opener.succeeded(slot, nowMs)
    this.#open++
    this.#isUntried = false
    this.#answered[slot] = 0
    if (this.#hasRequest[slot] === 1) this.#send(slot)
    else this.#becomeFree(slot, State.idle, nowMs)
    this.#openMore(nowMs)
  }

  /**
   * A whole answer has come for a busy connection.
   * @param fate a `ConnectionFate`
   */
  received(slot: number, nowMs: number, response: HttpResponse, input: Uint8Array, fate: number): void {
    assert(this.#states[slot] === State.busy)
    const kind = this.#kinds[slot] as HttpKind
    const outcome = this.#answers.judge(kind, response, input)
    if (outcome === Outcome.answered) this.#look(slot, kind, response, input)
    this.#resolve(slot, outcome, nowMs)
    this.#opener.forgetFailures(slot)
    this.#answered[slot]++
    if (fate === ConnectionFate.over) this.#states[slot] = State.finishing
    else if (fate === ConnectionFate.useless) this.#abandon(slot, nowMs)
    else if (response.closes || this.#answered[slot] >= this.#requestsPerConnection) {
      this.#states[slot] = State.finishing
      this.#transport.finish(slot)
    } else this.#becomeFree(slot, State.idle, nowMs)
  }

  /** What has come for a busy connection is no answer of HTTP: the connection is of no more use. */
  spoilt(slot: number, nowMs: number, text: string): void {
    this.#remark(slot, 'malformed', text)
    this.#resolve(slot, Outcome.malformed, nowMs)
    this.#abandon(slot, nowMs)
  }

  /** Bytes have come that nothing had asked for. */
  unasked(slot: number, nowMs: number): void {
    const { accounts, remarks } = this.#context
    accounts.count(WorkerCount.unknown, nowMs)
    remarks.add('bytes that no request had asked for')
    if (this.#states[slot] !== State.idle) return
    accounts.count(WorkerCount.connectionsLost, nowMs)
    this.#abandon(slot, nowMs)
  }

  /** A connection is over, or could not be opened. @param text why: `ECONNREFUSED` */
  ended(slot: number, nowMs: number, text: string): void {
    const { accounts, remarks } = this.#context
    const state = this.#states[slot]
    if (state === State.opening) {
      remarks.add(`connect: ${text}${this.#hint(state, text)}`)
      this.#failConnect(slot, Outcome.broken, nowMs)
      this.#reopen(slot, nowMs)
      return
    }
    this.#open--
    if (state !== State.finishing) accounts.count(WorkerCount.connectionsLost, nowMs)
    if (state === State.busy) {
      const isFirst = this.#answered[slot] === 0
      if (isFirst) this.#opener.countFailure(slot)
      this.#remark(slot, 'broken', `${text}${isFirst ? this.#hint(state, text) : ''}`)
      this.#resolve(slot, Outcome.broken, nowMs)
    } else if (state === State.idle) {
      if (this.#answered[slot] === 0) this.#opener.countFailure(slot)
      remarks.add(`an idle connection: ${text}`)
    }
    this.#reopen(slot, nowMs)
  }

  /** What a server that speaks the other of http and https does. */
  #hint(state: number, text: string): string {
    const { isTls } = this.#context.plan.target
    if (state === State.opening && isTls && /^TLS: (wrong version|packet length|closed)/.test(text)) {
      return ' (is it http there?)'
    }
    if (state !== State.busy || isTls) return ''
    return ', before its first answer (is it https there?)'
  }

  /** The connection could not be opened, nor the request be sent that it was for. */
  #failConnect(slot: number, outcome: Outcome, nowMs: number): void {
    this.#opener.failed(slot, outcome, nowMs)
    if (this.#hasRequest[slot] === 1) this.#resolve(slot, outcome, nowMs)
  }

  /** Breaks the connection off and opens it anew, after a pause. */
  #abandon(slot: number, nowMs: number): void {
    this.#transport.abort(slot)
    this.#open--
    this.#opener.countFailure(slot)
    this.#reopen(slot, nowMs)
  }

  /** A connection is closed: what is to become of the slot. */
  #reopen(slot: number, nowMs: number): void {
    const pauseMs = this.#opener.pauseMs(slot)
    if (pauseMs > 0) {
      this.#states[slot] = State.waiting
      this.#limitsMs[slot] = nowMs + pauseMs
    } else this.#prepare(slot, nowMs)
  }

  #prepare(slot: number, nowMs: number): void {
    this.#limitsMs[slot] = Number.POSITIVE_INFINITY
    if (this.#keepsAlive || (this.#isUntried && slot === 0)) {
      this.#states[slot] = State.closed
      this.#opener.push(slot)
    } else this.#becomeFree(slot, State.ready, nowMs)
  }

  #openMore(nowMs: number): void {
    if (this.#phase === Phase.drain && !this.#owed.isSome) return
    for (let slot = this.#opener.next(); slot >= 0; slot = this.#opener.next())
      this.#beginOpening(slot, nowMs)
  }

  #beginOpening(slot: number, nowMs: number): void {
    this.#states[slot] = State.opening
    this.#limitsMs[slot] = nowMs + this.#timeoutMs
    this.#opener.begin(slot, nowMs)
    this.#transport.open(slot)
  }

  /** @param state idle: a connection is open; ready: it will be opened for the request */
  #becomeFree(slot: number, state: number, nowMs: number): void {
    this.#states[slot] = state
    this.#limitsMs[slot] = Number.POSITIVE_INFINITY
    this.#idleSinceMs[slot] = nowMs
    this.#free.push(slot)
    if (this.#phase !== Phase.connect) this.#feed(nowMs)
  }

  /** Gives requests to free connections, as many as there are of both. */
  #feed(nowMs: number): void {
    if (this.#phase === Phase.fill) this.#fill(nowMs)
    else if (this.#isOpenLoop) this.#sendDue(nowMs)
    else if (this.#phase === Phase.load) this.#keepBusy(nowMs)
  }

  #fill(nowMs: number): void {
    for (let tries = this.#free.length; tries > 0 && this.#requests.peersToFill > 0; tries--) {
      const slot = this.#nextFree()
      if (slot < 0) return
      const peer = this.#requests.nextPeerToFill(slot)
      if (peer < 0) this.#free.push(slot)
      else this.#start(slot, LoadKind.announce, peer, true, nowMs, nowMs)
    }
  }

  #keepBusy(nowMs: number): void {
    const { control } = this.#context
    if (nowMs < control.loadStartMs || nowMs >= control.measureEndMs) return
    for (let slot = this.#nextFree(); slot >= 0; slot = this.#nextFree()) this.#startDrawn(slot, nowMs, nowMs)
  }

  #sendDue(nowMs: number): void {
    if (this.#phase < Phase.load) return
    const { control, schedule, accounts } = this.#context
    assert(schedule !== null)
    const { loadStartMs, measureEndMs } = control
    for (;;) {
      const dueMs = loadStartMs + schedule.nextMs
      if (dueMs > nowMs || dueMs >= measureEndMs) return
      const slot = this.#nextFree()
      if (slot < 0) return
      // As long as no connection was free, it is the tracker that is late.
      accounts.recordLag(dueMs, nowMs - Math.max(dueMs, this.#idleSinceMs[slot]))
      schedule.advance()
      this.#startDrawn(slot, dueMs, nowMs)
    }
  }

  /** The one that has been free for longest, or -1. */
  #nextFree(): number {
    while (this.#free.length > 0) {
      const slot = this.#free.shift()
      const state = this.#states[slot]
      // It may have been lost since.
      if (state === State.idle || state === State.ready) return slot
    }
    return -1
  }

  #startDrawn(slot: number, plannedMs: number, nowMs: number): void {
    const kind = this.#requests.drawKind()
    const peer = kind === LoadKind.announce ? this.#requests.nextPeer(slot) : -1
    this.#start(slot, kind, peer, false, plannedMs, nowMs)
  }

  #start(
    slot: number,
    kind: HttpKind,
    peer: number,
    isFill: boolean,
    plannedMs: number,
    nowMs: number,
  ): void {
    this.#kinds[slot] = kind
    this.#peers[slot] = peer
    this.#isFill[slot] = isFill ? 1 : 0
    this.#hasRequest[slot] = 1
    this.#plannedMs[slot] = plannedMs
    this.#sentMs[slot] = nowMs
    this.#inFlight++
    if (this.#states[slot] === State.ready) this.#beginOpening(slot, nowMs)
    else {
      this.#limitsMs[slot] = nowMs + this.#timeoutMs
      this.#send(slot)
    }
  }

  #send(slot: number): void {
    this.#states[slot] = State.busy
    const requests = this.#requests
    const closes = this.#answered[slot] + 1 >= this.#requestsPerConnection
    if (this.#kinds[slot] === LoadKind.announce) {
      requests.writeAnnounce(this.#peers[slot], this.#isFill[slot] === 1)
      this.#transport.announce(slot, requests.identifiers, requests.announce, closes)
      return
    }
    requests.writeScrape()
    this.#verifier.scrapes(slot)
    this.#transport.scrape(slot, requests.hashes, requests.hashCount, closes)
  }

  /** Counts the slot's request; it has none afterwards. */
  #resolve(slot: number, outcome: Outcome, nowMs: number): void {
    const { accounts } = this.#context
    accounts.resolve(this.#kinds[slot], outcome, this.#plannedMs[slot], this.#sentMs[slot], nowMs)
    this.#hasRequest[slot] = 0
    this.#inFlight--
  }

  #remark(slot: number, what: string, text: string): void {
    this.#context.remarks.add(`${loadKindNames[this.#kinds[slot] as HttpKind]} ${what}: ${text}`)
  }

  /** Peers of an answer, and whether it is right, for the share that is looked at. */
  #look(slot: number, kind: HttpKind, response: HttpResponse, input: Uint8Array): void {
    const { answer } = this.#answers
    const plannedMs = this.#plannedMs[slot]
    if (kind === LoadKind.announce) {
      const peers = answer.peers + answer.peers6
      this.#context.accounts.count(WorkerCount.peersReceived, plannedMs, peers)
    }
    this.#verifier.look(slot, kind, this.#peers[slot], plannedMs, answer, response, input)
  }

  /** Looks at time limits and pauses, and gives up what has been due for too long. */
  #scan(nowMs: number): void {
    this.#nextScanMs = nowMs + SCAN_MS
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#limitsMs[slot] <= nowMs) this.#expire(slot, nowMs)
    }
    if (this.#phase < Phase.load) return
    const { measureEndMs } = this.#context.control
    this.#owed.giveUpBefore(Math.min(measureEndMs, nowMs - this.#timeoutMs), Outcome.timedOut)
  }

  #expire(slot: number, nowMs: number): void {
    const state = this.#states[slot]
    this.#limitsMs[slot] = Number.POSITIVE_INFINITY
    if (state === State.waiting) this.#prepare(slot, nowMs)
    else if (state === State.opening) {
      this.#context.remarks.add(`connect: nothing within ${this.#timeoutMs} ms`)
      this.#failConnect(slot, Outcome.timedOut, nowMs)
      this.#transport.abort(slot)
      this.#reopen(slot, nowMs)
    } else if (state === State.busy) {
      this.#resolve(slot, Outcome.timedOut, nowMs)
      this.#transport.abort(slot)
      this.#open--
      this.#prepare(slot, nowMs)
    }
  }

  /** Tells the main thread what is done, and the figures of the moment. */
  #report(): void {
    const { control, worker, accounts } = this.#context
    const { gauges } = accounts.tally
    gauges[Gauge.inFlight] = this.#inFlight
    gauges[Gauge.openConnections] = this.#open
    switch (this.#phase) {
      case Phase.connect:
        if (this.#keepsAlive ? this.#open === this.#capacity : !this.#isUntried) {
          control.reportDone(worker, Phase.connect)
        }
        break
      case Phase.fill:
        if (this.#requests.peersToFill === 0 && this.#inFlight === 0) control.reportDone(worker, Phase.fill)
        break
      case Phase.drain:
        if (this.#inFlight === 0 && !this.#owed.isSome) control.reportDone(worker, Phase.drain)
    }
  }

  #untilDueMs(nowMs: number): number {
    // Whole milliseconds where nothing depends on parts: a cheaper wait.
    const scanMs = Math.max(1, Math.ceil(this.#nextScanMs - nowMs))
    const { schedule, control, accounts } = this.#context
    if (this.#phase !== Phase.load) return scanMs
    if (schedule === null) {
      const startsInMs = control.loadStartMs - nowMs
      return startsInMs > 0 ? Math.min(startsInMs, scanMs) : scanMs
    }
    const dueInMs = control.loadStartMs + schedule.nextMs - nowMs
    accounts.tally.gauges[Gauge.behind] =
      dueInMs >= 0 ? 0 : schedule.plannedBefore(nowMs - control.loadStartMs)
    // Behind means that no connection is free: one that gets free is an event.
    return dueInMs > 0 ? Math.min(dueInMs, scanMs) : scanMs
  }

  /** Everything that is not known yet has timed out. The transport closes what is open. */
  #stop(nowMs: number): void {
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#states[slot] === State.opening) this.#opener.resolve(slot, Outcome.timedOut, nowMs)
      if (this.#hasRequest[slot] === 1) this.#resolve(slot, Outcome.timedOut, nowMs)
    }
    this.#owed.giveUpBefore(this.#context.control.measureEndMs, Outcome.timedOut)
    this.#open = 0
    this.#report()
  }
}
