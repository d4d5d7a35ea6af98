// What becomes of UDP requests in flight: answered, refused, lost. Keeps the ledger, the connection ids and what is to
// be announced again; knows no phases.

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { AnswerKind, decodeAnswer, UdpAnswer, UdpAnswerBytes } from '../../protocol/udp-client.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, loadKindNames, Outcome, WorkerCount } from '../kinds.js'
import { AnswerCheck } from './answer-check.js'
import { ConnectionIds } from './connection-ids.js'
import { FillQueue, peerOf } from './fill-queue.js'
import { Match, RequestLedger } from './ledger.js'
import { SocketQueue } from './socket-queue.js'

/** Bytes of a tracker's refusal that are kept. */
const TEXT_BYTES_MAX = 160

/** Details of connect requests in the ledger: part of the mix, or for the generator's own needs. */
export const enum ConnectDetail {
  drawn = 0,
  needed = 1,
}

/**
 * Slots for requests in flight. A closed loop uses each again every four windows. An open loop has few in flight but
 * where nothing is answered, and that is what there has to be room for: slots rest for longer than the time limit.
 */
function slotsFor({ plan }: GeneratorContext): number {
  const { connectionsPerWorker, pacing, timeoutMs, window, workers } = plan
  const closed = connectionsPerWorker * (window + 1) * 4
  if (pacing.mode === 'closed') return closed
  const rate = Math.max(...pacing.stages.map(({ from, to }) => Math.max(from, to))) / workers
  return Math.max(closed, (rate * timeoutMs * 1.25) / 1000)
}

export class RequestFates {
  readonly ledger: RequestLedger
  readonly ids: ConnectionIds
  readonly fill: FillQueue
  /** Sockets on which something has changed, so that something may be sent over them. */
  readonly changed: SocketQueue
  /** Requests in flight over each socket. */
  readonly inFlight: Int32Array
  readonly #context: GeneratorContext
  readonly #answers: DatagramBatch
  readonly #check: AnswerCheck
  readonly #answer = new UdpAnswer()
  readonly #peerBytes: number
  /** When something was last heard over each socket, and when the network last said that nobody is there. */
  readonly #heardMs: Float64Array
  readonly #refusedMs: Float64Array
  /** Sums of one batch. */
  readonly #sums = new Float64Array(WorkerCount.count)

  /** @param self each socket's own address and port, as compact peers (net/udp-client.ts) */
  constructor(context: GeneratorContext, answers: DatagramBatch, self: readonly Uint16Array[]) {
    const { population } = context
    const sockets = self.length
    this.#context = context
    this.#answers = answers
    this.ledger = new RequestLedger(slotsFor(context))
    this.ids = new ConnectionIds(sockets)
    this.fill = new FillQueue(population.peers, this.ledger)
    this.changed = new SocketQueue(sockets)
    this.inFlight = new Int32Array(sockets)
    this.#check = new AnswerCheck(context, self)
    this.#peerBytes = self[0].byteLength
    this.#heardMs = new Float64Array(sockets).fill(Number.NEGATIVE_INFINITY)
    this.#refusedMs = new Float64Array(sockets).fill(Number.NEGATIVE_INFINITY)
  }

  /** Opens a request in the ledger. @returns its slot; the time of sending is the caller's to set */
  open(kind: LoadKind, socket: number, plannedMs: number, detail: number): number {
    const { ledger } = this
    const slot = ledger.open()
    ledger.kinds[slot] = kind
    ledger.sockets[slot] = socket
    ledger.plannedMs[slot] = plannedMs
    ledger.details[slot] = detail
    this.inFlight[socket]++
    return slot
  }

  /** Takes in the answers in the batch, which came over a socket. */
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
  }

  /** The network says that nobody is there: what is in flight over the socket is broken if its time passes. */
  refused(socket: number, nowMs: number, errnoName: string): void {
    this.#refusedMs[socket] = nowMs
    this.ids.refused(socket, nowMs)
    this.#context.remarks.add(`udp: ${errnoName}`)
  }

  /** Times out what was sent longer ago than the time limit. */
  expire(nowMs: number): void {
    const { ledger } = this
    const sentBeforeMs = nowMs - this.#context.plan.timeoutMs
    for (;;) {
      const slot = ledger.oldest()
      if (slot < 0 || ledger.sentMs[slot] > sentBeforeMs) return
      this.#timeOut(slot, nowMs)
    }
  }

  /** Times out everything. */
  expireAll(nowMs: number): void {
    for (let slot = this.ledger.oldest(); slot >= 0; slot = this.ledger.oldest()) this.#timeOut(slot, nowMs)
  }

  /** The system did not take a request. */
  unsent(slot: number, nowMs: number): void {
    this.#lose(slot, Outcome.unsent, nowMs)
    this.ledger.close(slot)
  }

  #timeOut(slot: number, nowMs: number): void {
    const { ledger } = this
    const socket = ledger.sockets[slot]
    const sentMs = ledger.sentMs[slot]
    this.#lose(slot, this.#refusedMs[socket] >= sentMs ? Outcome.broken : Outcome.timedOut, nowMs)
    // Some trackers are silent where the id is wrong: one that was started anew, for instance.
    if (this.#heardMs[socket] < sentMs) this.ids.doubt(socket)
    ledger.expire(slot)
    this.changed.push(socket)
  }

  /** A request that nobody will answer; the caller takes it out of the ledger. */
  #lose(slot: number, outcome: Outcome, nowMs: number): void {
    const { ledger } = this
    const kind = ledger.kinds[slot]
    const socket = ledger.sockets[slot]
    const { accounts } = this.#context
    accounts.resolve(kind, outcome, ledger.plannedMs[slot], ledger.sentMs[slot], nowMs)
    this.inFlight[socket]--
    if (kind === LoadKind.announce) this.fill.lost(ledger.details[slot])
    if (!this.#isNeededConnect(slot)) return
    this.ids.failed(socket, ledger.sentMs[slot])
    if (!this.ids.isUsable(socket, nowMs)) accounts.count(WorkerCount.connectionsFailed, nowMs)
  }

  #isNeededConnect(slot: number): boolean {
    const { details, kinds } = this.ledger
    return kinds[slot] === LoadKind.connect && details[slot] === ConnectDetail.needed
  }

  #receiveOne(index: number, socket: number, nowMs: number): void {
    const { ledger } = this
    const answers = this.#answers
    const answer = this.#answer
    const got = decodeAnswer(answers.memory, answers.offsetOf(index), answers.lengths[index], answer)
    const slot = got === AnswerKind.tooShort ? Match.unknown : ledger.match(answer.transactionId, socket)
    if (slot < 0) {
      this.#sums[countOf(slot)]++
      if (slot === Match.unknown) this.#context.remarks.add('a datagram that answers nothing that was asked')
      return
    }
    const kind = ledger.kinds[slot]
    const outcome = this.#outcomeOf(got, kind)
    this.#context.accounts.resolve(kind, outcome, ledger.plannedMs[slot], ledger.sentMs[slot], nowMs)
    if (outcome === Outcome.answered) this.#answered(index, slot, kind, nowMs)
    else this.#notAnswered(index, slot, outcome)
    this.inFlight[socket]--
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
      const { plannedMs } = this.ledger
      const peers = answer.peersBytes / this.#peerBytes
      this.#context.accounts.count(WorkerCount.peersReceived, plannedMs[slot], peers)
      this.#check.announce(this.#answers, index, answer, socket, peerOf(detail))
    } else if (kind === LoadKind.connect) {
      const isFirst = this.ids.came(socket, answer.connectionId0, answer.connectionId1, nowMs)
      if (isFirst) this.#sums[WorkerCount.connectionsOpened]++
    } else this.#check.scrape(this.#answers, index, answer, detail)
  }

  #notAnswered(index: number, slot: number, outcome: Outcome): void {
    const { ledger } = this
    const socket = ledger.sockets[slot]
    const kind = ledger.kinds[slot]
    if (this.#isNeededConnect(slot)) this.ids.failed(socket, ledger.sentMs[slot])
    if (outcome !== Outcome.refused) return
    const text = this.#refusalText(index)
    this.#context.remarks.add(`${loadKindNames[kind]} refused: ${text}`)
    if (kind === LoadKind.connect || !/connection/i.test(text)) return
    // "Connection id invalid", "Connection ID missmatch": each tracker has its own words for it.
    this.ids.doubt(socket)
    if (kind === LoadKind.announce) this.fill.lost(ledger.details[slot])
  }

  #refusalText(index: number): string {
    const { memory, slotBytes } = this.#answers
    const start = this.#answers.offsetOf(index) + UdpAnswerBytes.header
    const bytes = Math.min(this.#answer.textBytes, TEXT_BYTES_MAX, slotBytes - UdpAnswerBytes.header)
    return Buffer.from(memory.bytes.buffer, start, bytes).toString()
  }
}

function countOf(match: number): WorkerCount {
  if (match === Match.late) return WorkerCount.late
  return match === Match.duplicate ? WorkerCount.duplicate : WorkerCount.unknown
}
