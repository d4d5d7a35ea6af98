// A set of info hashes in shared memory, built once from a file and then only read: no lock. A new list is a new set.
//
//   [slots][entries][has the all-zero hash][key 0][key 1]  then slots of 5 words, all zero when free
//
// Open addressing at a load of at most 0.75 (26.7 bytes per hash), probing onwards from the slot the keyed hash
// chooses: public block lists are other people's input, so their hashes must not be able to crowd either.
import { randomFillSync } from 'node:crypto'
import { halfSipHashOf5 } from './half-siphash.js'

/** Handed to other threads as it is. */
export interface AccessListMemory {
  readonly buffer: SharedArrayBuffer
}

/** How a list is used (`access_list.mode` in the configuration). */
export type AccessListMode = 'off' | 'allow' | 'deny'

const slotsWord = 0
const entriesWord = 1
const zeroHashWord = 2
const keyWord = 3
const headerWords = 8
const hashWords = 5
const loadMax = 0.75

export class AccessList {
  readonly memory: AccessListMemory
  private readonly words: Int32Array

  constructor(memory: AccessListMemory) {
    this.memory = memory
    this.words = new Int32Array(memory.buffer)
  }

  /** An empty list with room for `capacity` hashes. */
  static empty(capacity: number): AccessList {
    const slots = Math.ceil(Math.max(capacity, 12) / loadMax)
    const words = new Int32Array(new SharedArrayBuffer((headerWords + slots * hashWords) * 4))
    words[slotsWord] = slots
    randomFillSync(words, keyWord, 2)
    return new AccessList({ buffer: words.buffer as SharedArrayBuffer })
  }

  /** Distinct hashes. */
  get size(): number {
    return this.words[entriesWord]!
  }

  /** Whether `add` of a new hash is possible. */
  get hasRoom(): boolean {
    return this.words[entriesWord]! + 1 <= this.words[slotsWord]! * loadMax
  }

  /** Whether an announce for this hash may be served under `mode`. */
  allows(
    mode: AccessListMode,
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
  ): boolean {
    return mode === 'off' || this.contains(hash0, hash1, hash2, hash3, hash4) === (mode === 'allow')
  }

  contains(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): boolean {
    const words = this.words
    if ((hash0 | hash1 | hash2 | hash3 | hash4) === 0) {
      return words[zeroHashWord] !== 0
    }
    const slot = this.slotOf(hash0, hash1, hash2, hash3, hash4)
    return !isFree(words, slot)
  }

  /** Adds a hash while building, before the list is shared; the caller looks at `hasRoom` first. */
  add(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): void {
    const words = this.words
    if ((hash0 | hash1 | hash2 | hash3 | hash4) === 0) {
      words[entriesWord] = words[entriesWord]! + 1 - words[zeroHashWord]!
      words[zeroHashWord] = 1
      return
    }
    const slot = this.slotOf(hash0, hash1, hash2, hash3, hash4)
    if (isFree(words, slot)) {
      words[slot] = hash0
      words[slot + 1] = hash1
      words[slot + 2] = hash2
      words[slot + 3] = hash3
      words[slot + 4] = hash4
      words[entriesWord] = words[entriesWord]! + 1
    }
  }

  /** A copy with room for twice as many. */
  grown(): AccessList {
    const { words } = this
    const larger = AccessList.empty(2 * this.size)
    const end = headerWords + words[slotsWord]! * hashWords
    for (let slot = headerWords; slot < end; slot += hashWords) {
      if (!isFree(words, slot)) {
        larger.add(words[slot]!, words[slot + 1]!, words[slot + 2]!, words[slot + 3]!, words[slot + 4]!)
      }
    }
    if (words[zeroHashWord] !== 0) {
      larger.add(0, 0, 0, 0, 0)
    }
    return larger
  }

  /** The slot that holds the hash, or the free one where it would be. The load leaves a free one always. */
  private slotOf(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): number {
    const words = this.words
    const slots = words[slotsWord]!
    const end = headerWords + slots * hashWords
    const hash = halfSipHashOf5(words[keyWord]!, words[keyWord + 1]!, hash0, hash1, hash2, hash3, hash4)
    let slot = headerWords + Math.floor((hash >>> 0) * (slots / 2 ** 32)) * hashWords
    for (;;) {
      const isMatch =
        words[slot] === hash0 &&
        words[slot + 1] === hash1 &&
        words[slot + 2] === hash2 &&
        words[slot + 3] === hash3 &&
        words[slot + 4] === hash4
      if (isMatch || isFree(words, slot)) {
        return slot
      }
      slot += hashWords
      if (slot === end) {
        slot = headerWords
      }
    }
  }
}

function isFree(words: Int32Array, slot: number): boolean {
  return (words[slot]! | words[slot + 1]! | words[slot + 2]! | words[slot + 3]! | words[slot + 4]!) === 0
}
