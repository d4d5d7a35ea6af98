// One HTTP request, decoded and known to be whole, answered into the output: asks the swarm, counts, encodes. Pure but
// for the swarm and the counters: no sockets, no clock, no logging; nothing is allocated.

import { decodeAnnounceQuery, HttpAnnounceRequest } from '../../protocol/http/announce-query.js'
import { encodeAnnounceResponse, HttpAnnounceAnswer } from '../../protocol/http/announce-response.js'
import { latin1Bytes } from '../../protocol/http/ascii.js'
import { encodeFailureResponse, HttpFailureAnswer, RetryIn } from '../../protocol/http/failure-response.js'
import type { IpAddress } from '../../protocol/http/ip-text.js'
import { encodeHttpError, encodePage } from '../../protocol/http/plain-response.js'
import { QueryStatus, queryFailureTexts } from '../../protocol/http/query-status.js'
import { ResponseHead } from '../../protocol/http/response-head.js'
import { decodeScrapeQuery, HttpScrapeRequest } from '../../protocol/http/scrape-query.js'
import { encodeScrapeResponse, HttpScrapeAnswer } from '../../protocol/http/scrape-response.js'
import { decodeTarget, RequestTarget, Route } from '../../protocol/http/target.js'
import { Announce, AnnounceEvent, AnnounceResult, Outcome, TorrentCounts } from '../../swarm/announce.js'
import type { Swarm } from '../../swarm/swarm.js'
import type { PeerIdTable } from '../peer-id-table.js'
import type { TorrentFilter } from '../torrent-filter.js'
import type { AnswerTerms, RequestAnswers } from './answer-terms.js'
import { HttpCounter, IPV6_COUNTERS } from './counters.js'
import type { HttpRules } from './rules.js'

const PEER_BYTES_IPV4 = 6
const PEER_BYTES_IPV6 = 18
/** Head and counts of an announce answer, and of any small page. */
const ANSWER_BYTES_BESIDE_PEERS = 512
/** A peer as a dictionary: its address has up to 39 characters. */
const PEER_DICTIONARY_BYTES = 72
/** `20:` hash, `d8:complete i_e 10:downloaded i_e 10:incomplete i_e e`, each number of up to ten digits. */
const SCRAPE_FILE_BYTES = 110

/** Minutes after which a client may try again where memory ran out (BEP 31). */
const FULL_RETRY_MINUTES = 15

const REFUSED_TEXT = latin1Bytes('Info hash not allowed')
const NO_MEMORY_TEXT = latin1Bytes('Tracker is full, try again later')
const FULL_SCRAPE_TEXT = latin1Bytes('Full scrapes are not allowed')
const ROOT_PAGE = latin1Bytes('aquatic BitTorrent tracker. Announce at /announce, scrape at /scrape.\n')
const HEALTH_PAGE = latin1Bytes('OK')
const ROBOTS_PAGE = latin1Bytes('User-agent: *\nDisallow: /\n')
const PLAIN_HEAD = new ResponseHead('200 OK', 'text/plain')

/** The longest answer under these rules, in bytes. */
export function answerBytesMax({ maxPeers, maxScrapeTorrents }: HttpRules): number {
  return (
    ANSWER_BYTES_BESIDE_PEERS +
    Math.max(maxPeers * PEER_DICTIONARY_BYTES, maxScrapeTorrents * SCRAPE_FILE_BYTES)
  )
}

export class HttpAnswers implements RequestAnswers {
  readonly answerBytesMax: number
  readonly #rules: HttpRules
  readonly #swarm: Swarm
  readonly #filter: TorrentFilter | null
  readonly #peerIds: PeerIdTable | null
  readonly #counters: Float64Array
  readonly #target = new RequestTarget()
  readonly #announceRequest = new HttpAnnounceRequest()
  readonly #announceAnswer = new HttpAnnounceAnswer()
  readonly #scrapeRequest: HttpScrapeRequest
  readonly #scrapeAnswer: HttpScrapeAnswer
  readonly #failure = new HttpFailureAnswer()
  readonly #announce = new Announce()
  readonly #result = new AnnounceResult()
  readonly #counts = new TorrentCounts()
  /** Compact peers as the swarm writes them, and the same memory as bytes. */
  readonly #peerHalves: Uint16Array
  readonly #peerBytes: Uint8Array
  readonly #peerIdWords = new Int32Array(5)

  /** @param counters one worker's block, indexed by `HttpCounter` */
  constructor(
    rules: HttpRules,
    swarm: Swarm,
    filter: TorrentFilter | null,
    peerIds: PeerIdTable | null,
    counters: Float64Array,
  ) {
    this.answerBytesMax = answerBytesMax(rules)
    this.#rules = rules
    this.#swarm = swarm
    this.#filter = filter
    this.#peerIds = peerIds
    this.#counters = counters
    this.#scrapeRequest = new HttpScrapeRequest(rules.maxScrapeTorrents)
    this.#scrapeAnswer = new HttpScrapeAnswer(rules.maxScrapeTorrents)
    this.#peerHalves = new Uint16Array((rules.maxPeers * PEER_BYTES_IPV6) / 2)
    this.#peerBytes = new Uint8Array(this.#peerHalves.buffer)
    this.#announce.bothFamilies = true
    this.#announce.maxPeerAgeSeconds = rules.maxPeerAgeSeconds
  }

  answer(
    input: Uint8Array,
    start: number,
    end: number,
    client: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const target = this.#target
    terms.isFullScrape = false
    switch (decodeTarget(input, start, end, target)) {
      case Route.announce:
        return this.#answerAnnounce(input, target, client, terms, out, at)
      case Route.scrape:
        return this.#answerScrape(input, target, client, terms, out, at)
      case Route.root:
        return this.#page(ROOT_PAGE, client, terms, out, at)
      case Route.health:
        return this.#page(HEALTH_PAGE, client, terms, out, at)
      case Route.robots:
        return this.#page(ROBOTS_PAGE, client, terms, out, at)
      default:
        this.#counters[HttpCounter.httpErrorsNotFound]++
        return this.httpError(404, client.family, terms, out, at)
    }
  }

  needsAddress(input: Uint8Array, start: number, end: number): boolean {
    const route = decodeTarget(input, start, end, this.#target)
    return route === Route.announce || route === Route.scrape
  }

  httpError(status: number, family: number, terms: AnswerTerms, out: Uint8Array, at: number): number {
    this.#counters[HttpCounter.responsesHttpError + familyCounters(family)]++
    return encodeHttpError(out, at, out.length, status, terms.connection, terms.headOnly)
  }

  /** Bencoded, as BEP 3 says. */
  fail(
    text: Uint8Array,
    retryInMinutes: number,
    family: number,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const answer = this.#failure
    answer.connection = terms.connection
    answer.headOnly = terms.headOnly
    answer.retryInMinutes = retryInMinutes
    answer.intervalSeconds = this.#rules.announceIntervalSeconds
    this.#counters[HttpCounter.responsesFailure + familyCounters(family)]++
    return encodeFailureResponse(out, at, out.length, text, answer)
  }

  #answerAnnounce(
    input: Uint8Array,
    { queryStart, queryEnd }: RequestTarget,
    client: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const counters = this.#counters
    const request = this.#announceRequest
    const family = familyCounters(client.family)
    counters[HttpCounter.requestsAnnounce + family]++
    const status = decodeAnnounceQuery(input, queryStart, queryEnd, request)
    if (status !== QueryStatus.ok) {
      counters[HttpCounter.failuresBadQuery]++
      return this.fail(queryFailureTexts[status], RetryIn.never, client.family, terms, out, at)
    }
    const { infoHash0, infoHash1, infoHash2, infoHash3, infoHash4 } = request
    const isServed = this.#filter?.allows(infoHash0, infoHash1, infoHash2, infoHash3, infoHash4) ?? true
    if (!isServed) {
      counters[HttpCounter.announcesRefusedByAccessList]++
      return this.fail(REFUSED_TEXT, RetryIn.never, client.family, terms, out, at)
    }
    this.#fillAnnounce(client, terms)
    const outcome = this.#swarm.announce(this.#announce, this.#result, this.#peerHalves, 0)
    if (outcome === Outcome.torrentRefused) {
      counters[HttpCounter.announcesRefusedByMemoryLimit]++
      return this.fail(NO_MEMORY_TEXT, FULL_RETRY_MINUTES, client.family, terms, out, at)
    }
    if (outcome === Outcome.peerRefused) counters[HttpCounter.peersRefusedByMemoryLimit]++
    if (this.#peerIds !== null && request.hasPeerId && !terms.headOnly) this.#notePeerId(this.#peerIds, terms)
    if (request.event === AnnounceEvent.completed && !terms.headOnly) {
      counters[HttpCounter.announcesCompleted + family]++
    }
    counters[HttpCounter.responsesAnnounce + family]++
    this.#fillAnswer(client, terms)
    return encodeAnnounceResponse(out, at, out.length, this.#announceAnswer, this.#peerBytes)
  }

  #fillAnnounce({ family, words }: IpAddress, { headOnly, nowSeconds }: AnswerTerms): void {
    const request = this.#announceRequest
    const announce = this.#announce
    announce.hash0 = request.infoHash0
    announce.hash1 = request.infoHash1
    announce.hash2 = request.infoHash2
    announce.hash3 = request.infoHash3
    announce.hash4 = request.infoHash4
    announce.family = family
    announce.address0 = words[0]
    announce.address1 = words[1]
    announce.address2 = words[2]
    announce.address3 = words[3]
    // Port 0 is never listed: so HEAD registers nobody.
    announce.wirePort = headOnly ? 0 : request.wirePort
    announce.event = headOnly ? AnnounceEvent.none : request.event
    announce.seeder = request.leftIsZero
    const most = this.#rules.maxPeers
    announce.wanted = request.numwant < 0 || request.numwant > most ? most : request.numwant
    announce.nowSeconds = nowSeconds
  }

  #fillAnswer(client: IpAddress, { connection, headOnly }: AnswerTerms): void {
    const rules = this.#rules
    const result = this.#result
    const answer = this.#announceAnswer
    answer.connection = connection
    answer.headOnly = headOnly
    answer.complete = result.seeders
    answer.incomplete = result.leechers
    answer.downloaded = result.downloads
    answer.intervalSeconds = rules.announceIntervalSeconds
    answer.minIntervalSeconds = rules.minAnnounceIntervalSeconds
    answer.compact = this.#announceRequest.compact
    answer.externalIpBytes = client.family === 6 ? 16 : 4
    for (let index = 0; index < answer.externalIpBytes; index++)
      answer.externalIp[index] = client.bytes[index]
    // The client's own family comes first, the other one behind it.
    const isIpv6 = client.family === 6
    const ownEnd = result.peersWritten * (isIpv6 ? PEER_BYTES_IPV6 : PEER_BYTES_IPV4)
    const end = ownEnd + result.otherPeersWritten * (isIpv6 ? PEER_BYTES_IPV4 : PEER_BYTES_IPV6)
    answer.peersStart = isIpv6 ? ownEnd : 0
    answer.peersEnd = isIpv6 ? end : ownEnd
    answer.peers6Start = isIpv6 ? 0 : ownEnd
    answer.peers6End = isIpv6 ? ownEnd : end
  }

  #notePeerId(peerIds: PeerIdTable, { nowSeconds }: AnswerTerms): void {
    const request = this.#announceRequest
    const words = this.#peerIdWords
    words[0] = request.peerId0
    words[1] = request.peerId1
    words[2] = request.peerId2
    words[3] = request.peerId3
    words[4] = request.peerId4
    if (request.event === AnnounceEvent.stopped) peerIds.remove(words, 0)
    else this.#counters[HttpCounter.peerIdsReplaced] += peerIds.note(words, 0, nowSeconds)
  }

  #answerScrape(
    input: Uint8Array,
    { queryStart, queryEnd }: RequestTarget,
    client: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const counters = this.#counters
    const family = familyCounters(client.family)
    const request = this.#scrapeRequest
    counters[HttpCounter.requestsScrape + family]++
    const status = decodeScrapeQuery(input, queryStart, queryEnd, request)
    if (status === QueryStatus.missingInfoHash && this.#rules.fullScrapeIntervalSeconds > 0) {
      terms.isFullScrape = true
      return at
    }
    if (status === QueryStatus.missingInfoHash) {
      counters[HttpCounter.failuresFullScrape]++
      return this.fail(FULL_SCRAPE_TEXT, RetryIn.never, client.family, terms, out, at)
    }
    if (status !== QueryStatus.ok) {
      counters[HttpCounter.failuresBadQuery]++
      return this.fail(queryFailureTexts[status], RetryIn.never, client.family, terms, out, at)
    }
    if (request.cut > 0) counters[HttpCounter.scrapesCut]++
    this.#countTorrents(request)
    const answer = this.#scrapeAnswer
    answer.connection = terms.connection
    answer.headOnly = terms.headOnly
    counters[HttpCounter.responsesScrape + family]++
    return encodeScrapeResponse(out, at, out.length, request, answer)
  }

  /** Zeros for torrents that are unknown or not served. */
  #countTorrents({ words, count }: HttpScrapeRequest): void {
    const answer = this.#scrapeAnswer
    const counts = this.#counts
    for (let index = 0; index < count; index++) {
      const hash = index * 5
      const isServed = this.#filter?.allowsAt(words, hash) ?? true
      if (isServed) {
        this.#swarm.scrape(
          words[hash],
          words[hash + 1],
          words[hash + 2],
          words[hash + 3],
          words[hash + 4],
          counts,
        )
      }
      answer.complete[index] = isServed ? counts.seedersIpv4 + counts.seedersIpv6 : 0
      answer.downloaded[index] = isServed ? counts.downloads : 0
      answer.incomplete[index] = isServed ? counts.leechersIpv4 + counts.leechersIpv6 : 0
    }
  }

  #page(body: Uint8Array, client: IpAddress, terms: AnswerTerms, out: Uint8Array, at: number): number {
    this.#counters[HttpCounter.requestsOther + familyCounters(client.family)]++
    this.#counters[HttpCounter.responsesPage + familyCounters(client.family)]++
    return encodePage(out, at, out.length, PLAIN_HEAD, body, terms.connection, terms.headOnly)
  }
}

function familyCounters(family: number): number {
  return family === 6 ? IPV6_COUNTERS : 0
}
