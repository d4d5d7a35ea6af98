// The cleaning schedule: every interval, walk the whole swarm in small steps from the main thread, giving way to
// timers and signals between the steps. Each step holds a lock for microseconds only (see src/swarm/cleaner.ts).

import type { CleaningTimes } from '../metrics/cleaning-times.js'
import type { Cleaner, TorrentObserver } from '../swarm/cleaner.js'

/** Entries looked at between two looks at the event loop: about a millisecond of work. */
const ENTRIES_PER_STEP = 20_000

export interface CleaningOptions {
  readonly intervalSeconds: number
  readonly nowSeconds: () => number
  /** Cleaning can't go on: a lock is held by a thread that died. */
  readonly onFailure: (error: Error) => void
  readonly times: CleaningTimes
  readonly observers: readonly CleaningObserver[]
}

/** Somebody who looks at every torrent as it is cleaned. */
export interface CleaningObserver {
  /** A round starts. */
  begin(): void
  /** Called under a shard's lock: be brief. */
  readonly torrent: TorrentObserver
  /** The round is over. */
  end(): void
}

/** What a cleaner is to call for each torrent; nothing, where nobody observes. */
export function torrentObserverOf(observers: readonly CleaningObserver[]): TorrentObserver | undefined {
  if (observers.length <= 1) return observers[0]?.torrent
  return (...torrent) => {
    for (const observer of observers) observer.torrent(...torrent)
  }
}

/** Starts the schedule. @returns a function that ends it */
export function scheduleCleaning(cleaner: Cleaner, options: CleaningOptions): () => void {
  let next: NodeJS.Immediate | undefined

  function step(): void {
    const beganAtMs = performance.now()
    let isLast: boolean
    try {
      isLast = cleaner.step(ENTRIES_PER_STEP)
    } catch (error) {
      next = undefined
      clearInterval(timer)
      options.onFailure(error as Error)
      return
    }
    options.times.step(beganAtMs, performance.now(), isLast)
    next = isLast ? undefined : setImmediate(step)
    if (isLast) for (const observer of options.observers) observer.end()
  }

  const timer = setInterval(() => {
    // A round that is still going on is left to finish.
    if (next !== undefined) return
    options.times.begin(performance.now())
    for (const observer of options.observers) observer.begin()
    cleaner.begin(options.nowSeconds())
    step()
  }, options.intervalSeconds * 1000)

  return () => {
    clearInterval(timer)
    if (next !== undefined) clearImmediate(next)
  }
}
