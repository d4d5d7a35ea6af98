// The cleaning schedule: every interval, walk the whole swarm in small steps from the main thread, giving way to
// timers and signals between the steps, and waiting for observers that ask for it. Each step holds a lock for
// microseconds only (see src/swarm/cleaner.ts).

import { setImmediate } from 'node:timers/promises'
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

/**
 * The most torrents that one step can report: a torrent counts as four entries at least, and a step ends with the slot
 * in which it reaches its entries, which holds a few torrents and never a thousand.
 */
export const TORRENTS_PER_STEP_MAX = ENTRIES_PER_STEP / 4 + 1_000

/** Somebody who looks at every torrent as it is cleaned. Promises must not reject. */
export interface CleaningObserver {
  /** A round starts. */
  begin(): void
  /** Called under a shard's lock: be brief. */
  readonly torrent: TorrentObserver
  /** Between two steps, without a lock. Where there is a promise, the next step waits for it, and so does the round. */
  afterStep?(): Promise<void> | undefined
  /** The round is over, when the promise is fulfilled where there is one. */
  end(): Promise<void> | undefined
  /** The tracker stops, perhaps in the middle of a round: nothing else is called any more. */
  stop?(): Promise<void>
}

/** What a cleaner is to call for each torrent; nothing, where nobody observes. */
export function torrentObserverOf(observers: readonly CleaningObserver[]): TorrentObserver | undefined {
  if (observers.length <= 1) return observers[0]?.torrent
  return (hash0, hash1, hash2, hash3, hash4, counts) => {
    for (const observer of observers) observer.torrent(hash0, hash1, hash2, hash3, hash4, counts)
  }
}

/** One round, from the first step to the last; `signal` ends it between two steps. @throws what the cleaner throws */
export async function cleanOnce(
  cleaner: Cleaner,
  { times, observers, nowSeconds }: Omit<CleaningOptions, 'intervalSeconds' | 'onFailure'>,
  signal?: AbortSignal,
): Promise<void> {
  times.begin(performance.now())
  for (const observer of observers) observer.begin()
  cleaner.begin(nowSeconds())
  for (let isLast = false; !isLast; ) {
    const beganAtMs = performance.now()
    isLast = cleaner.step(ENTRIES_PER_STEP)
    times.step(beganAtMs, performance.now(), isLast)
    await Promise.all(observers.map(observer => (isLast ? observer.end() : observer.afterStep?.())))
    if (!isLast) await setImmediate()
    if (signal?.aborted) return
  }
}

/**
 * Starts the schedule.
 * @returns a function that ends it: no step is made any more, and it resolves when all observers have stopped
 */
export function scheduleCleaning(cleaner: Cleaner, options: CleaningOptions): () => Promise<void> {
  const stopping = new AbortController()
  let round: Promise<void> | undefined
  const timer = setInterval(() => {
    // A round that is still going on is left to finish.
    round ??= cleanOnce(cleaner, options, stopping.signal).then(
      () => {
        round = undefined
      },
      error => {
        // `round` stays: there is no next one.
        clearInterval(timer)
        options.onFailure(error as Error)
      },
    )
  }, options.intervalSeconds * 1000)

  return async () => {
    stopping.abort()
    clearInterval(timer)
    await Promise.all(options.observers.map(observer => observer.stop?.()))
    await round
  }
}
