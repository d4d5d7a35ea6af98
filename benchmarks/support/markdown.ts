// Tables and numbers of a benchmark's report.
import type { Spread } from './statistics.js'

/** A Markdown table; the first column is aligned left, the others right. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const escapeCell = (cell: string): string => cell.replaceAll('|', '\\|')
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  const rule = `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** A number with a fixed count of digits, or a dash where there is none. */
export function formatNumber(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** `median (smallest–largest)`, or a dash without values. */
export function formatSpread(values: Spread, digits: number): string {
  if (!Number.isFinite(values.median)) return '–'
  const show = (value: number): string => value.toFixed(digits)
  return `${show(values.median)} (${show(values.minimum)}–${show(values.maximum)})`
}
