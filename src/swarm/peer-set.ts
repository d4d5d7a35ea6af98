// The peers of one torrent and family: two words of the torrent record, and what they point to.
//
//   [position][meta]     meta:  30     19..16      15..8    7..0
//                               large  size class  seeders  peers
//
// Small: `position` is one block of 2^class words with the entries side by side. A block of the bucket class leaves its
// last word free, so that it can become the first bucket of a large set as it is, and the last bucket a small set.
// Large: `position` is the header of an extendible hash table (`large-set.ts`) and keeps the counts.
// Empty: both words are 0.
import type { Announce } from './announce.js'
import * as large from './large-set.js'
import { Header } from './layout.js'
import { copyWords, findEntry, PeerEntry, writeEntry } from './peer-entry.js'
import { allocate, free } from './slabs.js'

const largeFlag = 1 << 30
const classShift = 16
const seedersShift = 8

export function isLarge(words: Int32Array, set: number): boolean {
  return (words[set + 1]! & largeFlag) !== 0
}

export function peersOf(words: Int32Array, set: number): number {
  const meta = words[set + 1]!
  return (meta & largeFlag) !== 0 ? words[words[set]! + large.LargeHeader.peers]! : meta & 0xff
}

export function seedersOf(words: Int32Array, set: number): number {
  const meta = words[set + 1]!
  return (meta & largeFlag) !== 0
    ? words[words[set]! + large.LargeHeader.seeders]!
    : (meta >>> seedersShift) & 0xff
}

export function addSeeders(words: Int32Array, set: number, change: number): void {
  if (isLarge(words, set)) {
    const counter = words[set]! + large.LargeHeader.seeders
    words[counter] = words[counter]! + change
  } else {
    words[set + 1] = words[set + 1]! + (change << seedersShift)
  }
}

/** The block or bucket in which the announcer's entry is, if it is anywhere; 0 when there are no peers. */
export function containerOf(words: Int32Array, set: number, entryWords: number, announce: Announce): number {
  return isLarge(words, set)
    ? large.bucketOf(words, words[set]!, large.hashPeer(words, entryWords, announce))
    : words[set]!
}

/** Entries in a container of this set. */
export function peersIn(words: Int32Array, set: number, container: number): number {
  const meta = words[set + 1]!
  return (meta & largeFlag) !== 0 ? large.peersInBucket(words, container) : meta & 0xff
}

/** Position of the announcer's entry in a container, or 0. */
export function findPeer(
  words: Int32Array,
  set: number,
  container: number,
  entryWords: number,
  announce: Announce,
): number {
  return findEntry(words, container, peersIn(words, set, container), entryWords, announce)
}

/**
 * Adds a peer that is not there yet behind the others of its container; the caller counts seeders.
 * Returns the container, or 0 at the memory limit.
 */
export function addPeer(
  words: Int32Array,
  shard: number,
  set: number,
  entryWords: number,
  announce: Announce,
  entryMeta: number,
): number {
  const meta = words[set + 1]!
  if ((meta & largeFlag) !== 0) {
    return large.addPeer(words, shard, words[set]!, entryWords, announce, entryMeta)
  }
  const sizeClass = meta >>> classShift
  const peers = meta & 0xff
  if (peers === smallCapacity(words, sizeClass, entryWords)) {
    if (sizeClass === words[Header.bucketClass]) {
      return becomeLarge(words, shard, set)
        ? large.addPeer(words, shard, words[set]!, entryWords, announce, entryMeta)
        : 0
    }
    if (!moveToClass(words, shard, set, entryWords, nextClass(sizeClass, entryWords))) {
      return 0
    }
  }
  const block = words[set]!
  writeEntry(words, block + peers * entryWords, entryWords, announce, entryMeta)
  words[set + 1] = words[set + 1]! + 1
  return block
}

/** Removes the entry at `entry` in `container`; the caller counts seeders before. */
export function removePeer(
  words: Int32Array,
  shard: number,
  set: number,
  container: number,
  entry: number,
  entryWords: number,
  announce: Announce,
): void {
  const peersLeft = peersIn(words, set, container) - 1
  copyWords(words, container + peersLeft * entryWords, entry, entryWords)
  if (isLarge(words, set)) {
    const hash = large.hashPeer(words, entryWords, announce)
    large.setPeersInBucket(words, words[set]!, container, peersLeft)
    large.mergeAround(words, shard, words[set]!, hash, entryWords)
    becomeSmallIfFew(words, shard, set, entryWords)
  } else {
    setSmallPeers(words, shard, set, peersLeft, entryWords)
  }
}

/** Sets the number of peers of a small set after removals, and gives back room it no longer needs. */
export function setSmallPeers(
  words: Int32Array,
  shard: number,
  set: number,
  peers: number,
  entryWords: number,
): void {
  const meta = words[set + 1]!
  const sizeClass = meta >>> classShift
  if (peers === 0) {
    free(words, shard, sizeClass, words[set]!)
    words[set] = 0
    words[set + 1] = 0
    return
  }
  words[set + 1] = (meta & ~0xff) | peers
  // Down to a quarter before shrinking: a peer that comes and goes at a border must not copy the block each time.
  if (peers * 4 <= smallCapacity(words, sizeClass, entryWords)) {
    let fitting = nextClass(0, entryWords)
    while (smallCapacity(words, fitting, entryWords) < peers) {
      fitting++
    }
    moveToClass(words, shard, set, entryWords, fitting)
  }
}

/** A large set that shrank to one bucket of few peers becomes small: that bucket is its block. */
export function becomeSmallIfFew(words: Int32Array, shard: number, set: number, entryWords: number): void {
  const header = words[set]!
  const peers = words[header + large.LargeHeader.peers]!
  const bucketClass = words[Header.bucketClass]!
  if (peers * 2 > smallCapacity(words, bucketClass, entryWords)) {
    return
  }
  const seeders = words[header + large.LargeHeader.seeders]!
  const bucket = large.dissolve(words, shard, header)
  if (bucket !== 0) {
    words[set] = bucket
    words[set + 1] = (bucketClass << classShift) | (seeders << seedersShift) | peers
    setSmallPeers(words, shard, set, peers, entryWords)
  }
}

function becomeLarge(words: Int32Array, shard: number, set: number): boolean {
  const header = large.create(words, shard, words[set]!, peersOf(words, set), seedersOf(words, set))
  if (header === 0) {
    return false
  }
  words[set] = header
  words[set + 1] = largeFlag
  return true
}

function nextClass(sizeClass: number, entryWords: number): number {
  if (sizeClass !== 0) {
    return sizeClass + 1
  }
  return entryWords === PeerEntry.ipv4Words ? 1 : 3
}

function smallCapacity(words: Int32Array, sizeClass: number, entryWords: number): number {
  if (sizeClass === words[Header.bucketClass]) {
    return large.bucketCapacity(words, entryWords)
  }
  if (sizeClass === 0) {
    return 0
  }
  return entryWords === PeerEntry.ipv4Words ? 1 << (sizeClass - 1) : ((1 << sizeClass) / entryWords) | 0
}

function moveToClass(
  words: Int32Array,
  shard: number,
  set: number,
  entryWords: number,
  newClass: number,
): boolean {
  const newBlock = allocate(words, shard, newClass)
  if (newBlock === 0) {
    return false
  }
  const meta = words[set + 1]!
  const oldClass = meta >>> classShift
  if (oldClass !== 0) {
    copyWords(words, words[set]!, newBlock, (meta & 0xff) * entryWords)
    free(words, shard, oldClass, words[set]!)
  }
  words[set] = newBlock
  words[set + 1] = (meta & 0xffff) | (newClass << classShift)
  return true
}
