// A state machine over the phases of control.ts: what a UDP generator does, for both engines. Which request goes over
// which socket when; what becomes of it is in fates.ts. Knows no sockets and no clock: times are arguments, datagrams
// lie in two batches.
//
// An engine's turn:  turn(now) → for each nextSocket(): write, stamp, send, settle → wait up to waitMs → receive

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, Outcome, WorkerCount } from '../kinds.js'
import { Gauge } from '../tally.js'
import { ConnectDetail, RequestFates } from './fates.js'
import { peerOf } from './fill-queue.js'
import { OpenLoop } from './open-loop.js'
import { RequestWriter } from './request-writer.js'

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

export interface UdpClientParts {
  readonly requests: DatagramBatch
  readonly answers: DatagramBatch
  /** Each socket's own address and port, as compact peers (net/udp-client.ts). */
  readonly self: readonly Uint16Array[]
}

export class UdpLoadClient {
  isStopped = false
  readonly #context: GeneratorContext
  readonly #sockets: number
  readonly #requests: DatagramBatch
  readonly #fates: RequestFates
  readonly #writer: RequestWriter
  readonly #open: OpenLoop | null
  readonly #window: number
  /** Slots of the requests in the batch. */
  readonly #written: Int32Array
  #mode: Mode = Mode.connect
  #phase: Phase = Phase.connect
  #nextLookMs = Number.NEGATIVE_INFINITY
  #roundRobin = 0
  #runLength = 0
  #isHeldUp = false
  /** Whether requests that are due have no socket to go over, and when that ended last. */
  #isBlocked = false
  #freeSinceMs = Number.NEGATIVE_INFINITY

  constructor(context: GeneratorContext, { requests, answers, self }: UdpClientParts) {
    const { accounts, control, plan, population, random, schedule } = context
    this.#context = context
    this.#sockets = self.length
    this.#requests = requests
    this.#fates = new RequestFates(context, answers, self)
    this.#writer = new RequestWriter(plan, population, random, requests)
    this.#open = schedule === null ? null : new OpenLoop(schedule, control, accounts, plan.mix)
    this.#window = Math.max(1, plan.window)
    this.#written = new Int32Array(requests.capacity)
    this.#fates.changed.pushAll()
  }

  /** Follows the phases, times out what is over, finds what is due. */
  turn(nowMs: number): void {
    this.#fates.expire(nowMs)
    this.#enterMode(nowMs)
    if (nowMs >= this.#nextLookMs) this.#look(nowMs)
    const open = this.#open
    if (open === null || this.#mode !== Mode.open) return
    const due = open.turn(nowMs)
    const share = Math.ceil(open.budget / this.#sockets)
    this.#runLength = Math.min(this.#requests.capacity, Math.max(share, RUN_MIN))
    // While no socket can be used, what may be sent is not sent either.
    this.#context.accounts.tally.gauges[Gauge.behind] = this.#isBlocked ? due : due - open.budget
    if (open.isOver) this.#endOpenLoop(nowMs)
  }

  /** The next socket over which something may be sent, or -1. */
  nextSocket(nowMs: number): number {
    const changed = this.#fates.changed.shift()
    if (changed >= 0) return changed
    const open = this.#open
    if (this.#mode !== Mode.open || open === null || !open.isDue) return -1
    const { ids, ledger } = this.#fates
    for (let tries = 0; tries < this.#sockets && !ledger.isFull; tries++) {
      const socket = this.#roundRobin
      this.#roundRobin = socket + 1 === this.#sockets ? 0 : socket + 1
      if (!ids.isUsable(socket, nowMs)) continue
      if (this.#isBlocked) this.#freeSinceMs = nowMs
      this.#isBlocked = false
      return socket
    }
    this.#isBlocked = true
    if (!ledger.isFull) open.giveUp(this.#context.plan.timeoutMs, () => this.#writer.drawKind())
    return -1
  }

  /** Writes what is to be sent over a socket now. @returns how many requests; 0: nothing */
  write(socket: number, nowMs: number): number {
    const mode = this.#mode
    if (mode === Mode.receive) return 0
    const { ids, ledger } = this.#fates
    let count = 0
    if (ids.isDue(socket, nowMs) && !ledger.isFull) {
      ids.asked(socket)
      this.#writeConnect(count++, socket, nowMs, ConnectDetail.needed)
    }
    if (mode === Mode.connect || !ids.isUsable(socket, nowMs)) return count
    return mode === Mode.open ? this.#writeDue(socket, count) : this.#fillWindow(socket, count, nowMs)
  }

  /** The requests written last go out now. */
  stamp(count: number, nowMs: number): void {
    const { plannedMs, sentMs } = this.#fates.ledger
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
    for (let index = taken; index < count; index++) this.#fates.unsent(this.#written[index], nowMs)
    // Asking again at once would spin: the sockets have to wait for the next look at them.
    if (taken < count) this.#isHeldUp = true
  }

  /** Takes in the answers that came over a socket. */
  receive(socket: number, nowMs: number): void {
    this.#fates.receive(socket, nowMs)
    if (this.#mode !== Mode.open) this.#fates.changed.push(socket)
  }

  /** The network says that nobody is there. @param errnoName such as `ECONNREFUSED` */
  refused(socket: number, nowMs: number, errnoName: string): void {
    this.#fates.refused(socket, nowMs, errnoName)
  }

  /** How long an engine may wait if nothing comes. */
  waitMs(nowMs: number): number {
    const { ledger } = this.#fates
    const oldest = ledger.oldest()
    const expiryMs =
      oldest < 0 ? Number.POSITIVE_INFINITY : ledger.sentMs[oldest] + this.#context.plan.timeoutMs
    return Math.max(0, Math.min(this.#waitForPlanMs(nowMs), expiryMs - nowMs))
  }

  #waitForPlanMs(nowMs: number): number {
    if (this.#phase < Phase.load) return WAIT_BEFORE_LOAD_MS
    if (this.#mode === Mode.open) {
      return this.#isBlocked ? WAIT_BLOCKED_MS : Math.min(WAIT_MS, (this.#open as OpenLoop).nextMs - nowMs)
    }
    const untilStartMs = this.#context.control.loadStartMs - nowMs
    return untilStartMs > 0 ? Math.min(WAIT_MS, untilStartMs) : WAIT_MS
  }

  #enterMode(nowMs: number): void {
    const { control, worker } = this.#context
    this.#phase = control.phase
    const mode = this.#modeOf(nowMs)
    if (mode !== this.#mode) {
      this.#mode = mode
      this.#fates.fill.isOpen = mode === Mode.fill
      this.#fates.changed.pushAll()
    }
    if (this.#isDone()) control.reportDone(worker, this.#phase)
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

  /** Whether the worker has done what the phase is for. */
  #isDone(): boolean {
    const { fill, ids, ledger } = this.#fates
    switch (this.#phase) {
      case Phase.connect:
        return ids.opened === this.#sockets
      case Phase.fill:
        return fill.isEmpty && ledger.count === 0
      case Phase.drain:
        return this.#mode === Mode.receive && ledger.count === 0
      default:
        return false
    }
  }

  #look(nowMs: number): void {
    this.#nextLookMs = nowMs + LOOK_MS
    const { changed, ids, ledger } = this.#fates
    if (this.#isHeldUp) changed.pushAll()
    this.#isHeldUp = false
    let usable = 0
    for (let socket = 0; socket < this.#sockets; socket++) {
      ids.look(socket, nowMs)
      if (ids.isDue(socket, nowMs)) changed.push(socket)
      if (ids.isUsable(socket, nowMs)) usable++
    }
    const { gauges } = this.#context.accounts.tally
    gauges[Gauge.openConnections] = usable
    gauges[Gauge.inFlight] = ledger.count
  }

  /** What the schedule says, after `count` requests that are in the batch already. */
  #writeDue(socket: number, count: number): number {
    const open = this.#open as OpenLoop
    const { ledger } = this.#fates
    const end = Math.min(this.#requests.capacity, count + this.#runLength)
    while (count < end && open.isDue && !ledger.isFull) this.#writeDrawn(count++, socket, open.take())
    return count
  }

  #fillWindow(socket: number, count: number, nowMs: number): number {
    const { capacity } = this.#requests
    const { changed, fill, inFlight, ledger } = this.#fates
    const end = Math.min(capacity, count + this.#window - inFlight[socket])
    while (count < end && !ledger.isFull) {
      if (this.#mode === Mode.closed) this.#writeDrawn(count++, socket, nowMs)
      else if (fill.isEmpty) break
      else this.#writeAnnounce(count++, socket, nowMs, fill.next())
    }
    if (count === capacity && this.#window > inFlight[socket]) changed.push(socket)
    return count
  }

  #writeDrawn(index: number, socket: number, plannedMs: number): void {
    const kind = this.#writer.drawKind()
    if (kind === LoadKind.announce) this.#writeAnnounce(index, socket, plannedMs, this.#writer.drawPeer())
    else if (kind === LoadKind.connect) this.#writeConnect(index, socket, plannedMs, ConnectDetail.drawn)
    else this.#writeScrape(index, socket, plannedMs, this.#writer.drawHashes())
  }

  #writeConnect(index: number, socket: number, plannedMs: number, detail: ConnectDetail): void {
    const slot = this.#fates.open(LoadKind.connect, socket, plannedMs, detail)
    this.#written[index] = slot
    this.#writer.connect(index, this.#fates.ledger.transactions[slot])
  }

  #writeAnnounce(index: number, socket: number, plannedMs: number, detail: number): void {
    const { ids, ledger } = this.#fates
    const slot = this.#fates.open(LoadKind.announce, socket, plannedMs, detail)
    this.#written[index] = slot
    this.#writer.announce(index, ledger.transactions[slot], ids.words, socket, peerOf(detail))
  }

  #writeScrape(index: number, socket: number, plannedMs: number, hashes: number): void {
    const { ids, ledger } = this.#fates
    const slot = this.#fates.open(LoadKind.scrape, socket, plannedMs, hashes)
    this.#written[index] = slot
    this.#writer.scrape(index, ledger.transactions[slot], ids.words, socket, hashes)
  }

  #endOpenLoop(nowMs: number): void {
    const { ids } = this.#fates
    let isUsable = false
    for (let socket = 0; socket < this.#sockets && !isUsable; socket++) {
      isUsable = ids.isUsable(socket, nowMs)
    }
    this.#open?.resolveOwed(isUsable ? Outcome.unsent : Outcome.timedOut)
    this.#context.accounts.tally.gauges[Gauge.behind] = 0
    this.#mode = Mode.receive
  }

  #stop(nowMs: number): void {
    if (this.#open?.isOver === false) this.#endOpenLoop(nowMs)
    this.#fates.expireAll(nowMs)
    this.#look(nowMs)
    this.isStopped = true
  }
}
