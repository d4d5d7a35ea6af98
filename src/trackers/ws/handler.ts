// The WebTorrent tracker's rules: one message in, its answer and what it has for others out. Pure but for the swarm,
// the relay and the counters: no sockets, no clock, no logging.

import type { StreamServer } from '../../net/stream.js'
import type { WebSocketProtocol, WebSocketStreams } from '../../net/websocket.js'
import { latin1Bytes } from '../../protocol/http/ascii.js'
import { WebTorrentDecoder } from '../../protocol/webtorrent/decoder.js'
import {
  MessageEvent,
  MessageStatus,
  messageFailureTexts,
  WebTorrentRequest,
} from '../../protocol/webtorrent/request.js'
import {
  beginScrapeResponse,
  encodeAnnounceResponse,
  encodeFailure,
  endScrapeResponse,
  relayBytesMax,
  scrapeResponseBytesMax,
  writeScrapeFile,
} from '../../protocol/webtorrent/responses.js'
import { TorrentCounts } from '../../swarm/announce.js'
import {
  MemberView,
  WebTorrentAnnounce,
  WebTorrentOutcome,
  WebTorrentResult,
  type WebTorrentSwarm,
} from '../../swarm/web-torrent.js'
import type { Stopwatch } from '../http/handler.js'
import type { PeerIdTable } from '../peer-id-table.js'
import type { TorrentFilter } from '../torrent-filter.js'
import { IPV6_WS_COUNTERS, WsCounter } from './counters.js'
import { Memberships } from './memberships.js'
import { type Relay, TEXT_AT, UNEXPECTED_ANSWER_TEXT } from './relay.js'
import type { WsRules } from './rules.js'

const REFUSED_TEXT = latin1Bytes('Info hash not allowed')
const FULL_SCRAPE_TEXT = latin1Bytes('Full scrapes are not allowed')
const NO_MEMORY_TEXT = latin1Bytes('Tracker is full, try again later')
const FOREIGN_PEER_ID_TEXT = latin1Bytes('This peer id is in use at another address')
const LONG_ANSWER_TEXT = latin1Bytes('Answer is too long')
const TOO_MANY_TORRENTS_TEXT = latin1Bytes('Too many torrents on one connection')

/** Bytes that a worker's output buffer needs for what WebTorrent writes: one message with room for its header. */
export function wsOutputBytesFor({ messages }: WsRules): number {
  return (
    TEXT_AT +
    Math.max(relayBytesMax(messages.maxOfferBytes), scrapeResponseBytesMax(messages.maxScrapeTorrents), 4096)
  )
}

/** What a handler works with; `worker` is its number among the WebTorrent workers. */
export interface WebTorrentParts {
  readonly server: StreamServer
  readonly sockets: WebSocketStreams
  readonly rules: WsRules
  readonly swarm: WebTorrentSwarm
  readonly relay: Relay
  readonly worker: number
  readonly filter: TorrentFilter | null
  readonly peerIds: PeerIdTable | null
  /** One worker's block, indexed by `WsCounter`. */
  readonly counters: Float64Array
  readonly startedAtSeconds: number
  readonly stopwatch: Stopwatch | null
  /** Connections of the server: `StreamLimits.capacity`. */
  readonly capacity: number
}

export class WebTorrentHandler implements WebSocketProtocol {
  readonly #parts: WebTorrentParts
  readonly #server: StreamServer
  readonly #rules: WsRules
  readonly #swarm: WebTorrentSwarm
  readonly #relay: Relay
  readonly #counters: Float64Array
  readonly #decoder: WebTorrentDecoder
  readonly #request: WebTorrentRequest
  readonly #announce = new WebTorrentAnnounce()
  readonly #result: WebTorrentResult
  readonly #counts = new TorrentCounts()
  readonly #view = new MemberView()
  readonly #memberships: Memberships

  constructor(parts: WebTorrentParts) {
    const { rules } = parts
    this.#parts = parts
    this.#server = parts.server
    this.#rules = rules
    this.#swarm = parts.swarm
    this.#relay = parts.relay
    this.#counters = parts.counters
    this.#decoder = new WebTorrentDecoder(rules.messages)
    this.#request = new WebTorrentRequest(rules.messages)
    this.#result = new WebTorrentResult(rules.messages.maxOffers)
    this.#memberships = new Memberships(parts.capacity)
    this.#announce.worker = parts.worker
    this.#announce.maxPeerAgeSeconds = rules.maxPeerAgeSeconds
  }

  opened(connection: number): void {
    this.#counters[WsCounter.connectionsOpened + this.#family(connection)]++
  }

  message(connection: number, input: Uint8Array, start: number, end: number): void {
    const { filter, stopwatch } = this.#parts
    const counters = this.#counters
    const family = this.#family(connection)
    counters[WsCounter.reads]++
    counters[WsCounter.bytesReceived + family] += end - start
    stopwatch?.start()
    filter?.begin()
    const status = this.#decoder.decode(input, start, end, this.#request)
    if (status === MessageStatus.announce) {
      counters[WsCounter.requestsAnnounce + family]++
      this.#handleAnnounce(connection, input)
    } else if (status === MessageStatus.scrape) {
      counters[WsCounter.requestsScrape + family]++
      this.#handleScrape(connection)
    } else {
      counters[WsCounter.requestsInvalid + family]++
      this.#fail(connection, messageFailureTexts[status])
    }
    filter?.end()
    stopwatch?.record(1)
  }

  closed(connection: number): void {
    const { worker } = this.#parts
    const generation = this.#server.generations[connection]
    this.#counters[WsCounter.connectionsClosed + this.#family(connection)]++
    for (;;) {
      const member = this.#memberships.pop(connection)
      if (member === 0) return
      this.#swarm.leave(member, worker, connection, generation)
    }
  }

  /** Other workers have put something into this one's inbox. */
  woken(): void {
    this.#relay.drain(this.#nowSeconds())
  }

  #handleAnnounce(connection: number, input: Uint8Array): void {
    const request = this.#request
    const counters = this.#counters
    if (!(this.#parts.filter?.allowsAt(request.infoHashWords, 0) ?? true)) {
      counters[WsCounter.announcesRefusedByAccessList]++
      this.#fail(connection, REFUSED_TEXT)
      return
    }
    const nowSeconds = this.#nowSeconds()
    counters[WsCounter.offersReceived] += request.offerCount + request.offersDropped + request.offersOmitted
    counters[WsCounter.offersDropped] += request.offersDropped + request.offersOmitted
    if (this.#isMereAnswer()) {
      this.#handleAnswer(connection, input, nowSeconds)
      return
    }
    if (!this.#register(connection, nowSeconds)) return
    this.#parts.sockets.touch(connection)
    this.#answerAnnounce(connection)
    this.#relayOffers(input, nowSeconds)
    if (this.#hasAnswer()) this.#handleAnswer(connection, input, nowSeconds)
  }

  /**
   * Clients send answers in announces that say nothing else, not even what is left: these change nothing and are not
   * answered (clients take the first response after their announce for the one to it).
   */
  #isMereAnswer(): boolean {
    const { offerCount, event } = this.#request
    return this.#hasAnswer() && offerCount === 0 && event === MessageEvent.none
  }

  /** Also one that is too long to be passed on: it says no more of the peer than others. */
  #hasAnswer(): boolean {
    return this.#request.answerEnd > 0 || this.#request.isAnswerDropped
  }

  /** Stores what the announce says of its peer. @returns false if it was refused, which the client has been told */
  #register(connection: number, nowSeconds: number): boolean {
    const request = this.#request
    const result = this.#result
    const memberships = this.#memberships
    const isStopped = request.event === MessageEvent.stopped
    const known = isStopped || this.#isCrowded(connection) ? this.#findMember() : 0
    if (!isStopped && this.#isCrowded(connection) && !memberships.has(connection, known)) {
      this.#counters[WsCounter.membersRefused]++
      this.#fail(connection, TOO_MANY_TORRENTS_TEXT)
      return false
    }
    if (isStopped && this.#isSuperseded(connection, known)) {
      memberships.remove(connection, known)
      this.#countOthers()
      return true
    }
    this.#fillAnnounce(connection, nowSeconds)
    const outcome = this.#swarm.announce(this.#announce, result)
    if (outcome !== WebTorrentOutcome.stored && !this.#isAnswerable(connection, outcome)) return false
    if (result.isTakenOver) this.#counters[WsCounter.takeovers]++
    if (isStopped) memberships.remove(connection, known)
    else if (result.member !== 0 && (result.isNewMember || result.isTakenOver)) {
      if (!memberships.has(connection, result.member)) memberships.add(connection, result.member)
    }
    this.#note(connection, nowSeconds)
    return true
  }

  /**
   * Whether the member was this connection's until another one took it over: the last words of a page that was loaded
   * again may be read after the first ones of the new page, which is there to stay.
   */
  #isSuperseded(connection: number, member: number): boolean {
    return this.#memberships.has(connection, member) && !this.#isConnectedBy(connection, member)
  }

  /** Fills the result as for somebody who is not in the torrent. */
  #countOthers(): void {
    const [hash0, hash1, hash2, hash3, hash4] = this.#request.infoHashWords
    const result = this.#result
    this.#swarm.scrape(hash0, hash1, hash2, hash3, hash4, this.#counts)
    result.complete = this.#counts.seedersIpv4
    result.incomplete = this.#counts.leechersIpv4
    result.member = 0
    result.receiverCount = 0
  }

  /** Counts why a peer was not stored. @returns whether its announce is answered all the same */
  #isAnswerable(connection: number, outcome: number): boolean {
    const counters = this.#counters
    if (outcome === WebTorrentOutcome.peerRefused) {
      counters[WsCounter.peersRefusedByMemoryLimit]++
      return true
    }
    if (outcome === WebTorrentOutcome.foreignPeerId) {
      counters[WsCounter.foreignPeerIds]++
      this.#fail(connection, FOREIGN_PEER_ID_TEXT)
      return false
    }
    if (outcome === WebTorrentOutcome.membersFull) counters[WsCounter.membersRefused]++
    else counters[WsCounter.announcesRefusedByMemoryLimit]++
    this.#fail(connection, NO_MEMORY_TEXT)
    return false
  }

  /** What is counted beside the swarm. */
  #note(connection: number, nowSeconds: number): void {
    const { event, peerIdWords } = this.#request
    const { peerIds } = this.#parts
    const counters = this.#counters
    if (event === MessageEvent.completed) counters[WsCounter.announcesCompleted + this.#family(connection)]++
    if (peerIds === null) return
    if (event === MessageEvent.stopped) peerIds.remove(peerIdWords, 0)
    else counters[WsCounter.peerIdsReplaced] += peerIds.note(peerIdWords, 0, nowSeconds)
  }

  #fillAnnounce(connection: number, nowSeconds: number): void {
    const { addresses, families, generations } = this.#server
    const { infoHashWords: hash, peerIdWords: peer, event, isSeeder } = this.#request
    const announce = this.#announce
    announce.hash0 = hash[0]
    announce.hash1 = hash[1]
    announce.hash2 = hash[2]
    announce.hash3 = hash[3]
    announce.hash4 = hash[4]
    announce.peer0 = peer[0]
    announce.peer1 = peer[1]
    announce.peer2 = peer[2]
    announce.peer3 = peer[3]
    announce.peer4 = peer[4]
    announce.slot = connection
    announce.generation = generations[connection]
    announce.family = families[connection]
    announce.address0 = addresses[connection * 4]
    announce.address1 = addresses[connection * 4 + 1]
    announce.address2 = addresses[connection * 4 + 2]
    announce.address3 = addresses[connection * 4 + 3]
    announce.event = event
    announce.seeder = isSeeder
    announce.wantedReceivers = event === MessageEvent.stopped ? 0 : this.#receiversWanted()
    announce.nowSeconds = nowSeconds
  }

  #receiversWanted(): number {
    const { numwant, offerCount } = this.#request
    return numwant < 0 ? offerCount : Math.min(numwant, offerCount)
  }

  #answerAnnounce(connection: number): void {
    const { complete, incomplete } = this.#result
    const interval = this.#rules.announceIntervalSeconds
    const { output } = this.#server
    const end = encodeAnnounceResponse(
      output,
      TEXT_AT,
      this.#request.infoHash,
      complete,
      incomplete,
      interval,
    )
    this.#send(connection, WsCounter.responsesAnnounce, end)
  }

  /** Each offer goes to another member. */
  #relayOffers(input: Uint8Array, nowSeconds: number): void {
    const { member, receiverCount, receivers } = this.#result
    this.#counters[WsCounter.offersWithoutReceiver] += this.#request.offerCount - receiverCount
    for (let index = 0; index < receiverCount; index++) {
      this.#relay.offer(this.#request, index, input, member, receivers[index], nowSeconds)
    }
  }

  /** An answer counts only from a member that is connected here. */
  #handleAnswer(connection: number, input: Uint8Array, nowSeconds: number): void {
    const { hasOfferId, hasToPeerId, isAnswerDropped } = this.#request
    this.#counters[WsCounter.answersReceived]++
    if (isAnswerDropped) {
      this.#counters[WsCounter.answersDropped]++
      this.#fail(connection, LONG_ANSWER_TEXT)
      return
    }
    const answerer = this.#findMember()
    if (!hasOfferId || !hasToPeerId || !this.#isConnectedBy(connection, answerer)) {
      this.#counters[WsCounter.answersUnexpected]++
      this.#fail(connection, UNEXPECTED_ANSWER_TEXT)
      return
    }
    this.#relay.answer(this.#request, input, answerer, nowSeconds)
  }

  /** Memberships don't tell: the member may have been taken over since, or its number be another's. */
  #isConnectedBy(connection: number, member: number): boolean {
    const view = this.#view
    return (
      this.#swarm.read(member, view) &&
      view.worker === this.#parts.worker &&
      view.slot === connection &&
      view.generation === this.#server.generations[connection]
    )
  }

  #handleScrape(connection: number): void {
    const request = this.#request
    if (request.isFullScrape) {
      this.#counters[WsCounter.fullScrapesRefused]++
      this.#fail(connection, FULL_SCRAPE_TEXT)
      return
    }
    if (request.scrapeOmitted > 0) this.#counters[WsCounter.scrapesCut]++
    const { output } = this.#server
    let at = beginScrapeResponse(output, TEXT_AT)
    for (let index = 0; index < request.scrapeCount; index++) {
      const counts = this.#countsOf(index * 5)
      const { seedersIpv4, leechersIpv4, downloads } = counts
      at = writeScrapeFile(output, at, request.scrapeHashes, index * 20, seedersIpv4, downloads, leechersIpv4)
    }
    this.#parts.sockets.touch(connection)
    this.#send(connection, WsCounter.responsesScrape, endScrapeResponse(output, at))
  }

  /** Zeros for torrents that are unknown or not served. @param at first word of the hash in `scrapeHashWords` */
  #countsOf(at: number): TorrentCounts {
    const counts = this.#counts
    const words = this.#request.scrapeHashWords
    const isServed = this.#parts.filter?.allowsAt(words, at) ?? true
    if (isServed) {
      this.#swarm.scrape(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4], counts)
    } else {
      counts.seedersIpv4 = 0
      counts.leechersIpv4 = 0
      counts.downloads = 0
    }
    return counts
  }

  #findMember(): number {
    const { infoHashWords: hash, peerIdWords: peer } = this.#request
    return this.#swarm.find(
      hash[0],
      hash[1],
      hash[2],
      hash[3],
      hash[4],
      peer[0],
      peer[1],
      peer[2],
      peer[3],
      peer[4],
    )
  }

  #isCrowded(connection: number): boolean {
    return this.#memberships.count(connection) >= this.#rules.maxTorrentsPerConnection
  }

  #fail(connection: number, reason: Uint8Array): void {
    const { action, hasInfoHash, infoHash } = this.#request
    const end = encodeFailure(this.#server.output, TEXT_AT, reason, action, hasInfoHash ? infoHash : null)
    this.#send(connection, WsCounter.responsesFailure, end)
  }

  /** Sends output[TEXT_AT, end). */
  #send(connection: number, counter: number, end: number): void {
    if (!this.#parts.sockets.sendText(connection, TEXT_AT, end)) return
    const family = this.#family(connection)
    this.#counters[counter + family]++
    this.#counters[WsCounter.bytesSent + family] += end - TEXT_AT
  }

  #family(connection: number): number {
    return this.#server.families[connection] === 6 ? IPV6_WS_COUNTERS : 0
  }

  #nowSeconds(): number {
    return Math.floor(this.#server.nowSeconds) - this.#parts.startedAtSeconds
  }
}
