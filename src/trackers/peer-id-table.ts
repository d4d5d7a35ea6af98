// Peer ids seen lately, in shared memory of a fixed size: workers write, the main thread counts. No lock; an entry is
// claimed by its time word, so that two workers never mix two ids in one entry.
//
//   [bucket mask][key 0][key 1] ... then buckets of 16 entries:
//   entry, 6 words: [seen][peer id, 5 words as on the wire]
//     seen: 0 never used, -1 being written, 1 removed, else seconds + 2
//
// A keyed hash chooses the bucket, since clients choose their ids. A full bucket forgets its oldest id; in a table with
// as many ids as it is made for, that happens to fewer than 1 in 100.
import { randomFillSync } from 'node:crypto'
import { halfSipHashOf5 } from '../protocol/half-siphash.js'

/** Handed to other threads as it is. */
export interface PeerIdTableMemory {
  readonly buffer: SharedArrayBuffer
  readonly maxAgeSeconds: number
}

const maskWord = 0
const keyWord = 1
const bucketsAt = 16
const entryWords = 6
const entriesPerBucket = 16
const bucketWords = entriesPerBucket * entryWords
const idWords = 5

const SEEN_NEVER = 0
const SEEN_BUSY = -1
const SEEN_REMOVED = 1
const SEEN_OFFSET = 2

/** @param peerIds how many different ones are expected at most; the memory is committed only as it fills */
export function createPeerIdTable(peerIds: number, maxAgeSeconds: number): PeerIdTableMemory {
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(1, (2 * peerIds) / entriesPerBucket)))
  const buffer = new SharedArrayBuffer((bucketsAt + buckets * bucketWords) * 4)
  const words = new Int32Array(buffer)
  words[maskWord] = buckets - 1
  randomFillSync(words, keyWord, 2)
  return { buffer, maxAgeSeconds }
}

/** One thread's view. Words of peer ids are as on the wire, loaded by a little-endian Int32Array. */
export class PeerIdTable {
  readonly #words: Int32Array
  readonly #mask: number
  readonly #key0: number
  readonly #key1: number
  readonly #maxAgeSeconds: number

  constructor({ buffer, maxAgeSeconds }: PeerIdTableMemory) {
    this.#words = new Int32Array(buffer)
    this.#mask = this.#words[maskWord]
    this.#key0 = this.#words[keyWord]
    this.#key1 = this.#words[keyWord + 1]
    this.#maxAgeSeconds = maxAgeSeconds
  }

  /** Notes the peer id at `source[at]`, 5 words. @returns 1 if that pushed out an id still valid, else 0 */
  note(source: Int32Array, at: number, nowSeconds: number): number {
    const words = this.#words
    const bucket = this.#bucketOf(source, at)
    let oldest = -1
    let oldestSeen = 0x7fffffff
    for (let entry = bucket; entry < bucket + bucketWords; entry += entryWords) {
      const seen = Atomics.load(words, entry)
      if (seen === SEEN_BUSY) continue
      if (seen > SEEN_REMOVED && holds(words, entry, source, at)) {
        Atomics.compareExchange(words, entry, seen, nowSeconds + SEEN_OFFSET)
        return 0
      }
      // Entries are taken from the front: behind one that was never used there is none. It is taken only where no
      // other is free, so that buckets stay short.
      const isFree = seen !== SEEN_NEVER || oldest < 0 || this.#isValid(oldestSeen, nowSeconds)
      if (seen < oldestSeen && isFree) {
        oldest = entry
        oldestSeen = seen
      }
      if (seen === SEEN_NEVER) break
    }
    // Lost to another worker: this id is noted at its next announce.
    if (oldest < 0 || Atomics.compareExchange(words, oldest, oldestSeen, SEEN_BUSY) !== oldestSeen) return 0
    for (let word = 0; word < idWords; word++) words[oldest + 1 + word] = source[at + word]
    Atomics.store(words, oldest, nowSeconds + SEEN_OFFSET)
    return this.#isValid(oldestSeen, nowSeconds) ? 1 : 0
  }

  /** Forgets the peer id at `source[at]`. If it is in other torrents too, its next announce brings it back. */
  remove(source: Int32Array, at: number): void {
    const words = this.#words
    const bucket = this.#bucketOf(source, at)
    for (let entry = bucket; entry < bucket + bucketWords; entry += entryWords) {
      const seen = Atomics.load(words, entry)
      if (seen === SEEN_NEVER) return
      if (seen > SEEN_REMOVED && holds(words, entry, source, at)) {
        Atomics.compareExchange(words, entry, seen, SEEN_REMOVED)
      }
    }
  }

  /** Calls `visit` with the place in `words` of each valid peer id, once for each different one. */
  forEach(nowSeconds: number, visit: (words: Int32Array, at: number) => void): void {
    const words = this.#words
    const end = bucketsAt + (this.#mask + 1) * bucketWords
    for (let bucket = bucketsAt; bucket < end; bucket += bucketWords) {
      for (let entry = bucket; entry < bucket + bucketWords; entry += entryWords) {
        const seen = Atomics.load(words, entry)
        if (seen === SEEN_NEVER) break
        if (!this.#isValid(seen, nowSeconds) || this.#isRepeated(bucket, entry, nowSeconds)) continue
        visit(words, entry + 1)
      }
    }
  }

  #bucketOf(source: Int32Array, at: number): number {
    const hash = halfSipHashOf5(
      this.#key0,
      this.#key1,
      source[at],
      source[at + 1],
      source[at + 2],
      source[at + 3],
      source[at + 4],
    )
    return bucketsAt + (hash & this.#mask) * bucketWords
  }

  #isValid(seen: number, nowSeconds: number): boolean {
    return seen >= SEEN_OFFSET && nowSeconds - (seen - SEEN_OFFSET) < this.#maxAgeSeconds
  }

  /** Two workers that meet a new id at the same moment may both write it. */
  #isRepeated(bucket: number, entry: number, nowSeconds: number): boolean {
    const words = this.#words
    for (let other = bucket; other < entry; other += entryWords) {
      if (holds(words, other, words, entry + 1) && this.#isValid(words[other], nowSeconds)) return true
    }
    return false
  }
}

/** Whether the entry's id is the one at `source[at]`. Ids of one program begin alike: the last word differs most. */
function holds(words: Int32Array, entry: number, source: Int32Array, at: number): boolean {
  return (
    words[entry + 5] === source[at + 4] &&
    words[entry + 4] === source[at + 3] &&
    words[entry + 3] === source[at + 2] &&
    words[entry + 2] === source[at + 1] &&
    words[entry + 1] === source[at]
  )
}
