// Brings offers and answers to the members they are for: over a connection of this worker at once, over one of another
// worker through that worker's inbox. Nobody waits, and whoever has gone meanwhile gets nothing.
//
//   offer    sender's worker ──────────▶ receiver's worker ─▶ receiver     notes that an answer is expected
//   answer   answerer's worker ────────▶ worker of the offer's sender: was it expected? ─▶ sender
//   refusal  worker of the sender ─────▶ answerer's worker ─▶ answerer     if it was not
//
// What is relayed is written once, as the text of the message, behind room for the frame's header.

import type { StreamServer } from '../../net/stream.js'
import { FRAME_HEADER_BYTES_MAX, type WebSocketStreams } from '../../net/websocket.js'
import { latin1Bytes } from '../../protocol/http/ascii.js'
import { IDENTIFIER_BYTES } from '../../protocol/webtorrent/identifier.js'
import { MessageAction, type WebTorrentRequest } from '../../protocol/webtorrent/request.js'
import { encodeAnswer, encodeFailure, encodeOffer } from '../../protocol/webtorrent/responses.js'
import { MemberView, type WebTorrentSwarm } from '../../swarm/web-torrent.js'
import { IPV6_WS_COUNTERS, WsCounter } from './counters.js'
import type { ExpectedAnswers } from './expected-answers.js'
import { type Inboxes, RelayKind, RelayMessage } from './inbox.js'

/** What the sender of an answer that nobody expects is told. */
export const UNEXPECTED_ANSWER_TEXT = latin1Bytes(
  'Could not find the offer corresponding to your answer. It may have expired.',
)

const IDENTIFIER_WORDS = IDENTIFIER_BYTES / 4

/** Where the text of a message begins in `StreamServer.output`. */
export const TEXT_AT = FRAME_HEADER_BYTES_MAX

/** What a relay works with; `worker` is its number among the WebTorrent workers. */
export interface RelayParts {
  readonly server: StreamServer
  readonly sockets: WebSocketStreams
  readonly swarm: WebTorrentSwarm
  readonly inboxes: Inboxes
  readonly expected: ExpectedAnswers
  readonly worker: number
  readonly counters: Float64Array
  /** How long an answer may take. */
  readonly offerAgeSeconds: number
}

export class Relay {
  readonly #server: StreamServer
  readonly #sockets: WebSocketStreams
  readonly #swarm: WebTorrentSwarm
  readonly #inboxes: Inboxes
  readonly #expected: ExpectedAnswers
  readonly #worker: number
  readonly #counters: Float64Array
  readonly #offerAgeSeconds: number
  readonly #view = new MemberView()
  readonly #message = new RelayMessage()
  readonly #key = new Int32Array(2)
  readonly #deliver: (message: RelayMessage, payload: Uint8Array, start: number, end: number) => void
  #nowSeconds = 0

  constructor(parts: RelayParts) {
    const { server, sockets, swarm, inboxes, expected, worker, counters } = parts
    this.#offerAgeSeconds = parts.offerAgeSeconds
    this.#server = server
    this.#sockets = sockets
    this.#swarm = swarm
    this.#inboxes = inboxes
    this.#expected = expected
    this.#worker = worker
    this.#counters = counters
    this.#deliver = (message, payload, start, end) => this.#receive(message, payload, start, end)
  }

  /**
   * Sends one offer of a request to another member of the torrent, and notes that an answer may come.
   * @param sender the member whose offer it is
   */
  offer(
    request: WebTorrentRequest,
    index: number,
    input: Uint8Array,
    sender: number,
    receiver: number,
    nowSeconds: number,
  ): void {
    const view = this.#view
    if (!this.#swarm.read(receiver, view)) {
      this.#counters[WsCounter.deliveriesToGone]++
      return
    }
    const key = this.#key
    this.#expected.offerKey(sender, request.offerIdsWords, index * IDENTIFIER_WORDS, view.peerWords, key)
    this.#expected.add(key[0], key[1], nowSeconds, nowSeconds + this.#offerAgeSeconds)
    const end = encodeOffer(
      this.#server.output,
      TEXT_AT,
      request.infoHash,
      request.peerId,
      input,
      request.offerStarts[index],
      request.offerEnds[index],
      request.offerIds,
      index * IDENTIFIER_BYTES,
    )
    if (view.worker === this.#worker) this.#send(WsCounter.responsesOffer, end)
    else {
      this.#counters[WsCounter.offersRelayedToWorkers]++
      this.#post(RelayKind.offer, receiver, end)
    }
  }

  /** Brings the answer of a request to the member whose offer it answers. @param answerer the member it is from */
  answer(request: WebTorrentRequest, input: Uint8Array, answerer: number, nowSeconds: number): void {
    const view = this.#view
    const { infoHashWords: hash, toPeerIdWords: to } = request
    const receiver = this.#swarm.find(
      hash[0],
      hash[1],
      hash[2],
      hash[3],
      hash[4],
      to[0],
      to[1],
      to[2],
      to[3],
      to[4],
    )
    if (receiver === 0 || !this.#swarm.read(receiver, view)) {
      this.#counters[WsCounter.answersToNobody]++
      return
    }
    const key = this.#key
    this.#expected.offerKey(receiver, request.offerIdWords, 0, request.peerIdWords, key)
    const end = encodeAnswer(
      this.#server.output,
      TEXT_AT,
      request.infoHash,
      request.peerId,
      input,
      request.answerStart,
      request.answerEnd,
      request.offerId,
      0,
    )
    if (view.worker !== this.#worker) {
      this.#counters[WsCounter.answersRelayedToWorkers]++
      this.#message.fromMember = answerer
      this.#post(RelayKind.answer, receiver, end)
    } else if (this.#expected.take(key[0], key[1], nowSeconds)) this.#send(WsCounter.responsesAnswer, end)
    else if (this.#swarm.read(answerer, view) && view.worker === this.#worker) this.#refuse()
  }

  /** Delivers what other workers have put into this one's inbox. */
  drain(nowSeconds: number): void {
    this.#nowSeconds = nowSeconds
    this.#inboxes.drain(this.#deliver)
  }

  #receive(message: RelayMessage, payload: Uint8Array, start: number, end: number): void {
    if (!this.#isHere(message)) {
      this.#counters[WsCounter.deliveriesToGone]++
    } else if (message.kind === RelayKind.refusal) {
      this.#refuse()
    } else if (message.kind === RelayKind.offer) {
      this.#send(WsCounter.responsesOffer, this.#copyText(payload, start, end))
    } else if (this.#expected.take(message.offerKey0, message.offerKey1, this.#nowSeconds)) {
      this.#send(WsCounter.responsesAnswer, this.#copyText(payload, start, end))
    } else {
      this.#refuseElsewhere(message)
    }
  }

  /** Reads the member that a message is for. @returns whether it is still the one that was meant, and connected here */
  #isHere(message: RelayMessage): boolean {
    const view = this.#view
    if (!this.#swarm.read(message.member, view) || view.worker !== this.#worker) return false
    for (let word = 0; word < 5; word++) {
      if (view.hashWords[word] !== message.hashWords[word]) return false
    }
    return true
  }

  #copyText(payload: Uint8Array, start: number, end: number): number {
    const { output } = this.#server
    let at = TEXT_AT
    for (let from = start; from < end; from++) output[at++] = payload[from]
    return at
  }

  /** Sends output[TEXT_AT, end) to the member in view, which is connected here. */
  #send(counter: number, end: number): void {
    const { slot, generation } = this.#view
    if (this.#server.generations[slot] !== generation || !this.#sockets.sendText(slot, TEXT_AT, end)) {
      this.#counters[WsCounter.deliveriesToGone]++
      return
    }
    const family = this.#server.families[slot] === 6 ? IPV6_WS_COUNTERS : 0
    this.#counters[counter + family]++
    this.#counters[WsCounter.bytesSent + family] += end - TEXT_AT
  }

  /** Puts output[TEXT_AT, end) into the inbox of the worker of the member in view. */
  #post(kind: number, member: number, end: number): void {
    const { worker, hashWords } = this.#view
    const message = this.#message
    message.kind = kind
    message.member = member
    message.fromWorker = this.#worker
    for (let word = 0; word < 5; word++) message.hashWords[word] = hashWords[word]
    message.offerKey0 = this.#key[0]
    message.offerKey1 = this.#key[1]
    if (this.#inboxes.push(worker, message, this.#server.output, TEXT_AT, end)) return
    const isOffer = kind === RelayKind.offer
    this.#counters[isOffer ? WsCounter.offersDroppedFull : WsCounter.answersDroppedFull]++
  }

  /** Tells the member in view that its answer was not expected. */
  #refuse(): void {
    this.#counters[WsCounter.answersUnexpected]++
    const { hash } = this.#view
    this.#send(
      WsCounter.responsesFailure,
      encodeFailure(this.#server.output, TEXT_AT, UNEXPECTED_ANSWER_TEXT, MessageAction.announce, hash),
    )
  }

  /** Lets the answerer's worker say so: the message in hand is turned round. */
  #refuseElsewhere(answer: RelayMessage): void {
    const message = this.#message
    message.kind = RelayKind.refusal
    message.member = answer.fromMember
    for (let word = 0; word < 5; word++) message.hashWords[word] = answer.hashWords[word]
    message.fromWorker = this.#worker
    this.#inboxes.push(answer.fromWorker, message, this.#server.output, 0, 0)
  }
}
