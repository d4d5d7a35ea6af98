// Figures as reports write them.

import { metrics } from '../metrics.js'
import type { RatioEstimate } from '../statistics.js'

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
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

/** A figure with its unit, `4.57 µs`, `152k/s`. */
export function figureText(metric: string, value: number): string {
  const unit = metrics.find(({ key }) => key === metric)?.unit ?? ''
  return unit === '/s' ? `${numberText(value)}${unit}` : `${numberText(value)} ${unit}`
}

/** `0.61× [0.58, 0.64]`, `~ 1.02×` where no difference is shown, `1.02× (one pair)`. */
export function ratioText({ ratio, low, high, pairs, isNoise }: RatioEstimate): string {
  if (pairs < 2) return `${ratio.toFixed(2)}× (one pair)`
  const interval = `[${low.toFixed(2)}, ${high.toFixed(2)}]`
  return isNoise ? `~ ${ratio.toFixed(2)}× ${interval}` : `${ratio.toFixed(2)}× ${interval}`
}

/** `2 blocks: did not start (…)`. */
export function troubleText(trouble: { outcome: string; blocks: number; reason: string }): string {
  const outcome = trouble.outcome.replaceAll('-', ' ')
  const blocks = trouble.blocks === 1 ? '1 block' : `${trouble.blocks} blocks`
  return trouble.reason === '' ? `${blocks}: ${outcome}` : `${blocks}: ${outcome} (${trouble.reason})`
}
