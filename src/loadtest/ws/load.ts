// The load of one worker on a WebTorrent tracker (a state machine, longer than other files): messages in, messages out,
// no sockets. Each connection is one peer for its life and awaits one response at a time; offers that come are answered
// at once.
//
//   closed ─▶ opening ─▶ idle ─▶ awaiting ─▶ idle …
//                                   └─ time limit ─▶ resting ─▶ idle
//
// Responses carry no number. So a connection whose response did not come in time rests as long again: what comes
// meanwhile is late, and not taken for the next one. For the same reason a second response to one request is seen as
// one only while nothing is awaited, in an open loop or with announceIntervalSeconds; else it is taken for the next.
// Whether a tracker responds to answers, too, has to be known: see answer-responses.ts.

import {
  TrackerMessage,
  TrackerMessageKind,
  TrackerMessageReader,
} from '../../protocol/webtorrent/client-message.js'
import { MessageAction } from '../../protocol/webtorrent/request.js'
import { monotonicMs } from '../clock.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, Outcome, WorkerCount } from '../kinds.js'
import { OwedRequests } from '../owed-requests.js'
import { Gauge } from '../tally.js'
import { AnswerResponses } from './answer-responses.js'
import { Deadlines } from './deadlines.js'
import { IdleQueue } from './idle-queue.js'
import { Opener } from './opener.js'
import { Peers } from './peers.js'
import type { RelayMemoryBuffers } from './relay-memory.js'
import { Relays } from './relays.js'
import { Requests } from './requests.js'
import { Verifier } from './verifier.js'
import type { Wire } from './wire.js'

const enum State {
  closed = 0,
  opening = 1,
  idle = 2,
  awaiting = 3,
  resting = 4,
  /** Finds out what answer-responses.ts asks. */
  probing = 5,
}

/** How long a worker may sleep: phases before the load change without a time of their own. */
const SLEEP_MS_MAX = 20
const SLEEP_MS_BEFORE_LOAD = 2

export class WsLoad {
  readonly #context: GeneratorContext
  readonly #wire: Wire
  readonly #peers: Peers
  readonly #relays: Relays
  readonly #requests: Requests
  readonly #verifier: Verifier
  readonly #opener: Opener
  readonly #owed: OwedRequests
  readonly #answerResponses: AnswerResponses
  readonly #reader = new TrackerMessageReader()
  readonly #message: TrackerMessage
  readonly #states: Uint8Array
  /** Kind of the request that is awaited, or was last. */
  readonly #kinds: Uint8Array
  readonly #plannedMs: Float64Array
  readonly #sentMs: Float64Array
  /** Whether the connection has announced; whether a response has come. */
  readonly #hasAnnounced: Uint8Array
  readonly #isAnswered: Uint8Array
  /** Whether the slot's first announce has had its end. */
  readonly #isFilled: Uint8Array
  /** Slots that are opening, awaiting, resting or probing. */
  readonly #deadlines: Deadlines
  readonly #idle: IdleQueue
  /** Since when there has been an idle connection. */
  #idleSinceMs = 0
  #awaiting = 0
  #open = 0
  #unfilled: number
  #phase: Phase = Phase.connect
  readonly #onOpen: (slot: number, nowMs: number) => void

  constructor(context: GeneratorContext, wire: Wire, relayBuffers: RelayMemoryBuffers) {
    const { plan, random } = context
    const capacity = plan.connectionsPerWorker
    this.#context = context
    this.#wire = wire
    this.#peers = new Peers(plan, context.worker, random)
    this.#relays = new Relays(context, relayBuffers, this.#peers, wire)
    this.#requests = new Requests(plan, this.#peers, this.#relays, wire, random)
    this.#verifier = new Verifier(context, this.#peers, this.#requests, this.#relays)
    this.#opener = new Opener(context, wire)
    this.#owed = new OwedRequests(context)
    this.#answerResponses = new AnswerResponses(capacity, plan.ws.answers)
    this.#message = new TrackerMessage(plan.population.scrapeTorrents)
    this.#states = new Uint8Array(capacity)
    this.#kinds = new Uint8Array(capacity)
    this.#plannedMs = new Float64Array(capacity)
    this.#sentMs = new Float64Array(capacity)
    this.#hasAnnounced = new Uint8Array(capacity)
    this.#isAnswered = new Uint8Array(capacity)
    this.#isFilled = new Uint8Array(capacity)
    this.#deadlines = new Deadlines(capacity)
    this.#idle = new IdleQueue(capacity)
    this.#unfilled = capacity
    this.#onOpen = (slot, nowMs) => this.#beginToOpen(slot, nowMs)
    this.#opener.start(monotonicMs())
  }

  /**
   * Does what is due, whatever the phase.
   * @returns how long nothing will be, in milliseconds
   */
  turn(nowMs: number): number {
    const { control, worker } = this.#context
    const phase = control.phase
    if (phase !== this.#phase) this.#enter(phase)
    this.#endPatience(nowMs)
    this.#relays.expire(nowMs)
    if (phase <= Phase.load) this.#opener.turn(nowMs, this.#onOpen)
    if (this.#answerResponses.isWanted && this.#isProbeTime()) this.#probeIdle(nowMs)
    if (phase === Phase.load || phase === Phase.drain) this.#sendDue(nowMs)
    if (phase === Phase.connect && this.#open === this.#states.length) control.reportDone(worker, phase)
    else if (phase === Phase.fill && this.#unfilled === 0 && this.#answerResponses.isKnown)
      control.reportDone(worker, phase)
    else if (phase === Phase.drain && this.#isDrained()) control.reportDone(worker, phase)
    return this.#sleepMs(phase, nowMs)
  }

  /** For screens: not needed at every turn. */
  showGauges(nowMs: number): void {
    const { accounts, schedule, control } = this.#context
    const { gauges } = accounts.tally
    gauges[Gauge.inFlight] = this.#awaiting
    gauges[Gauge.openConnections] = this.#open
    const isLoaded = this.#phase === Phase.load || this.#phase === Phase.drain
    if (schedule !== null && isLoaded) {
      gauges[Gauge.behind] = schedule.plannedBefore(
        Math.min(nowMs, control.measureEndMs) - control.loadStartMs,
      )
    }
  }

  /** The phase is `stop`: what is left has timed out. */
  finish(nowMs: number): void {
    for (let slot = 0; slot < this.#states.length; slot++) {
      const state = this.#states[slot]
      if (state === State.awaiting) this.#resolve(slot, Outcome.timedOut, nowMs)
      else if (state === State.opening) this.#opener.resolve(slot, Outcome.timedOut, nowMs)
    }
    this.#relays.expire(nowMs, 0)
    this.#giveUpBefore(this.#context.control.measureEndMs)
    this.#context.accounts.tally.gauges.fill(0, Gauge.inFlight, Gauge.openConnections + 1)
    this.#context.accounts.tally.gauges[Gauge.behind] = 0
  }

  opened(slot: number): void {
    const nowMs = monotonicMs()
    this.#deadlines.remove(slot)
    this.#opener.succeeded(slot, nowMs)
    this.#relays.memory.turn(this.#relays.connectionOf(slot))
    this.#open++
    this.#hasAnnounced[slot] = 0
    this.#isAnswered[slot] = 0
    this.#rest(slot, nowMs, nowMs)
  }

  /** @param outcome what becomes of what it was asked, or of its opening. @param text why it is over */
  closed(slot: number, outcome: Outcome, text: string): void {
    const nowMs = monotonicMs()
    const { accounts, remarks, plan } = this.#context
    const state = this.#states[slot]
    if (state === State.opening) {
      this.#deadlines.remove(slot)
      this.#failToOpen(slot, outcome, nowMs)
      remarks.add(`connect: ${text}${hintOf(text, plan.target.isTls)}`)
      return
    }
    accounts.count(WorkerCount.connectionsLost, nowMs)
    remarks.add(`connection lost: ${text}`)
    if (state === State.awaiting) this.#resolve(slot, outcome, nowMs)
    if (state === State.idle) this.#idle.remove(slot)
    else this.#deadlines.remove(slot)
    if (state === State.probing) this.#answerResponses.abandon()
    this.#answerResponses.forget(slot)
    this.#states[slot] = State.closed
    this.#open--
    this.#relays.memory.turn(this.#relays.connectionOf(slot))
    this.#opener.again(slot, nowMs)
  }

  message(slot: number, input: Uint8Array, start: number, end: number): void {
    const nowMs = monotonicMs()
    const message = this.#message
    const kind = this.#reader.read(input, start, end, message)
    switch (kind) {
      case TrackerMessageKind.announceResponse:
        this.#takeResponse(slot, LoadKind.announce, nowMs)
        return
      case TrackerMessageKind.offer:
        this.#takeOffer(slot, nowMs)
        return
      case TrackerMessageKind.answer:
        if (this.#relays.takeAnswer(input, message, nowMs)) this.#verifier.answer(slot, message, nowMs)
        return
      case TrackerMessageKind.scrapeResponse:
        this.#takeResponse(slot, LoadKind.scrape, nowMs)
        return
      case TrackerMessageKind.failure:
        this.#takeFailure(slot, input, nowMs)
        return
      default:
        this.#context.remarks.add('a message that is none of the protocol')
        this.#settleWith(slot, Outcome.malformed, nowMs)
    }
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    if (phase === Phase.fill) {
      for (let slot = 0; slot < this.#states.length; slot++) {
        if (this.#states[slot] !== State.idle) continue
        this.#idle.remove(slot)
        this.#ask(slot, monotonicMs())
      }
    } else if (phase === Phase.load) this.#startLoad()
  }

  /** All connections are free at once; with an interval between announces their first ones are spread over it. */
  #startLoad(): void {
    const { control, plan, schedule } = this.#context
    const startMs = control.loadStartMs
    const spreadMs = schedule === null ? plan.ws.announceIntervalSeconds * 1000 : 0
    const capacity = this.#states.length
    this.#idle.clear()
    this.#idleSinceMs = startMs
    for (let slot = 0; slot < capacity; slot++) {
      if (this.#states[slot] === State.idle) this.#idle.add(slot, startMs + (slot * spreadMs) / capacity)
    }
  }

  #beginToOpen(slot: number, nowMs: number): void {
    this.#states[slot] = State.opening
    this.#deadlines.add(slot, nowMs + this.#context.plan.timeoutMs)
  }

  #failToOpen(slot: number, outcome: Outcome, nowMs: number): void {
    this.#states[slot] = State.closed
    this.#opener.failed(slot, outcome, nowMs)
  }

  /** Ends what has waited for too long. */
  #endPatience(nowMs: number): void {
    const deadlines = this.#deadlines
    while (deadlines.nextMs <= nowMs) {
      const slot = deadlines.first
      deadlines.remove(slot)
      switch (this.#states[slot]) {
        case State.opening:
          this.#wire.end(slot)
          this.#context.remarks.add(`connect: nothing within ${this.#context.plan.timeoutMs} ms`)
          this.#failToOpen(slot, Outcome.timedOut, nowMs)
          break
        case State.awaiting:
          this.#resolve(slot, Outcome.timedOut, nowMs)
          this.#states[slot] = State.resting
          deadlines.add(slot, nowMs + this.#context.plan.timeoutMs)
          break
        case State.probing:
          this.#answerResponses.conclude()
          this.#rest(slot, nowMs, nowMs)
          break
        default:
          this.#answerResponses.forget(slot)
          this.#rest(slot, nowMs, nowMs)
      }
    }
  }

  /** A response to a request of this kind. */
  #takeResponse(slot: number, kind: LoadKind, nowMs: number): void {
    const isAwaited = this.#states[slot] === State.awaiting && this.#kinds[slot] === kind
    if (kind === LoadKind.announce && this.#answerResponses.take(slot, isAwaited)) return
    if (this.#states[slot] === State.probing) {
      if (kind === LoadKind.scrape) this.#endProbe(slot, nowMs)
      else this.#answerResponses.hasResponded()
      return
    }
    if (isAwaited) {
      if (kind === LoadKind.announce) this.#verifier.announceResponse(slot, this.#message, nowMs)
      else this.#verifier.scrapeResponse(slot, this.#message, nowMs)
      this.#isAnswered[slot] = 1
      this.#opener.settle(slot)
      this.#settleWith(slot, Outcome.answered, nowMs)
      return
    }
    const isSecond =
      this.#states[slot] === State.idle && this.#isAnswered[slot] === 1 && this.#kinds[slot] === kind
    if (isSecond) this.#context.accounts.count(WorkerCount.duplicate, nowMs)
    else this.#settleWith(slot, Outcome.wrongType, nowMs)
  }

  #takeOffer(slot: number, nowMs: number): void {
    const { control, plan } = this.#context
    if (!this.#relays.takeOffer(this.#message, nowMs)) return
    this.#verifier.offer(slot, this.#message, nowMs)
    if (!plan.ws.answers || !this.#answerResponses.isKnown) return
    if (this.#phase !== Phase.load || nowMs >= control.measureEndMs) return
    const isSent = this.#relays.sendAnswer(slot, this.#message, nowMs)
    if (isSent) this.#answerResponses.sent(slot, this.#states[slot] === State.awaiting)
  }

  /** Whether a failure is about an answer only its words tell: that it names the action `announce` says nothing. */
  #takeFailure(slot: number, input: Uint8Array, nowMs: number): void {
    const { failureStart, failureEnd } = this.#message
    const text = Buffer.from(input.buffer, input.byteOffset + failureStart, failureEnd - failureStart)
      .toString('utf8')
      .replaceAll(/\\(.)/g, '$1')
    if (/\banswer/i.test(text) && this.#relays.refuseAnswer(slot, nowMs)) {
      this.#context.remarks.add(`answer refused: ${text}`)
      return
    }
    if (this.#states[slot] === State.probing) {
      // The answer may be one, too.
      if (this.#message.action === MessageAction.scrape) this.#endProbe(slot, nowMs)
      return
    }
    const name = this.#kinds[slot] === LoadKind.scrape ? 'scrape' : 'announce'
    this.#context.remarks.add(`${name} refused: ${text}`)
    this.#settleWith(slot, Outcome.refused, nowMs)
  }

  /** What came stands for the response that is awaited, if one is. */
  #settleWith(slot: number, outcome: Outcome, nowMs: number): void {
    switch (this.#states[slot]) {
      case State.awaiting:
        this.#deadlines.remove(slot)
        this.#resolve(slot, outcome, nowMs)
        this.#answerResponses.settle(slot)
        this.#restAfter(slot, nowMs)
        return
      case State.resting:
        this.#deadlines.remove(slot)
        this.#context.accounts.count(WorkerCount.late, nowMs)
        this.#restAfter(slot, nowMs)
        return
      default:
        this.#context.accounts.count(WorkerCount.unknown, nowMs)
    }
  }

  #resolve(slot: number, outcome: Outcome, nowMs: number): void {
    this.#awaiting--
    if (this.#isFilled[slot] === 0) {
      this.#isFilled[slot] = 1
      this.#unfilled--
    }
    const kind = this.#kinds[slot] as LoadKind
    this.#context.accounts.resolve(kind, outcome, this.#plannedMs[slot], this.#sentMs[slot], nowMs)
  }

  #restAfter(slot: number, nowMs: number): void {
    const { schedule, plan } = this.#context
    const pauseMs = schedule === null ? plan.ws.announceIntervalSeconds * 1000 : 0
    this.#rest(slot, nowMs, nowMs + pauseMs)
  }

  /** The connection awaits nothing any more. @param fromMs when it may be asked */
  #rest(slot: number, nowMs: number, fromMs: number): void {
    const { control, schedule } = this.#context
    if (this.#phase === Phase.fill && this.#hasAnnounced[slot] === 0) {
      this.#ask(slot, nowMs)
      return
    }
    if (this.#answerResponses.isWanted && this.#phase === Phase.load) {
      this.#probe(slot, nowMs)
      return
    }
    const isAtOnce = schedule === null && this.#phase === Phase.load && fromMs <= nowMs
    if (isAtOnce && nowMs >= control.loadStartMs && nowMs < control.measureEndMs) {
      this.#ask(slot, nowMs)
      return
    }
    this.#states[slot] = State.idle
    if (this.#idle.size === 0) this.#idleSinceMs = nowMs
    // In an interval's queue nobody is before those who wait already.
    this.#idle.add(slot, fromMs)
  }

  /** When everybody has announced, or the load has begun without that. */
  #isProbeTime(): boolean {
    return this.#phase === Phase.load || (this.#phase === Phase.fill && this.#unfilled === 0)
  }

  #probeIdle(nowMs: number): void {
    if (this.#idle.size > 0) this.#probe(this.#idle.take(), nowMs)
  }

  /** See answer-responses.ts. None of it counts. */
  #probe(slot: number, nowMs: number): void {
    this.#answerResponses.ask(slot)
    this.#states[slot] = State.probing
    this.#deadlines.add(slot, nowMs + this.#context.plan.timeoutMs)
    this.#relays.sendAnswerToNobody(slot)
    this.#requests.scrapeOwn(slot)
  }

  #endProbe(slot: number, nowMs: number): void {
    this.#answerResponses.conclude()
    this.#deadlines.remove(slot)
    this.#rest(slot, nowMs, nowMs)
  }

  #sendDue(nowMs: number): void {
    if (this.#context.schedule !== null) {
      this.#sendPlanned(nowMs)
      return
    }
    const { measureEndMs } = this.#context.control
    while (nowMs < measureEndMs && this.#phase === Phase.load && this.#idle.nextMs <= nowMs) {
      this.#ask(this.#idle.take(), monotonicMs())
    }
  }

  #sendPlanned(nowMs: number): void {
    const { control, schedule, accounts, plan } = this.#context
    if (schedule === null) return
    const { loadStartMs, measureEndMs } = control
    this.#giveUpBefore(Math.min(nowMs - plan.timeoutMs, measureEndMs))
    while (this.#idle.size > 0) {
      const plannedMs = loadStartMs + schedule.nextMs
      if (plannedMs > nowMs || plannedMs >= measureEndMs) return
      const sentMs = monotonicMs()
      accounts.recordLag(plannedMs, sentMs - Math.max(plannedMs, this.#idleSinceMs))
      this.#ask(this.#idle.take(), plannedMs, sentMs)
      schedule.advance()
    }
  }

  /** What was planned before a time and has not been sent is lost. */
  #giveUpBefore(untilMs: number): void {
    this.#owed.giveUpBefore(untilMs, this.#open === 0 ? Outcome.broken : Outcome.timedOut)
  }

  /** Announces, or scrapes, over an open connection that awaits nothing. */
  #ask(slot: number, plannedMs: number, sentMs = plannedMs): void {
    const { mix, ws, timeoutMs } = this.#context.plan
    const isLoad = this.#phase >= Phase.load
    const isScrape =
      isLoad && mix.scrape > 0 && this.#context.random.unit() * (mix.announce + mix.scrape) >= mix.announce
    this.#states[slot] = State.awaiting
    this.#awaiting++
    this.#plannedMs[slot] = plannedMs
    this.#sentMs[slot] = sentMs
    this.#deadlines.add(slot, sentMs + timeoutMs)
    if (isScrape) {
      this.#kinds[slot] = LoadKind.scrape
      this.#requests.scrape(slot)
      return
    }
    const isFirst = this.#hasAnnounced[slot] === 0
    this.#hasAnnounced[slot] = 1
    this.#kinds[slot] = LoadKind.announce
    this.#requests.announce(slot, isFirst, isLoad ? ws.offersPerAnnounce : 0, sentMs)
  }

  #isDrained(): boolean {
    return !this.#owed.isSome && this.#awaiting === 0 && !this.#relays.isWaiting
  }

  #sleepMs(phase: Phase, nowMs: number): number {
    const { control, schedule } = this.#context
    let nextMs = nowMs + (phase < Phase.load ? SLEEP_MS_BEFORE_LOAD : SLEEP_MS_MAX)
    nextMs = Math.min(nextMs, this.#deadlines.nextMs, this.#relays.nextMs)
    if (phase <= Phase.load) nextMs = Math.min(nextMs, this.#opener.nextMs)
    if (phase === Phase.load || phase === Phase.drain) {
      if (schedule === null) {
        if (phase === Phase.load && nowMs < control.measureEndMs) nextMs = Math.min(nextMs, this.#idle.nextMs)
      } else if (this.#idle.size > 0) nextMs = Math.min(nextMs, this.#dueMs(schedule.nextMs))
    }
    return nextMs > nowMs ? nextMs - nowMs : 0
  }

  #dueMs(nextMs: number): number {
    const { control } = this.#context
    const dueMs = control.loadStartMs + nextMs
    return dueMs < control.measureEndMs ? dueMs : Number.POSITIVE_INFINITY
  }
}

/** What the user may have mixed up. */
function hintOf(text: string, isTls: boolean): string {
  if (isTls) return /wrong.version.number/i.test(text) ? ' (is it ws there?)' : ''
  return /^closed by the server$|is no HTTP|Parse Error|ECONNRESET|socket hang up/.test(text)
    ? ' (is it wss there?)'
    : ''
}
