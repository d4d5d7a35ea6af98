// A set of info hashes in shared memory, built once from a file and then only read: no lock. A new list is a new set.
//
//   [slots][entries][has the all-zero hash][key 0][key 1]  then slots of 5 words, all zero when free
//
// Open addressing at a load of at most 0.75 (26.7 bytes per hash), probing onwards from the slot the keyed hash
// chooses: public block lists are other people's input, so their hashes must not be able to crowd either.
//
// A list that is loaded again and again lies in reserved memory: address space for the largest list, of which only
// what the present one needs is ever touched. So the memory of an old list can be used for the next one, at any size,
// by threads that have known it from their start.
import { randomFillSync } from 'node:crypto'
import { halfSipHashOf5 } from '../protocol/half-siphash.js'

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
const slotsMin = 16
const bytesPerSlot = hashWords * 4

/** Address space of a reserved list: 161 million hashes, a file of 6.6 GB. */
const reservedBytes = 2 ** 32

export class AccessList {
  readonly memory: AccessListMemory
  private readonly words: Int32Array

  /** The list that is in this memory; one must be. */
  constructor(memory: AccessListMemory) {
    this.memory = memory
    const slots = new Int32Array(memory.buffer, 0, 1)[slotsWord]!
    this.words = new Int32Array(memory.buffer, 0, headerWords + slots * hashWords)
  }

  /** An empty list with room for `capacity` hashes. */
  static empty(capacity: number): AccessList {
    const buffer = new SharedArrayBuffer(bytesFor(capacity))
    return AccessList.startIn({ buffer }, capacity)
  }

  /** Reserves memory for `startIn`. @throws RangeError when there is not so much address space */
  static reserve(bytesMax = reservedBytes): AccessListMemory {
    return { buffer: new SharedArrayBuffer(headerWords * 4, { maxByteLength: bytesMax }) }
  }

  /** How many hashes this memory can hold. */
  static capacityOf({ buffer }: AccessListMemory): number {
    const bytes = buffer.growable ? buffer.maxByteLength : buffer.byteLength
    return Math.floor(Math.floor((bytes - headerWords * 4) / bytesPerSlot) * loadMax)
  }

  /**
   * An empty list with room for `capacity` hashes in memory that nobody reads any more.
   * @throws RangeError when that is more than the memory can hold
   */
  static startIn(memory: AccessListMemory, capacity: number): AccessList {
    const { buffer } = memory
    const old = new AccessList(memory)
    old.words.fill(0)
    if (buffer.byteLength < bytesFor(capacity)) buffer.grow(bytesFor(capacity))
    const header = new Int32Array(buffer, 0, headerWords)
    header[slotsWord] = slotsFor(capacity)
    randomFillSync(header, keyWord, 2)
    return new AccessList(memory)
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

function slotsFor(capacity: number): number {
  return Math.max(Math.ceil(capacity / loadMax), slotsMin)
}

function bytesFor(capacity: number): number {
  return headerWords * 4 + slotsFor(capacity) * bytesPerSlot
}

function isFree(words: Int32Array, slot: number): boolean {
  return (words[slot]! | words[slot + 1]! | words[slot + 2]! | words[slot + 3]! | words[slot + 4]!) === 0
}
