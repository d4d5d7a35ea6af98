// The connections of one server as columns indexed by slot: source, deadlines, the protocol's words. Both engines use
// it. An idle connection costs about 70 bytes here and nothing anywhere else in the process (plus TLS state).

import { AddressCounts } from './address-counts.js'
import type { StreamLimits } from './stream.js'

/** Deadlines are looked at this often, in seconds. */
const SCAN_SECONDS = 1

export class StreamSlots {
  readonly families: Uint8Array
  readonly addresses: Int32Array
  readonly ports: Uint16Array
  readonly protocolWords: Int32Array
  /** Monotonic seconds; Infinity for none. The protocol's limit, and that of the server (handshake, write, linger). */
  readonly deadlines: Float64Array
  readonly serverDeadlines: Float64Array
  readonly phases: Int32Array
  /** Raised when a slot is freed, so that what was said about the connection before is known to be old. */
  readonly generations: Uint32Array
  /** Slots that have ever been used: all others are free. */
  high = 0
  used = 0
  readonly #limits: StreamLimits
  readonly #free: Int32Array
  #freed = 0
  readonly #counts: AddressCounts | null
  /** The address a connection was counted under: the protocol may overwrite the other. */
  readonly #countedFamilies: Uint8Array
  readonly #countedWords: Int32Array
  #nextScan = 0

  constructor(limits: StreamLimits) {
    const { capacity, connectionsPerAddressMax, protocolWordCount } = limits
    this.#limits = limits
    this.families = new Uint8Array(capacity)
    this.addresses = new Int32Array(capacity * 4)
    this.ports = new Uint16Array(capacity)
    this.protocolWords = new Int32Array(capacity * protocolWordCount)
    this.deadlines = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.serverDeadlines = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.phases = new Int32Array(capacity)
    this.generations = new Uint32Array(capacity)
    this.#free = new Int32Array(capacity)
    const counted = connectionsPerAddressMax > 0 ? capacity : 0
    this.#counts = counted > 0 ? new AddressCounts(capacity) : null
    this.#countedFamilies = new Uint8Array(counted)
    this.#countedWords = new Int32Array(counted * 2)
  }

  get isFull(): boolean {
    return this.used === this.#limits.capacity
  }

  /** A free slot, the one freed last first; there must be one. Its source is still that of an earlier connection. */
  take(): number {
    this.used++
    return this.#freed > 0 ? this.#free[--this.#freed] : this.high++
  }

  release(slot: number): void {
    this.deadlines[slot] = Number.POSITIVE_INFINITY
    this.serverDeadlines[slot] = Number.POSITIVE_INFINITY
    this.generations[slot]++
    const words = this.#limits.protocolWordCount
    for (let word = 0; word < words; word++) this.protocolWords[slot * words + word] = 0
    this.#free[this.#freed++] = slot
    this.used--
  }

  /** Counts the connection under its source. @returns false, and nothing is counted, when the source has its share */
  admit(slot: number): boolean {
    if (this.#counts === null) return true
    const family = this.families[slot]
    this.#countedFamilies[slot] = family
    if (family === 0) return true
    const first = this.addresses[slot * 4]
    const second = family === 6 ? this.addresses[slot * 4 + 1] : 0
    this.#countedWords[slot * 2] = first
    this.#countedWords[slot * 2 + 1] = second
    return this.#counts.add(family, first, second, this.#limits.connectionsPerAddressMax)
  }

  /** Takes back what `admit` counted. */
  discharge(slot: number): void {
    if (this.#counts === null || this.#countedFamilies[slot] === 0) return
    const words = this.#countedWords
    this.#counts.remove(this.#countedFamilies[slot], words[slot * 2], words[slot * 2 + 1])
  }

  setDeadline(slot: number, phase: number, at: number): void {
    this.phases[slot] = phase
    this.deadlines[slot] = at
  }

  /** Whether it is time to look at all deadlines; about once a second, so that no connection needs a timer. */
  isScanDue(nowSeconds: number): boolean {
    if (nowSeconds < this.#nextScan) return false
    this.#nextScan = nowSeconds + SCAN_SECONDS
    return true
  }
}
