// Takes a client's mask off a payload, in place (RFC 6455 section 5.3).

/** Shorter payloads are done byte by byte: it takes up to three bytes to get to a word. */
const WORDS_FROM_BYTES = 16
const HIGH_BITS = 0x8080_8080

export class Unmasker {
  /** The bytes unmasked last, which are nearly always the same, and their words. */
  #bytes: Uint8Array = new Uint8Array(0)
  #words: Int32Array = new Int32Array(0)
  /** Bytes before the first word. */
  #wordsAt = 0

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
      if (input !== this.#bytes) this.#look(input)
      const words = this.#words
      const wordsAt = this.#wordsAt
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

  #look(input: Uint8Array): void {
    this.#bytes = input
    this.#wordsAt = -input.byteOffset & 3
    const count = (input.length - this.#wordsAt) >> 2
    this.#words = new Int32Array(input.buffer, input.byteOffset + this.#wordsAt, count)
  }
}
