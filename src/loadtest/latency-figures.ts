// From histograms and counts to the figures of a result.

import type { LoadKindName, OutcomeName } from './kinds.js'
import { bucketBottomUs, bucketTopUs, LATENCY_BUCKETS, percentileUs } from './latency-buckets.js'
import type { KindFigures, LatencyFigures } from './result.js'

/**
 * Figures of a histogram. A percentile p is the smallest value that at least p of the records do not exceed; it and the
 * maximum are the upper end of a bucket (never too low, at most 0.8 % too high), the minimum is the lower end of one.
 * @param answered how many of the records are answers; the others are timeouts
 */
export function latencyFigures(buckets: Float64Array, answered: number): LatencyFigures {
  const filled: [us: number, count: number][] = []
  let count = 0
  let sumUs = 0
  let minUs = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (buckets[bucket] === 0) continue
    const topUs = bucketTopUs(bucket)
    const bottomUs = bucketBottomUs(bucket)
    if (count === 0) minUs = bottomUs
    filled.push([topUs, buckets[bucket]])
    count += buckets[bucket]
    sumUs += ((bottomUs + topUs) / 2) * buckets[bucket]
  }
  const at = (share: number): number => percentileUs(buckets, share) ?? 0
  return {
    count,
    timeouts: Math.max(0, count - answered),
    meanUs: count === 0 ? 0 : sumUs / count,
    minUs,
    p50Us: at(0.5),
    p90Us: at(0.9),
    p99Us: at(0.99),
    p999Us: at(0.999),
    maxUs: at(1),
    buckets: filled,
  }
}

export interface KindCounts {
  readonly kind: LoadKindName
  readonly outcomes: Readonly<Record<OutcomeName, number>>
  /** Answers that came in the measurement. */
  readonly arrivals: number
  readonly measuredSeconds: number
  /** Null in a closed loop. */
  readonly response: Float64Array | null
  /** What was planned and never sent is in the other one alone. */
  readonly service: Float64Array
}

export function kindFigures(counts: KindCounts): KindFigures {
  const { kind, outcomes, arrivals, measuredSeconds, response, service } = counts
  const requests = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const { answered } = outcomes
  return {
    kind,
    outcomes,
    answersPerSecond: measuredSeconds > 0 ? arrivals / measuredSeconds : 0,
    lossShare: requests === 0 ? 0 : (requests - answered) / requests,
    response: response === null ? null : latencyFigures(response, answered),
    service: latencyFigures(service, answered),
  }
}
