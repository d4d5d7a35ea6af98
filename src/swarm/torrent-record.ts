// The torrents of one shard: records in chains behind a table of slots, used under the shard's lock.
//
// Record, 11 words:
//   0      next record of the same slot
//   1..5   info hash, beside the link: walking on costs one cache line per record
//   6, 7   IPv4 peers: position, meta     (`peer-set.ts`)
//   8, 9   IPv6 peers: position, meta
//   10     downloads
//
// The keyed hash's low bits choose the shard and its high bits the slot, so slots keep their order when the table
// grows: that lets the cleaner remember where it was as a prefix of the hash.

import { halfSipHashOf5 } from '../protocol/half-siphash.js'
import type { Announce } from './announce.js'
import { Header, Layout, Shard, TorrentRecord } from './layout.js'
import { allocate, allocateRecord, free, freeRecord } from './slabs.js'

const slotBitsMin = 4
/** Four times as many slots at once: relinking is then done a third as often as with doubling. */
const slotBitsGrowth = 2
/** Slots whose records are fetched together when they are relinked: 64 records fit well into the first cache. */
const slotsFetchedTogether = 64
/** Mix of everything fetched: it keeps the loads from being optimised away, and means nothing. */
const touchedWords = new Int32Array(1)
/** The 12 low bits of the hash are spent on the shard. */
const slotBitsMax = 20

/** Keyed hash of an info hash; see `slotOf` and `Swarm` for what its bits choose. */
export function hashTorrent(
  words: Int32Array,
  hash0: number,
  hash1: number,
  hash2: number,
  hash3: number,
  hash4: number,
): number {
  return halfSipHashOf5(
    words[Header.torrentKey]!,
    words[Header.torrentKey + 1]!,
    hash0,
    hash1,
    hash2,
    hash3,
    hash4,
  )
}

export function hashRecord(words: Int32Array, record: number): number {
  return hashTorrent(
    words,
    words[record + TorrentRecord.hash]!,
    words[record + TorrentRecord.hash + 1]!,
    words[record + TorrentRecord.hash + 2]!,
    words[record + TorrentRecord.hash + 3]!,
    words[record + TorrentRecord.hash + 4]!,
  )
}

/** The first `bits` bits of a hash; `bits` may be 0. */
export function hashPrefix(hash: number, bits: number): number {
  return (hash >>> 1) >>> (31 - bits)
}

/** Position of the torrent's record, or 0. */
export function findTorrent(
  words: Int32Array,
  shard: number,
  hash: number,
  hash0: number,
  hash1: number,
  hash2: number,
  hash3: number,
  hash4: number,
): number {
  const slots = words[shard + Shard.slots]!
  if (slots === 0) {
    return 0
  }
  let record = words[slots + hashPrefix(hash, words[shard + Shard.slotBits]!)]!
  while (record !== 0) {
    if (
      words[record + TorrentRecord.hash] === hash0 &&
      words[record + TorrentRecord.hash + 1] === hash1 &&
      words[record + TorrentRecord.hash + 2] === hash2 &&
      words[record + TorrentRecord.hash + 3] === hash3 &&
      words[record + TorrentRecord.hash + 4] === hash4
    ) {
      return record
    }
    record = words[record + TorrentRecord.next]!
  }
  return 0
}

/** Adds an empty torrent that is not there yet. Returns its position, or 0 at the memory limit. */
export function addTorrent(words: Int32Array, shard: number, hash: number, announce: Announce): number {
  if (words[shard + Shard.slots] === 0 && !resizeSlots(words, shard, slotBitsMin)) {
    return 0
  }
  const record = allocateRecord(words, shard)
  if (record === 0) {
    return 0
  }
  const bits = words[shard + Shard.slotBits]!
  const slot = words[shard + Shard.slots]! + hashPrefix(hash, bits)
  words.fill(0, record, record + Layout.recordWords)
  words[record + TorrentRecord.hash] = announce.hash0
  words[record + TorrentRecord.hash + 1] = announce.hash1
  words[record + TorrentRecord.hash + 2] = announce.hash2
  words[record + TorrentRecord.hash + 3] = announce.hash3
  words[record + TorrentRecord.hash + 4] = announce.hash4
  words[lastLink(words, slot)] = record
  const torrents = words[shard + Shard.torrents]! + 1
  words[shard + Shard.torrents] = torrents
  if (torrents > 1 << bits && bits < slotBitsMax) {
    // Without room for more slots the chains just get longer.
    resizeSlots(words, shard, bits + slotBitsGrowth)
  }
  return record
}

/** The word that ends a slot's chain. Torrents join there: those with many announces mostly came early. */
function lastLink(words: Int32Array, slot: number): number {
  let link = slot
  while (words[link] !== 0) {
    link = words[link]! + TorrentRecord.next
  }
  return link
}

/** Removes a torrent whose peers are gone. */
export function removeTorrent(words: Int32Array, shard: number, record: number): void {
  const hash = hashRecord(words, record)
  let link = words[shard + Shard.slots]! + hashPrefix(hash, words[shard + Shard.slotBits]!)
  while (words[link] !== record) {
    link = words[link]! + TorrentRecord.next
  }
  unlinkTorrent(words, shard, link)
}

/** Removes the torrent that the word at `link` (a slot, or the record before) points to. */
export function unlinkTorrent(words: Int32Array, shard: number, link: number): void {
  const record = words[link]!
  words[link] = words[record + TorrentRecord.next]!
  freeRecord(words, shard, record)
  words[shard + Shard.torrents] = words[shard + Shard.torrents]! - 1
}

/** Gives slots back after many torrents went. */
export function shrinkSlots(words: Int32Array, shard: number): void {
  const slots = words[shard + Shard.slots]!
  const bits = words[shard + Shard.slotBits]!
  const torrents = words[shard + Shard.torrents]!
  if (slots !== 0 && torrents === 0) {
    free(words, shard, bits, slots)
    words[shard + Shard.slots] = 0
    words[shard + Shard.slotBits] = 0
  } else if (bits > slotBitsMin && torrents * 8 <= 1 << bits) {
    resizeSlots(words, shard, Math.max(slotBitsMin, 33 - Math.clz32(torrents)))
  }
}

function resizeSlots(words: Int32Array, shard: number, newBits: number): boolean {
  const newSlots = allocate(words, shard, newBits)
  if (newSlots === 0) {
    return false
  }
  words.fill(0, newSlots, newSlots + (1 << newBits))
  const oldSlots = words[shard + Shard.slots]!
  const oldBits = words[shard + Shard.slotBits]!
  if (oldSlots !== 0) {
    const end = oldSlots + (1 << oldBits)
    for (let group = oldSlots; group < end; group += slotsFetchedTogether) {
      const groupEnd = Math.min(group + slotsFetchedTogether, end)
      fetchRecords(words, group, groupEnd)
      for (let slot = group; slot < groupEnd; slot++) {
        relinkChain(words, words[slot]!, newSlots, newBits)
      }
    }
    free(words, shard, oldBits, oldSlots)
  }
  words[shard + Shard.slots] = newSlots
  words[shard + Shard.slotBits] = newBits
  return true
}

/** Loads the first records of the slots' chains into the caches: all at once, where relinking takes one by one. */
function fetchRecords(words: Int32Array, firstSlot: number, endSlot: number): void {
  let touched = 0
  for (let slot = firstSlot; slot < endSlot; slot++) {
    touched ^= words[words[slot]! + TorrentRecord.hash]!
  }
  touchedWords[0] = touched
}

function relinkChain(words: Int32Array, record: number, newSlots: number, newBits: number): void {
  while (record !== 0) {
    const next = words[record + TorrentRecord.next]!
    const slot = newSlots + hashPrefix(hashRecord(words, record), newBits)
    words[record + TorrentRecord.next] = 0
    words[lastLink(words, slot)] = record
    record = next
  }
}
