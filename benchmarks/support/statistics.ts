// What a handful of repeated measurements says: medians, ranges, paired ratios with an interval, seeded
// order. Knows nothing of what was measured.

import { median } from '../../src/bench/statistics.js'

export { createRandom, median, shuffled } from '../../src/bench/statistics.js'

/** Median, smallest and largest value, in the unit of the values. */
export interface Spread {
  readonly median: number
  readonly minimum: number
  readonly maximum: number
}

/** A spread of per-round ratios, and the 95 % interval of their geometric mean (NaN below two rounds). */
export interface RatioSummary extends Spread {
  readonly intervalLow: number
  readonly intervalHigh: number
}

/**
 * Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; the normal quantile serves
 * beyond.
 */
const studentQuantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Median and range; all NaN without values. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, minimum: Number.NaN, maximum: Number.NaN }
  return { median: median(values), minimum: Math.min(...values), maximum: Math.max(...values) }
}

/**
 * Ratios of the values with the same index (the same round). A round that either side lacks is left out:
 * machines drift over minutes, so only neighbours in time are compared.
 */
export function pairedRatios(
  numerators: readonly (number | undefined)[],
  denominators: readonly (number | undefined)[],
): number[] {
  const ratios: number[] = []
  for (const [index, numerator] of numerators.entries()) {
    const denominator = denominators[index]
    if (numerator !== undefined && denominator !== undefined) ratios.push(numerator / denominator)
  }
  return ratios
}

/**
 * Median and range of the ratios, and Student's 95 % interval on their logarithms (a ratio and its inverse
 * weigh the same).
 */
export function summarizeRatios(ratios: readonly number[]): RatioSummary {
  const count = ratios.length
  if (count < 2) return { ...spread(ratios), intervalLow: Number.NaN, intervalHigh: Number.NaN }
  const logarithms = ratios.map(Math.log)
  const mean = logarithms.reduce((sum, value) => sum + value, 0) / count
  const variance = logarithms.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const reach = (studentQuantiles[count - 2] ?? 1.96) * Math.sqrt(variance / count)
  return { ...spread(ratios), intervalLow: Math.exp(mean - reach), intervalHigh: Math.exp(mean + reach) }
}
