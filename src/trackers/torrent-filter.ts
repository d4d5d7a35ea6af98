// Which torrents a tracker serves, as each worker asks for it: an access list and how it is used.
//
// Two lists in shared memory take turns. A version, odd or even, says which is in use; publishing a new list is one
// store. A worker that begins a batch writes the version it goes by into a word of its own, and 0 at the batch's end:
// so the old list's memory is used for another list only when no worker reads it any more (a hazard pointer). No
// worker ever waits, none needs a message, and a worker that starts later sees the newest list by itself.

import { AccessList, type AccessListMemory, type AccessListMode } from '../swarm/access-list.js'

/** Distance between words that different threads write: two cache lines, as processors fetch them in pairs. */
const STRIDE_WORDS = 32
const VERSION = 0
const NO_VERSION = 0
const FIRST_VERSION = 1

/** Handed to workers as plain data; the lists are shared memory. */
export interface TorrentFilterData {
  readonly mode: Exclude<AccessListMode, 'off'>
  readonly lists: readonly [AccessListMemory, AccessListMemory]
  /** The version, and one word for each worker. */
  readonly versions: SharedArrayBuffer
}

/** The words that say which list is in use, and by whom. */
export function createFilterVersions(workers: number, current = FIRST_VERSION): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((workers + 1) * STRIDE_WORDS * 4)
  new Int32Array(buffer)[VERSION] = current
  return buffer
}

/** The main thread's view: which list is in use, and whether the one before still is. */
export class FilterVersions {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  get current(): number {
    return Atomics.load(this.#words, VERSION)
  }

  /** From now on every batch that begins goes by the other list. */
  publish(): void {
    Atomics.add(this.#words, VERSION, 1)
  }

  /** Whether a batch is under way that began before the last `publish`. */
  get isOldInUse(): boolean {
    const { current } = this
    for (let at = STRIDE_WORDS; at < this.#words.length; at += STRIDE_WORDS) {
      const used = Atomics.load(this.#words, at)
      if (used !== NO_VERSION && used !== current) return true
    }
    return false
  }
}

/** Index of a version's list. */
export function listOf(version: number): 0 | 1 {
  return (version & 1) as 0 | 1
}

/** One worker's view. Questions are asked between `begin` and `end` only, in one turn of the event loop. */
export class TorrentFilter {
  readonly #mode: AccessListMode
  readonly #lists: TorrentFilterData['lists']
  readonly #versions: Int32Array
  readonly #ownWord: number
  #version = NO_VERSION
  #list!: AccessList

  /** Takes the place of a worker with the same index that has ended. */
  constructor(data: TorrentFilterData, workerIndex: number) {
    this.#mode = data.mode
    this.#lists = data.lists
    this.#versions = new Int32Array(data.versions)
    this.#ownWord = (workerIndex + 1) * STRIDE_WORDS
    this.end()
  }

  /** Goes by the newest list until `end`: two atomic operations, about 20 ns. */
  begin(): void {
    const words = this.#versions
    let version = Atomics.load(words, VERSION)
    for (;;) {
      Atomics.store(words, this.#ownWord, version)
      // Published in between: the main thread may not have seen our word when it looked whether anybody reads.
      const newest = Atomics.load(words, VERSION)
      if (newest === version) break
      version = newest
    }
    if (version === this.#version) return
    this.#version = version
    this.#list = new AccessList(this.#lists[listOf(version)])
  }

  end(): void {
    Atomics.store(this.#versions, this.#ownWord, NO_VERSION)
  }

  /** Whether this torrent is served. Arguments are the five words of an info hash, as it lies on the wire. */
  allows(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): boolean {
    return this.#list.allows(this.#mode, hash0, hash1, hash2, hash3, hash4)
  }

  /** The same for the info hash in words[at, at + 5). */
  allowsAt(words: Int32Array, at: number): boolean {
    return this.allows(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4])
  }
}
