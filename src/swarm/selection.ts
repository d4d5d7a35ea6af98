// Which peers an announce gets: exactly min(wanted, others) of them, distinct, never the announcer, each with the same
// probability. The announcer's entry, if there is one, is the last of its block or bucket, so leaving it out means
// seeing one entry less there.
import { bucketCapacity, LargeHeader, localDepthOf, peersInBucket } from './large-set.js'
import { copyPeers } from './peer-entry.js'
import type { Random } from './random.js'

/** A draw hits a peer in one of about three cases; only a set that is nearly all holes needs more than a few. */
const drawsMax = 200

/**
 * Copies from a small set: two runs (cheaper than single draws, better mixed than one run) out of the `others` entries
 * at `block`, taken as a ring. The first begins anywhere, the second after a random gap, so they never overlap.
 * Returns the index behind the last half written.
 */
export function selectFromSmall(
  words: Int32Array,
  block: number,
  others: number,
  entryWords: number,
  wanted: number,
  random: Random,
  out: Uint16Array,
  outIndex: number,
): number {
  if (wanted >= others) {
    return copyPeers(words, block, others, entryWords, out, outIndex)
  }
  const firstRun = (wanted + 1) >>> 1
  const start = random.below(others)
  const next = copyRing(words, block, others, entryWords, start, firstRun, out, outIndex)
  const secondRun = wanted - firstRun
  if (secondRun === 0) {
    return next
  }
  const secondStart = (start + firstRun + random.below(others - wanted + 1)) % others
  return copyRing(words, block, others, entryWords, secondStart, secondRun, out, next)
}

function copyRing(
  words: Int32Array,
  block: number,
  others: number,
  entryWords: number,
  start: number,
  count: number,
  out: Uint16Array,
  outIndex: number,
): number {
  const untilEnd = Math.min(count, others - start)
  const next = copyPeers(words, block + start * entryWords, untilEnd, entryWords, out, outIndex)
  return copyPeers(words, block, count - untilEnd, entryWords, out, next)
}

/**
 * Copies from a large set: one run over the buckets in the order of the directory, taken as a ring, from a uniformly
 * chosen peer on. Neighbours are strangers (the order is that of a keyed hash), so one run mixes as well as many draws.
 * `ownBucket` is the bucket whose last entry is the announcer, or 0. Returns the index behind the last half written.
 */
export function selectFromLarge(
  words: Int32Array,
  header: number,
  ownBucket: number,
  entryWords: number,
  wanted: number,
  random: Random,
  out: Uint16Array,
  outIndex: number,
): number {
  const depth = words[header + LargeHeader.depth]!
  const directory = words[header + LargeHeader.directory]!
  const directoryMask = (1 << depth) - 1
  const others = words[header + LargeHeader.peers]! - (ownBucket === 0 ? 0 : 1)
  let remaining = Math.min(wanted, others)
  let index = 0
  let skip = 0
  if (remaining < others) {
    const start = drawStart(words, header, ownBucket, entryWords, random)
    index = Math.floor(start / 256)
    skip = start & 0xff
  }
  while (remaining > 0) {
    const bucket = words[directory + index]!
    const visible = peersInBucket(words, bucket) - (bucket === ownBucket ? 1 : 0) - skip
    const count = Math.min(remaining, visible)
    outIndex = copyPeers(words, bucket + skip * entryWords, count, entryWords, out, outIndex)
    remaining -= count
    index = (index + (1 << (depth - localDepthOf(words, bucket)))) & directoryMask
    skip = 0
  }
  return outIndex
}

/**
 * Draws a uniform peer as directory index * 256 + place in its bucket, by rejection: every (directory word, place) is
 * equally likely, and it counts when the word is its bucket's first and the place is taken by somebody else.
 */
function drawStart(
  words: Int32Array,
  header: number,
  ownBucket: number,
  entryWords: number,
  random: Random,
): number {
  const depth = words[header + LargeHeader.depth]!
  const directory = words[header + LargeHeader.directory]!
  const capacity = bucketCapacity(words, entryWords)
  let index = 0
  for (let draw = 0; draw < drawsMax; draw++) {
    index = random.below(1 << depth)
    const bucket = words[directory + index]!
    const localDepth = localDepthOf(words, bucket)
    const span = 1 << (depth - localDepth)
    const place = random.below(capacity)
    if ((index & (span - 1)) === 0 && place < peersInBucket(words, bucket) - (bucket === ownBucket ? 1 : 0)) {
      return index * 256 + place
    }
    index &= -span
  }
  // A nearly empty table: begin with whatever bucket came last, so that an announce takes bounded time.
  return index * 256
}
