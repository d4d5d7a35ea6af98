// What a fuzz target is, and what all of them share: random numbers, cuts that depend on the input alone, poison.

/** A whole number in [0, below). */
export type Random = (below: number) => number

/**
 * What a run came to, in few words or a number: an input with a new one is kept to be mutated further. Inputs that
 * differ in nothing that matters should have the same.
 */
export type Outcome = string | number

export interface FuzzTarget {
  /** As in the command and in the name of the folder of its seeds. */
  readonly name: string
  /** Inputs that the parser takes; those of `seeds/<name>` come on top. */
  readonly seeds: readonly Uint8Array[]
  /** Pieces that mean something to the parser. */
  readonly dictionary: readonly Uint8Array[]
  /** Longer inputs are cut. */
  readonly bytesMax: number
  /** Throws where an invariant is broken. What it does depends on `bytes` alone, so that a failure can be replayed. */
  run(bytes: Uint8Array): Outcome | Promise<Outcome>
}

/** mulberry32 */
export function randomNumbers(state: number): Random {
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) % below
  }
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)]!
}

/** Random numbers that are the same whenever the bytes are (FNV-1a). */
export function randomOf(bytes: Uint8Array): Random {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return randomNumbers(hash)
}

/** Up to four ascending places where to cut the input, the same for the same bytes; now and then after every byte. */
export function cutsOf(bytes: Uint8Array): number[] {
  const random = randomOf(bytes)
  if (bytes.length <= 400 && random(8) === 0) return Array.from({ length: bytes.length }, (_, index) => index)
  return Array.from({ length: random(5) }, () => random(bytes.length + 1)).sort((a, b) => a - b)
}

/** Bytes before the input in a poisoned buffer: a multiple of four, as codecs of words want it. */
export const POISON_BEFORE = 64
/** Bytes behind it. */
const POISON_BEHIND = 96

/** The input between bytes that no parser may look at. */
export function poisoned(bytes: Uint8Array, poison: number, before = POISON_BEFORE): Uint8Array {
  const input = new Uint8Array(before + bytes.length + POISON_BEHIND).fill(poison)
  input.set(bytes, before)
  return input
}

export const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
export const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')
