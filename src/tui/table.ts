// A table of figures. Where a terminal is narrow, the columns that matter least are left out.

import { harmless, textWidth } from './foreign-text.js'
import { fitLine, type Line, levelMark, levelStyle, padText, padTextLeft, segment } from './line.js'
import { valueText } from './number-text.js'
import { captionLine } from './panels.js'
import type { Table } from './snapshot.js'

const GAP = 2
/** Cells are at least so wide, so that columns don't move with their figures. */
const CELL_COLUMNS_MIN = 7

/** Caption and header in one line, then a line for each row. */
export function tableLines(table: Table, columns: number): Line[] {
  const labels = table.rows.map(row => levelMark(row.level) + harmless(row.label))
  const labelWidth = Math.max(textWidth(table.caption), ...labels.map(textWidth))
  const texts = table.rows.map(row =>
    table.columns.map((column, index) => harmless(valueText(row.cells[index] ?? null, column.unit))),
  )
  const widths = table.columns.map(({ label }, index) =>
    Math.max(CELL_COLUMNS_MIN, textWidth(label), ...texts.map(row => textWidth(row[index]!))),
  )
  const shown = shownColumns(table, widths, columns - labelWidth)
  const cells = (textOf: (index: number) => string): string =>
    shown.map(index => ' '.repeat(GAP) + padTextLeft(textOf(index), widths[index]!)).join('')
  const header: Line = captionLine(
    padText(table.caption, labelWidth) + cells(index => table.columns[index]!.label),
  )
  const rows = table.rows.map(
    (row, at): Line => [
      segment(padText(labels[at]!, labelWidth), row.level === null ? 'bold' : levelStyle(row.level)),
      segment(cells(index => texts[at]![index]!)),
    ],
  )
  return [header, ...rows].map(line => fitLine(line, columns))
}

/** Indices of the columns that fit, in their order. */
function shownColumns({ columns }: Table, widths: readonly number[], room: number): number[] {
  const byPriority = columns
    .map((_, index) => index)
    .sort((a, b) => columns[a]!.priority - columns[b]!.priority)
  const shown = new Set<number>()
  for (const index of byPriority) {
    const width = widths[index]! + GAP
    if (width > room) break
    shown.add(index)
    room -= width
  }
  return columns.map((_, index) => index).filter(index => shown.has(index))
}
