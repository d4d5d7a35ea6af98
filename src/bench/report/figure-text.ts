// Figures as reports and the screen of a bench write them: never without their unit.

import { rateText } from '../../loadtest/plan-text.js'
import { countText, durationText, shareText, threeDigits } from '../../loadtest/report/number-text.js'
import { type Bound, metrics } from '../metrics.js'
import type { RatioEstimate } from '../statistics.js'
import type { Figure } from '../summary.js'

/** Over a column, where the full title has no room. */
const columnTitles: Readonly<Record<string, string>> = {
  responses_per_second: 'responses',
  processor_us: 'per response',
  p50_us: 'median at half',
  p99_us: 'p99 at half',
  objective_rate: 'in objectives',
  loss_percent: 'lost',
  kernel_drops: 'dropped',
  bytes_per_peer: 'per peer',
  start_up_ms: 'start-up',
}

export function columnTitle(metric: string): string {
  return columnTitles[metric] ?? metric
}

export function titleOf(metric: string): string {
  return metrics.find(({ key }) => key === metric)?.title ?? metric
}

/** A figure with its unit: `4.57 µs`, `152.3k/s`; latencies are milliseconds, as everywhere. */
export function figureText(metric: string, value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (metric === 'p50_us' || metric === 'p99_us') return durationText(value)
  if (metric === 'loss_percent') return shareText(value / 100)
  if (metric === 'kernel_drops') return `${countText(value)} datagrams`
  const unit = metrics.find(({ key }) => key === metric)?.unit ?? ''
  return unit === '/s' ? `${rateText(value)}/s` : `${threeDigits(value)} ${unit}`
}

const boundSigns = { 'at-least': '≥ ', 'at-most': '≤ ' } as const

/** The median, with the sign of what is a bound: `≥ 31.2k/s`. */
export function medianText({ metric, median, bound }: Figure): string {
  return boundText(metric, median, bound ?? null)
}

/** A figure, or a bound of it. */
export function boundText(metric: string, value: number, bound: Bound | null): string {
  return `${bound === null ? '' : boundSigns[bound]}${figureText(metric, value)}`
}

/** `0.61× [0.58, 0.64]`, `~1.02× [0.97, 1.06]` where no difference is shown, `1.02× (one pair)`. */
export function ratioText({ ratio, low, high, pairs, isNoise }: RatioEstimate): string {
  if (pairs < 2) return `${factor(ratio)}× (one pair)`
  return `${isNoise ? '~' : ''}${factor(ratio)}× [${factor(low)}, ${factor(high)}]`
}

/** Two digits behind the point; three where it is small, fewer where it is large. Wide intervals end somewhere. */
function factor(value: number): string {
  if (value > 999) return '>999'
  if (value < 0.001) return '<0.001'
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(value < 0.0995 ? 3 : value < 9.995 ? 2 : 1)
}

/** `2 blocks: did not start (…)`. */
export function troubleText(trouble: { outcome: string; blocks: number; reason: string }): string {
  const outcome = trouble.outcome.replaceAll('-', ' ')
  const blocks = trouble.blocks === 1 ? '1 block' : `${trouble.blocks} blocks`
  return trouble.reason === '' ? `${blocks}: ${outcome}` : `${blocks}: ${outcome} (${trouble.reason})`
}
