// Input that a protocol has not consumed. Bytes are read into one buffer for all connections; only what is left there
// when the next connection is served costs memory of its own.

/** Smallest piece of memory for kept input, in bytes; more grows in powers of two. */
const PIECE_BYTES = 256

export class KeptInput {
  /** Where input is read to and shown: `bytesMax` bytes. */
  readonly bytes: Uint8Array
  readonly #pieces: (Uint8Array | null)[]
  readonly #lengths: Int32Array

  constructor(capacity: number, bytesMax: number) {
    this.bytes = new Uint8Array(bytesMax)
    this.#pieces = new Array<Uint8Array | null>(capacity).fill(null)
    this.#lengths = new Int32Array(capacity)
  }

  /** Bytes kept for the connection. */
  length(slot: number): number {
    return this.#lengths[slot]
  }

  /** Copies the kept bytes to the front of `bytes`. @returns how many */
  show(slot: number): number {
    const length = this.#lengths[slot]
    if (length > 0) this.bytes.set((this.#pieces[slot] as Uint8Array).subarray(0, length), 0)
    return length
  }

  /** Keeps bytes[start, end) for the connection instead of what was kept before. */
  keep(slot: number, start: number, end: number): void {
    const length = end - start
    if (length === 0) {
      this.forget(slot)
      return
    }
    let piece = this.#pieces[slot]
    if (piece === null || piece.length < length) {
      piece = new Uint8Array(Math.max(PIECE_BYTES, 2 ** Math.ceil(Math.log2(length))))
      this.#pieces[slot] = piece
    }
    piece.set(this.bytes.subarray(start, end), 0)
    this.#lengths[slot] = length
  }

  forget(slot: number): void {
    if (this.#lengths[slot] === 0) return
    this.#lengths[slot] = 0
    this.#pieces[slot] = null
  }
}
