// Writes requests of a load test into the batch that is sent next: which kind, which peer, which torrents.

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { UdpBytes } from '../../protocol/udp.js'
import {
  AnnounceEvent,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../../protocol/udp-client.js'
import { LoadKind } from '../kinds.js'
import type { LoadPlan } from '../plan.js'
import type { Population } from '../population.js'
import type { Random } from '../random.js'

/** Bytes that a leecher says it has left: the original load test's number. */
const LEECHER_LEFT = 50
/** The word of a peer's id that is also its key. */
const KEY_WORD = 4
const WORDS_PER_HASH = UdpBytes.infoHash / 4

export class RequestWriter {
  readonly #population: Population
  readonly #random: Random
  readonly #requests: DatagramBatch
  readonly #seederBelow: number
  /** Of 2^32: kinds by the words below these numbers. */
  readonly #connectBelow: number
  readonly #announceBelow: number
  readonly #announce = { left: 0, event: AnnounceEvent.none as AnnounceEvent, key: 0, numwant: 0, port: 0 }
  #nextPeer = 0

  constructor(plan: LoadPlan, population: Population, random: Random, requests: DatagramBatch) {
    const { connect, announce, scrape } = plan.mix
    const sum = connect + announce + scrape
    this.#population = population
    this.#random = random
    this.#requests = requests
    this.#seederBelow = population.seederShare * 2 ** 32
    this.#connectBelow = (connect / sum) * 2 ** 32
    this.#announceBelow = ((connect + announce) / sum) * 2 ** 32
    this.#announce.numwant = plan.numwant
  }

  drawKind(): LoadKind {
    const word = this.#random.word() >>> 0
    if (word < this.#connectBelow) return LoadKind.connect
    return word < this.#announceBelow ? LoadKind.announce : LoadKind.scrape
  }

  /** The peers announce in turn. */
  drawPeer(): number {
    const peer = this.#nextPeer
    this.#nextPeer = peer + 1 === this.#population.peers ? 0 : peer + 1
    return peer
  }

  drawHashes(): number {
    return 1 + this.#random.below(this.#population.scrapeTorrents)
  }

  connect(index: number, transactionId: number): void {
    const { memory, lengths } = this.#requests
    lengths[index] = encodeConnectRequest(memory, this.#requests.offsetOf(index), transactionId)
  }

  /** @param ids connection ids, two words for each socket */
  announce(index: number, transactionId: number, ids: Int32Array, socket: number, peer: number): void {
    const { memory, lengths } = this.#requests
    const population = this.#population
    const offset = this.#requests.offsetOf(index)
    const numbers = this.#announce
    const isSeeder = this.#random.word() >>> 0 < this.#seederBelow
    numbers.left = isSeeder ? 0 : LEECHER_LEFT
    numbers.event = isSeeder ? AnnounceEvent.completed : AnnounceEvent.started
    numbers.port = population.portOf(peer)
    const word = offset >> 2
    const words = memory.words
    population.writeInfoHash(words, word + UdpBytes.announceInfoHashOffset / 4, population.torrentOf(peer))
    population.writePeerId(words, word + UdpBytes.announcePeerIdOffset / 4, peer)
    numbers.key = words[word + UdpBytes.announcePeerIdOffset / 4 + KEY_WORD]
    lengths[index] = encodeAnnounceRequest(
      memory,
      offset,
      ids[socket * 2],
      ids[socket * 2 + 1],
      transactionId,
      numbers,
    )
  }

  scrape(index: number, transactionId: number, ids: Int32Array, socket: number, hashes: number): void {
    const { memory, lengths } = this.#requests
    const population = this.#population
    const offset = this.#requests.offsetOf(index)
    for (let hash = 0; hash < hashes; hash++) {
      const torrent = population.torrentOf(this.#random.below(population.peers))
      const at = ((offset + UdpBytes.scrapeHeader) >> 2) + hash * WORDS_PER_HASH
      population.writeInfoHash(memory.words, at, torrent)
    }
    lengths[index] = encodeScrapeRequest(
      memory,
      offset,
      ids[socket * 2],
      ids[socket * 2 + 1],
      transactionId,
      hashes,
    )
  }
}

/** The longest request of a plan, in bytes. */
export function requestBytesMax({ population }: LoadPlan): number {
  return Math.max(
    UdpBytes.announceRequest,
    UdpBytes.scrapeHeader + population.scrapeTorrents * UdpBytes.infoHash,
  )
}
