// A UDP request's way from bytes to answer: decode, check the connection id, ask the swarm, encode in place.
// Pure but for the swarm and the counters: no sockets, no clock, no logging.

import type { UdpConfig } from '../../config/udp.js'
import type { UdpBatch } from '../../net/udp-batch.js'
import type { PacketMemory } from '../../protocol/packet-memory.js'
import {
  decodeRequest,
  encodeAnnounceResponseHeader,
  encodeConnectResponse,
  encodeErrorResponse,
  encodeScrapeResponseEntry,
  encodeScrapeResponseHeader,
  looksLikeAnnounce,
  RequestKind,
  UdpBytes,
  UdpRequest,
} from '../../protocol/udp.js'
import { Announce, AnnounceEvent, AnnounceResult, Outcome, TorrentCounts } from '../../swarm/announce.js'
import type { Lookahead } from '../../swarm/lookahead.js'
import type { Swarm } from '../../swarm/swarm.js'
import type { PeerIdTable } from '../peer-id-table.js'
import type { TorrentFilter } from '../torrent-filter.js'
import type { ConnectionIds } from './connection-id.js'
import { UdpCounter } from './counters.js'

/** The rules of `[protocol]` and `[cleaning]` that answers depend on. */
export interface UdpRules {
  readonly maxScrapeTorrents: number
  readonly maxResponsePeers: number
  readonly announceIntervalSeconds: number
  readonly maxPeerAgeSeconds: number
}

const text = (message: string): Uint8Array => new TextEncoder().encode(message)
const FULL_SCRAPE_TEXT = text('Full scrapes are not allowed')
const BROKEN_SCRAPE_TEXT = text('Invalid info hash list')
const REFUSED_TEXT = text('Info hash not allowed')
const NO_MEMORY_TEXT = text('Tracker is full, try again later')

/** The rules that a configuration sets. */
export function rulesOf({ protocol, cleaning }: UdpConfig): UdpRules {
  return {
    maxScrapeTorrents: protocol.maxScrapeTorrents,
    maxResponsePeers: protocol.maxResponsePeers,
    announceIntervalSeconds: protocol.peerAnnounceInterval,
    maxPeerAgeSeconds: cleaning.maxPeerAge,
  }
}

/** The longest IPv4 answer under these rules, in bytes. */
export function answerBytesMax(rules: UdpRules): number {
  return Math.max(
    UdpBytes.announceResponseHeader + rules.maxResponsePeers * UdpBytes.peerIpv4,
    UdpBytes.scrapeResponseHeader + rules.maxScrapeTorrents * UdpBytes.scrapeResponseEntry,
  )
}

/** Room for the longest answer, and for as much of the longest request as is read: the slot of a batch, in bytes. */
export function packetBytesFor(rules: UdpRules): number {
  return Math.max(
    UdpBytes.announceRequest,
    UdpBytes.announceResponseHeader + rules.maxResponsePeers * UdpBytes.peerIpv6,
    UdpBytes.scrapeHeader + rules.maxScrapeTorrents * UdpBytes.infoHash,
  )
}

export class UdpHandler {
  readonly #rules: UdpRules
  readonly #swarm: Swarm
  readonly #connectionIds: ConnectionIds
  readonly #filter: TorrentFilter | null
  readonly #counters: Float64Array
  readonly #request = new UdpRequest()
  readonly #announce = new Announce()
  readonly #result = new AnnounceResult()
  readonly #torrent = new TorrentCounts()
  readonly #lookahead: Lookahead
  readonly #peerIds: PeerIdTable | null
  /** Where in the lookahead request i of the batch is, if it is an announce. */
  readonly #places: Int32Array

  /**
   * @param counters one worker's block, indexed by `UdpCounter`
   * @param peerIds where to note them, if clients are counted
   */
  constructor(
    rules: UdpRules,
    swarm: Swarm,
    connectionIds: ConnectionIds,
    filter: TorrentFilter | null,
    counters: Float64Array,
    lookahead: Lookahead,
    peerIds: PeerIdTable | null,
  ) {
    this.#peerIds = peerIds
    this.#lookahead = lookahead
    this.#places = new Int32Array(lookahead.hashes.length)
    this.#rules = rules
    this.#swarm = swarm
    this.#connectionIds = connectionIds
    this.#filter = filter
    this.#counters = counters
  }

  /** Answers all requests of the batch in place; `batch.answerLengths` says how. */
  handleBatch(batch: UdpBatch, nowSeconds: number): void {
    this.#lookAhead(batch)
    this.#filter?.begin()
    for (let index = 0; index < batch.count; index++) {
      const bytes = this.#handle(batch, index, nowSeconds)
      batch.answerLengths[index] = bytes
      this.#counters[UdpCounter.bytesSent + (batch.families[index] === 6 ? UdpCounter.ipv6 : 0)] += bytes
    }
    this.#filter?.end()
    this.#counters[UdpCounter.batches]++
  }

  #lookAhead(batch: UdpBatch): void {
    const lookahead = this.#lookahead
    const { words } = batch.memory
    lookahead.clear()
    for (let index = 0; index < batch.count; index++) {
      const offset = batch.offsetOf(index)
      if (!looksLikeAnnounce(batch.memory, offset, batch.lengths[index])) continue
      const at = (offset + UdpBytes.announceInfoHashOffset) >> 2
      this.#places[index] = lookahead.add(
        words[at],
        words[at + 1],
        words[at + 2],
        words[at + 3],
        words[at + 4],
      )
    }
    lookahead.fetch()
  }

  /**
   * Answers request `index` of the batch in place.
   * @returns bytes of the answer, 0 for none
   */
  #handle(batch: UdpBatch, index: number, nowSeconds: number): number {
    const counters = this.#counters
    const family = batch.families[index]
    const familyCounters = family === 6 ? UdpCounter.ipv6 : 0
    counters[UdpCounter.packetsReceived + familyCounters]++
    counters[UdpCounter.bytesReceived + familyCounters] += batch.lengths[index]
    if (batch.sourcePorts[index] === 0) {
      counters[UdpCounter.droppedSourcePortZero]++
      return 0
    }
    const offset = batch.offsetOf(index)
    const kind = decodeRequest(batch.memory, offset, batch.lengths[index], this.#request)
    if (kind < 0) {
      this.#countDrop(kind)
      return 0
    }
    if (kind === RequestKind.connect) {
      counters[UdpCounter.requestsConnect + familyCounters]++
      counters[UdpCounter.responsesConnect + familyCounters]++
      return this.#connect(batch, index, offset, nowSeconds)
    }
    const requests = kind === RequestKind.announce ? UdpCounter.requestsAnnounce : UdpCounter.requestsScrape
    counters[requests + familyCounters]++
    // Nothing but a connect is ever answered, not even with an error, before the source address is proven.
    const { connectionId0, connectionId1 } = this.#request
    const at = index * 4
    if (!this.#connectionIds.isValid(connectionId0, connectionId1, family, batch.addresses, at, nowSeconds)) {
      counters[UdpCounter.droppedInvalidConnectionId]++
      return 0
    }
    if (kind === RequestKind.announce) return this.#answerAnnounce(batch, index, offset, nowSeconds)
    if (kind === RequestKind.scrape) return this.#answerScrape(batch.memory, offset, family)
    return this.#error(
      batch.memory,
      offset,
      family,
      kind === RequestKind.fullScrape ? FULL_SCRAPE_TEXT : BROKEN_SCRAPE_TEXT,
    )
  }

  #connect(batch: UdpBatch, index: number, offset: number, nowSeconds: number): number {
    const ids = this.#connectionIds
    ids.issue(batch.families[index], batch.addresses, index * 4, nowSeconds)
    return encodeConnectResponse(batch.memory, offset, this.#request.transactionId, ids.word0, ids.word1)
  }

  #answerAnnounce(batch: UdpBatch, index: number, offset: number, nowSeconds: number): number {
    const request = this.#request
    const family = batch.families[index]
    const familyCounters = family === 6 ? UdpCounter.ipv6 : 0
    const { infoHash0, infoHash1, infoHash2, infoHash3, infoHash4 } = request
    if (!this.#isServed(infoHash0, infoHash1, infoHash2, infoHash3, infoHash4)) {
      this.#counters[UdpCounter.announcesRefusedByAccessList]++
      return this.#error(batch.memory, offset, family, REFUSED_TEXT)
    }
    this.#fillAnnounce(batch, index, nowSeconds)
    // Before the answer is written over the request.
    if (this.#peerIds !== null) this.#notePeerId(this.#peerIds, batch.memory.words, offset, nowSeconds)
    const result = this.#result
    const peersAt = (offset + UdpBytes.announceResponseHeader) >> 1
    const outcome = this.#swarm.announceHashed(
      this.#lookahead.hashes[this.#places[index]],
      this.#announce,
      result,
      batch.memory.halves,
      peersAt,
    )
    if (outcome !== Outcome.stored) {
      if (outcome === Outcome.torrentRefused) {
        this.#counters[UdpCounter.announcesRefusedByMemoryLimit]++
        return this.#error(batch.memory, offset, family, NO_MEMORY_TEXT)
      }
      this.#counters[UdpCounter.peersRefusedByMemoryLimit]++
    }
    const interval = this.#rules.announceIntervalSeconds
    encodeAnnounceResponseHeader(
      batch.memory,
      offset,
      request.transactionId,
      interval,
      result.leechers,
      result.seeders,
    )
    if (request.event === AnnounceEvent.completed) {
      this.#counters[UdpCounter.announcesCompleted + familyCounters]++
    }
    this.#counters[UdpCounter.responsesAnnounce + familyCounters]++
    const peerBytes = family === 6 ? UdpBytes.peerIpv6 : UdpBytes.peerIpv4
    return UdpBytes.announceResponseHeader + result.peersWritten * peerBytes
  }

  #notePeerId(peerIds: PeerIdTable, words: Int32Array, offset: number, nowSeconds: number): void {
    const at = (offset + UdpBytes.announcePeerIdOffset) >> 2
    if (this.#request.event === AnnounceEvent.stopped) peerIds.remove(words, at)
    else this.#counters[UdpCounter.peerIdsReplaced] += peerIds.note(words, at, nowSeconds)
  }

  #fillAnnounce(batch: UdpBatch, index: number, nowSeconds: number): void {
    const request = this.#request
    const announce = this.#announce
    const { addresses } = batch
    announce.hash0 = request.infoHash0
    announce.hash1 = request.infoHash1
    announce.hash2 = request.infoHash2
    announce.hash3 = request.infoHash3
    announce.hash4 = request.infoHash4
    announce.family = batch.families[index]
    announce.address0 = addresses[index * 4]
    announce.address1 = addresses[index * 4 + 1]
    announce.address2 = addresses[index * 4 + 2]
    announce.address3 = addresses[index * 4 + 3]
    announce.wirePort = request.wirePort
    announce.event = request.event
    announce.seeder = request.leftIsZero
    announce.wanted = this.#wanted(request.numwant)
    announce.nowSeconds = nowSeconds
    announce.maxPeerAgeSeconds = this.#rules.maxPeerAgeSeconds
  }

  /** `num_want` of -1 (the default of BEP 15), 0 and less: as many as the rules allow, as the reference does. */
  #wanted(numwant: number): number {
    const most = this.#rules.maxResponsePeers
    return numwant <= 0 || numwant > most ? most : numwant
  }

  #isServed(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): boolean {
    return this.#filter === null || this.#filter.allows(hash0, hash1, hash2, hash3, hash4)
  }

  /** Answers the first `maxScrapeTorrents` hashes in the order asked; unknown and forbidden ones are zeros. */
  #answerScrape(memory: PacketMemory, offset: number, family: number): number {
    const torrent = this.#torrent
    const most = this.#rules.maxScrapeTorrents
    let count = this.#request.hashCount
    if (count > most) {
      count = most
      this.#counters[UdpCounter.scrapesCut]++
    }
    const { words } = memory
    const isIpv6 = family === 6
    for (let index = 0; index < count; index++) {
      const at = (offset + UdpBytes.scrapeHeader + index * UdpBytes.infoHash) >> 2
      if (!(this.#filter?.allowsAt(words, at) ?? true)) {
        encodeScrapeResponseEntry(memory, offset, index, 0, 0, 0)
        continue
      }
      this.#swarm.scrape(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4], torrent)
      const seeders = isIpv6 ? torrent.seedersIpv6 : torrent.seedersIpv4
      const leechers = isIpv6 ? torrent.leechersIpv6 : torrent.leechersIpv4
      encodeScrapeResponseEntry(memory, offset, index, seeders, torrent.downloads, leechers)
    }
    encodeScrapeResponseHeader(memory, offset, this.#request.transactionId)
    this.#counters[UdpCounter.responsesScrape + (isIpv6 ? UdpCounter.ipv6 : 0)]++
    return UdpBytes.scrapeResponseHeader + count * UdpBytes.scrapeResponseEntry
  }

  #error(memory: PacketMemory, offset: number, family: number, message: Uint8Array): number {
    this.#counters[UdpCounter.responsesError + (family === 6 ? UdpCounter.ipv6 : 0)]++
    return encodeErrorResponse(memory, offset, this.#request.transactionId, message)
  }

  #countDrop(kind: number): void {
    if (kind === RequestKind.tooShort) this.#counters[UdpCounter.droppedTooShort]++
    else if (kind === RequestKind.badMagic) this.#counters[UdpCounter.droppedBadMagic]++
    else this.#counters[UdpCounter.droppedUnknownAction]++
  }
}
