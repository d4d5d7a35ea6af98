// One peer: its packing, finding it among others, and copying it into a response.
//
//   IPv4:  [address]                      [meta]       2 words
//   IPv6:  [address][..][..][address]     [meta]       5 words
//   meta:  31..18             17         16      15..0
//          expiry in ticks    completed  seeder  port as on the wire
//
// Expiry counts ticks modulo 2^14. A tick is so long that an age and two cleaning intervals stay below half of the
// range: then "not yet" and "past" can't be confused.
import type { Announce } from './announce.js'

export const enum PeerEntry {
  ipv4Words = 2,
  ipv6Words = 5,
  seederBit = 1 << 16,
  /** The peer once said `completed`: it stays a seeder until it stops, whatever `left` it sends later. */
  completedBit = 1 << 17,
}

const expiryShift = 18
const expiryMask = 0x3fff
const halfRangeTicks = 0x2000

/** Seconds per tick such that `spanSeconds` is below half of the expiry's range. */
export function tickSecondsFor(spanSeconds: number): number {
  return Math.max(1, Math.ceil(spanSeconds / (halfRangeTicks - 2)))
}

/** Packs a meta word. With ticks of more than a second, peers live up to a tick longer, never shorter. */
export function packMeta(
  wirePort: number,
  flags: number,
  nowSeconds: number,
  ageSeconds: number,
  tickSeconds: number,
): number {
  const nowTick = Math.floor(nowSeconds / tickSeconds)
  const expiry = Math.min(Math.ceil((nowSeconds + ageSeconds) / tickSeconds), nowTick + halfRangeTicks - 1)
  return ((expiry & expiryMask) << expiryShift) | flags | wirePort
}

/** Whether `validUntil > now` no longer holds; `nowTick` is `floor(now / tickSeconds)`. */
function isExpired(meta: number, nowTick: number): boolean {
  const remainingTicks = ((meta >>> expiryShift) - nowTick) & expiryMask
  return remainingTicks === 0 || remainingTicks >= halfRangeTicks
}

/** Position of the announcer's entry among `count` entries from `first` on, or 0. */
export function findEntry(
  words: Int32Array,
  first: number,
  count: number,
  entryWords: number,
  announce: Announce,
): number {
  const { address0, wirePort } = announce
  const metaOffset = entryWords - 1
  const end = first + count * entryWords
  for (let entry = first; entry < end; entry += entryWords) {
    if (
      words[entry] === address0 &&
      ((words[entry + metaOffset]! ^ wirePort) & 0xffff) === 0 &&
      (entryWords === PeerEntry.ipv4Words || sameAddressTail(words, entry, announce))
    ) {
      return entry
    }
  }
  return 0
}

function sameAddressTail(words: Int32Array, entry: number, announce: Announce): boolean {
  return (
    words[entry + 1] === announce.address1 &&
    words[entry + 2] === announce.address2 &&
    words[entry + 3] === announce.address3
  )
}

export function writeEntry(
  words: Int32Array,
  entry: number,
  entryWords: number,
  announce: Announce,
  meta: number,
): void {
  words[entry] = announce.address0
  if (entryWords === PeerEntry.ipv6Words) {
    words[entry + 1] = announce.address1
    words[entry + 2] = announce.address2
    words[entry + 3] = announce.address3
  }
  words[entry + entryWords - 1] = meta
}

export function copyWords(words: Int32Array, source: number, target: number, count: number): void {
  for (let index = 0; index < count; index++) {
    words[target + index] = words[source + index]!
  }
}

/** Swaps two entries, which may be the same one. */
export function swapEntries(words: Int32Array, left: number, right: number, entryWords: number): void {
  for (let index = 0; index < entryWords; index++) {
    const word = words[left + index]!
    words[left + index] = words[right + index]!
    words[right + index] = word
  }
}

/** Writes `count` entries as compact peers (BEP 23, BEP 7) in 16-bit halves. Returns the index behind them. */
export function copyPeers(
  words: Int32Array,
  first: number,
  count: number,
  entryWords: number,
  out: Uint16Array,
  outIndex: number,
): number {
  const end = first + count * entryWords
  // A Uint16Array keeps the low half of what is stored, and the port is the low half of the meta word.
  if (entryWords === PeerEntry.ipv4Words) {
    for (let entry = first; entry < end; entry += PeerEntry.ipv4Words) {
      const address = words[entry]!
      out[outIndex] = address
      out[outIndex + 1] = address >>> 16
      out[outIndex + 2] = words[entry + 1]!
      outIndex += 3
    }
    return outIndex
  }
  for (let entry = first; entry < end; entry += PeerEntry.ipv6Words) {
    for (let position = entry; position < entry + 4; position++) {
      const word = words[position]!
      out[outIndex] = word
      out[outIndex + 1] = word >>> 16
      outIndex += 2
    }
    out[outIndex++] = words[entry + 4]!
  }
  return outIndex
}

/** What one sweep over entries removed. */
export interface Swept {
  peers: number
  seeders: number
}

/** Drops expired entries (or all), filling holes with the last one. Adds what went to `swept`; returns what is left. */
export function sweepEntries(
  words: Int32Array,
  first: number,
  count: number,
  entryWords: number,
  nowTick: number,
  dropAll: boolean,
  swept: Swept,
): number {
  let entry = first
  let last = first + (count - 1) * entryWords
  while (entry <= last) {
    const meta = words[entry + entryWords - 1]!
    if (dropAll || isExpired(meta, nowTick)) {
      swept.peers++
      swept.seeders += (meta >>> 16) & 1
      copyWords(words, last, entry, entryWords)
      last -= entryWords
    } else {
      entry += entryWords
    }
  }
  return (entry - first) / entryWords
}
