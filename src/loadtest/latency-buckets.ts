// A log-linear histogram of latencies in a typed array: 3.5 ns for a record, at most 0.8 % error of a value.
// hdr-histogram-js costs five times that; results are converted for it once, at the end (report/hdr.ts).
//
// Counts are doubles: 32 bits would be full in a minute at a rate of 10^9, and in a day at one that is reached.
//
//   tenths of a microsecond:  0 … 255 exact │ 256 … 511 by 2 │ 512 … 1023 by 4 │ … │ 2^31 by 2^24

/** Buckets for each doubling; half of them lie below the value that is exact. */
const SUB_BUCKETS = 128
const EXACT_BELOW = 2 * SUB_BUCKETS
/** Longest time told apart: 2^31 tenths of a microsecond, 214 seconds. Longer ones count as this. */
const LARGEST_VALUE = 0x7fff_ffff

/** Words of one histogram. */
export const LATENCY_BUCKETS = EXACT_BELOW + (31 - 8) * SUB_BUCKETS

/** Bucket of a value in tenths of a microsecond, 0 or more. */
export function bucketOf(tenths: number): number {
  if (tenths < EXACT_BELOW) return tenths | 0
  if (tenths >= LARGEST_VALUE) return LATENCY_BUCKETS - 1
  const value = tenths | 0
  const shift = 24 - Math.clz32(value)
  return EXACT_BELOW + (shift - 1) * SUB_BUCKETS + (value >>> shift) - SUB_BUCKETS
}

/** Smallest value of a bucket, in microseconds. */
export function bucketBottomUs(bucket: number): number {
  return bucket === 0 ? 0 : (topTenths(bucket - 1) + 1) / 10
}

/** Largest value of a bucket, in microseconds: percentiles are never reported too low. */
export function bucketTopUs(bucket: number): number {
  return topTenths(bucket) / 10
}

function topTenths(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket
  const shift = (((bucket - EXACT_BELOW) / SUB_BUCKETS) | 0) + 1
  const sub = ((bucket - EXACT_BELOW) % SUB_BUCKETS) + SUB_BUCKETS
  return (sub + 1) * 2 ** shift - 1
}

/** Counts a latency in milliseconds; a negative one (clocks of two processors) as 0. */
export function recordLatency(buckets: Float64Array, latencyMs: number, count = 1): void {
  buckets[bucketOf(latencyMs > 0 ? latencyMs * 10_000 : 0)] += count
}

/**
 * The smallest value, in microseconds, that at least `share` (0 to 1) of the records do not exceed; null without any.
 * `since`: an earlier copy of the same histogram, what it has does not count.
 */
export function percentileUs(buckets: Float64Array, share: number, since?: Float64Array): number | null {
  let count = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) count += buckets[bucket] - (since?.[bucket] ?? 0)
  if (count === 0) return null
  // 0.999 × 1000 is a little more than 999 in binary: a share of a record is no record.
  const rank = Math.max(1, Math.ceil(share * count - 1e-6))
  let seen = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    seen += buckets[bucket] - (since?.[bucket] ?? 0)
    if (seen >= rank) return bucketTopUs(bucket)
  }
  return null
}
