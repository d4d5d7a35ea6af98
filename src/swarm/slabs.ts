// A shard's allocator, used under the shard's lock. Sizes below 1 KiB come from slabs that hold one size only, so an
// emptied slab goes back to the pool and can become anything; larger sizes come from the pool directly.
//
// Slab descriptor while a shard holds it: [state][next slab][previous slab], listed while it has room.
//   state:  31..26   25..17                8..16                       0..7
//           zero     first untouched word  first freed block + 1 or 0  blocks in use
// A freed block's first word links to the next freed one in the same way (offset in the slab + 1, or 0).
import { giveBackBlock, linkSlab, takeBlock, unlinkSlab } from './block-pool.js'
import { descriptorsAt, descriptorWords, recordWords, Shard, slabBits, slabWords } from './layout.js'
import { ownerOfLock } from './lock.js'

/** List 0 holds the torrent records, list c the blocks of 2^c words. */
const recordList = 0

/** Allocates 2^sizeClass words (class 1 to 31), not zeroed. Returns their position, or 0 at the memory limit. */
export function allocate(words: Int32Array, shard: number, sizeClass: number): number {
  if (sizeClass >= slabBits) {
    return takeBlock(words, sizeClass - slabBits, ownerOfLock(words, shard + Shard.lock))
  }
  return allocateInSlab(words, shard, sizeClass, 1 << sizeClass)
}

/** Frees what `allocate` gave for the same shard and class. */
export function free(words: Int32Array, shard: number, sizeClass: number, position: number): void {
  if (sizeClass >= slabBits) {
    giveBackBlock(words, position, sizeClass - slabBits, ownerOfLock(words, shard + Shard.lock))
  } else {
    freeInSlab(words, shard, sizeClass, 1 << sizeClass, position)
  }
}

/** Allocates a torrent record, not zeroed. Returns its position, or 0 at the memory limit. */
export function allocateRecord(words: Int32Array, shard: number): number {
  return allocateInSlab(words, shard, recordList, recordWords)
}

export function freeRecord(words: Int32Array, shard: number, position: number): void {
  freeInSlab(words, shard, recordList, recordWords, position)
}

function allocateInSlab(words: Int32Array, shard: number, listIndex: number, size: number): number {
  const list = shard + Shard.slabLists + listIndex
  let slab = words[list]!
  if (slab === 0) {
    slab = takeBlock(words, 0, ownerOfLock(words, shard + Shard.lock)) >>> slabBits
    if (slab === 0) {
      return 0
    }
    linkSlab(words, list, slab)
  }
  const descriptor = descriptorsAt + slab * descriptorWords
  const state = words[descriptor]!
  let untouched = state >>> 17
  let freed = (state >>> 8) & 0x1ff
  let position = slab << slabBits
  if (freed !== 0) {
    position += freed - 1
    freed = words[position]!
  } else {
    position += untouched
    untouched += size
  }
  words[descriptor] = (untouched << 17) | (freed << 8) | ((state & 0xff) + 1)
  if (freed === 0 && untouched + size > slabWords) {
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
  const list = shard + Shard.slabLists + listIndex
  const slab = position >>> slabBits
  const descriptor = descriptorsAt + slab * descriptorWords
  const state = words[descriptor]!
  const untouched = state >>> 17
  const freed = (state >>> 8) & 0x1ff
  const inUse = (state & 0xff) - 1
  const wasFull = freed === 0 && untouched + size > slabWords
  if (inUse === 0) {
    if (!wasFull) {
      unlinkSlab(words, list, slab)
    }
    giveBackBlock(words, slab << slabBits, 0, ownerOfLock(words, shard + Shard.lock))
    return
  }
  words[position] = freed
  words[descriptor] = (untouched << 17) | (((position & (slabWords - 1)) + 1) << 8) | inUse
  if (wasFull) {
    linkSlab(words, list, slab)
  }
}
