// Bytes as words of 32 bits, little-endian as on all platforms there are, for what is done to four bytes at once.

/** The words of the bytes looked at last, which are nearly always the same: a server's input. */
export class WordView {
  words: Int32Array = new Int32Array(0)
  /** Where in the bytes the first word lies: 0 to 3. */
  wordsAt = 0
  #bytes: Uint8Array = new Uint8Array(0)

  /** @param bytes 4 at least */
  look(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return
    this.#bytes = bytes
    this.wordsAt = -bytes.byteOffset & 3
    const count = (bytes.length - this.wordsAt) >> 2
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset + this.wordsAt, count)
  }
}

/** The bits that no byte of ASCII has. */
export const HIGH_BITS = 0x8080_8080 | 0
