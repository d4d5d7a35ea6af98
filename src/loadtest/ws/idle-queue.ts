// Connections that may be asked next: first in, first out, each from a time on. Those that end meanwhile are passed
// over when their turn comes.

export class IdleQueue {
  readonly #slots: Int32Array
  readonly #fromMs: Float64Array
  /** Where each slot's only valid entry is, plus one; 0 for none. */
  readonly #entries: Int32Array
  #head = 0
  #length = 0
  /** Slots that are really there. */
  size = 0

  constructor(capacity: number) {
    // Entries that are no longer valid are dropped when they get to the head or when there is no room left.
    this.#slots = new Int32Array(2 * capacity)
    this.#fromMs = new Float64Array(2 * capacity)
    this.#entries = new Int32Array(capacity)
  }

  /** @param fromMs not before that of the ones that are in it. The slot must not be in it */
  add(slot: number, fromMs: number): void {
    if (this.#length === this.#slots.length) this.#compact()
    const at = (this.#head + this.#length) % this.#slots.length
    this.#slots[at] = slot
    this.#fromMs[at] = fromMs
    this.#entries[slot] = at + 1
    this.#length++
    this.size++
  }

  /** Time of the first one, Infinity for none. */
  get nextMs(): number {
    if (this.size === 0) return Number.POSITIVE_INFINITY
    this.#dropInvalid()
    return this.#fromMs[this.#head]
  }

  /** Takes the first one out, which must be there. */
  take(): number {
    this.#dropInvalid()
    const slot = this.#slots[this.#head]
    this.#entries[slot] = 0
    this.#advance()
    this.size--
    return slot
  }

  /** The slot is idle no longer, if it was. */
  remove(slot: number): void {
    if (this.#entries[slot] === 0) return
    this.#entries[slot] = 0
    this.size--
  }

  clear(): void {
    this.#entries.fill(0)
    this.#length = 0
    this.size = 0
  }

  #isValid(at: number): boolean {
    return this.#entries[this.#slots[at]] === at + 1
  }

  #dropInvalid(): void {
    while (this.#length > 0 && !this.#isValid(this.#head)) this.#advance()
  }

  #advance(): void {
    this.#head = this.#head + 1 === this.#slots.length ? 0 : this.#head + 1
    this.#length--
  }

  #compact(): void {
    const size = this.#slots.length
    let kept = 0
    for (let index = 0; index < this.#length; index++) {
      const from = (this.#head + index) % size
      if (!this.#isValid(from)) continue
      const to = (this.#head + kept) % size
      this.#slots[to] = this.#slots[from]
      this.#fromMs[to] = this.#fromMs[from]
      this.#entries[this.#slots[to]] = to + 1
      kept++
    }
    this.#length = kept
  }
}
