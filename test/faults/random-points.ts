// Random points in the life of a tracker, from a seed that is said: where a fault strikes is not chosen by its author.

import type { TestContext } from 'node:test'
import type { LoadedTracker } from './under-load.js'

export interface RandomPoints {
  /** A whole number from 0 to `below` - 1. */
  below(limit: number): number
  /** Lets the tracker's main thread answer a random number of times while the load goes on. */
  pass(tracker: LoadedTracker): Promise<void>
}

/** Looks at the main thread that pass at most between two faults; each takes about a millisecond. */
const LOOKS_MAX = 60

/** From AQUATIC_FAULT_SEED, or another seed each time; the test's output has it. */
export function randomPoints(t: TestContext): RandomPoints {
  const given = process.env['AQUATIC_FAULT_SEED']
  let state = given === undefined ? (Math.random() * 2 ** 32) >>> 0 : Number(given) >>> 0
  t.diagnostic(`AQUATIC_FAULT_SEED=${state}`)
  /** Mulberry32. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    async pass(tracker) {
      for (let looks = below(LOOKS_MAX); looks > 0; looks--) await tracker.metrics()
    },
  }
}
