// From histograms and counts to the figures of a result.

import type { LoadKindName, OutcomeName } from './kinds.js'
import { bucketTopUs, LATENCY_BUCKETS, percentileUs } from './latency-buckets.js'
import type { KindFigures, LatencyFigures } from './result.js'

/** @param timeouts how many of the records are timeouts, at the time limit */
export function latencyFigures(buckets: Float64Array, timeouts: number): LatencyFigures {
  const filled: [us: number, count: number][] = []
  let count = 0
  let sumUs = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (buckets[bucket] === 0) continue
    const us = bucketTopUs(bucket)
    filled.push([us, buckets[bucket]])
    count += buckets[bucket]
    sumUs += us * buckets[bucket]
  }
  const at = (share: number): number => percentileUs(buckets, share) ?? 0
  return {
    count,
    timeouts,
    meanUs: count === 0 ? 0 : sumUs / count,
    minUs: filled[0]?.[0] ?? 0,
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
  readonly measuredSeconds: number
  /** Null in a closed loop. */
  readonly response: Float64Array | null
  readonly service: Float64Array
}

export function kindFigures({ kind, outcomes, measuredSeconds, response, service }: KindCounts): KindFigures {
  const requests = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const { answered, timedOut } = outcomes
  return {
    kind,
    outcomes,
    answersPerSecond: measuredSeconds > 0 ? answered / measuredSeconds : 0,
    lossShare: requests === 0 ? 0 : 1 - answered / requests,
    response: response === null ? null : latencyFigures(response, timedOut),
    service: latencyFigures(service, timedOut),
  }
}
