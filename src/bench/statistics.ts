// What repeated measurements of noisy machines say: paired ratios with an interval, outliers, seeded order.
// Knows nothing of what was measured.

/** A ratio of two contenders over the blocks of a bench. */
export interface RatioEstimate {
  /** Geometric mean of the paired ratios. */
  readonly ratio: number
  /** 95 % interval; NaN below two pairs. */
  readonly low: number
  readonly high: number
  readonly pairs: number
  /** Whether the interval holds 1 (or there is none): no difference has been shown. */
  readonly isNoise: boolean
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; the normal one serves beyond. */
const STUDENT_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]
const NORMAL_QUANTILE = 1.96

/** The middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Compares what was measured in the same blocks, as machines drift from block to block: Student's interval on the
 * logarithms of the ratios, so that a ratio and its inverse weigh the same. A block that either side lacks, or where
 * a value is not above 0, is left out.
 * @param values,baseline by block
 */
export function estimateRatio(
  values: readonly (number | null)[],
  baseline: readonly (number | null)[],
): RatioEstimate {
  const logarithms: number[] = []
  for (const [block, value] of values.entries()) {
    const other = baseline[block] ?? null
    if (value !== null && other !== null && value > 0 && other > 0) logarithms.push(Math.log(value / other))
  }
  const pairs = logarithms.length
  if (pairs === 0) return { ratio: Number.NaN, low: Number.NaN, high: Number.NaN, pairs, isNoise: true }
  const mean = logarithms.reduce((sum, value) => sum + value, 0) / pairs
  const ratio = Math.exp(mean)
  if (pairs === 1) return { ratio, low: Number.NaN, high: Number.NaN, pairs, isNoise: true }
  const variance = logarithms.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (pairs - 1)
  const reach = (STUDENT_QUANTILES[pairs - 2] ?? NORMAL_QUANTILE) * Math.sqrt(variance / pairs)
  const low = Math.exp(mean - reach)
  const high = Math.exp(mean + reach)
  return { ratio, low, high, pairs, isNoise: low <= 1 && high >= 1 }
}

/** Above this a value is called an outlier (Iglewicz and Hoaglin, 1993). Outliers are told of, never dropped. */
const MODIFIED_Z_MAX = 3.5
/** Makes the median of absolute deviations comparable with a standard deviation. */
const MAD_SCALE = 0.6745

/** Indices of values far from the median, measured in median absolute deviations; none below five values. */
export function outliers(values: readonly number[]): number[] {
  if (values.length < 5) return []
  const middle = median(values)
  const deviation = median(values.map(value => Math.abs(value - middle)))
  if (deviation === 0) return []
  return [...values.keys()].filter(
    index => (MAD_SCALE * Math.abs(values[index] - middle)) / deviation > MODIFIED_Z_MAX,
  )
}

/** Numbers in [0, 1) that follow from a seed (mulberry32), so that the order of a bench can be repeated. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A copy in random order (Fisher–Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1))
    ;[result[last], result[chosen]] = [result[chosen], result[last]]
  }
  return result
}
