// What offers and answers of this test are known by, wherever they come out: sender, time, number, and a check that no
// other program's pass.
//
// The tag is a random word of the test.
//
//   offer id         tag │ connection │ microseconds, low word │ offer number 11 bits · microseconds, high 21 │ check
//   answer's stamp   tag │ worker 12 bits · place 20 bits │ number │ check

import { mix32 } from '../random.js'

/** Numbers of offers in one announce: above them they repeat. */
const OFFER_NUMBERS = 1 << 11
const HIGH_BITS = 21
/** Answers of one worker that are told apart at a time. */
const PLACE_BITS = 20

function checkOf(first: number, second: number, third: number, fourth: number): number {
  return mix32(first ^ mix32(second ^ mix32(third ^ mix32(fourth ^ 0x3c6e_f372))))
}

/** The id of an offer. Reused. */
export class OfferStamp {
  readonly #tag: number
  /** Number of the sender's connection among those of all workers. */
  connection = 0
  /** Whole microseconds of `monotonicMs`. */
  sentUs = 0
  offer = 0

  constructor(tag: number) {
    this.#tag = tag
  }

  /** Writes five words. @param sentUs below 2^53 */
  write(words: Int32Array, at: number, connection: number, sentUs: number, offer: number): void {
    const low = sentUs | 0
    const high = Math.floor(sentUs / 2 ** 32) | ((offer % OFFER_NUMBERS) << HIGH_BITS)
    words[at] = this.#tag
    words[at + 1] = connection
    words[at + 2] = low
    words[at + 3] = high
    words[at + 4] = checkOf(this.#tag, connection, low, high)
  }

  /** @returns whether five words are the id of an offer of this test, which is then in the fields */
  read(words: Int32Array): boolean {
    if (words[0] !== this.#tag) return false
    if (words[4] !== checkOf(words[0], words[1], words[2], words[3])) return false
    this.connection = words[1]
    this.sentUs = (words[3] & ((1 << HIGH_BITS) - 1)) * 2 ** 32 + (words[2] >>> 0)
    this.offer = words[3] >>> HIGH_BITS
    return true
  }
}

/** The stamp of an answer. Reused. */
export class AnswerStamp {
  readonly #tag: number
  worker = 0
  place = 0
  number = 0

  constructor(tag: number) {
    this.#tag = tag
  }

  write(words: Int32Array, worker: number, place: number, number: number): void {
    words[0] = this.#tag
    words[1] = (worker << PLACE_BITS) | place
    words[2] = number
    words[3] = checkOf(this.#tag, words[1], number, 0)
  }

  /** @returns whether four words are the stamp of an answer of this test, which is then in the fields */
  read(words: Int32Array): boolean {
    if (words[0] !== this.#tag || words[3] !== checkOf(words[0], words[1], words[2], 0)) return false
    this.worker = words[1] >>> PLACE_BITS
    this.place = words[1] & ((1 << PLACE_BITS) - 1)
    this.number = words[2]
    return true
  }
}
