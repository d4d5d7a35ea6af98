// Looks at a tracker's counters every few seconds and says what an operator should know: a limit reached, packets or
// answers lost. Each kind at most once a minute.

import type { TrackerEventSink } from './events.js'

const LOOK_INTERVAL_MS = 5_000
const REPEAT_AFTER_MS = 60_000

/** One kind of trouble: how often it has happened, and the sentence that says so. */
export interface Trouble {
  readonly count: () => number
  readonly sentence: (more: number) => string
}

/** The memory limit of the swarm. @param refused announces that could not be stored */
export function memoryTrouble(refused: () => number, limitBytes: () => number): Trouble {
  return {
    count: refused,
    sentence: more =>
      `the swarm's memory limit of ${mebibytes(limitBytes())} MiB for peers is reached: ` +
      `${more} announces could not be stored. Raise swarm.memory_limit.`,
  }
}

/** One digit where it matters. */
function mebibytes(bytes: number): string {
  const value = bytes / 1024 ** 2
  return value < 10 ? value.toFixed(1) : value.toFixed(0)
}

/** Starts looking. @returns a function that ends it */
export function watchFor(troubles: readonly Trouble[], onEvent: TrackerEventSink): () => void {
  const watched = troubles.map(trouble => ({ trouble, said: 0, saidAtMs: Number.NEGATIVE_INFINITY }))
  const timer = setInterval(() => {
    const now = performance.now()
    for (const entry of watched) {
      const count = entry.trouble.count()
      if (count <= entry.said || now - entry.saidAtMs < REPEAT_AFTER_MS) continue
      onEvent({ event: 'warning', text: entry.trouble.sentence(count - entry.said) })
      entry.said = count
      entry.saidAtMs = now
    }
  }, LOOK_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}
