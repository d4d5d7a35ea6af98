// The time series as CSV (RFC 4180): numbers alone, so nothing needs quotes. Columns are named as in the JSON document.

import type { SeriesPoint } from '../result.js'

const columns = [
  'second',
  'answered',
  'failed',
  'p50Us',
  'p99Us',
] as const satisfies readonly (keyof SeriesPoint)[]

/** One line for each bin; an empty cell where nothing was answered. */
export function seriesCsv(series: readonly SeriesPoint[]): string {
  const lines = series.map(point => columns.map(column => point[column] ?? '').join(','))
  return `${[columns.join(','), ...lines].join('\n')}\n`
}
