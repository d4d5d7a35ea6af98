// Which offers of a worker's clients may still be answered, by whom: a table of keyed hashes in which four places share
// a set. Nothing in it is ever searched for or moved: what has expired is written over, and in a set of four that all
// wait, the one that waits longest. A set that has lost one that way takes every answer until that one would have
// expired: else a client that makes offers without end would cost others their answers.

import { halfSipHashOf5 } from '../../protocol/half-siphash.js'

const PLACES_PER_SET = 4
/** Two words of hash, and the second of the table's own clock at which the answer comes too late; 0: free. */
const WORDS_PER_PLACE = 3

export interface ExpectedAnswersOptions {
  /** Answers expected at a time; rounded up to a power of two. */
  readonly capacity: number
  /** Four words that all workers share: see `offerKeyOf`. */
  readonly key: Int32Array
}

export class ExpectedAnswers {
  /** Answers whose place others took before they came. */
  replaced = 0
  readonly #key: Int32Array
  readonly #table: Int32Array
  /** For each set, the second from which on it knows again what it does not expect. */
  readonly #lossyUntil: Int32Array
  readonly #setMask: number

  constructor({ capacity, key }: ExpectedAnswersOptions) {
    const sets = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / PLACES_PER_SET)))
    this.#key = key
    this.#table = new Int32Array(sets * PLACES_PER_SET * WORDS_PER_PLACE)
    this.#lossyUntil = new Int32Array(sets)
    this.#setMask = sets - 1
  }

  /**
   * What an answer is known by: the member that offered, the offer's id, and the peer id of the one it was sent to.
   * @param offerIdWords five words from `offerIdAt` on
   * @param out two words; the same in every worker
   */
  offerKey(
    sender: number,
    offerIdWords: Int32Array,
    offerIdAt: number,
    receiverWords: Int32Array,
    out: Int32Array,
  ): void {
    for (let half = 0; half < 2; half++) {
      const receiver = halfSipHashOf5(
        this.#key[half] ^ sender,
        this.#key[half + 2],
        receiverWords[0],
        receiverWords[1],
        receiverWords[2],
        receiverWords[3],
        receiverWords[4],
      )
      out[half] = halfSipHashOf5(
        this.#key[half],
        this.#key[half + 2] ^ receiver,
        offerIdWords[offerIdAt],
        offerIdWords[offerIdAt + 1],
        offerIdWords[offerIdAt + 2],
        offerIdWords[offerIdAt + 3],
        offerIdWords[offerIdAt + 4],
      )
    }
  }

  /** Expects an answer while `nowSeconds < expiresAtSeconds`; whole seconds, the latter above 0. */
  add(key0: number, key1: number, nowSeconds: number, expiresAtSeconds: number): void {
    const table = this.#table
    const set = this.#setOf(key0)
    let place = set
    for (let at = set; at < set + PLACES_PER_SET * WORDS_PER_PLACE; at += WORDS_PER_PLACE) {
      if (table[at] === key0 && table[at + 1] === key1) {
        place = at
        break
      }
      if (table[at + 2] < table[place + 2]) place = at
    }
    const isAnother = table[place] !== key0 || table[place + 1] !== key1
    if (isAnother && table[place + 2] > nowSeconds) {
      this.replaced++
      const index = key0 & this.#setMask
      this.#lossyUntil[index] = Math.max(this.#lossyUntil[index], table[place + 2])
    }
    table[place] = key0
    table[place + 1] = key1
    table[place + 2] = expiresAtSeconds
  }

  /** Whether the answer was expected, or may have been, see above: then it is so no longer. */
  take(key0: number, key1: number, nowSeconds: number): boolean {
    const table = this.#table
    const set = this.#setOf(key0)
    for (let at = set; at < set + PLACES_PER_SET * WORDS_PER_PLACE; at += WORDS_PER_PLACE) {
      if (table[at] !== key0 || table[at + 1] !== key1) continue
      const isInTime = nowSeconds < table[at + 2]
      table[at + 2] = 0
      return isInTime
    }
    return nowSeconds < this.#lossyUntil[key0 & this.#setMask]
  }

  #setOf(key0: number): number {
    return (key0 & this.#setMask) * PLACES_PER_SET * WORDS_PER_PLACE
  }
}
