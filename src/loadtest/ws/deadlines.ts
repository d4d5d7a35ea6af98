// Connections that wait for something, in the order in which their patience ends: a list through arrays. The time limit
// is the same for all, so who comes last ends last.

const NONE = -1

export class Deadlines {
  /** How many wait. */
  size = 0
  readonly #dueMs: Float64Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  #first = NONE
  #last = NONE

  constructor(capacity: number) {
    this.#dueMs = new Float64Array(capacity)
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
  }

  /** The time of the one that ends first; Infinity for none. */
  get nextMs(): number {
    return this.#first === NONE ? Number.POSITIVE_INFINITY : this.#dueMs[this.#first]
  }

  /** The one that ends first, which must be there. */
  get first(): number {
    return this.#first
  }

  /** @param dueMs not before that of any other one. The slot must not be waiting */
  add(slot: number, dueMs: number): void {
    this.#dueMs[slot] = dueMs
    this.#previous[slot] = this.#last
    this.#next[slot] = NONE
    if (this.#last === NONE) this.#first = slot
    else this.#next[this.#last] = slot
    this.#last = slot
    this.size++
  }

  /** The slot must be waiting. */
  remove(slot: number): void {
    const next = this.#next[slot]
    const previous = this.#previous[slot]
    if (next === NONE) this.#last = previous
    else this.#previous[next] = previous
    if (previous === NONE) this.#first = next
    else this.#next[previous] = next
    this.size--
  }
}
