// What is asked next: which peer announces, which torrents are scraped.
//
// A tracker knows peers by their address, so that each peer always comes from the same: connections and peers are dealt
// out to the source addresses in turn, and a connection speaks for the peers of its address.

import { AnnounceToSend } from '../../protocol/http/announce-request.js'
import { LoadKind } from '../kinds.js'
import type { Mix } from '../plan.js'
import type { Population } from '../population.js'
import type { Random } from '../random.js'

const ID_WORDS = 5
const ID_BYTES = 20
/** What a leecher says it lacks: it is for the statistics only. */
const LEECHER_LEFT_BYTES = 1 << 30
const EVENT_NONE = 0
const EVENT_STARTED = 2

export class HttpRequests {
  /** Of the announce that was written last: info hash and peer id. */
  readonly identifiers: Uint8Array
  readonly announce = new AnnounceToSend()
  /** Hashes of the scrape that was written last. */
  readonly hashes: Uint8Array
  hashCount = 0
  readonly #identifierWords = new Int32Array(2 * ID_WORDS)
  readonly #hashWords: Int32Array
  readonly #population: Population
  readonly #random: Random
  readonly #announceShare: number
  readonly #sources: number
  /** Next peer of each source address: in the load, and in the fill (beyond the last: all have announced). */
  readonly #next: Int32Array
  readonly #nextToFill: Int32Array
  /** Peers that have not announced in the fill. */
  peersToFill: number

  /** @param connections of this worker. @param sourceAddresses that they come from */
  constructor(
    population: Population,
    random: Random,
    mix: Mix,
    connections: number,
    sourceAddresses: number,
  ) {
    this.#population = population
    this.#random = random
    this.#announceShare = mix.announce + mix.scrape > 0 ? mix.announce / (mix.announce + mix.scrape) : 1
    // No more than have a connection and a peer each.
    this.#sources = Math.max(1, Math.min(sourceAddresses, connections, population.peers))
    this.#next = Int32Array.from({ length: this.#sources }, (_, source) => source)
    this.#nextToFill = this.#next.slice()
    this.peersToFill = population.peers
    this.identifiers = new Uint8Array(this.#identifierWords.buffer)
    this.#hashWords = new Int32Array(Math.max(1, population.scrapeTorrents) * ID_WORDS)
    this.hashes = new Uint8Array(this.#hashWords.buffer)
  }

  /** An announce or a scrape, as the mix has it. */
  drawKind(): LoadKind.announce | LoadKind.scrape {
    if (this.#announceShare === 1) return LoadKind.announce
    return this.#random.unit() < this.#announceShare ? LoadKind.announce : LoadKind.scrape
  }

  /** The peer that announces over a connection. */
  nextPeer(slot: number): number {
    const source = slot % this.#sources
    const peer = this.#next[source]
    const next = peer + this.#sources
    this.#next[source] = next < this.#population.peers ? next : source
    return peer
  }

  /** The same in the fill; -1: all of the connection's address have announced. */
  nextPeerToFill(slot: number): number {
    const source = slot % this.#sources
    const peer = this.#nextToFill[source]
    if (peer >= this.#population.peers) return -1
    this.#nextToFill[source] = peer + this.#sources
    this.peersToFill--
    return peer
  }

  /** Puts a peer's announce into `identifiers` and `announce`. @param isFirst it says that it starts */
  writeAnnounce(peer: number, isFirst: boolean): void {
    const population = this.#population
    const words = this.#identifierWords
    population.writeInfoHash(words, 0, population.torrentOf(peer))
    population.writePeerId(words, ID_WORDS, peer)
    this.announce.port = population.portOf(peer)
    // Always the same for a peer: its id is as good as a draw.
    const isSeeder = (words[2 * ID_WORDS - 1] >>> 0) / 2 ** 32 < population.seederShare
    this.announce.left = isSeeder ? 0 : LEECHER_LEFT_BYTES
    this.announce.event = isFirst ? EVENT_STARTED : EVENT_NONE
  }

  /** Draws the torrents of a scrape into `hashes` and `hashCount`: those of random peers. */
  writeScrape(): void {
    const population = this.#population
    const random = this.#random
    this.hashCount = 1 + random.below(Math.max(1, population.scrapeTorrents))
    for (let hash = 0; hash < this.hashCount; hash++) {
      const torrent = population.torrentOf(random.below(population.peers))
      population.writeInfoHash(this.#hashWords, hash * ID_WORDS, torrent)
    }
  }

  /** Bytes of a hash or id. */
  static readonly idBytes = ID_BYTES
}
