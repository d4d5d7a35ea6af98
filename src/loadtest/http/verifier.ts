// Looks closely at a share of the answers: what was asked is kept for that, as long as the answer is awaited.

import type { HttpResponse } from '../../protocol/http/response-decoder.js'
import type { TrackerAnswer } from '../../protocol/http/tracker-answer.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, WorkerCount } from '../kinds.js'
import type { HttpKind } from './answers.js'
import { HttpRequests } from './requests.js'
import type { HttpTransport } from './transport.js'
import { isAnnounceAnswerRight, isScrapeAnswerRight } from './verification.js'

export class HttpVerifier {
  readonly #context: GeneratorContext
  readonly #requests: HttpRequests
  readonly #transport: HttpTransport
  readonly #share: number
  /** Hashes of the scrapes under way; empty where nothing is looked at. */
  readonly #scraped: Uint8Array
  readonly #scrapedCounts: Int32Array
  readonly #address = new Uint8Array(16)

  constructor(context: GeneratorContext, requests: HttpRequests, transport: HttpTransport) {
    const { verifyShare, connectionsPerWorker } = context.plan
    this.#context = context
    this.#requests = requests
    this.#transport = transport
    this.#share = verifyShare
    const kept = verifyShare > 0 ? connectionsPerWorker : 0
    this.#scraped = new Uint8Array(kept * requests.hashes.length)
    this.#scrapedCounts = new Int32Array(kept)
  }

  /** The scrape that was written last goes over a connection. */
  scrapes(slot: number): void {
    if (this.#share === 0) return
    const { hashes, hashCount } = this.#requests
    this.#scraped.set(hashes, slot * hashes.length)
    this.#scrapedCounts[slot] = hashCount
  }

  /**
   * @param peer that announced; ignored for a scrape
   * @param answer what `response` says
   */
  look(
    slot: number,
    kind: HttpKind,
    peer: number,
    plannedMs: number,
    answer: TrackerAnswer,
    response: HttpResponse,
    input: Uint8Array,
  ): void {
    const { accounts, sideRandom } = this.#context
    if (this.#share === 0 || sideRandom.unit() >= this.#share) return
    accounts.count(WorkerCount.verified, plannedMs)
    const isRight =
      kind === LoadKind.announce
        ? this.#isAnnounceRight(slot, peer, answer, input)
        : this.#isScrapeRight(slot, answer, response.bodyEnd, input)
    if (!isRight) accounts.count(WorkerCount.verifiedWrong, plannedMs)
  }

  #isAnnounceRight(slot: number, peer: number, answer: TrackerAnswer, input: Uint8Array): boolean {
    const { plan, population, remarks } = this.#context
    const announcer = {
      address: this.#address,
      addressBytes: this.#transport.localAddress(slot, this.#address),
      port: population.portOf(peer),
      numwant: plan.numwant,
    }
    return isAnnounceAnswerRight(answer, input, announcer, remarks)
  }

  #isScrapeRight(slot: number, answer: TrackerAnswer, bodyEnd: number, input: Uint8Array): boolean {
    const from = slot * this.#requests.hashes.length
    const hashes = this.#scraped.subarray(from, from + this.#scrapedCounts[slot] * HttpRequests.idBytes)
    return isScrapeAnswerRight(answer, input, bodyEnd, hashes, this.#context.remarks)
  }
}
