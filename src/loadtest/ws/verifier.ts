// Looks closely at a share of what a tracker sends: is it for who gets it, and can it be true.

import type { TrackerMessage } from '../../protocol/webtorrent/client-message.js'
import type { GeneratorContext } from '../generator.js'
import { WorkerCount } from '../kinds.js'
import type { Peers } from './peers.js'
import type { Relays } from './relays.js'
import type { Requests } from './requests.js'

export class Verifier {
  readonly #context: GeneratorContext
  readonly #peers: Peers
  readonly #requests: Requests
  readonly #relays: Relays
  readonly #share: number

  constructor(context: GeneratorContext, peers: Peers, requests: Requests, relays: Relays) {
    this.#context = context
    this.#peers = peers
    this.#requests = requests
    this.#relays = relays
    this.#share = context.plan.verifyShare
  }

  announceResponse(slot: number, message: TrackerMessage, nowMs: number): void {
    if (!this.#isChosen(nowMs)) return
    const { complete, incomplete, interval } = message
    if (!this.#peers.isHash(slot, message.infoHashWords)) this.#wrong('another info hash', nowMs)
    else if (complete < 0 || incomplete < 0) this.#wrong('an announce response without counts', nowMs)
    else if (complete + incomplete < 1) this.#wrong('counts that leave the announcer out', nowMs)
    else if (interval < 1) this.#wrong('an announce response without an interval', nowMs)
  }

  scrapeResponse(slot: number, message: TrackerMessage, nowMs: number): void {
    if (!this.#isChosen(nowMs)) return
    const { files, filesInvalid, fileHashWords, scrapeTorrents } = message
    if (filesInvalid > 0) this.#wrong('a scraped torrent without counts', nowMs)
    else if (files > scrapeTorrents) this.#wrong('more scraped torrents than asked for', nowMs)
    else {
      for (let file = 0; file < files; file++) {
        if (this.#requests.hasScraped(slot, fileHashWords, file * 5)) continue
        this.#wrong('a scraped torrent that was not asked for', nowMs)
        return
      }
    }
  }

  /** An offer of this test. */
  offer(slot: number, message: TrackerMessage, nowMs: number): void {
    if (!this.#isChosen(nowMs)) return
    const isOwn = this.#relays.offer.connection === this.#relays.connectionOf(slot)
    if (isOwn || this.#peers.isPeerId(slot, message.peerIdWords)) this.#wrong('an own offer', nowMs)
    else if (!message.hasInfoHash || !this.#peers.isHash(slot, message.infoHashWords))
      this.#wrong('an offer for another torrent', nowMs)
  }

  /** An answer of this test. */
  answer(slot: number, message: TrackerMessage, nowMs: number): void {
    if (!this.#isChosen(nowMs)) return
    const { offer } = this.#relays
    const isOwnOffer =
      offer.read(message.offerIdWords) && offer.connection === this.#relays.connectionOf(slot)
    if (!isOwnOffer) this.#wrong("an answer to somebody else's offer", nowMs)
    else if (!message.hasInfoHash || !this.#peers.isHash(slot, message.infoHashWords))
      this.#wrong('an answer for another torrent', nowMs)
  }

  #isChosen(nowMs: number): boolean {
    if (this.#share === 0 || (this.#share < 1 && this.#context.sideRandom.unit() >= this.#share)) return false
    this.#context.accounts.count(WorkerCount.verified, nowMs)
    return true
  }

  #wrong(what: string, nowMs: number): void {
    this.#context.accounts.count(WorkerCount.verifiedWrong, nowMs)
    this.#context.remarks.add(`wrong: ${what}`)
  }
}
