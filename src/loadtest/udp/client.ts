// What a UDP generator does, for both engines: which request goes over which socket when, and what becomes of it.
// Knows no sockets and no clock: times are arguments, datagrams lie in two batches.
//
// An engine's turn:  turn(now) → for each nextSocket(): write, stamp, send, settle → wait up to waitMs → receive
//
// A state machine over the phases of control.ts; what is in flight is in the ledger.

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { AnswerKind, decodeAnswer, UdpAnswer, UdpAnswerBytes } from '../../protocol/udp-client.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, loadKindNames, Outcome, WorkerCount } from '../kinds.js'
import { Gauge } from '../tally.js'
import { AnswerCheck } from './answer-check.js'
import { ConnectionIds } from './connection-ids.js'
import { FillQueue, peerOf } from './fill-queue.js'
import { Match, RequestLedger } from './ledger.js'
import { OpenLoop } from './open-loop.js'
import { RequestWriter } from './request-writer.js'
import { SocketQueue } from './socket-queue.js'

/** What is sent at the moment. */
const enum Mode {
  /** Connection ids alone. */
  connect = 0,
  fill = 1,
  closed = 2,
  open = 3,
  /** Nothing. */
  receive = 4,
}

/** How often ages of connection ids are looked at, and gauges set. */
const LOOK_MS = 50
/** Longest waits: the main thread's word is seen in time for the start of the load, and for its end. */
const WAIT_BEFORE_LOAD_MS = 2
const WAIT_MS = 10
const WAIT_BLOCKED_MS = 1
/** Requests of an open loop that go over one socket in a row where only few are due. */
const RUN_MIN = 8

/** Characters of a tracker's refusal that are kept. */
const TEXT_BYTES_MAX = 160

/** Details of connect requests: part of the mix, or for the generator's own needs. */
const DRAWN = 0
const NEEDED = 1

function countOf(match: number): WorkerCount {
  if (match === Match.late) return WorkerCount.late
  return match === Match.duplicate ? WorkerCount.duplicate : WorkerCount.unknown
}

export interface UdpClientParts {
  readonly requests: DatagramBatch
  readonly answers: DatagramBatch
  /** Each socket's own address and port, as compact peers (net/udp-client.ts). */
  readonly self: readonly Uint16Array[]
}

/** Requests in flight at a time that a plan is expected to have, in each worker. */
function inFlightOf({ plan }: GeneratorContext): number {
  const { connectionsPerWorker, pacing, timeoutMs, window, workers } = plan
  const closed = connectionsPerWorker * (window + 1)
  if (pacing.mode === 'closed') return closed
  const rate = Math.max(...pacing.stages.map(({ from, to }) => Math.max(from, to))) / workers
  return Math.max(closed, (rate * timeoutMs) / 1000)
}

export class UdpLoadClient {
  isStopped = false
  readonly ledger: RequestLedger
  readonly #context: GeneratorContext
  readonly #sockets: number
  readonly #requests: DatagramBatch
  readonly #answers: DatagramBatch
  readonly #ids: ConnectionIds
  readonly #writer: RequestWriter
  readonly #check: AnswerCheck
  readonly #fill: FillQueue
  readonly #open: OpenLoop | null
  readonly #queue: SocketQueue
  readonly #answer = new UdpAnswer()
  readonly #peerBytes: number
  readonly #window: number
  readonly #inFlight: Int32Array
  /** When something was last heard over each socket, and when the network last said that nobody is there. */
  readonly #heardMs: Float64Array
  readonly #refusedMs: Float64Array
  /** Slots of the requests in the batch. */
  readonly #written: Int32Array
  /** Sums of one batch. */
  readonly #sums = new Float64Array(WorkerCount.count)
  #mode: Mode = Mode.connect
  #phase: Phase = Phase.connect
  #nextLookMs = Number.NEGATIVE_INFINITY
  #roundRobin = 0
  #runLength = 0
  #isBlocked = false
  #isHeldUp = false
  /** Whether requests that were due had no socket to go over, and when that ended last. */
  #wasBlocked = false
  #freeSinceMs = Number.NEGATIVE_INFINITY

  constructor(context: GeneratorContext, { requests, answers, self }: UdpClientParts) {
    const { accounts, control, plan, population, random, schedule } = context
    this.#context = context
    this.#sockets = self.length
    this.#requests = requests
    this.#answers = answers
    this.ledger = new RequestLedger(inFlightOf(context))
    this.#ids = new ConnectionIds(self.length)
    this.#writer = new RequestWriter(plan, population, random, requests)
    this.#check = new AnswerCheck(plan, population, random, self)
    this.#fill = new FillQueue(population.peers, this.ledger)
    this.#open = schedule === null ? null : new OpenLoop(schedule, control, accounts, plan.mix)
    this.#queue = new SocketQueue(self.length)
    this.#peerBytes = self[0].byteLength
    this.#window = Math.max(1, plan.window)
    this.#inFlight = new Int32Array(self.length)
    this.#heardMs = new Float64Array(self.length).fill(Number.NEGATIVE_INFINITY)
    this.#refusedMs = new Float64Array(self.length).fill(Number.NEGATIVE_INFINITY)
    this.#written = new Int32Array(requests.capacity)
    this.#queue.pushAll()
  }

  /** Follows the phases, times out what is over, finds what is due. */
  turn(nowMs: number): void {
    this.#expire(nowMs)
    this.#enterMode(nowMs)
    if (nowMs >= this.#nextLookMs) this.#look(nowMs)
    const open = this.#open
    this.#isBlocked = false
    if (open === null || this.#mode !== Mode.open) return
    const due = open.turn(nowMs)
    const share = Math.ceil(open.budget / this.#sockets)
    this.#runLength = Math.min(this.#requests.capacity, Math.max(share, RUN_MIN))
    this.#context.accounts.tally.gauges[Gauge.behind] = due - open.budget
    if (open.isOver) this.#endOpenLoop(nowMs)
  }

  /** The next socket over which something may be sent, or -1. */
  nextSocket(nowMs: number): number {
    const queued = this.#queue.shift()
    if (queued >= 0) return queued
    const open = this.#open
    if (this.#mode !== Mode.open || open === null || !open.isDue) return -1
    for (let tries = 0; tries < this.#sockets && !this.ledger.isFull; tries++) {
      const socket = this.#roundRobin
      this.#roundRobin = socket + 1 === this.#sockets ? 0 : socket + 1
      if (!this.#ids.isUsable(socket, nowMs)) continue
      if (this.#wasBlocked) this.#freeSinceMs = nowMs
      this.#wasBlocked = false
      return socket
    }
    this.#wasBlocked = true
    this.#isBlocked = true
    if (!this.ledger.isFull) open.giveUp(this.#context.plan.timeoutMs, () => this.#writer.drawKind())
    return -1
  }

  /** Writes what is to be sent over a socket now. @returns how many requests; 0: nothing */
  write(socket: number, nowMs: number): number {
    const mode = this.#mode
    let count = 0
    if (mode !== Mode.receive && this.#ids.isDue(socket, nowMs) && !this.ledger.isFull) {
      this.#ids.asked(socket)
      this.#writeConnect(count++, socket, nowMs, NEEDED)
    }
    if (mode === Mode.receive || mode === Mode.connect || !this.#ids.isUsable(socket, nowMs)) return count
    const { capacity } = this.#requests
    if (mode === Mode.open) {
      const open = this.#open as OpenLoop
      const end = Math.min(capacity, count + this.#runLength)
      while (count < end && open.isDue && !this.ledger.isFull) {
        this.#writeDrawn(count++, socket, open.take())
      }
      return count
    }
    const room = this.#window - this.#inFlight[socket]
    const end = Math.min(capacity, count + room)
    while (count < end && !this.ledger.isFull) {
      if (mode === Mode.closed) this.#writeDrawn(count++, socket, nowMs)
      else if (this.#fill.isEmpty) break
      else this.#writeAnnounce(count++, socket, nowMs, this.#fill.next())
    }
    if (this.#window > this.#inFlight[socket] && count === capacity) this.#queue.push(socket)
    return count
  }

  /** The requests written last go out now. */
  stamp(count: number, nowMs: number): void {
    const { plannedMs, sentMs } = this.ledger
    const { accounts } = this.#context
    const isOpen = this.#mode === Mode.open
    for (let index = 0; index < count; index++) {
      const slot = this.#written[index]
      sentMs[slot] = nowMs
      if (!isOpen) continue
      const couldMs = Math.max(plannedMs[slot], this.#freeSinceMs)
      accounts.recordLag(plannedMs[slot], nowMs - couldMs)
    }
  }

  /** Of the requests written last the system took the first `taken`. */
  settle(count: number, taken: number, nowMs: number): void {
    const { lengths } = this.#requests
    let bytes = 0
    for (let index = 0; index < taken; index++) bytes += lengths[index]
    this.#context.accounts.count(WorkerCount.bytesSent, nowMs, bytes)
    for (let index = taken; index < count; index++) {
      this.#lose(this.#written[index], Outcome.unsent, nowMs)
      this.ledger.close(this.#written[index])
    }
    // Asking again at once would spin: the sockets have to wait for the next look at them.
    if (taken < count) this.#isHeldUp = true
  }

  /** Takes in the answers that came over a socket. */
  receive(socket: number, nowMs: number): void {
    const { count, lengths } = this.#answers
    const sums = this.#sums
    this.#heardMs[socket] = nowMs
    for (let index = 0; index < count; index++) {
      sums[WorkerCount.bytesReceived] += lengths[index]
      this.#receiveOne(index, socket, nowMs)
    }
    sums[WorkerCount.verified] += this.#check.verified
    sums[WorkerCount.verifiedWrong] += this.#check.wrong
    this.#check.verified = 0
    this.#check.wrong = 0
    const { accounts } = this.#context
    for (let which = 0; which < WorkerCount.count; which++) {
      if (sums[which] === 0) continue
      accounts.count(which, nowMs, sums[which])
      sums[which] = 0
    }
    if (this.#mode !== Mode.open) this.#queue.push(socket)
  }

  /** The network says that nobody is there: what is in flight over the socket is lost if its time passes. */
  refused(socket: number, nowMs: number, errnoName: string): void {
    this.#refusedMs[socket] = nowMs
    this.#ids.refused(socket, nowMs)
    this.#context.remarks.add(`udp: ${errnoName}`)
  }

  /** How long an engine may wait if nothing comes. */
  waitMs(nowMs: number): number {
    let wait = this.#phase < Phase.load ? WAIT_BEFORE_LOAD_MS : WAIT_MS
    if (this.#isBlocked) wait = WAIT_BLOCKED_MS
    else if (this.#mode === Mode.open) wait = Math.min(wait, (this.#open as OpenLoop).nextMs - nowMs)
    else if (this.#phase === Phase.load && this.#mode !== Mode.closed) wait = WAIT_BLOCKED_MS
    const oldest = this.ledger.oldest()
    if (oldest >= 0) {
      wait = Math.min(wait, this.ledger.sentMs[oldest] + this.#context.plan.timeoutMs - nowMs)
    }
    return Math.max(0, wait)
  }

  #enterMode(nowMs: number): void {
    const { control } = this.#context
    this.#phase = control.phase
    const mode = this.#modeOf(nowMs)
    if (mode !== this.#mode) {
      this.#mode = mode
      this.#queue.pushAll()
    }
    this.#reportDone()
    if (this.#phase === Phase.stop) this.#stop(nowMs)
  }

  #modeOf(nowMs: number): Mode {
    const { control } = this.#context
    if (this.#phase === Phase.connect) return Mode.connect
    if (this.#phase === Phase.fill) return Mode.fill
    if (this.#phase === Phase.stop) return Mode.receive
    if (nowMs < control.loadStartMs) return Mode.connect
    if (this.#open !== null) return this.#open.isOver ? Mode.receive : Mode.open
    return nowMs < control.measureEndMs ? Mode.closed : Mode.receive
  }

  #reportDone(): void {
    const { control, worker } = this.#context
    const phase = this.#phase
    const isDone =
      (phase === Phase.connect && this.#ids.opened === this.#sockets) ||
      (phase === Phase.fill && this.#fill.isEmpty && this.ledger.count === 0) ||
      (phase === Phase.drain && this.#mode === Mode.receive && this.ledger.count === 0)
    if (isDone) control.reportDone(worker, phase)
  }

  #look(nowMs: number): void {
    this.#nextLookMs = nowMs + LOOK_MS
    if (this.#isHeldUp) this.#queue.pushAll()
    this.#isHeldUp = false
    let usable = 0
    for (let socket = 0; socket < this.#sockets; socket++) {
      this.#ids.look(socket, nowMs)
      if (this.#ids.isDue(socket, nowMs)) this.#queue.push(socket)
      if (this.#ids.isUsable(socket, nowMs)) usable++
    }
    const { gauges } = this.#context.accounts.tally
    gauges[Gauge.openConnections] = usable
    gauges[Gauge.inFlight] = this.ledger.count
  }

  #expire(nowMs: number): void {
    const { ledger } = this
    const sentBeforeMs = nowMs - this.#context.plan.timeoutMs
    for (;;) {
      const slot = ledger.oldest()
      if (slot < 0 || ledger.sentMs[slot] > sentBeforeMs) return
      this.#timeOut(slot, nowMs)
    }
  }

  #timeOut(slot: number, nowMs: number): void {
    const { ledger } = this
    const socket = ledger.sockets[slot]
    const sentMs = ledger.sentMs[slot]
    this.#lose(slot, this.#refusedMs[socket] >= sentMs ? Outcome.broken : Outcome.timedOut, nowMs)
    // Some trackers are silent where the id is wrong: one that was started anew, for instance.
    if (this.#heardMs[socket] < sentMs) this.#ids.doubt(socket)
    ledger.expire(slot)
    this.#queue.push(socket)
  }

  /** A request that nobody will answer; the caller takes it out of the ledger. */
  #lose(slot: number, outcome: Outcome, nowMs: number): void {
    const { ledger } = this
    const kind = ledger.kinds[slot]
    const socket = ledger.sockets[slot]
    const detail = ledger.details[slot]
    this.#context.accounts.resolve(kind, outcome, ledger.plannedMs[slot], ledger.sentMs[slot], nowMs)
    this.#inFlight[socket]--
    if (kind === LoadKind.announce && this.#mode === Mode.fill) this.#fill.lost(detail)
    if (kind !== LoadKind.connect || detail !== NEEDED) return
    this.#ids.failed(socket, ledger.sentMs[slot])
    if (!this.#ids.isUsable(socket, nowMs)) {
      this.#context.accounts.count(WorkerCount.connectionsFailed, nowMs)
    }
  }

  #writeDrawn(index: number, socket: number, plannedMs: number): void {
    const kind = this.#writer.drawKind()
    if (kind === LoadKind.announce) this.#writeAnnounce(index, socket, plannedMs, this.#writer.drawPeer())
    else if (kind === LoadKind.connect) this.#writeConnect(index, socket, plannedMs, DRAWN)
    else this.#writeScrape(index, socket, plannedMs, this.#writer.drawHashes())
  }

  #writeConnect(index: number, socket: number, plannedMs: number, detail: number): void {
    const slot = this.#openRequest(index, LoadKind.connect, socket, plannedMs, detail)
    this.#writer.connect(index, this.ledger.transactions[slot])
  }

  #writeAnnounce(index: number, socket: number, plannedMs: number, detail: number): void {
    const slot = this.#openRequest(index, LoadKind.announce, socket, plannedMs, detail)
    this.#writer.announce(index, this.ledger.transactions[slot], this.#ids.words, socket, peerOf(detail))
  }

  #writeScrape(index: number, socket: number, plannedMs: number, hashes: number): void {
    const slot = this.#openRequest(index, LoadKind.scrape, socket, plannedMs, hashes)
    this.#writer.scrape(index, this.ledger.transactions[slot], this.#ids.words, socket, hashes)
  }

  #openRequest(index: number, kind: LoadKind, socket: number, plannedMs: number, detail: number): number {
    const { ledger } = this
    const slot = ledger.open()
    ledger.kinds[slot] = kind
    ledger.sockets[slot] = socket
    ledger.plannedMs[slot] = plannedMs
    ledger.details[slot] = detail
    this.#inFlight[socket]++
    this.#written[index] = slot
    return slot
  }

  #receiveOne(index: number, socket: number, nowMs: number): void {
    const { ledger } = this
    const answers = this.#answers
    const answer = this.#answer
    const got = decodeAnswer(answers.memory, answers.offsetOf(index), answers.lengths[index], answer)
    const slot = got === AnswerKind.tooShort ? Match.unknown : ledger.match(answer.transactionId, socket)
    if (slot < 0) {
      this.#sums[countOf(slot)]++
      return
    }
    const kind = ledger.kinds[slot]
    const outcome = this.#outcomeOf(got, kind)
    this.#context.accounts.resolve(kind, outcome, ledger.plannedMs[slot], ledger.sentMs[slot], nowMs)
    if (outcome === Outcome.answered) this.#answered(index, slot, kind, nowMs)
    else this.#notAnswered(index, slot, outcome)
    this.#inFlight[socket]--
    ledger.close(slot)
  }

  #outcomeOf(got: number, asked: number): Outcome {
    if (got === AnswerKind.error) return Outcome.refused
    if (got < 0) return Outcome.malformed
    // Kinds of requests and of answers have the same numbers.
    if (got !== asked) return Outcome.wrongType
    const isWhole = got !== AnswerKind.announce || this.#answer.peersBytes % this.#peerBytes === 0
    return isWhole ? Outcome.answered : Outcome.malformed
  }

  #answered(index: number, slot: number, kind: number, nowMs: number): void {
    const answer = this.#answer
    const socket = this.ledger.sockets[slot]
    const detail = this.ledger.details[slot]
    if (kind === LoadKind.announce) {
      this.#sums[WorkerCount.peersReceived] += answer.peersBytes / this.#peerBytes
      this.#check.announce(this.#answers, index, answer, socket, peerOf(detail))
    } else if (kind === LoadKind.connect) {
      const isFirst = this.#ids.came(socket, answer.connectionId0, answer.connectionId1, nowMs)
      if (isFirst) this.#sums[WorkerCount.connectionsOpened]++
    } else this.#check.scrape(this.#answers, index, answer, detail)
  }

  #notAnswered(index: number, slot: number, outcome: Outcome): void {
    const { ledger } = this
    const socket = ledger.sockets[slot]
    const kind = ledger.kinds[slot]
    if (kind === LoadKind.connect) {
      if (ledger.details[slot] === NEEDED) this.#ids.failed(socket, ledger.sentMs[slot])
    }
    if (outcome !== Outcome.refused) return
    const text = this.#refusalText(index)
    this.#context.remarks.add(`${loadKindNames[kind]} refused: ${text}`)
    if (kind === LoadKind.connect || !/connection/i.test(text)) return
    // "Connection id invalid", "Connection ID missmatch": each tracker has its own words for it.
    this.#ids.doubt(socket)
    if (kind === LoadKind.announce && this.#mode === Mode.fill) this.#fill.lost(ledger.details[slot])
  }

  #refusalText(index: number): string {
    const { memory, slotBytes } = this.#answers
    const start = this.#answers.offsetOf(index) + UdpAnswerBytes.header
    const bytes = Math.min(this.#answer.textBytes, TEXT_BYTES_MAX, slotBytes - UdpAnswerBytes.header)
    return Buffer.from(memory.bytes.buffer, start, bytes).toString()
  }

  #endOpenLoop(nowMs: number): void {
    let isUsable = false
    for (let socket = 0; socket < this.#sockets && !isUsable; socket++) {
      isUsable = this.#ids.isUsable(socket, nowMs)
    }
    this.#open?.resolveOwed(isUsable ? Outcome.unsent : Outcome.timedOut)
    this.#context.accounts.tally.gauges[Gauge.behind] = 0
    this.#mode = Mode.receive
  }

  #stop(nowMs: number): void {
    const { ledger } = this
    if (this.#open?.isOver === false) this.#endOpenLoop(nowMs)
    for (let slot = ledger.oldest(); slot >= 0; slot = ledger.oldest()) this.#timeOut(slot, nowMs)
    this.#look(nowMs)
    this.isStopped = true
  }
}
