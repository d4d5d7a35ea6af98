// Output that the system did not take at once, for connections whose peer reads slowly; few have any.

export class KeptOutput {
  readonly #pieces: (Uint8Array | null)[]
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  readonly #bytesMax: number

  constructor(capacity: number, bytesMax: number) {
    this.#pieces = new Array<Uint8Array | null>(capacity).fill(null)
    this.#starts = new Int32Array(capacity)
    this.#ends = new Int32Array(capacity)
    this.#bytesMax = bytesMax
  }

  length(slot: number): number {
    return this.#ends[slot] - this.#starts[slot]
  }

  /** Appends bytes[start, end). @returns false, and appends nothing, when it would be more than the limit */
  append(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.length(slot)
    const length = before + end - start
    if (length > this.#bytesMax) return false
    let piece = this.#pieces[slot]
    if (piece === null || this.#ends[slot] + end - start > piece.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(length)))
      if (piece !== null) larger.set(piece.subarray(this.#starts[slot], this.#ends[slot]), 0)
      piece = larger
      this.#pieces[slot] = piece
      this.#starts[slot] = 0
      this.#ends[slot] = before
    }
    piece.set(bytes.subarray(start, end), this.#ends[slot])
    this.#ends[slot] += end - start
    return true
  }

  /** The kept bytes; there must be some. */
  peek(slot: number): Uint8Array {
    return (this.#pieces[slot] as Uint8Array).subarray(this.#starts[slot], this.#ends[slot])
  }

  /** Forgets the first `bytes`. */
  advance(slot: number, bytes: number): void {
    this.#starts[slot] += bytes
    if (this.#starts[slot] === this.#ends[slot]) this.forget(slot)
  }

  forget(slot: number): void {
    if (this.#pieces[slot] === null) return
    this.#pieces[slot] = null
    this.#starts[slot] = 0
    this.#ends[slot] = 0
  }
}
