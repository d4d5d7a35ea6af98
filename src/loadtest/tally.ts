// What a worker counted, in shared memory that the main thread reads while it runs. A request belongs to the period
// in which it was planned, whenever its answer comes: only those planned in the measurement count.
//
//   worker block │ outcomes[period][kind][outcome] │ counts[period][count] │ gauges │ arrivals[kind]
//                │ series[second][kind][answered?]
//   buckets      │ [period][kind][latency] × LATENCY_BUCKETS │ lag[period] × LATENCY_BUCKETS

import { LoadKind, Outcome, WorkerCount } from './kinds.js'
import { LATENCY_BUCKETS } from './latency-buckets.js'

/** Before or after the measurement, and in it. */
export const enum Period {
  other = 0,
  measured = 1,
  count = 2,
}

/** From the planned instant, or from the moment the request was handed to the system. */
export const enum Latency {
  response = 0,
  service = 1,
  count = 2,
}

/** Values of the moment. */
export const enum Gauge {
  inFlight = 0,
  openConnections = 1,
  /** Requests that are due and not yet sent. */
  behind = 2,
  /** The thread's own number in /proc/self/task, set by worker.ts; 0 where there is none. */
  threadId = 3,
  count = 4,
}

/** Time series: figures by the second in which requests were planned. Longer tests have coarser bins. */
export const SERIES_BINS_MAX = 7_200
const SERIES_VALUES = 2

const OUTCOME_VALUES = Period.count * LoadKind.count * Outcome.count
const COUNT_VALUES = Period.count * WorkerCount.count
const FIXED_VALUES = OUTCOME_VALUES + COUNT_VALUES + Gauge.count + LoadKind.count
const HISTOGRAMS = Period.count * (LoadKind.count * Latency.count + 1)

/** Plain data for workers. */
export interface TallyMemory {
  readonly values: SharedArrayBuffer
  readonly buckets: SharedArrayBuffer
  readonly seriesBins: number
  /** Length of one bin. */
  readonly binSeconds: number
}

/** @param measureSeconds length of the measurement; Infinity has hours in bins of some seconds, the rest in the last */
export function createTallyMemory(workers: number, measureSeconds: number): TallyMemory {
  const seconds = Math.min(measureSeconds, 86_400)
  const binSeconds = Math.max(1, Math.ceil(seconds / SERIES_BINS_MAX))
  const seriesBins = Math.max(1, Math.ceil(seconds / binSeconds))
  return {
    values: new SharedArrayBuffer(workers * valuesPerWorker(seriesBins) * 8),
    buckets: new SharedArrayBuffer(workers * HISTOGRAMS * LATENCY_BUCKETS * 8),
    seriesBins,
    binSeconds,
  }
}

/** Whole pairs of cache lines, so that no two workers write the same. */
function valuesPerWorker(seriesBins: number): number {
  return Math.ceil((FIXED_VALUES + seriesBins * LoadKind.count * SERIES_VALUES) / 16) * 16
}

/** One worker's part. */
export class Tally {
  readonly outcomes: Float64Array
  readonly counts: Float64Array
  readonly gauges: Float64Array
  /** By kind: answers that came in the measurement, whenever they were asked for. */
  readonly arrivals: Float64Array
  /** `[bin][kind]{answered, everything else}`. */
  readonly series: Float64Array
  readonly seriesBins: number
  readonly binSeconds: number
  readonly #histograms: readonly Float64Array[]

  constructor(memory: TallyMemory, worker: number) {
    const values = valuesPerWorker(memory.seriesBins)
    const at = (from: number, count: number): Float64Array =>
      new Float64Array(memory.values, (worker * values + from) * 8, count)
    this.outcomes = at(0, OUTCOME_VALUES)
    this.counts = at(OUTCOME_VALUES, COUNT_VALUES)
    this.gauges = at(OUTCOME_VALUES + COUNT_VALUES, Gauge.count)
    this.arrivals = at(OUTCOME_VALUES + COUNT_VALUES + Gauge.count, LoadKind.count)
    this.series = at(FIXED_VALUES, memory.seriesBins * LoadKind.count * SERIES_VALUES)
    this.seriesBins = memory.seriesBins
    this.binSeconds = memory.binSeconds
    this.#histograms = Array.from(
      { length: HISTOGRAMS },
      (_, index) =>
        new Float64Array(
          memory.buckets,
          (worker * HISTOGRAMS + index) * LATENCY_BUCKETS * 8,
          LATENCY_BUCKETS,
        ),
    )
  }

  outcome(period: number, kind: number, outcome: number): number {
    return this.outcomes[(period * LoadKind.count + kind) * Outcome.count + outcome]
  }

  addOutcome(period: number, kind: number, outcome: number, count: number): void {
    this.outcomes[(period * LoadKind.count + kind) * Outcome.count + outcome] += count
  }

  addCount(period: number, which: number, count: number): void {
    this.counts[period * WorkerCount.count + which] += count
  }

  count(period: number, which: number): number {
    return this.counts[period * WorkerCount.count + which]
  }

  /** @param bin a second (or several) of the measurement */
  addToSeries(bin: number, kind: number, outcome: number, count: number): void {
    const value = outcome === Outcome.answered ? 0 : 1
    const row = bin < this.seriesBins ? bin : this.seriesBins - 1
    this.series[(row * LoadKind.count + kind) * SERIES_VALUES + value] += count
  }

  /** Answered requests and others of a kind in a bin. */
  seriesAt(bin: number, kind: number): { answered: number; other: number } {
    const at = (bin * LoadKind.count + kind) * SERIES_VALUES
    return { answered: this.series[at], other: this.series[at + 1] }
  }

  /** Histogram of a kind's latencies, see latency-buckets.ts. */
  latencies(period: number, kind: number, latency: number): Float64Array {
    return this.#histograms[(period * LoadKind.count + kind) * Latency.count + latency]
  }

  /** How late requests were sent although they could have been. */
  lag(period: number): Float64Array {
    return this.#histograms[Period.count * LoadKind.count * Latency.count + period]
  }
}
