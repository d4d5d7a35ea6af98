// What changed between two results beyond the noise of each.
//
// Throughput: t-interval of the ratio of means, from the variance between blocks of the time series (noise.ts). That of
// one kind: the same, and the chance of its own count. Loss: Wilson's intervals with as many independent requests as
// the variation between blocks leaves (the worse of both runs), and the interval of their difference: a ratio of losses
// near 0 says little.
//
// Percentiles: the ranks that bound them, read from the histogram. Requests under way at the same time wait behind the
// same thing and count as one there: of latencies of 100 ms, ten a second tell something. The interval is widened to
// what p50 and p99 of the bins vary between blocks; p90 takes the wider of both, p99.9 that of p99, which may still be
// too narrow. The maximum is one request and is not compared.
//
// Intervals are of 99 %. They know what varied within each run. What differs from run to run (where memory lies, which
// processors, what else the machine does, how warm it is) they can't know: repeat both, in turn, before believing it.

import type { LoadKindName } from '../kinds.js'
import { bucketBottomUs, bucketOf } from '../latency-buckets.js'
import type { KindFigures, LatencyFigures, LoadTestResult } from '../result.js'
import type { LatencyName } from './hdr.js'
import { requestsOf, totalLoss, totalRate } from './headline.js'
import {
  differenceInterval,
  type Estimate,
  type Interval,
  type Moments,
  rankInterval,
  welchHalfWidth,
  wilsonInterval,
} from './intervals.js'
import { noiseOf, type RunNoise } from './noise.js'
import { atLimit, isAmongTimeouts } from './number-text.js'

export type FigureName = 'answersPerSecond' | 'loss' | 'p50' | 'p90' | 'p99' | 'p99.9'

export interface ComparedFigure {
  readonly figure: FigureName
  /** Null: all kinds together. */
  readonly kind: LoadKindName | null
  /** Of percentiles alone. */
  readonly latency: LatencyName | null
  /** Answers per second, a share, or microseconds. */
  readonly left: number
  readonly right: number
  /** Whether a percentile is among timeouts, so that its true value is at least this. */
  readonly isLeftAmongTimeouts: boolean
  readonly isRightAmongTimeouts: boolean
  /** Right over left; of losses right minus left. Null where it can't be told. */
  readonly change: number | null
  readonly changeLow: number | null
  readonly changeHigh: number | null
  /** `unknown`: nothing tells how much it varies by itself. */
  readonly outcome: 'better' | 'worse' | 'same' | 'unknown'
}

/** Neither clocks nor schedules are better than this, and buckets of latencies not by much. */
const SMALLEST_CHANGE = 0.005
/** What a latency of 0 counts as where it is divided by. */
const SMALLEST_US = 0.05

const percentiles = [
  ['p50', 0.5, (figures: LatencyFigures) => figures.p50Us],
  ['p90', 0.9, (figures: LatencyFigures) => figures.p90Us],
  ['p99', 0.99, (figures: LatencyFigures) => figures.p99Us],
  ['p99.9', 0.999, (figures: LatencyFigures) => figures.p999Us],
] as const

/** A result with what it is compared by. */
interface Side {
  readonly result: LoadTestResult
  readonly noise: RunNoise | null
}

/** All figures that both have, kind by kind; both results have to be valid. */
export function compareFigures(left: LoadTestResult, right: LoadTestResult): ComparedFigure[] {
  const sides = [
    { result: left, noise: noiseOf(left) },
    { result: right, noise: noiseOf(right) },
  ] as const
  const figures = [
    compareRates(
      null,
      sides,
      sides.map(({ result }) => totalRate(result)),
    ),
    compareLosses(null, sides),
  ]
  for (const before of left.kinds) {
    const after = right.kinds.find(({ kind }) => kind === before.kind)
    if (after === undefined || requestsOf(before) === 0 || requestsOf(after) === 0) continue
    figures.push(
      compareRates(before.kind, sides, [before.answersPerSecond, after.answersPerSecond], [before, after]),
      compareLosses(before.kind, sides, [before, after]),
      ...compareLatencies(sides, before, after),
    )
  }
  return figures
}

/** Figures that got worse by more than a share of what they were (losses: of all requests), beyond the noise. */
export function regressionsOf(figures: readonly ComparedFigure[], share: number): ComparedFigure[] {
  return figures.filter(({ figure, change, outcome }) => {
    if (outcome !== 'worse' || change === null) return false
    if (figure === 'loss') return change > share
    return figure === 'answersPerSecond' ? change < 1 - share : change > 1 + share
  })
}

type Pair<Value> = readonly Value[]

function compareRates(
  kind: LoadKindName | null,
  sides: readonly [Side, Side],
  [left, right]: Pair<number>,
  kinds: Pair<KindFigures> = [],
): ComparedFigure {
  const plain = { figure: 'answersPerSecond', kind, latency: null, left, right, ...notAmongTimeouts } as const
  const logs = sides.map(({ noise }, side) => relativeMoments(noise, kinds[side]))
  if (logs.some(log => log === null) || left <= 0 || right <= 0) return { ...plain, ...unknown }
  const half = welchHalfWidth(logs[0] as Moments, logs[1] as Moments)
  const change = Math.log(right / left)
  return { ...plain, ...ratioChange(change, { low: change - half, high: change + half }, 'up') }
}

/** Of the logarithm of the rate, to first order. */
function relativeMoments(noise: RunNoise | null, kind: KindFigures | undefined): Moments | null {
  if (noise === null || noise.answers.mean <= 0) return null
  const { count, mean, meanVariance } = noise.answers
  const ownChance = kind === undefined || kind.outcomes.answered === 0 ? 0 : 1 / kind.outcomes.answered
  return { count, mean: 0, meanVariance: meanVariance / mean ** 2 + ownChance }
}

function compareLosses(
  kind: LoadKindName | null,
  sides: readonly [Side, Side],
  kinds: Pair<KindFigures> = [],
): ComparedFigure {
  // A run that lost little does not tell how its losses would be clustered: both count with the worse of the two.
  const overdispersion = Math.max(...sides.map(({ noise }) => noise?.lossOverdispersion ?? 1))
  const [left, right] = sides.map((side, index) => lossEstimate(side, overdispersion, kinds[index]))
  const plain = {
    figure: 'loss',
    kind,
    latency: null,
    left: left.value,
    right: right.value,
    ...notAmongTimeouts,
  } as const
  if (sides.some(({ noise }) => noise === null)) return { ...plain, ...unknown }
  const { low, high } = differenceInterval(left, right)
  const outcome = low > 0 ? 'worse' : high < 0 ? 'better' : 'same'
  return { ...plain, change: right.value - left.value, changeLow: low, changeHigh: high, outcome }
}

function lossEstimate(
  { result, noise }: Side,
  overdispersion: number,
  kind: KindFigures | undefined,
): Estimate {
  const value = kind === undefined ? totalLoss(result) : kind.lossShare
  const kinds = kind === undefined ? result.kinds : [kind]
  const requests = kinds.reduce((sum, kind) => sum + requestsOf(kind), 0)
  if (noise === null || requests === 0) return { value, low: 0, high: 1 }
  return { value, ...wilsonInterval(value, requests / overdispersion, noise.quantile) }
}

function compareLatencies(
  sides: readonly [Side, Side],
  before: KindFigures,
  after: KindFigures,
): ComparedFigure[] {
  return (['response', 'service'] as const).flatMap(latency => {
    const [left, right] = [before[latency], after[latency]]
    if (left === null || right === null || left.count === 0 || right.count === 0) return []
    return percentiles.map(([figure, share, of]): ComparedFigure => {
      const limits = sides.map(({ result }) => result.plan.timeoutMs)
      const [leftUs, rightUs] = [atLimit(of(left), limits[0]), atLimit(of(right), limits[1])]
      const isLeftAmongTimeouts = isAmongTimeouts(left, leftUs, limits[0])
      const isRightAmongTimeouts = isAmongTimeouts(right, rightUs, limits[1])
      const plain = {
        figure,
        kind: before.kind,
        latency,
        left: leftUs,
        right: rightUs,
        isLeftAmongTimeouts,
        isRightAmongTimeouts,
      }
      const from = logEstimate(left, leftUs, share, sides[0])
      const to = logEstimate(right, rightUs, share, sides[1])
      // Two values of "more than the limit" may be anything.
      if (from === null || to === null || (isLeftAmongTimeouts && isRightAmongTimeouts)) {
        return { ...plain, ...unknown }
      }
      return { ...plain, ...ratioChange(to.value - from.value, differenceInterval(from, to), 'down') }
    })
  })
}

/** The logarithm of a percentile; null where nothing bounds it. */
function logEstimate(
  figures: LatencyFigures,
  us: number,
  share: number,
  { result, noise }: Side,
): Estimate | null {
  const atLeast = noise === null ? null : logNoise(noise, share)
  // As many as are under way during one such latency share their fate; those that were lost, as losses do.
  const together = isAmongTimeouts(figures, us, result.plan.timeoutMs)
    ? (noise?.lossOverdispersion ?? 1)
    : Math.max(1, (figures.count / result.measuredSeconds) * (us / 1e6))
  const events = figures.count / together
  const ranks = rankInterval(share, events)
  if (atLeast === null || ranks.high > events) return null
  const log = (value: number): number => Math.log(Math.max(SMALLEST_US, value))
  const value = log(us)
  return {
    value,
    low: Math.min(log(bottomOf(topAt(figures, ranks.low * together))), value - atLeast),
    high: Math.max(log(topAt(figures, ranks.high * together)), value + atLeast),
  }
}

function logNoise({ logP50, logP99 }: RunNoise, share: number): number | null {
  if (share === 0.5) return logP50
  if (share > 0.9) return logP99
  return logP50 === null || logP99 === null ? null : Math.max(logP50, logP99)
}

/** Upper end of the bucket with the record of a rank. */
function topAt({ buckets, maxUs }: LatencyFigures, rank: number): number {
  let seen = 0
  for (const [us, count] of buckets) {
    seen += count
    if (seen >= rank) return us
  }
  return maxUs
}

function bottomOf(topUs: number): number {
  return bucketBottomUs(bucketOf(Math.round(topUs * 10)))
}

const notAmongTimeouts = { isLeftAmongTimeouts: false, isRightAmongTimeouts: false } as const
const unknown = { change: null, changeLow: null, changeHigh: null, outcome: 'unknown' } as const

/** From logarithms to ratios. @param good which way is better */
function ratioChange(
  log: number,
  { low, high }: Interval,
  good: 'up' | 'down',
): Pick<ComparedFigure, 'change' | 'changeLow' | 'changeHigh' | 'outcome'> {
  const isSame = (low <= 0 && high >= 0) || Math.abs(Math.exp(log) - 1) < SMALLEST_CHANGE
  const isBetter = log > 0 === (good === 'up')
  return {
    change: Math.exp(log),
    changeLow: Math.exp(low),
    changeHigh: Math.exp(high),
    outcome: isSame ? 'same' : isBetter ? 'better' : 'worse',
  }
}
