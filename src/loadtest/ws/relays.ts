// Offers and answers between connections of the test, and what becomes of them.
//
// An offer counts when it is received: answered, or timed out where that took longer than the limit. How many a tracker
// passes on is its own choice (never more than there are other peers in the torrent), so the others are nobody's loss.
// An answer counts when its fate is known: it must arrive while both ends stay connected. Then it is answered, or,
// after the limit, timed out; broken where one of the ends has gone; refused where the tracker said so to the answerer;
// unsent where more than ANSWERS_MAX of this worker's are under way. Both are timed from the frame of the sender to
// that of the receiver and belong to the period in which they were sent. Offers that come after the load are counted
// and not answered.

import { readAnswerStamp, STAMP_WORDS } from '../../protocol/webtorrent/client-descriptions.js'
import type { TrackerMessage } from '../../protocol/webtorrent/client-message.js'
import { encodeAnswerRequest } from '../../protocol/webtorrent/client-requests.js'
import type { Accounts } from '../accounts.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, Outcome, WorkerCount } from '../kinds.js'
import type { Peers } from './peers.js'
import { ANSWERS_MAX, RelayMemory, type RelayMemoryBuffers } from './relay-memory.js'
import { AnswerStamp, OfferStamp } from './stamps.js'
import type { Wire } from './wire.js'

/** Number of an answer whose fate nobody cares for. */
const NOT_COUNTED = 0
/** Twenty `-`: in no identifier that a client makes there are that many. */
const nobody = new Uint8Array(20).fill(0x2d)

export class Relays {
  readonly memory: RelayMemory
  /** Of the offer or answer that was received last, if it was of this test. */
  readonly offer: OfferStamp
  readonly #answer: AnswerStamp
  readonly #stampWords = new Int32Array(STAMP_WORDS)
  readonly #accounts: Accounts
  readonly #peers: Peers
  readonly #wire: Wire
  readonly #worker: number
  readonly #workers: number
  readonly #connections: number
  readonly #firstConnection: number
  readonly #timeoutMs: number
  /** Answers [#head, #tail) may be under way; number n has place n % ANSWERS_MAX. */
  #head = 1
  #tail = 1
  /** For each place, the answerer's slot and its epoch, the connection it is for and its epoch. */
  readonly #slots = new Int32Array(ANSWERS_MAX)
  readonly #slotEpochs = new Int32Array(ANSWERS_MAX)
  readonly #receivers = new Int32Array(ANSWERS_MAX)
  readonly #receiverEpochs = new Int32Array(ANSWERS_MAX)

  constructor(context: GeneratorContext, buffers: RelayMemoryBuffers, peers: Peers, wire: Wire) {
    const { plan, worker, accounts } = context
    this.memory = new RelayMemory(buffers, plan)
    this.offer = new OfferStamp(this.memory.tag)
    this.#answer = new AnswerStamp(this.memory.tag)
    this.#accounts = accounts
    this.#peers = peers
    this.#wire = wire
    this.#worker = worker
    this.#workers = plan.workers
    this.#connections = plan.workers * plan.connectionsPerWorker
    this.#firstConnection = worker * plan.connectionsPerWorker
    this.#timeoutMs = plan.timeoutMs
  }

  /** Number of a slot's connection among those of all workers. */
  connectionOf(slot: number): number {
    return this.#firstConnection + slot
  }

  /** Writes the ids of the offers that a slot is about to send. */
  stampOffers(slot: number, sentMs: number, count: number, words: Int32Array): void {
    const sentUs = Math.floor(sentMs * 1000)
    const connection = this.connectionOf(slot)
    this.memory.announce(connection, sentUs)
    for (let offer = 0; offer < count; offer++) this.offer.write(words, offer * 5, connection, sentUs, offer)
  }

  /** Counts an offer. @returns whether it is to be answered */
  takeOffer(message: TrackerMessage, nowMs: number): boolean {
    const { offer } = this
    if (!offer.read(message.offerIdWords) || !this.#isConnection(offer.connection)) {
      this.#accounts.count(WorkerCount.unknown, nowMs)
      return false
    }
    if (!this.memory.arrive(offer.connection, offer.sentUs, offer.offer)) {
      this.#accounts.count(WorkerCount.duplicate, nowMs)
      return false
    }
    this.#resolve(LoadKind.offer, offer.sentUs / 1000, nowMs)
    return true
  }

  /** Sends the answer to the offer that was just taken. @returns false if too many are under way */
  sendAnswer(slot: number, message: TrackerMessage, nowMs: number): boolean {
    const number = this.#tail
    const place = number % ANSWERS_MAX
    if (number - this.#head >= ANSWERS_MAX) {
      this.#accounts.resolve(LoadKind.answer, Outcome.unsent, nowMs, nowMs, nowMs)
      return false
    }
    this.#tail++
    const receiver = this.offer.connection
    this.#slots[place] = slot
    this.#slotEpochs[place] = this.memory.epoch(this.connectionOf(slot))
    this.#receivers[place] = receiver
    this.#receiverEpochs[place] = this.memory.epoch(receiver)
    this.#answer.write(this.#stampWords, this.#worker, place, number | 0)
    this.memory.sendAnswer(this.#worker, place, number | 0, nowMs)
    this.#writeAnswer(slot, message.peerId, message.offerId)
    return true
  }

  /** Answers an offer that nobody has made, to a peer that is not there. Nothing of it counts. */
  sendAnswerToNobody(slot: number): void {
    this.#answer.write(this.#stampWords, this.#worker, 0, NOT_COUNTED)
    this.#writeAnswer(slot, nobody, nobody)
  }

  #writeAnswer(slot: number, peerId: Uint8Array, offerId: Uint8Array): void {
    const { output } = this.#wire
    const at = this.#wire.reserve()
    const { bytes } = this.#peers
    const hashAt = this.#peers.hashAt(slot)
    const peerAt = this.#peers.peerAt(slot)
    const end = encodeAnswerRequest(
      output,
      at,
      bytes,
      hashAt,
      bytes,
      peerAt,
      peerId,
      offerId,
      this.#stampWords,
    )
    this.#wire.send(slot, at, end)
  }

  /** Counts an answer. @returns whether it is one of this test */
  takeAnswer(input: Uint8Array, message: TrackerMessage, nowMs: number): boolean {
    const answer = this.#answer
    const isOurs =
      readAnswerStamp(input, message.sdpStart, message.sdpEnd, this.#stampWords) &&
      answer.read(this.#stampWords) &&
      answer.worker < this.#workers &&
      answer.place < ANSWERS_MAX
    if (!isOurs) {
      this.#accounts.count(WorkerCount.unknown, nowMs)
      return false
    }
    const { worker, place, number } = answer
    if (number === NOT_COUNTED) return false
    const isUnderWay = this.memory.takeAnswer(worker, place, number)
    const sentMs = this.memory.answerSentMs(worker, place)
    if (isUnderWay) this.#resolve(LoadKind.answer, sentMs, nowMs)
    else {
      const isLate = nowMs - sentMs > this.#timeoutMs
      this.#accounts.count(isLate ? WorkerCount.late : WorkerCount.duplicate, nowMs)
    }
    return true
  }

  /** The tracker refused an answer of the slot: its oldest one. @returns false if none is under way */
  refuseAnswer(slot: number, nowMs: number): boolean {
    for (let number = this.#head; number < this.#tail; number++) {
      const place = number % ANSWERS_MAX
      if (this.#slots[place] !== slot || !this.memory.takeAnswer(this.#worker, place, number | 0)) continue
      const sentMs = this.memory.answerSentMs(this.#worker, place)
      this.#accounts.resolve(LoadKind.answer, Outcome.refused, sentMs, sentMs, nowMs)
      return true
    }
    return false
  }

  /** Gives up answers that were under way for too long. @param limitMs of their age; 0 gives up all */
  expire(nowMs: number, limitMs = this.#timeoutMs): void {
    for (; this.#head < this.#tail; this.#head++) {
      const number = this.#head
      const place = number % ANSWERS_MAX
      if (!this.memory.isUnderWay(this.#worker, place, number | 0)) continue
      const sentMs = this.memory.answerSentMs(this.#worker, place)
      if (sentMs + limitMs > nowMs) return
      if (!this.memory.takeAnswer(this.#worker, place, number | 0)) continue
      const outcome = this.#haveBothStayed(place) ? Outcome.timedOut : Outcome.broken
      this.#accounts.resolve(LoadKind.answer, outcome, sentMs, sentMs, nowMs)
    }
  }

  /** When `expire` has something to do; Infinity for never. */
  get nextMs(): number {
    if (this.#head === this.#tail) return Number.POSITIVE_INFINITY
    return this.memory.answerSentMs(this.#worker, this.#head % ANSWERS_MAX) + this.#timeoutMs
  }

  /** Whether answers may be under way. */
  get isWaiting(): boolean {
    for (; this.#head < this.#tail; this.#head++) {
      if (this.memory.isUnderWay(this.#worker, this.#head % ANSWERS_MAX, this.#head | 0)) return true
    }
    return false
  }

  #resolve(kind: LoadKind, sentMs: number, nowMs: number): void {
    const isLate = nowMs - sentMs > this.#timeoutMs
    this.#accounts.resolve(kind, isLate ? Outcome.timedOut : Outcome.answered, sentMs, sentMs, nowMs)
    if (isLate) this.#accounts.count(WorkerCount.late, nowMs)
  }

  #haveBothStayed(place: number): boolean {
    const answerer = this.connectionOf(this.#slots[place])
    const receiver = this.#receivers[place]
    const receiverEpoch = this.memory.epoch(receiver)
    return (
      this.memory.epoch(answerer) === this.#slotEpochs[place] &&
      receiverEpoch === this.#receiverEpochs[place] &&
      (receiverEpoch & 1) === 1
    )
  }

  #isConnection(connection: number): boolean {
    return connection >= 0 && connection < this.#connections
  }
}
