// Fetches into the processor's caches what a batch of announces is about to need. An announce follows a chain of four
// dependent loads (shard, slot, record, peers), each a miss in a swarm larger than the caches; done one announce after
// the other they add up. Here all announces of a batch make their first step, then all their second, and so on: the
// misses of one step overlap. Nothing is decided by what is read, so no lock is needed and stale positions do no harm.

import { Header, Layout, Shard, TorrentRecord } from './layout.js'
import { type SwarmMemory, wordsOf } from './memory.js'
import { hashPrefix, hashTorrent } from './torrent-record.js'

export class Lookahead {
  /** Keyed hashes of the torrents added, for `Swarm.announceHashed`. */
  readonly hashes: Int32Array
  /** Mix of everything touched: it keeps the loads from being optimised away, and means nothing. */
  touched = 0
  readonly #words: Int32Array
  readonly #shardMask: number
  readonly #firstWords: Int32Array
  readonly #positions: Int32Array
  #count = 0

  /** @param capacity announces in a batch at most */
  constructor(memory: SwarmMemory, capacity: number) {
    this.#words = wordsOf(memory)
    this.#shardMask = this.#words[Header.shardMask]
    this.hashes = new Int32Array(capacity)
    this.#firstWords = new Int32Array(capacity)
    this.#positions = new Int32Array(capacity)
  }

  /** Begins a new batch. */
  clear(): void {
    this.#count = 0
  }

  /** Adds the torrent of one announce. @returns its place in `hashes` */
  add(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): number {
    const index = this.#count++
    this.hashes[index] = hashTorrent(this.#words, hash0, hash1, hash2, hash3, hash4)
    this.#firstWords[index] = hash0
    return index
  }

  /**
   * Walks all chains, a step at a time. Short loops without calls and without branches on what is fetched: a processor
   * looks some hundred instructions ahead, and what fits into that is fetched at the same time.
   */
  fetch(): void {
    const words = this.#words
    const positions = this.#positions
    const hashes = this.hashes
    const firstWords = this.#firstWords
    const shardMask = this.#shardMask
    const end = words.length - 16
    const count = this.#count
    for (let index = 0; index < count; index++) {
      const hash = hashes[index]
      const shard = Layout.shardsAt + (hash & shardMask) * Layout.shardWords
      positions[index] = words[shard + Shard.slots] + hashPrefix(hash, words[shard + Shard.slotBits])
    }
    // Slot to record, record to the next of its chain where the first word shows that it is another torrent. A position
    // read without a lock may be anything: outside the swarm it becomes 0.
    for (let index = 0; index < count; index++) {
      const slot = positions[index]
      positions[index] = words[slot < 0 || slot >= end ? 0 : slot]
    }
    for (let index = 0; index < count; index++) {
      const position = positions[index]
      const record = position < 0 || position >= end ? 0 : position
      const difference = words[record + TorrentRecord.hash] ^ firstWords[index]
      const isOther = (difference | -difference) >> 31
      positions[index] = record ^ ((record ^ words[record + TorrentRecord.next]) & isOther)
    }
    for (let index = 0; index < count; index++) {
      const position = positions[index]
      const record = position < 0 || position >= end ? 0 : position
      positions[index] = words[record + TorrentRecord.ipv4] | words[record + TorrentRecord.ipv6]
    }
    let touched = 0
    for (let index = 0; index < count; index++) {
      const position = positions[index]
      const block = position < 0 || position >= end ? 0 : position
      // An added peer often moves them to a larger block; giving this one back changes its slab's descriptor.
      touched ^=
        words[block] ^ words[Layout.descriptorsAt + (block >>> Layout.slabBits) * Layout.descriptorWords]
    }
    this.touched = touched
  }
}

/** Slots whose torrents `fetchSlots` fetches, and chained torrents of each: few chains are longer. */
export const slotsFetchedMax = 16
const chainFetchedMax = 3
const slotPositions = new Int32Array(slotsFetchedMax)
/** Mix of everything touched, as `Lookahead.touched`. */
const touchedWords = new Int32Array(1)

/**
 * Fetches the torrents of up to 16 slots of a shard from slot `first` on, with their small peer sets, for the cleaner:
 * it holds the shard's lock for a fifth of the time then. Needs no lock, as `Lookahead` does not.
 */
export function fetchSlots(words: Int32Array, shard: number, first: number): void {
  const positions = slotPositions
  const end = words.length - 16
  const slots = words[shard + Shard.slots]! + first
  let touched = 0
  for (let index = 0; index < slotsFetchedMax; index++) {
    const slot = slots + index
    positions[index] = words[slot < 0 || slot >= end ? 0 : slot]!
  }
  for (let link = 0; link < chainFetchedMax; link++) {
    for (let index = 0; index < slotsFetchedMax; index++) {
      const position = positions[index]!
      touched ^= words[position < 0 || position >= end ? 0 : position]!
    }
    for (let index = 0; index < slotsFetchedMax; index++) {
      const position = positions[index]!
      const record = position < 0 || position >= end ? 0 : position
      const peers = words[record + TorrentRecord.ipv4]! | words[record + TorrentRecord.ipv6]!
      const block = peers < 0 || peers >= end ? 0 : peers
      touched ^=
        words[block]! ^ words[Layout.descriptorsAt + (block >>> Layout.slabBits) * Layout.descriptorWords]!
      positions[index] = record === 0 ? 0 : words[record + TorrentRecord.next]!
    }
  }
  touchedWords[0] = touched
}
