// The cleaning schedule: every interval, walk the whole swarm in small steps from the main thread, giving way to
// timers and signals between the steps. Each step holds a lock for microseconds only (see src/swarm/cleaner.ts).

import type { Cleaner } from '../swarm/cleaner.js'

/** Entries looked at between two looks at the event loop: about a millisecond of work. */
const ENTRIES_PER_STEP = 20_000

export interface CleaningOptions {
  readonly intervalSeconds: number
  readonly nowSeconds: () => number
  /** Cleaning can't go on: a lock is held by a thread that died. */
  readonly onFailure: (error: Error) => void
}

/** Starts the schedule. @returns a function that ends it */
export function scheduleCleaning(cleaner: Cleaner, options: CleaningOptions): () => void {
  let next: NodeJS.Immediate | undefined

  function step(): void {
    try {
      next = cleaner.step(ENTRIES_PER_STEP) ? undefined : setImmediate(step)
    } catch (error) {
      next = undefined
      clearInterval(timer)
      options.onFailure(error as Error)
    }
  }

  const timer = setInterval(() => {
    // A round that is still going on is left to finish.
    if (next !== undefined) return
    cleaner.begin(options.nowSeconds())
    step()
  }, options.intervalSeconds * 1000)

  return () => {
    clearInterval(timer)
    if (next !== undefined) clearImmediate(next)
  }
}
