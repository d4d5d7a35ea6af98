// Takes a client's mask off a payload, in place (RFC 6455 section 5.3).

import { HIGH_BITS, WordView } from './word-view.js'

/** Shorter payloads are done byte by byte: it takes up to three bytes to get to a word. */
const WORDS_FROM_BYTES = 16

export class Unmasker {
  readonly #view = new WordView()

  /**
   * Unmasks input[from, to) of a payload that starts at `payloadStart`.
   * @param mask little-endian, as `FrameHeader.mask`; words in memory are little-endian on all platforms there are
   * @returns whether all of it is ASCII
   */
  unmask(input: Uint8Array, payloadStart: number, from: number, to: number, mask: number): boolean {
    let seen = 0
    let seenInWords = 0
    let at = from
    if (to - from >= WORDS_FROM_BYTES) {
      this.#view.look(input)
      const { words, wordsAt } = this.#view
      for (; ((at - wordsAt) & 3) !== 0; at++) {
        input[at] ^= mask >>> (((at - payloadStart) & 3) << 3)
        seen |= input[at]
      }
      const turn = ((at - payloadStart) & 3) << 3
      const turned = turn === 0 ? mask : (mask >>> turn) | (mask << (32 - turn))
      const first = (at - wordsAt) >> 2
      const last = (to - wordsAt) >> 2
      for (let word = first; word < last; word++) {
        const plain = words[word] ^ turned
        words[word] = plain
        seenInWords |= plain
      }
      at += (last - first) << 2
    }
    for (; at < to; at++) {
      input[at] ^= mask >>> (((at - payloadStart) & 3) << 3)
      seen |= input[at]
    }
    return ((seen & 0x80) | (seenInWords & HIGH_BITS)) === 0
  }
}
