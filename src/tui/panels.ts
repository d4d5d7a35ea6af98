// The parts of a screen, each as lines that fit a width. What comes first in a panel is what stays when it is cut.

import { columnChart, gauge, sparkline, spreadOverLogAxis } from './bars.js'
import { harmless, textWidth } from './foreign-text.js'
import {
  type Line,
  levelMark,
  levelStyle,
  lineWidth,
  padLine,
  padText,
  padTextLeft,
  segment,
  spread,
} from './line.js'
import { numberText, valueText } from './number-text.js'
import type {
  Figure,
  Histogram,
  List,
  Note,
  Objective,
  Rate,
  ScreenSnapshot,
  WorkerShare,
} from './snapshot.js'
import type { View } from './view.js'

/** Blanks between what stands side by side. */
const GAP = 3
const PROGRESS_COLUMNS = 10
const VALUE_COLUMNS = 9
const SPARKLINE_COLUMNS_MIN = 8
const GAUGE_COLUMNS = 10
const HISTOGRAM_COLUMNS = 60

export const captionLine = (text: string): Line => [segment(text, 'dim')]

/** Whose screen it is, and how far it has come. */
export function titleLine({ title, progress }: ScreenSnapshot, view: View, columns: number): Line {
  const left: Line = [
    segment(harmless(title.command), 'bold'),
    segment(`  ${harmless(title.target)}`),
    ...(title.pacing === null ? [] : [segment(`  ${harmless(title.pacing)}`, 'dim')]),
  ]
  const right: Line = [
    ...(view.isPaused ? [segment('  paused', 'warn')] : []),
    ...(title.phase === null ? [] : [segment(`  ${harmless(title.phase)}`, 'bold')]),
    segment(`  ${progressText(progress)}`),
    ...(progress.lengthSeconds === null
      ? []
      : [segment(` ${gauge(progress.elapsedSeconds / progress.lengthSeconds, PROGRESS_COLUMNS)}`, 'rate')]),
  ]
  // A narrow terminal has no room for the bar.
  const isTight = lineWidth(left) + lineWidth(right) > columns && progress.lengthSeconds !== null
  return spread(left, isTight ? right.slice(0, -1) : right, columns)
}

export function progressText({ elapsedSeconds, lengthSeconds }: ScreenSnapshot['progress']): string {
  const elapsed = numberText(elapsedSeconds, 'seconds')
  return lengthSeconds === null ? elapsed : `${elapsed} / ${numberText(lengthSeconds, 'seconds')}`
}

/** Each rate with its number and its sparkline; two to a line where there is room. */
export function rateLines(rates: readonly Rate[], view: View, columns: number): Line[] {
  const perLine = columns >= 96 && rates.length > 1 ? 2 : 1
  const width = Math.floor((columns - (perLine - 1) * GAP) / perLine)
  const labels = Math.max(0, ...rates.map(({ label }) => textWidth(label)))
  const numbers = VALUE_COLUMNS + (rates.some(({ unit }) => unit === 'bitsPerSecond') ? 3 : 0)
  const cells = rates.map(({ label, unit, values, history }): Line => {
    const value = values[Math.min(view.window, values.length - 1)] ?? 0
    const left = width - labels - numbers - 2
    return [
      segment(padText(label, labels), 'dim'),
      segment(` ${padTextLeft(numberText(value, unit), numbers)}`, 'bold'),
      segment(left >= SPARKLINE_COLUMNS_MIN ? ` ${sparkline(history, left)}` : '', 'rate'),
    ]
  })
  return inRows(cells, perLine, width)
}

/** Label and value in a grid, so that a value that grows moves nothing. */
export function figureLines(figures: readonly Figure[], columns: number): Line[] {
  const cells = figures.map(({ label, value, unit, level }) => ({
    label: harmless(label),
    value: levelMark(level) + harmless(valueText(value, unit)),
    style: levelStyle(level),
  }))
  const labels = Math.max(0, ...cells.map(({ label }) => textWidth(label)))
  const values = Math.max(VALUE_COLUMNS, ...cells.map(({ value }) => textWidth(value)))
  const lines = cells.map(
    ({ label, value, style }): Line => [
      segment(padText(label, labels), 'dim'),
      segment(` ${padTextLeft(value, values)}`, style),
    ],
  )
  return inGrid(lines, labels + 1 + values, columns)
}

/** Objectives of the user, met or missed. */
export function objectiveLines(objectives: readonly Objective[], columns: number): Line[] {
  const cells = objectives.map(({ text, isMet }): Line => {
    const style = isMet ? 'ok' : 'bad'
    return [segment(`${isMet ? '✓' : '✗'} `, style), segment(harmless(text), style)]
  })
  return inGrid(cells, Math.max(0, ...cells.map(lineWidth)), columns)
}

/** How busy each worker is. One that never rests is the limit. */
export function workerLines(workers: readonly WorkerShare[], columns: number): Line[] {
  const names = Math.max(0, ...workers.map(({ name }) => textWidth(name)))
  const cells = workers.map(({ name, share }): Line => {
    const style = share >= 0.97 ? 'warn' : 'rate'
    return [
      segment(`${padText(name, names)} `, 'dim'),
      segment(gauge(share, GAUGE_COLUMNS), style),
      segment(padTextLeft(`${Math.round(share * 100)} %`, 6)),
    ]
  })
  return inGrid(cells, names + 1 + GAUGE_COLUMNS + 6, columns)
}

/** A caption, then the columns, then the axis. @param rows of the columns */
export function histogramLines(
  { caption, buckets }: Histogram,
  view: View,
  columns: number,
  rows: number,
): Line[] {
  const [first, last] = [buckets[0], buckets[buckets.length - 1]]
  if (first === undefined || last === undefined) return []
  const width = Math.min(columns, HISTOGRAM_COLUMNS)
  const chart = columnChart(spreadOverLogAxis(buckets, width), rows, view.isLog)
  const [from, to] = [numberText(first[0], 'microseconds'), numberText(last[0], 'microseconds')]
  return [
    captionLine(`${caption}${view.isLog ? ', logarithmic' : ''}`),
    ...chart.map((text): Line => [segment(text, 'rate')]),
    spread([segment(from, 'dim')], [segment(to, 'dim')], width),
  ]
}

/** Title, then an entry to a line, most frequent first. */
export function listLines({ title, kind, entries }: List, columns: number): Line[] {
  if (entries.length === 0) return []
  const counts = entries.map(([, count]) => numberText(count, 'count'))
  const width = Math.max(...counts.map(textWidth))
  return [
    captionLine(title),
    ...entries.map(([text], index): Line => {
      const style = kind === 'errors' ? 'bad' : 'plain'
      const number = segment(`  ${padTextLeft(counts[index]!, width)}  `, style)
      return padLine([number, segment(harmless(text))], columns)
    }),
  ]
}

/** The newest first: that is what is left where there is little room. */
export function noteLines(notes: readonly Note[], columns: number): Line[] {
  return notes
    .map(
      ({ text, level }): Line =>
        padLine([segment(levelMark(level) + harmless(text), levelStyle(level))], columns),
    )
    .reverse()
}

/** Cells of one width beside each other, as many as fit. */
function inGrid(cells: readonly Line[], width: number, columns: number): Line[] {
  const perLine = Math.max(1, Math.floor((columns + GAP) / (width + GAP)))
  return inRows(cells, perLine, Math.min(width, columns))
}

function inRows(cells: readonly Line[], perLine: number, width: number): Line[] {
  const lines: Line[] = []
  for (let first = 0; first < cells.length; first += perLine) {
    const row = cells.slice(first, first + perLine)
    lines.push(
      row.flatMap((cell, index) =>
        index === 0 ? padLine(cell, width) : [segment(' '.repeat(GAP)), ...padLine(cell, width)],
      ),
    )
  }
  return lines
}
