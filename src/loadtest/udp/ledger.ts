// Requests in flight of one worker: found by transaction id and by age in a few loads each, without allocation. An
// answer is told apart from a second one, from one after the time limit, and from one to nothing that was asked.
//
//   transaction id   generation │ slot      the slot's number in the low bits; the generation counts its requests
//
//   in flight        sentinel ⇄ oldest ⇄ … ⇄ newest ⇄ sentinel       a ring in the order of sending, for time-outs
//   free slots       first in, first out, so that a slot rests for as long as possible and old answers find its past
//
// `pasts` remembers the last 32 requests of a slot, one bit each: 1 says that it timed out and was not answered since.

/** Generations that a slot remembers. */
const REMEMBERED = 32
const SLOT_BITS_MIN = 12
const SLOT_BITS_MAX = 20
const SMALLEST_GENERATION = 1

/** Of answers that belong to no request in flight. Slots are 0 or more. */
export const enum Match {
  late = -1,
  duplicate = -2,
  unknown = -3,
}

export class RequestLedger {
  readonly capacity: number
  /** Requests in flight. */
  count = 0
  /** Columns of requests in flight, by slot. Times are of `monotonicMs`. */
  readonly plannedMs: Float64Array
  readonly sentMs: Float64Array
  readonly kinds: Uint8Array
  readonly sockets: Int32Array
  /** What the caller wants to know of a request when its answer comes. */
  readonly details: Int32Array
  /** Transaction ids of the slots' latest requests, as they lie on the wire. */
  readonly transactions: Int32Array
  readonly #slotBits: number
  readonly #isInFlight: Uint8Array
  readonly #pasts: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #free: Int32Array
  #freeFirst = 0
  #freeCount: number

  /** @param slots at least as many, 4,096 to 1,048,576: the more there are, the longer each one's past reaches */
  constructor(slots: number) {
    const bits = Math.ceil(Math.log2(Math.max(1, slots)))
    this.#slotBits = Math.min(SLOT_BITS_MAX, Math.max(SLOT_BITS_MIN, bits))
    const capacity = 1 << this.#slotBits
    this.capacity = capacity
    this.plannedMs = new Float64Array(capacity)
    this.sentMs = new Float64Array(capacity)
    this.kinds = new Uint8Array(capacity)
    this.sockets = new Int32Array(capacity)
    this.details = new Int32Array(capacity)
    this.transactions = Int32Array.from({ length: capacity }, (_, slot) => slot)
    this.#isInFlight = new Uint8Array(capacity)
    this.#pasts = new Int32Array(capacity)
    this.#next = new Int32Array(capacity + 1).fill(capacity)
    this.#previous = new Int32Array(capacity + 1).fill(capacity)
    this.#free = Int32Array.from({ length: capacity }, (_, slot) => slot)
    this.#freeCount = capacity
  }

  get isFull(): boolean {
    return this.#freeCount === 0
  }

  /** Opens a request, the newest. @returns its slot; its transaction id and columns are the caller's to read and set */
  open(): number {
    const slot = this.#free[this.#freeFirst]
    this.#freeFirst = (this.#freeFirst + 1) & (this.capacity - 1)
    this.#freeCount--
    this.count++
    let transaction = (this.transactions[slot] + this.capacity) | 0
    // Generation 0 is that of slots that were never used.
    if (transaction >>> this.#slotBits === 0) transaction = (SMALLEST_GENERATION << this.#slotBits) | slot
    this.transactions[slot] = transaction
    this.#isInFlight[slot] = 1
    this.#pasts[slot] <<= 1
    const sentinel = this.capacity
    const newest = this.#previous[sentinel]
    this.#next[newest] = slot
    this.#previous[slot] = newest
    this.#next[slot] = sentinel
    this.#previous[sentinel] = slot
    return slot
  }

  /** The slot of the request that a transaction id belongs to, still in flight; or why there is none, a `Match`. */
  match(transaction: number, socket: number): number {
    const slot = transaction & (this.capacity - 1)
    if (this.transactions[slot] === transaction && this.#isInFlight[slot] === 1) {
      return this.sockets[slot] === socket ? slot : Match.unknown
    }
    return this.#matchPast(transaction, slot)
  }

  /** Ends a request that was answered, or that never left. */
  close(slot: number): void {
    this.#release(slot)
  }

  /** Ends a request whose time is over: an answer that comes yet is late. */
  expire(slot: number): void {
    this.#pasts[slot] |= 1
    this.#release(slot)
  }

  /** The request in flight that was sent first, or -1. */
  oldest(): number {
    return this.count === 0 ? -1 : this.#next[this.capacity]
  }

  #matchPast(transaction: number, slot: number): number {
    const latest = this.transactions[slot] >>> this.#slotBits
    const generation = transaction >>> this.#slotBits
    const age = latest - generation
    if (age < 0 || age >= REMEMBERED || generation === 0) return Match.unknown
    const bit = 1 << age
    if ((this.#pasts[slot] & bit) === 0) return Match.duplicate
    this.#pasts[slot] &= ~bit
    return Match.late
  }

  #release(slot: number): void {
    const next = this.#next[slot]
    const previous = this.#previous[slot]
    this.#next[previous] = next
    this.#previous[next] = previous
    this.#isInFlight[slot] = 0
    this.#free[(this.#freeFirst + this.#freeCount) & (this.capacity - 1)] = slot
    this.#freeCount++
    this.count--
  }
}
