// The tallies of all workers, added up: what the main thread reads while a test runs and at its end.

import { LoadKind, loadKindNames, type OutcomeName, outcomeNames } from './kinds.js'
import { LATENCY_BUCKETS } from './latency-buckets.js'
import { type Gauge, Latency, Period, Tally, type TallyMemory } from './tally.js'

export class Tallies {
  readonly memory: TallyMemory
  readonly workers: readonly Tally[]

  constructor(memory: TallyMemory, workers: number) {
    this.memory = memory
    this.workers = Array.from({ length: workers }, (_, worker) => new Tally(memory, worker))
  }

  gauge(gauge: Gauge): number {
    return this.workers.reduce((sum, { gauges }) => sum + gauges[gauge], 0)
  }

  /** Of one period, or of the whole run. */
  outcomes(kind: number, period?: Period): Record<OutcomeName, number> {
    const sums = {} as Record<OutcomeName, number>
    for (const [outcome, name] of outcomeNames.entries()) {
      sums[name] = this.#sum(period, (tally, of) => tally.outcome(of, kind, outcome))
    }
    return sums
  }

  /** Answers of a kind that came in the measurement. */
  arrivals(kind: number): number {
    return this.workers.reduce((sum, { arrivals }) => sum + arrivals[kind], 0)
  }

  count(which: number, period?: Period): number {
    return this.#sum(period, (tally, of) => tally.count(of, which))
  }

  /** A copy: the sum of the workers' histograms of a kind, of one period or both. */
  latencies(kind: number, latency: number, period?: Period): Float64Array {
    return this.#addBuckets(period, (tally, of) => tally.latencies(of, kind, latency))
  }

  lag(): Float64Array {
    return this.#addBuckets(Period.measured, (tally, of) => tally.lag(of))
  }

  /** A copy: latencies of all kinds of requests that were planned in the measurement. */
  measuredLatencies(latency: number): Float64Array {
    const sums = new Float64Array(LATENCY_BUCKETS)
    for (const kind of loadKindNames.keys()) {
      if (kind === LoadKind.connect) continue
      addTo(sums, this.latencies(kind, latency, Period.measured))
    }
    return sums
  }

  seriesAt(bin: number): { answered: number; failed: number } {
    let answered = 0
    let failed = 0
    for (const tally of this.workers) {
      for (const kind of loadKindNames.keys()) {
        const point = tally.seriesAt(bin, kind)
        answered += point.answered
        failed += point.other
      }
    }
    return { answered, failed }
  }

  #sum(period: Period | undefined, figure: (tally: Tally, period: Period) => number): number {
    return this.workers.reduce(
      (sum, tally) =>
        period === undefined
          ? sum + figure(tally, Period.other) + figure(tally, Period.measured)
          : sum + figure(tally, period),
      0,
    )
  }

  #addBuckets(
    period: Period | undefined,
    histogram: (tally: Tally, period: Period) => Float64Array,
  ): Float64Array {
    const sums = new Float64Array(LATENCY_BUCKETS)
    for (const tally of this.workers) {
      if (period !== Period.measured) addTo(sums, histogram(tally, Period.other))
      if (period !== Period.other) addTo(sums, histogram(tally, Period.measured))
    }
    return sums
  }
}

function addTo(sums: Float64Array, buckets: Float64Array): void {
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) sums[bucket] += buckets[bucket]
}

/** Which latency of a test is the one to show first. */
export function leadingLatency(mode: 'open' | 'closed'): Latency {
  return mode === 'open' ? Latency.response : Latency.service
}
