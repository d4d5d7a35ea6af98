// A snapshot as lines for a terminal of a size: pure, so that every picture can be tested as text. Never more than
// rows - 1 lines, or the terminal would scroll with each picture, and never as wide as the terminal, whose last column
// is erased by some when they are told to erase the rest of a line.

import { harmless, textWidth } from './foreign-text.js'
import { fitLine, type Line, levelMark, levelStyle, padLine, plainText, segment, spread } from './line.js'
import { numberText, valueText } from './number-text.js'
import {
  captionLine,
  figureLines,
  histogramLines,
  listLines,
  noteLines,
  objectiveLines,
  progressText,
  rateLines,
  titleLine,
  workerLines,
} from './panels.js'
import type { List, ScreenSnapshot } from './snapshot.js'
import { tableLines } from './table.js'
import { keyTexts, type View } from './view.js'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Smaller terminals get two lines. */
const COLUMNS_MIN = 60
const ROWS_MIN = 12
/** Lines longer than this are hard to read, and slow to draw. */
const COLUMNS_MAX = 200
const HISTOGRAM_ROWS = 4
const LIST_ENTRIES = 8
/** Two lists beside each other need so many columns. */
const LISTS_COLUMNS_MIN = 96
/** Caption and five rows, all kinds of requests that there are: a table that is cut would not say that it is. */
const TABLE_LINES_MIN = 6

/** Draws the screen. @param hasKeys false where nothing can be typed: then no keys are shown */
export function layout(snapshot: ScreenSnapshot, size: Size, view: View, hasKeys = true): Line[] {
  const rows = Math.max(0, size.rows - 1)
  const columns = Math.min(COLUMNS_MAX, size.columns - 1)
  if (columns < 1) return []
  if (size.columns < COLUMNS_MIN || size.rows < ROWS_MIN) return small(snapshot, columns, view).slice(0, rows)
  const lines = [titleLine(snapshot, view, columns), ...body(snapshot, columns, rows - 2, view)]
  return [...lines, helpLine(snapshot, view, hasKeys)].map(line => fitLine(line, columns))
}

function body(snapshot: ScreenSnapshot, columns: number, rows: number, view: View): Line[] {
  if (view.showsHelp) return helpPage().slice(0, rows)
  if (view.showsErrors) return errorPage(snapshot, columns).slice(0, rows)
  return arrange(panelsOf(snapshot, columns, view), rows)
}

/** One part of the screen; they are listed as they stand, from top to bottom. */
interface Panel {
  readonly lines: readonly Line[]
  /** Lower ones get their lines first. */
  readonly priority: number
  /** With fewer lines it is left out. */
  readonly linesMin: number
}

function panelsOf(snapshot: ScreenSnapshot, columns: number, view: View): Panel[] {
  const table = snapshot.tables[Math.min(view.window, snapshot.tables.length - 1)]
  // Where lists stand side by side, they are one panel.
  const isWide = columns >= LISTS_COLUMNS_MIN
  const errors = snapshot.lists.filter(({ kind }) => isWide || kind === 'errors')
  const rankings = snapshot.lists.filter(list => !errors.includes(list))
  const workers = workerLines(snapshot.workers, columns)
  const histogram = snapshot.histogram
  const panel = (priority: number, linesMin: number, lines: readonly Line[]): Panel => ({
    priority,
    linesMin,
    lines,
  })
  return [
    panel(0, 2, rateLines(snapshot.rates, view, columns)),
    panel(1, TABLE_LINES_MIN, table === undefined ? [] : tableLines(table, columns)),
    panel(2, 1, figureLines(snapshot.figures, columns)),
    panel(3, 1, objectiveLines(snapshot.objectives, columns)),
    panel(5, 1, workers),
    panel(6, 4, histogram === null ? [] : histogramLines(histogram, view, columns, HISTOGRAM_ROWS)),
    panel(4, 2, besides(errors, columns)),
    panel(8, 2, besides(rankings, columns)),
    panel(7, 1, noteLines(snapshot.notes, columns)),
  ].filter(({ lines }) => lines.length > 0)
}

/** Gives the lines that there are to the panels, and what is left to the gaps between them. */
function arrange(panels: readonly Panel[], rows: number): Line[] {
  const granted = new Map<Panel, number>()
  let left = rows
  const byPriority = [...panels].sort((a, b) => a.priority - b.priority)
  for (const panel of byPriority) {
    const least = Math.min(panel.linesMin, panel.lines.length)
    if (least > left) continue
    granted.set(panel, least)
    left -= least
  }
  for (const [panel, least] of granted) {
    const more = Math.min(left, panel.lines.length - least)
    granted.set(panel, least + more)
    left -= more
  }
  const shown = panels.filter(panel => granted.has(panel))
  const lines: Line[] = []
  for (const panel of shown) {
    if (left > 0) {
      lines.push([])
      left--
    }
    lines.push(...panel.lines.slice(0, granted.get(panel)))
  }
  if (left > 0) lines.push([])
  return lines
}

/** Lists side by side, where the terminal has room for two. */
function besides(lists: readonly List[], columns: number): Line[] {
  const shown = lists.filter(({ entries }) => entries.length > 0)
  const perLine = columns >= LISTS_COLUMNS_MIN ? Math.min(2, shown.length) : 1
  const width = Math.floor((columns - (perLine - 1) * 3) / Math.max(1, perLine))
  const blocks = shown.map(list =>
    listLines({ ...list, entries: list.entries.slice(0, LIST_ENTRIES) }, width),
  )
  if (perLine === 1) return blocks.flat()
  const lines: Line[] = []
  for (let first = 0; first < blocks.length; first += 2) {
    const [left, right] = [blocks[first]!, blocks[first + 1] ?? []]
    for (let row = 0; row < Math.max(left.length, right.length); row++)
      lines.push([...padLine(left[row] ?? [], width), segment('   '), ...(right[row] ?? [])])
  }
  return lines
}

/** Title and rates, nothing else. */
function small(snapshot: ScreenSnapshot, columns: number, view: View): Line[] {
  const { title, progress, rates, figures } = snapshot
  const phase = [
    ...(view.isPaused ? ['paused'] : []),
    ...(title.phase === null ? [] : [harmless(title.phase)]),
  ]
  const right = [...phase, progressText(progress)].join(' ')
  const values = rates.slice(0, 2).map(({ label, unit, values }) => {
    const value = values[Math.min(view.window, values.length - 1)] ?? 0
    return `${label} ${numberText(value, unit)}`
  })
  const worst = figures.find(({ level }) => level === 'bad') ?? figures.find(({ level }) => level === 'warn')
  const alarm: Line =
    worst === undefined
      ? []
      : [
          segment(
            `  ${levelMark(worst.level)}${harmless(worst.label)} ${valueText(worst.value, worst.unit)}`,
            levelStyle(worst.level),
          ),
        ]
  return [
    spread([segment(harmless(title.command), 'bold')], [segment(` ${right}`)], columns),
    fitLine([segment(values.join('  ')), ...alarm], columns),
  ]
}

function helpLine({ windows, histogram }: ScreenSnapshot, view: View, hasKeys: boolean): Line {
  if (!hasKeys) return captionLine('Ctrl-C quits')
  const window = windows.length > 1 ? [`[w]indow ${windows[Math.min(view.window, windows.length - 1)]}`] : []
  const keys = [
    '[q]uit',
    view.isPaused ? '[p]roceed' : '[p]ause',
    ...window,
    ...(histogram === null ? [] : [`[l]og${view.isLog ? ' on' : ''}`]),
    '[e]rrors',
    '[?]help',
  ]
  return captionLine(keys.join(' '))
}

function helpPage(): Line[] {
  const width = Math.max(...keyTexts.map(([key]) => key.length))
  return [
    [],
    ...keyTexts.map(([key, text]): Line => [segment(key.padEnd(width + 2), 'bold'), segment(text)]),
    [],
  ]
}

function errorPage(snapshot: ScreenSnapshot, columns: number): Line[] {
  const errors = snapshot.lists.filter(({ kind, entries }) => kind === 'errors' && entries.length > 0)
  const lines = errors.flatMap((list): Line[] => [[], ...listLines(list, columns)])
  const notes = noteLines(snapshot.notes, columns)
  if (notes.length > 0) lines.push([], captionLine('warnings and notes, newest first'), ...notes)
  return lines.length === 0 ? [[], [segment('No errors.', 'ok')], []] : [...lines, []]
}

/** Rows that lines take on a terminal that was made narrower after they were written. */
export function reflowedRows(lines: readonly Line[], columns: number): number {
  const rowsOf = (line: Line): number =>
    Math.ceil(textWidth(plainText(line).trimEnd()) / Math.max(1, columns))
  return lines.reduce((sum, line) => sum + Math.max(1, rowsOf(line)), 0)
}
