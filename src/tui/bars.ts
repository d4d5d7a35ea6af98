// Figures drawn with block characters: sparklines, gauges, histograms.

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * The newest values that fit, each a column; the largest of them is full.
 * @param values oldest first
 */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = values.slice(-Math.max(0, columns)).filter(value => Number.isFinite(value))
  if (columns < 1 || shown.length === 0) return ''
  const max = Math.max(...shown)
  return shown.map(value => eighth(max > 0 ? value / max : 0)).join('')
}

/** The lowest block also stands for zero, so that a silent second is seen. */
function eighth(share: number): string {
  return EIGHTHS[Math.min(7, Math.max(0, Math.ceil(share * 8) - 1))]!
}

/** A bar that is filled to `share`, 0 to 1. */
export function gauge(share: number, columns: number): string {
  const bounded = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0
  const full = Math.round(bounded * columns)
  return '█'.repeat(full) + '░'.repeat(Math.max(0, columns - full))
}

/**
 * Columns of a histogram, top line first. A column that has something is never empty.
 * @param isLog heights by the logarithm, so that rare values are seen beside frequent ones
 */
export function columnChart(values: readonly number[], rows: number, isLog: boolean): string[] {
  const scaled = values.map(value => (isLog ? Math.log10(1 + Math.max(0, value)) : Math.max(0, value)))
  const max = Math.max(...scaled, 0)
  const heights = scaled.map(value => (max > 0 ? Math.ceil((value / max) * rows * 8) : 0))
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * 8
    return heights.map(height => (height <= below ? ' ' : EIGHTHS[Math.min(8, height - below) - 1])).join('')
  })
}

/**
 * Counts in columns of equal width on a logarithmic axis, since latencies spread over decades.
 * @param buckets [value, count], ascending, values above 0
 */
export function spreadOverLogAxis(
  buckets: readonly (readonly [value: number, count: number])[],
  columns: number,
): number[] {
  const counts = new Array<number>(columns).fill(0)
  if (buckets.length === 0) return counts
  const first = Math.log(Math.max(buckets[0]![0], 0.1))
  const last = Math.log(Math.max(buckets[buckets.length - 1]![0], 0.1))
  for (const [value, count] of buckets) {
    const share = last > first ? (Math.log(Math.max(value, 0.1)) - first) / (last - first) : 0
    counts[Math.min(columns - 1, Math.floor(share * columns))]! += count
  }
  return counts
}
