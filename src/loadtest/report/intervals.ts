// Intervals of 99 % for means, shares and percentiles of one run. 99 and not 95, as a comparison asks for dozens of
// them at once. Knows numbers alone.

/** Standard normal quantile of 0.995: two-sided 99 %. */
const Z_99 = 2.575_829

/** Student's t for a two-sided 99 %, by the Cornish-Fisher expansion: within 1 % from 5 degrees of freedom on. */
export function studentT99(degrees: number): number {
  const z = Z_99
  const z2 = z * z
  return (
    z +
    (z * (z2 + 1)) / (4 * degrees) +
    (z * (5 * z2 * z2 + 16 * z2 + 3)) / (96 * degrees ** 2) +
    (z * (3 * z2 ** 3 + 19 * z2 * z2 + 17 * z2 - 15)) / (384 * degrees ** 3) +
    (z * (79 * z2 ** 4 + 776 * z2 ** 3 + 1482 * z2 * z2 - 1920 * z2 - 945)) / (92_160 * degrees ** 4)
  )
}

export interface Moments {
  readonly count: number
  readonly mean: number
  /** Of the mean: the sample variance over the count. */
  readonly meanVariance: number
}

/** Of at least two values. */
export function momentsOf(values: readonly number[]): Moments {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { count, mean, meanVariance: squares / (count - 1) / count }
}

/** Half of the interval of a difference of two means with their own variances (Welch, Satterthwaite). */
export function welchHalfWidth(left: Moments, right: Moments): number {
  const variance = left.meanVariance + right.meanVariance
  if (variance === 0) return 0
  const degrees =
    variance ** 2 / (left.meanVariance ** 2 / (left.count - 1) + right.meanVariance ** 2 / (right.count - 1))
  return studentT99(degrees) * Math.sqrt(variance)
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Wilson's interval of a share of `count` records. @param quantile standard normal or Student's */
export function wilsonInterval(share: number, count: number, quantile: number): Interval {
  const z2 = quantile ** 2
  const middle = (share + z2 / (2 * count)) / (1 + z2 / count)
  const half =
    (quantile / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count ** 2))
  return {
    low: Math.max(0, Math.min(share, middle - half)),
    high: Math.min(1, Math.max(share, middle + half)),
  }
}

/** A value with its own, perhaps lopsided, interval. */
export interface Estimate extends Interval {
  readonly value: number
}

/** Interval of right - left from the intervals of both (MOVER: Newcombe 1998, Zou and Donner 2008). */
export function differenceInterval(left: Estimate, right: Estimate): Interval {
  const difference = right.value - left.value
  return {
    low: difference - Math.hypot(right.value - right.low, left.high - left.value),
    high: difference + Math.hypot(right.high - right.value, left.value - left.low),
  }
}

/**
 * Ranks (1 to `count`) between which a percentile of what was sampled lies, by the binomial distribution of how many
 * records are below it (normal approximation). Right for independent records alone.
 * @returns a high of more than `count` where the records are too few to bound it
 */
export function rankInterval(share: number, count: number): Interval {
  const half = Z_99 * Math.sqrt(count * share * (1 - share))
  return {
    low: Math.max(1, Math.floor(count * share - half)),
    high: Math.ceil(count * share + half) + 1,
  }
}

/** Means of `count` neighbouring blocks of nearly the same length. */
export function blockMeans(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, block) => {
    const part = values.slice(
      Math.floor((block * values.length) / count),
      Math.floor(((block + 1) * values.length) / count),
    )
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}
