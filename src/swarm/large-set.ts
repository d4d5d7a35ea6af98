// A large peer set: extendible hashing, so that no announce ever copies more than one bucket, or the directory when it
// doubles (5 million peers: 2^17 words), and finding a peer reads one bucket however many there are.
//
//   header            directory, 2^depth words             buckets of 2^bucketClass words (1 KiB)
//   [directory]--->   [00]------------------------------>  [entry][entry]...          [local depth | peers]
//   [depth = 2]       [01]------------------------------>  [entry]...                 [2 | 90]
//   [peers]           [10]--+--------------------------->  [entry]...                 [1 | 70]
//   [seeders]         [11]--+
//
// The first `depth` bits of the keyed hash of (address, port) choose the directory word. A bucket of local depth l owns
// 2^(depth-l) neighbouring words. Full buckets split, near-empty pairs merge, the directory halves when it can. The key
// keeps peers from aiming at one bucket; should one manage, the directory's bound makes it refuse, not grow.

import { halfSipHashOf2, halfSipHashOf5 } from '../protocol/half-siphash.js'
import type { Announce } from './announce.js'
import { Header } from './layout.js'
import { copyWords, PeerEntry, writeEntry } from './peer-entry.js'
import { allocate, free } from './slabs.js'
import { hashPrefix } from './torrent-record.js'

export const enum LargeHeader {
  directory = 0,
  depth = 1,
  peers = 2,
  seeders = 3,
  buckets = 4,
  directoryClass = 5,
  /** Buckets of each local depth: the directory can halve when none is at `depth`. */
  bucketsOfDepth = 8,
}

const headerClass = 5
const depthMax = 23
/** Words of directory per bucket at most, beyond a first 4 KiB; random hashes stay below 4. */
const directoryWordsPerBucketMax = 16
const directoryWordsFree = 1024

export function bucketCapacity(words: Int32Array, entryWords: number): number {
  return (((1 << words[Header.bucketClass]!) - 1) / entryWords) | 0
}

function trailerOf(words: Int32Array, bucket: number): number {
  return bucket + (1 << words[Header.bucketClass]!) - 1
}

export function peersInBucket(words: Int32Array, bucket: number): number {
  return words[trailerOf(words, bucket)]! & 0xff
}

export function localDepthOf(words: Int32Array, bucket: number): number {
  return words[trailerOf(words, bucket)]! >>> 8
}

/** Sets a bucket's number of peers and corrects that of the set. */
export function setPeersInBucket(words: Int32Array, header: number, bucket: number, peers: number): void {
  const trailer = trailerOf(words, bucket)
  const before = words[trailer]!
  words[trailer] = (before & ~0xff) | peers
  words[header + LargeHeader.peers] = words[header + LargeHeader.peers]! + peers - (before & 0xff)
}

export function hashPeer(words: Int32Array, entryWords: number, announce: Announce): number {
  const key0 = words[Header.peerKey]!
  const key1 = words[Header.peerKey + 1]!
  return entryWords === PeerEntry.ipv4Words
    ? halfSipHashOf2(key0, key1, announce.address0, announce.wirePort)
    : halfSipHashOf5(
        key0,
        key1,
        announce.address0,
        announce.address1,
        announce.address2,
        announce.address3,
        announce.wirePort,
      )
}

function hashEntry(words: Int32Array, entryWords: number, entry: number): number {
  const key0 = words[Header.peerKey]!
  const key1 = words[Header.peerKey + 1]!
  const wirePort = words[entry + entryWords - 1]! & 0xffff
  return entryWords === PeerEntry.ipv4Words
    ? halfSipHashOf2(key0, key1, words[entry]!, wirePort)
    : halfSipHashOf5(
        key0,
        key1,
        words[entry]!,
        words[entry + 1]!,
        words[entry + 2]!,
        words[entry + 3]!,
        wirePort,
      )
}

/** The bucket for a hash. */
export function bucketOf(words: Int32Array, header: number, hash: number): number {
  const index = hashPrefix(hash, words[header + LargeHeader.depth]!)
  return words[words[header + LargeHeader.directory]! + index]!
}

/** Where the hashes of the bucket for `hash` end: an unsigned 32-bit hash, exclusive, so up to 2^32. */
export function bucketHashEnd(words: Int32Array, header: number, hash: number): number {
  const width = 2 ** (32 - localDepthOf(words, bucketOf(words, header, hash)))
  return (Math.floor((hash >>> 0) / width) + 1) * width
}

/** Makes a large set of one bucket, which is a full small block. Returns the header, or 0 at the memory limit. */
export function create(
  words: Int32Array,
  shard: number,
  bucket: number,
  peers: number,
  seeders: number,
): number {
  const header = allocate(words, shard, headerClass)
  if (header === 0) {
    return 0
  }
  const directory = allocate(words, shard, directoryClass(0))
  if (directory === 0) {
    free(words, shard, headerClass, header)
    return 0
  }
  words.fill(0, header, header + (1 << headerClass))
  words[directory] = bucket
  words[trailerOf(words, bucket)] = peers
  words[header + LargeHeader.directory] = directory
  words[header + LargeHeader.directoryClass] = directoryClass(0)
  words[header + LargeHeader.peers] = peers
  words[header + LargeHeader.seeders] = seeders
  words[header + LargeHeader.buckets] = 1
  words[header + LargeHeader.bucketsOfDepth] = 1
  return header
}

/** Frees header and directory of a set with one bucket and returns that; 0, and nothing is freed, when it has more. */
export function dissolve(words: Int32Array, shard: number, header: number): number {
  const depth = words[header + LargeHeader.depth]!
  if (words[header + LargeHeader.buckets] !== 1 || depth !== 0) {
    return 0
  }
  const directory = words[header + LargeHeader.directory]!
  const bucket = words[directory]!
  free(words, shard, words[header + LargeHeader.directoryClass]!, directory)
  free(words, shard, headerClass, header)
  return bucket
}

/** Adds a peer that is not there yet at the end of its bucket. Returns the bucket; 0 when there is no room. */
export function addPeer(
  words: Int32Array,
  shard: number,
  header: number,
  entryWords: number,
  announce: Announce,
  entryMeta: number,
): number {
  const hash = hashPeer(words, entryWords, announce)
  const capacity = bucketCapacity(words, entryWords)
  let bucket = bucketOf(words, header, hash)
  while (peersInBucket(words, bucket) === capacity) {
    if (!splitBucket(words, shard, header, hash, entryWords)) {
      return 0
    }
    bucket = bucketOf(words, header, hash)
  }
  const peers = peersInBucket(words, bucket)
  writeEntry(words, bucket + peers * entryWords, entryWords, announce, entryMeta)
  setPeersInBucket(words, header, bucket, peers + 1)
  return bucket
}

/** Splits the bucket for `hash` in two. False when memory or the directory's bound forbids it. */
function splitBucket(
  words: Int32Array,
  shard: number,
  header: number,
  hash: number,
  entryWords: number,
): boolean {
  const low = bucketOf(words, header, hash)
  const localDepth = localDepthOf(words, low)
  if (localDepth === words[header + LargeHeader.depth] && !doubleDirectory(words, shard, header)) {
    return false
  }
  const high = allocate(words, shard, words[Header.bucketClass]!)
  if (high === 0) {
    return false
  }
  shareOut(words, low, high, localDepth, entryWords)
  const span = 1 << (words[header + LargeHeader.depth]! - localDepth)
  const first = firstIndexOf(words, header, hash, localDepth)
  const directory = words[header + LargeHeader.directory]!
  words.fill(high, directory + first + (span >>> 1), directory + first + span)
  countBuckets(words, header, localDepth, -1)
  countBuckets(words, header, localDepth + 1, 2)
  return true
}

/** Moves the entries whose hash has the next bit set from `low` to the new bucket `high`. */
function shareOut(
  words: Int32Array,
  low: number,
  high: number,
  localDepth: number,
  entryWords: number,
): void {
  const bit = 1 << (31 - localDepth)
  let lowEnd = low
  let highEnd = high
  const end = low + peersInBucket(words, low) * entryWords
  for (let entry = low; entry < end; entry += entryWords) {
    if ((hashEntry(words, entryWords, entry) & bit) !== 0) {
      copyWords(words, entry, highEnd, entryWords)
      highEnd += entryWords
    } else {
      copyWords(words, entry, lowEnd, entryWords)
      lowEnd += entryWords
    }
  }
  words[trailerOf(words, low)] = ((localDepth + 1) << 8) | ((lowEnd - low) / entryWords)
  words[trailerOf(words, high)] = ((localDepth + 1) << 8) | ((highEnd - high) / entryWords)
}

/** Merges the bucket for `hash` with its other half as long as both together are at most half full. */
export function mergeAround(
  words: Int32Array,
  shard: number,
  header: number,
  hash: number,
  entryWords: number,
): void {
  const mergedMax = bucketCapacity(words, entryWords) >>> 1
  for (;;) {
    const bucket = bucketOf(words, header, hash)
    const peers = peersInBucket(words, bucket)
    const localDepth = localDepthOf(words, bucket)
    if (localDepth === 0 || peers > mergedMax) {
      break
    }
    const depth = words[header + LargeHeader.depth]!
    const directory = words[header + LargeHeader.directory]!
    const span = 1 << (depth - localDepth)
    const first = firstIndexOf(words, header, hash, localDepth)
    const buddy = words[directory + (first ^ span)]!
    const buddyPeers = peersInBucket(words, buddy)
    if (localDepthOf(words, buddy) !== localDepth || peers + buddyPeers > mergedMax) {
      break
    }
    copyWords(words, buddy, bucket + peers * entryWords, buddyPeers * entryWords)
    words[trailerOf(words, bucket)] = ((localDepth - 1) << 8) | (peers + buddyPeers)
    words.fill(bucket, directory + (first ^ span), directory + (first ^ span) + span)
    free(words, shard, words[Header.bucketClass]!, buddy)
    countBuckets(words, header, localDepth, -2)
    countBuckets(words, header, localDepth - 1, 1)
  }
  halveDirectory(words, shard, header)
}

/** Index of the first directory word that belongs to the bucket of `localDepth` for `hash`. */
function firstIndexOf(words: Int32Array, header: number, hash: number, localDepth: number): number {
  const depth = words[header + LargeHeader.depth]!
  return hashPrefix(hash, depth) & -(1 << (depth - localDepth))
}

function countBuckets(words: Int32Array, header: number, localDepth: number, change: number): void {
  const counter = header + LargeHeader.bucketsOfDepth + localDepth
  words[counter] = words[counter]! + change
  words[header + LargeHeader.buckets] = words[header + LargeHeader.buckets]! + change
}

/** A directory of one word still takes the smallest block, of two. */
function directoryClass(depth: number): number {
  return Math.max(1, depth)
}

function doubleDirectory(words: Int32Array, shard: number, header: number): boolean {
  const depth = words[header + LargeHeader.depth]!
  const size = 1 << depth
  const sizeMax = Math.max(
    directoryWordsFree,
    directoryWordsPerBucketMax * words[header + LargeHeader.buckets]!,
  )
  if (depth === depthMax || size * 2 > sizeMax) {
    return false
  }
  const newDirectory = allocate(words, shard, directoryClass(depth + 1))
  if (newDirectory === 0) {
    return false
  }
  const directory = words[header + LargeHeader.directory]!
  for (let index = 0; index < size; index++) {
    const bucket = words[directory + index]!
    words[newDirectory + 2 * index] = bucket
    words[newDirectory + 2 * index + 1] = bucket
  }
  replaceDirectory(words, shard, header, newDirectory, directoryClass(depth + 1))
  words[header + LargeHeader.depth] = depth + 1
  return true
}

/** Halves the directory as often as no bucket needs all of its depth. */
function halveDirectory(words: Int32Array, shard: number, header: number): void {
  const depth = words[header + LargeHeader.depth]!
  let newDepth = depth
  while (newDepth > 0 && words[header + LargeHeader.bucketsOfDepth + newDepth] === 0) {
    newDepth--
  }
  if (newDepth === depth) {
    return
  }
  const directory = words[header + LargeHeader.directory]!
  const newClass = directoryClass(newDepth)
  // At the memory limit it stays where it is, in a block too large: shrinking must never fail.
  const newDirectory = allocate(words, shard, newClass)
  const target = newDirectory === 0 ? directory : newDirectory
  const size = 1 << newDepth
  const step = 1 << (depth - newDepth)
  for (let index = 0; index < size; index++) {
    words[target + index] = words[directory + index * step]!
  }
  if (newDirectory !== 0) {
    replaceDirectory(words, shard, header, newDirectory, newClass)
  }
  words[header + LargeHeader.depth] = newDepth
}

function replaceDirectory(
  words: Int32Array,
  shard: number,
  header: number,
  newDirectory: number,
  newClass: number,
): void {
  free(words, shard, words[header + LargeHeader.directoryClass]!, words[header + LargeHeader.directory]!)
  words[header + LargeHeader.directory] = newDirectory
  words[header + LargeHeader.directoryClass] = newClass
}
