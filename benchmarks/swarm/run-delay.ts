// How long the system made a thread wait for a processor: what a busy machine adds to every time that is measured.

import { readFileSync } from 'node:fs'

/** Milliseconds that the calling thread has waited for a processor so far (Linux, `schedstat`: ns on a run queue). */
export function runDelayMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]) / 1e6
}

/** A stretch of time on the system's clock, and for how much of it the thread that did it waited for a processor. */
export interface Stretch {
  readonly startMs: number
  readonly endMs: number
  readonly delayMs: number
}

/** Milliseconds on a clock that all threads share. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** How long `stretch` took, without its own delays and without those of stretches of another thread meanwhile. */
export function ownMs(stretch: Stretch, others: readonly Stretch[]): number {
  const delays = others
    .filter(other => other.startMs < stretch.endMs && other.endMs > stretch.startMs)
    .reduce((sum, other) => sum + other.delayMs, stretch.delayMs)
  return Math.max(0, stretch.endMs - stretch.startMs - delays)
}
