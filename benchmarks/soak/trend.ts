// Whether a series of figures stays where it is: medians of its ends, and a slope that outliers cannot move.
// Knows nothing of what was measured.
import { median } from '../support/statistics.js'

/** A figure at a time in seconds. */
export interface Point {
  readonly second: number
  readonly value: number
}

/** Medians of the first and the last fifth, in the unit of the values, and the slope per hour. */
export interface Trend {
  readonly first: number
  readonly last: number
  readonly slopePerHour: number
}

/** With fewer there are less than four in a fifth: one outlier would decide. */
export const fewestPoints = 20
/** More are thinned evenly before pairs are made of them: 500 have 125,000 pairs. */
const mostPoints = 500

/** Evenly chosen points, at most as many as asked for. */
function thin(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points
  return Array.from({ length: most }, (_, index) => points[Math.floor((index * points.length) / most)]!)
}

/**
 * The median of the slopes of all pairs (Theil 1950, Sen 1968), in units per hour: up to 29 % of the points may be
 * anything. NaN below two points at different times.
 */
export function theilSenPerHour(points: readonly Point[]): number {
  const chosen = thin(points, mostPoints)
  const slopes: number[] = []
  for (const [index, one] of chosen.entries()) {
    for (const other of chosen.slice(index + 1)) {
      if (other.second > one.second) slopes.push((other.value - one.value) / (other.second - one.second))
    }
  }
  return median(slopes) * 3600
}

/** Medians of the first and the last fifth of a series in order; NaN without points. */
function medianOfEnds(values: readonly number[]): { readonly first: number; readonly last: number } {
  const count = Math.max(1, Math.floor(values.length / 5))
  return { first: median(values.slice(0, count)), last: median(values.slice(-count)) }
}

/** The trend of a series in order of time; undefined where there are too few points to say anything. */
export function trendOf(points: readonly Point[]): Trend | undefined {
  if (points.length < fewestPoints) return undefined
  return { ...medianOfEnds(points.map(({ value }) => value)), slopePerHour: theilSenPerHour(points) }
}
