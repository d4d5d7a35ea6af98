// Figures as reports write them.

import { type Metric, metrics } from '../metrics.js'
import type { RatioEstimate } from '../statistics.js'
import type { WorkloadSummary } from '../summary.js'

/** Three digits that count: 152341 -> `152k`, 4.5678 -> `4.57`. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1e6) return `${threeDigits(value / 1e6)}M`
  if (size >= 1e4) return `${threeDigits(value / 1e3)}k`
  return threeDigits(value)
}

function threeDigits(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

/** A figure with its unit, `4.57 µs`, `152k/s`; long times in milliseconds or seconds. */
export function figureText(metric: string, value: number): string {
  const unit = metrics.find(({ key }) => key === metric)?.unit ?? ''
  if (unit === '' && value < 1e4) return value.toFixed(0)
  if (unit === 'µs' && value >= 1e6) return `${threeDigits(value / 1e6)} s`
  if (unit === 'µs' && value >= 1e3) return `${threeDigits(value / 1e3)} ms`
  return unit === '/s' || unit === '' ? `${numberText(value)}${unit}` : `${numberText(value)} ${unit}`
}

/** Those that somebody has a figure of; nothing is said of losses where there were none. */
export function shownMetrics({ contenders }: Pick<WorkloadSummary, 'contenders'>): Metric[] {
  const figures = contenders.flatMap(contender => contender.figures)
  return metrics.filter(({ key }) => figures.some(({ metric, high }) => metric === key && high !== 0))
}

/** `0.61× [0.58, 0.64]`, `~ 1.02×` where no difference is shown, `1.02× (one pair)`. */
export function ratioText({ ratio, low, high, pairs, isNoise }: RatioEstimate): string {
  if (pairs < 2) return `${ratio.toFixed(2)}× (one pair)`
  const interval = `[${boundText(low)}, ${boundText(high)}]`
  return isNoise ? `~ ${ratio.toFixed(2)}× ${interval}` : `${ratio.toFixed(2)}× ${interval}`
}

/** Few blocks have intervals that say nothing but that they are wide. */
function boundText(ratio: number): string {
  if (ratio < 0.01) return '<0.01'
  return ratio >= 1000 ? '>999' : ratio.toFixed(2)
}

/** `2 blocks: did not start (…)`. */
export function troubleText(trouble: { outcome: string; blocks: number; reason: string }): string {
  const outcome = trouble.outcome.replaceAll('-', ' ')
  const blocks = trouble.blocks === 1 ? '1 block' : `${trouble.blocks} blocks`
  return trouble.reason === '' ? `${blocks}: ${outcome}` : `${blocks}: ${outcome} (${trouble.reason})`
}
