// Connections whose protocol waits until it may write more, first come, first served.

const State = { idle: 0, waiting: 1, queued: 2 } as const

/** A slot waits while it has kept output, and is queued once it has none. */
export class DrainQueue {
  readonly #states: Uint8Array
  /** Whose turn it is, as a ring: a slot is in it at most once. */
  readonly #ring: Int32Array
  #first = 0
  #count = 0

  constructor(capacity: number) {
    this.#states = new Uint8Array(capacity)
    this.#ring = new Int32Array(capacity)
  }

  /** Slots to be taken. */
  get length(): number {
    return this.#count
  }

  /** The protocol waits. @param hasOutput whether output of the slot is kept */
  wait(slot: number, hasOutput: boolean): void {
    if (this.#states[slot] !== State.idle) return
    this.#states[slot] = State.waiting
    if (!hasOutput) this.drained(slot)
  }

  /** The slot's kept output is gone: its turn comes, if its protocol waits. */
  drained(slot: number): void {
    if (this.#states[slot] !== State.waiting) return
    this.#states[slot] = State.queued
    this.#ring[(this.#first + this.#count++) % this.#ring.length] = slot
  }

  /** The next slot, which waits no longer; there must be one. */
  take(): number {
    const slot = this.#ring[this.#first]
    this.#first = (this.#first + 1) % this.#ring.length
    this.#count--
    this.#states[slot] = State.idle
    return slot
  }

  /** The slot is freed. */
  forget(slot: number): void {
    const wasQueued = this.#states[slot] === State.queued
    this.#states[slot] = State.idle
    if (!wasQueued) return
    const { length } = this.#ring
    let kept = 0
    for (let index = 0; index < this.#count; index++) {
      const other = this.#ring[(this.#first + index) % length]
      if (other !== slot) this.#ring[(this.#first + kept++) % length] = other
    }
    this.#count = kept
  }
}
