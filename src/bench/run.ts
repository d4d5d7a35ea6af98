// Walks through the measurements of a bench, stores each as soon as it is made, and goes on after failures: a
// contender that dies is a result, not the end.

import type { CellResult } from './cell-result.js'
import { type CellPlan, cellKey } from './plan.js'

/** What a bench tells while it runs. */
export interface BenchProgress {
  readonly cell: CellPlan
  /** 1 and following. */
  readonly number: number
  readonly cells: number
  /** From how long measurements took so far; from what they should take before the first, null where nobody says. */
  readonly remainingSeconds: number | null
}

export interface BenchOptions {
  readonly cells: readonly CellPlan[]
  /** Keys of measurements that are there already. */
  readonly done: ReadonlySet<string>
  /** Never rejects for what a contender does. */
  readonly measure: (cell: CellPlan, signal: AbortSignal) => Promise<CellResult>
  readonly store: (result: CellResult) => Promise<void>
  readonly coolDownMs: number
  /** What one measurement should take. */
  readonly secondsEach?: number
  readonly onProgress: (progress: BenchProgress) => void
  readonly onResult: (result: CellResult) => void
  readonly signal: AbortSignal
}

/** @returns whether all measurements were made; false after an abort */
export async function runCells(options: BenchOptions): Promise<boolean> {
  const { cells, done, signal } = options
  const left = cells.filter(cell => !done.has(cellKey(cell)))
  const startedMs = performance.now()
  for (const [made, cell] of left.entries()) {
    if (signal.aborted) return false
    const secondsEach =
      made === 0 ? (options.secondsEach ?? null) : (performance.now() - startedMs) / 1000 / made
    options.onProgress({
      cell,
      number: cells.length - left.length + made + 1,
      cells: cells.length,
      remainingSeconds: secondsEach === null ? null : secondsEach * (left.length - made),
    })
    const result = await options.measure(cell, signal)
    // What was cut short says nothing.
    if (signal.aborted) return false
    await options.store(result)
    options.onResult(result)
    if (made < left.length - 1) await pause(options.coolDownMs, signal)
  }
  return true
}

/** Ends early at an abort. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish, { once: true })
    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
  })
}
