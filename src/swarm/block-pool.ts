// The pool all shards draw from: blocks of 2^order slabs, with a buddy system so that what shards give back can become
// large blocks (slot tables, directories) again. It knows slabs and nothing about what lies in them.
//
// Slab descriptor: [state][next slab][previous slab]. In the pool's free lists, state is ~order (negative) at the first
// slab of a free block; every other slab's state is 0 or the business of whoever holds it (`slabs.ts`), never negative.
import { Header, Layout } from './layout.js'
import { acquireLock, releaseLock } from './lock.js'

/** Takes 2^order slabs aligned to their size. Returns their first word, or 0 when the memory limit is reached. */
export function takeBlock(words: Int32Array, order: number, owner: number): number {
  acquireLock(words, Header.poolLock, owner)
  try {
    return takeLocked(words, order)
  } finally {
    releaseLock(words, Header.poolLock)
  }
}

/** Gives back a block of 2^order slabs that begins at `position`. */
export function giveBackBlock(words: Int32Array, position: number, order: number, owner: number): void {
  acquireLock(words, Header.poolLock, owner)
  try {
    giveBackLocked(words, position >>> Layout.slabBits, order)
  } finally {
    releaseLock(words, Header.poolLock)
  }
}

function takeLocked(words: Int32Array, order: number): number {
  let from = order
  while (from <= Layout.poolOrderMax && words[Header.poolFree + from] === 0) {
    from++
  }
  let slab = 0
  if (from <= Layout.poolOrderMax) {
    slab = words[Header.poolFree + from]!
    unlinkFree(words, slab, from)
    while (from > order) {
      from--
      pushFree(words, slab + (1 << from), from)
    }
  } else {
    slab = takeFromTop(words, order)
    if (slab === 0) {
      return 0
    }
  }
  words[Layout.descriptorsAt + slab * Layout.descriptorWords] = 0
  words[Header.poolUsed] = words[Header.poolUsed]! + (1 << order)
  return slab << Layout.slabBits
}

/** Extends the used part of the heap. What alignment skips goes to the free lists. */
function takeFromTop(words: Int32Array, order: number): number {
  const size = 1 << order
  let top = words[Header.poolTop]!
  const start = (top + size - 1) & -size
  if (start + size > words[Header.poolEnd]!) {
    return 0
  }
  while (top < start) {
    const gapOrder = 31 - Math.clz32(top & -top)
    pushFree(words, top, gapOrder)
    top += 1 << gapOrder
  }
  words[Header.poolTop] = start + size
  return start
}

function giveBackLocked(words: Int32Array, slab: number, order: number): void {
  words[Header.poolUsed] = words[Header.poolUsed]! - (1 << order)
  words[Layout.descriptorsAt + slab * Layout.descriptorWords] = 0
  const top = words[Header.poolTop]!
  while (order < Layout.poolOrderMax) {
    const buddy = slab ^ (1 << order)
    // Beyond the top lies nothing yet, and beyond the limit not even a descriptor.
    if (buddy >= top || words[Layout.descriptorsAt + buddy * Layout.descriptorWords] !== ~order) {
      break
    }
    unlinkFree(words, buddy, order)
    slab = Math.min(slab, buddy)
    order++
  }
  pushFree(words, slab, order)
}

function pushFree(words: Int32Array, slab: number, order: number): void {
  const descriptor = Layout.descriptorsAt + slab * Layout.descriptorWords
  words[descriptor] = ~order
  linkSlab(words, Header.poolFree + order, slab)
}

function unlinkFree(words: Int32Array, slab: number, order: number): void {
  words[Layout.descriptorsAt + slab * Layout.descriptorWords] = 0
  unlinkSlab(words, Header.poolFree + order, slab)
}

/** Puts a slab in front of the doubly linked list whose head is the word at `list`. */
export function linkSlab(words: Int32Array, list: number, slab: number): void {
  const descriptor = Layout.descriptorsAt + slab * Layout.descriptorWords
  const next = words[list]!
  words[descriptor + 1] = next
  words[descriptor + 2] = 0
  if (next !== 0) {
    words[Layout.descriptorsAt + next * Layout.descriptorWords + 2] = slab
  }
  words[list] = slab
}

/** Takes a slab out of the list whose head is the word at `list`. */
export function unlinkSlab(words: Int32Array, list: number, slab: number): void {
  const descriptor = Layout.descriptorsAt + slab * Layout.descriptorWords
  const next = words[descriptor + 1]!
  const previous = words[descriptor + 2]!
  if (next !== 0) {
    words[Layout.descriptorsAt + next * Layout.descriptorWords + 2] = previous
  }
  if (previous !== 0) {
    words[Layout.descriptorsAt + previous * Layout.descriptorWords + 1] = next
  } else {
    words[list] = next
  }
}
