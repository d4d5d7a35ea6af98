// Writes announces and scrapes of a worker's connections.

import {
  ANSWER_BYTES_MAX,
  announceBytesMax,
  beginAnnounce,
  encodeScrapeRequest,
  endAnnounce,
  endAnnounceWithOffers,
  scrapeBytesMax,
} from '../../protocol/webtorrent/client-requests.js'
import { MessageEvent } from '../../protocol/webtorrent/request.js'
import type { LoadPlan } from '../plan.js'
import type { Random } from '../random.js'
import type { Peers } from './peers.js'
import type { Relays } from './relays.js'
import type { Wire } from './wire.js'

const ID_WORDS = 5
const ID_BYTES = 4 * ID_WORDS

/** The longest message that a test sends. */
export function sentBytesMax({ ws, population }: LoadPlan): number {
  return Math.max(
    announceBytesMax(ws.offersPerAnnounce),
    ANSWER_BYTES_MAX,
    scrapeBytesMax(Math.max(1, population.scrapeTorrents)),
  )
}

export class Requests {
  readonly #plan: LoadPlan
  readonly #peers: Peers
  readonly #relays: Relays
  readonly #wire: Wire
  readonly #random: Random
  readonly #offerIdWords: Int32Array
  readonly #offerIds: Uint8Array
  readonly #hashWords: Int32Array
  readonly #hashes: Uint8Array
  /** Torrents of each slot's last scrape, for those whose answer is looked at; length 0 where none is. */
  readonly #scraped: Int32Array

  constructor(plan: LoadPlan, peers: Peers, relays: Relays, wire: Wire, random: Random) {
    this.#plan = plan
    this.#peers = peers
    this.#relays = relays
    this.#wire = wire
    this.#random = random
    this.#offerIdWords = new Int32Array(plan.ws.offersPerAnnounce * ID_WORDS)
    this.#offerIds = new Uint8Array(this.#offerIdWords.buffer)
    this.#hashWords = new Int32Array(Math.max(1, plan.population.scrapeTorrents) * ID_WORDS)
    this.#hashes = new Uint8Array(this.#hashWords.buffer)
    const isLookedAt = plan.verifyShare > 0 && plan.mix.scrape > 0
    this.#scraped = new Int32Array(
      isLookedAt ? plan.connectionsPerWorker * plan.population.scrapeTorrents : 0,
    ).fill(-1)
  }

  /** @param isFirst of its connection. @param offers how many */
  announce(slot: number, isFirst: boolean, offers: number, nowMs: number): void {
    const { output } = this.#wire
    const { bytes } = this.#peers
    const start = this.#wire.reserve()
    const event = isFirst ? MessageEvent.started : MessageEvent.none
    const hashAt = this.#peers.hashAt(slot)
    const peerAt = this.#peers.peerAt(slot)
    const left = this.#peers.leftOf(slot)
    let at = beginAnnounce(output, start, bytes, hashAt, bytes, peerAt, event, left, this.#plan.numwant)
    if (offers === 0) at = endAnnounce(output, at)
    else {
      this.#relays.stampOffers(slot, nowMs, offers, this.#offerIdWords)
      at = endAnnounceWithOffers(output, at, this.#offerIds, offers)
    }
    this.#wire.send(slot, start, at)
  }

  /** Asks for one torrent to the most of the plan, drawn as peers are spread. */
  scrape(slot: number): void {
    const { population } = this.#peers
    const most = population.scrapeTorrents
    const count = 1 + this.#random.below(most)
    if (this.#scraped.length > 0) this.#scraped.fill(-1, slot * most, (slot + 1) * most)
    for (let index = 0; index < count; index++) {
      const torrent = population.torrentOf(this.#random.below(population.peers))
      population.writeInfoHash(this.#hashWords, index * ID_WORDS, torrent)
      if (this.#scraped.length > 0) this.#scraped[slot * most + index] = torrent
    }
    const start = this.#wire.reserve()
    this.#wire.send(slot, start, encodeScrapeRequest(this.#wire.output, start, this.#hashes, count))
  }

  /** Asks for the slot's own torrent alone. */
  scrapeOwn(slot: number): void {
    const hashAt = this.#peers.hashAt(slot)
    this.#hashes.set(this.#peers.bytes.subarray(hashAt, hashAt + ID_BYTES))
    const start = this.#wire.reserve()
    this.#wire.send(slot, start, encodeScrapeRequest(this.#wire.output, start, this.#hashes, 1))
  }

  /** Whether the slot's last scrape asked for the info hash of five words. */
  hasScraped(slot: number, words: Int32Array, at: number): boolean {
    const { population } = this.#peers
    const most = population.scrapeTorrents
    for (let index = slot * most; index < (slot + 1) * most; index++) {
      const torrent = this.#scraped[index]
      if (torrent < 0) return false
      let word = 0
      while (word < ID_WORDS && population.infoHashWord(torrent, word) === words[at + word]) word++
      if (word === ID_WORDS) return true
    }
    return false
  }
}
