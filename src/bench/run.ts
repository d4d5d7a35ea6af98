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
  /** What a measurement should take, as far as can be said before. */
  readonly secondsOf?: (cell: CellPlan) => number
  readonly onProgress: (progress: BenchProgress) => void
  readonly onResult: (result: CellResult) => void
  readonly signal: AbortSignal
}

/** @returns whether all measurements were made; false after an abort */
export async function runCells(options: BenchOptions): Promise<boolean> {
  const { cells, done, signal } = options
  const left = cells.filter(cell => !done.has(cellKey(cell)))
  const clock = new CellClock(options.secondsOf)
  for (const [made, cell] of left.entries()) {
    if (signal.aborted) return false
    options.onProgress({
      cell,
      number: cells.length - left.length + made + 1,
      cells: cells.length,
      remainingSeconds: clock.remainingSeconds(left.slice(made)),
    })
    const startedMs = performance.now()
    const result = await options.measure(cell, signal)
    // What was cut short says nothing.
    if (signal.aborted) return false
    await options.store(result)
    options.onResult(result)
    if (made < left.length - 1) await pause(options.coolDownMs, signal)
    clock.took(cell, (performance.now() - startedMs) / 1000)
  }
  return true
}

/** How long measurements take: those of a workload as those before, others by how long all should take. */
class CellClock {
  readonly #secondsOf: ((cell: CellPlan) => number) | undefined
  readonly #made: { readonly cell: CellPlan; readonly seconds: number }[] = []

  constructor(secondsOf: ((cell: CellPlan) => number) | undefined) {
    this.#secondsOf = secondsOf
  }

  took(cell: CellPlan, seconds: number): void {
    this.#made.push({ cell, seconds })
  }

  /** Null where nobody says, and nothing was measured yet. */
  remainingSeconds(left: readonly CellPlan[]): number | null {
    if (this.#secondsOf === undefined && this.#made.length === 0) return null
    return left.reduce((sum, { workload }) => sum + this.#expectedSeconds(workload, left), 0)
  }

  #expectedSeconds(workload: string, left: readonly CellPlan[]): number {
    const alike = this.#made.filter(({ cell }) => cell.workload === workload)
    if (alike.length > 0) return mean(alike.map(({ seconds }) => seconds))
    const all = mean(this.#made.map(({ seconds }) => seconds))
    if (this.#secondsOf === undefined) return all
    const planned = this.#secondsOf(left.find(cell => cell.workload === workload)!)
    if (this.#made.length === 0) return planned
    return (planned * all) / mean(this.#made.map(({ cell }) => this.#secondsOf!(cell)))
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
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
