// How much the figures of one run vary by themselves, from its time series. Neighbouring seconds resemble each other,
// so the measurement is cut into at most ten blocks, and the means of blocks are taken as independent (batch means).

import type { LoadTestResult, SeriesPoint } from '../result.js'
import { blockMeans, type Moments, momentsOf, studentT99 } from './intervals.js'

const BLOCKS_MAX = 10
/** Fewer whole bins than this tell nothing: blocks of at least two bins, and at least five of them. */
export const BINS_MIN = 10

export interface RunNoise {
  /** Answers in a bin, by blocks. */
  readonly answers: Moments
  /** How many times more the share of losses varies between blocks than if requests were independent; 1 at least. */
  readonly lossOverdispersion: number
  /** Student's quantile for this many blocks. */
  readonly quantile: number
  /** Half-widths of the interval of the mean logarithm of a bin's p50 and p99; null where bins have none. */
  readonly logP50: number | null
  readonly logP99: number | null
}

/** Null where the run is too short to tell. */
export function noiseOf(result: LoadTestResult): RunNoise | null {
  const bins = wholeBins(result)
  if (bins.length < BINS_MIN) return null
  const blocks = Math.min(BLOCKS_MAX, Math.floor(bins.length / 2))
  const quantile = studentT99(blocks - 1)
  const logNoise = (of: (point: SeriesPoint) => number | null): number | null => {
    const values = bins.map(of).filter((us): us is number => us !== null && us > 0)
    if (values.length < BINS_MIN) return null
    const means = blockMeans(values.map(Math.log), blocks)
    return quantile * Math.sqrt(momentsOf(means).meanVariance)
  }
  return {
    answers: momentsOf(
      blockMeans(
        bins.map(({ answered }) => answered),
        blocks,
      ),
    ),
    lossOverdispersion: overdispersion(bins, blocks),
    quantile,
    logP50: logNoise(({ p50Us }) => p50Us),
    logP99: logNoise(({ p99Us }) => p99Us),
  }
}

/** The last bin may be cut short. */
function wholeBins({ series, measuredSeconds }: LoadTestResult): readonly SeriesPoint[] {
  if (series.length < 2) return []
  const binSeconds = series[1].second - series[0].second
  return series.filter(({ second }) => second + binSeconds <= measuredSeconds + 1e-6)
}

function overdispersion(bins: readonly SeriesPoint[], blocks: number): number {
  const failed = blockMeans(
    bins.map(point => point.failed),
    blocks,
  )
  const asked = blockMeans(
    bins.map(point => point.answered + point.failed),
    blocks,
  )
  const shares = failed.map((count, block) => (asked[block] === 0 ? 0 : count / asked[block]))
  const { count, mean, meanVariance } = momentsOf(shares)
  const requests = (momentsOf(asked).mean * bins.length) / blocks
  const expected = (mean * (1 - mean)) / requests
  return expected > 0 ? Math.max(1, (meanVariance * count) / expected) : 1
}
