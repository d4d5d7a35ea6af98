// Between which rates the answer lies, and which to try next. Rates are compared as ratios: 2 % is 2 % at any of them.

/** Who could not do more. */
export type Limit = 'tracker' | 'generator'

/** Digits of a rate that are tried: nobody wants to read more. */
const RATE_DIGITS = 4
/** What rounding to so many digits may add to a width. */
const ROUNDING = 1e-3

export interface RateRange {
  readonly leastRate: number
  readonly mostRate: number
  /** Upper over lower bound less 1, at which they are near enough. */
  readonly width: number
}

export class RateBounds {
  /** Highest rate known to pass; null where none is. */
  lower: number | null = null
  /** Lowest rate known not to pass; null where none is. */
  upper: number | null = null
  upperLimit: Limit = 'tracker'
  readonly #range: RateRange
  /** Factor to the next rate while one bound is missing: squared each time, so that no start is too far off. */
  #step: number

  constructor(range: RateRange, firstStep: number) {
    this.#range = range
    this.#step = firstStep
  }

  /** The next rate to try; null where nothing is left to find out. */
  next(start: number): number | null {
    const { lower, upper } = this
    const { leastRate, mostRate, width } = this.#range
    if (lower === null && upper === null) return within(start, leastRate, mostRate)
    if (upper === null) return lower! >= mostRate ? null : within(lower! * this.#step, leastRate, mostRate)
    if (lower === null) return upper <= leastRate ? null : within(upper / this.#step, leastRate, mostRate)
    if (upper / lower <= 1 + width + ROUNDING) return null
    const middle = rounded(Math.sqrt(lower * upper))
    return middle <= lower || middle >= upper ? null : middle
  }

  passed(rate: number): void {
    if (this.upper === null && this.lower !== null) this.#step **= 2
    this.lower = rate
  }

  failed(rate: number, limit: Limit): void {
    if (this.lower === null && this.upper !== null) this.#step **= 2
    this.upper = rate
    this.upperLimit = limit
  }

  /** About how many rates have still to be tried. */
  get rest(): number {
    const { lower, upper } = this
    const { width } = this.#range
    if (lower !== null && upper !== null) return bisections(upper / lower, width)
    const factor = lower === null && upper === null ? this.#step : this.#step ** 2
    return (lower === null ? 1 : 0) + (upper === null ? 1 : 0) + bisections(factor, width)
  }
}

/** How often a ratio is halved (in logarithms) until it is near enough. */
function bisections(ratio: number, width: number): number {
  const halvings = Math.log2(Math.log(ratio) / Math.log(1 + width + ROUNDING))
  return Math.max(0, Math.ceil(halvings))
}

function within(rate: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, rounded(rate)))
}

function rounded(rate: number): number {
  return Number(rate.toPrecision(RATE_DIGITS))
}
