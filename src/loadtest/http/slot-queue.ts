// Connections in the order in which they came, each at most once.

export class SlotQueue {
  readonly #slots: Int32Array
  readonly #isIn: Uint8Array
  #first = 0
  length = 0

  /** @param capacity slots are 0 to capacity - 1 */
  constructor(capacity: number) {
    this.#slots = new Int32Array(capacity)
    this.#isIn = new Uint8Array(capacity)
  }

  /** Does nothing where the slot is in the queue. */
  push(slot: number): void {
    if (this.#isIn[slot] === 1) return
    this.#isIn[slot] = 1
    let at = this.#first + this.length
    if (at >= this.#slots.length) at -= this.#slots.length
    this.#slots[at] = slot
    this.length++
  }

  /** The first one; there must be one. */
  shift(): number {
    const slot = this.#slots[this.#first]
    this.#first = this.#first + 1 === this.#slots.length ? 0 : this.#first + 1
    this.length--
    this.#isIn[slot] = 0
    return slot
  }
}
