// Allocates what torrents and peers lie in. Sizes below 1 KiB come from slabs that hold one size only, so an emptied
// slab goes back to the pool and can become anything; larger sizes come from the pool directly.
//
// Each thread allocates from an arena of its own, whatever the shard: the slabs it fills stay in its cache (with
// arenas per shard 2 M inserts took a fifth longer and left 4096 x 8 slabs half empty). Arenas have locks all the
// same, since anybody may free what another thread allocated. Locks are taken in the order shard, arena, pool.
//
// What a thread frees it keeps as a spare, up to 15 of a size, and uses first: nobody else looks at its spares, so this
// takes no lock, and the memory is still in its cache (inserts 5 % faster). For its slab a spare is a block in use.
// Threads whose number is beyond the arenas' share one and have no spares.
//
// Slab descriptor while an arena holds it: [state][next slab][previous slab], listed while it has room.
//   state:  31    30..26   25..17                8..16                       0..7
//           zero  arena    first untouched word  first freed block + 1 or 0  blocks in use
// A freed block's first word links to the next freed one in the same way (offset in the slab + 1, or 0).
import { giveBackBlock, linkSlab, takeBlock, unlinkSlab } from './block-pool.js'
import { Arena, Layout, Shard } from './layout.js'
import { acquireLock, ownerOfLock, releaseLock } from './lock.js'

/** List 0 holds the torrent records, list c the blocks of 2^c words. */
const recordList = 0

const arenaShift = 26
const arenaBits = 0x1f << arenaShift
const untouchedShift = 17
const freedShift = 8
const offsetMask = 0x1ff
const inUseMask = 0xff

/** Allocates 2^sizeClass words (class 1 to 31), not zeroed. Returns their position, or 0 at the memory limit. */
export function allocate(words: Int32Array, shard: number, sizeClass: number): number {
  if (sizeClass >= Layout.slabBits) {
    return takeBlock(words, sizeClass - Layout.slabBits, ownerOfLock(words, shard + Shard.lock))
  }
  return allocateInSlab(words, shard, sizeClass, 1 << sizeClass)
}

/** Frees what `allocate` gave for the same shard and class. */
export function free(words: Int32Array, shard: number, sizeClass: number, position: number): void {
  if (sizeClass >= Layout.slabBits) {
    giveBackBlock(words, position, sizeClass - Layout.slabBits, ownerOfLock(words, shard + Shard.lock))
  } else {
    freeInSlab(words, shard, sizeClass, 1 << sizeClass, position)
  }
}

/** Allocates a torrent record, not zeroed. Returns its position, or 0 at the memory limit. */
export function allocateRecord(words: Int32Array, shard: number): number {
  return allocateInSlab(words, shard, recordList, Layout.recordWords)
}

export function freeRecord(words: Int32Array, shard: number, position: number): void {
  freeInSlab(words, shard, recordList, Layout.recordWords, position)
}

function allocateInSlab(words: Int32Array, shard: number, listIndex: number, size: number): number {
  const owner = ownerOfLock(words, shard + Shard.lock)
  const spares = sparesOf(owner, listIndex)
  const spareCount = words[spares]!
  if (spareCount !== 0 && owner < Layout.arenaCount) {
    words[spares] = spareCount - 1
    return words[spares + spareCount]!
  }
  const arenaIndex = owner % Layout.arenaCount
  const arena = Layout.arenasAt + arenaIndex * Layout.arenaWords
  acquireLock(words, arena + Arena.lock, owner)
  try {
    const list = arena + Arena.slabLists + listIndex
    if (words[list] === 0) {
      const slab = takeBlock(words, 0, owner) >>> Layout.slabBits
      if (slab === 0) {
        return 0
      }
      words[Layout.descriptorsAt + slab * Layout.descriptorWords] = arenaIndex << arenaShift
      linkSlab(words, list, slab)
    }
    return takeFromSlab(words, list, size)
  } finally {
    releaseLock(words, arena + Arena.lock)
  }
}

/** Gives a thread's spare blocks back to their slabs; it holds no lock that another thread may wait for long. */
export function returnSpares(words: Int32Array, owner: number): void {
  for (let listIndex = 0; listIndex < Layout.sparesListCount && owner < Layout.arenaCount; listIndex++) {
    const spares = sparesOf(owner, listIndex)
    for (let spareCount = words[spares]!; spareCount > 0; spareCount--) {
      words[spares] = spareCount - 1
      const size = listIndex === recordList ? Layout.recordWords : 1 << listIndex
      returnToSlab(words, owner, listIndex, size, words[spares + spareCount]!)
    }
  }
}

/** Where the spares of one thread and list begin. */
function sparesOf(owner: number, listIndex: number): number {
  const list = (owner & (Layout.arenaCount - 1)) * Layout.sparesListCount + listIndex
  return Layout.sparesAt + list * Layout.sparesWords
}

function takeFromSlab(words: Int32Array, list: number, size: number): number {
  const slab = words[list]!
  const descriptor = Layout.descriptorsAt + slab * Layout.descriptorWords
  const state = words[descriptor]!
  let untouched = (state >>> untouchedShift) & offsetMask
  let freed = (state >>> freedShift) & offsetMask
  let position = slab << Layout.slabBits
  if (freed !== 0) {
    position += freed - 1
    freed = words[position]!
  } else {
    position += untouched
    untouched += size
  }
  words[descriptor] =
    (state & arenaBits) | (untouched << untouchedShift) | (freed << freedShift) | ((state & inUseMask) + 1)
  if (freed === 0 && untouched + size > Layout.slabWords) {
    unlinkSlab(words, list, slab)
  }
  return position
}

function freeInSlab(
  words: Int32Array,
  shard: number,
  listIndex: number,
  size: number,
  position: number,
): void {
  const owner = ownerOfLock(words, shard + Shard.lock)
  const spares = sparesOf(owner, listIndex)
  const spareCount = words[spares]!
  if (owner < Layout.arenaCount && spareCount !== Layout.sparesWords - 1) {
    words[spares] = spareCount + 1
    words[spares + spareCount + 1] = position
    return
  }
  returnToSlab(words, owner, listIndex, size, position)
}

function returnToSlab(
  words: Int32Array,
  owner: number,
  listIndex: number,
  size: number,
  position: number,
): void {
  const descriptor = Layout.descriptorsAt + (position >>> Layout.slabBits) * Layout.descriptorWords
  // A slab with a block in use stays with its arena, so this much may be read before the arena's lock is taken.
  const arena = Layout.arenasAt + (words[descriptor]! >>> arenaShift) * Layout.arenaWords
  acquireLock(words, arena + Arena.lock, owner)
  try {
    giveToSlab(words, arena + Arena.slabLists + listIndex, size, position, owner)
  } finally {
    releaseLock(words, arena + Arena.lock)
  }
}

function giveToSlab(words: Int32Array, list: number, size: number, position: number, owner: number): void {
  const slab = position >>> Layout.slabBits
  const descriptor = Layout.descriptorsAt + slab * Layout.descriptorWords
  const state = words[descriptor]!
  const untouched = (state >>> untouchedShift) & offsetMask
  const freed = (state >>> freedShift) & offsetMask
  const inUse = (state & inUseMask) - 1
  const wasFull = freed === 0 && untouched + size > Layout.slabWords
  if (inUse === 0) {
    if (!wasFull) {
      unlinkSlab(words, list, slab)
    }
    giveBackBlock(words, slab << Layout.slabBits, 0, owner)
    return
  }
  words[position] = freed
  const offset = position & (Layout.slabWords - 1)
  words[descriptor] =
    (state & arenaBits) | (untouched << untouchedShift) | ((offset + 1) << freedShift) | inUse
  if (wasFull) {
    linkSlab(words, list, slab)
  }
}
