// Waits until a contender answers as what it is asked for.

import type { ProcessFamily } from './processes.js'

/** Trackers that take longer to start are not compared. */
const READY_LIMIT_MS = 30_000
/** Between two looks: start-up times are no finer. */
const LOOK_MS = 5

/** @returns null when it answers, else a sentence why it does not */
export async function waitUntilReady(
  answers: () => Promise<boolean>,
  family: ProcessFamily,
  isOurs: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const endMs = performance.now() + READY_LIMIT_MS
  for (;;) {
    if (await answers()) return null
    if (signal.aborted) return 'the bench was interrupted'
    if (isOurs && !family.isAlive) return `it ended before it answered: ${await family.ended}`
    if (performance.now() >= endMs) return `it did not answer within ${READY_LIMIT_MS / 1000} s`
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}
