// A comparison as text for people.

import { type Column, textTable, wrapped } from './columns.js'
import type { ComparedFigure } from './compare.js'
import type { ComparedRun, Comparison, DocumentDifference } from './comparison.js'
import { plural } from './headline.js'
import { countText, durationText, shareText, threeDigits } from './number-text.js'

const COLUMNS = 80
/** Differences that are listed; all are in the JSON. */
const DIFFERENCES_MAX = 20

/** The whole comparison, with a newline at the end. */
export async function comparisonText(comparison: Comparison): Promise<string> {
  const { left, right, figures, warnings, differences } = comparison
  const parts = [
    [
      ...wrapped(sentence(comparison), COLUMNS),
      ...wrapped(`A  ${runText(left)}`, COLUMNS, '   '),
      ...wrapped(`B  ${runText(right)}`, COLUMNS, '   '),
    ],
    warnings.flatMap(text => wrapped(`! ${text}`, COLUMNS, '  ')),
    differenceLines(differences),
    figures.length === 0 ? [] : [await figuresTable(figures)],
    figures.length === 0 ? [] : wrapped(legend, COLUMNS),
  ]
  return `${parts
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

const legend =
  'B/A with its 99 % interval; for loss B - A, in points. ~ within the noise, ? not known. ' +
  'One run each does not tell what differs from run to run.'

function sentence({ figures, isVoid }: Comparison): string {
  if (isVoid) return 'Nothing can be compared.'
  const count = (outcome: ComparedFigure['outcome']): number =>
    figures.filter(figure => figure.outcome === outcome).length
  const unknown = count('unknown')
  const rest = unknown === 0 ? '' : `, ${unknown} not known`
  return (
    `Of ${plural(figures.length, 'figure')}, ${count('worse')} got worse and ${count('better')} better; ` +
    `${count('same')} are within the noise${rest}.`
  )
}

function runText({ file, url, startedAt, measuredSeconds, aquaticVersion }: ComparedRun): string {
  return `${file}: ${url}, ${startedAt}, ${threeDigits(measuredSeconds)} s, aquatic ${aquaticVersion}`
}

function differenceLines(differences: readonly DocumentDifference[]): string[] {
  const lines = differences
    .slice(0, DIFFERENCES_MAX)
    .flatMap(({ key, left, right }) =>
      wrapped(`${key}: ${JSON.stringify(left)} -> ${JSON.stringify(right)}`, COLUMNS, '  '),
    )
  const more = differences.length - DIFFERENCES_MAX
  return [...lines, ...(more > 0 ? [`and ${more} other differences (--json has all)`] : [])]
}

function figuresTable(figures: readonly ComparedFigure[]): Promise<string> {
  const right = (title: string): Column => ({ title, align: 'right' })
  const left = (title: string): Column => ({ title, align: 'left' })
  const head = [left(''), left(''), right('A'), right('B'), right('change'), right('interval'), left('')]
  return textTable(head, figures.map(figureRow), 2)
}

function figureRow(figure: ComparedFigure): string[] {
  const { kind, left, right, change, changeLow, changeHigh, outcome } = figure
  const value = (number: number, isAmongTimeouts: boolean): string =>
    `${isAmongTimeouts ? '> ' : ''}${valueText(figure, number)}`
  return [
    kind ?? 'all',
    figureText(figure),
    value(left, figure.isLeftAmongTimeouts),
    value(right, figure.isRightAmongTimeouts),
    changeText(figure, change),
    changeLow === null ? '' : `${changeText(figure, changeLow)} … ${changeText(figure, changeHigh)}`,
    { better: 'better', worse: 'worse', same: '~', unknown: '?' }[outcome],
  ]
}

/** `answers/s`, `loss`, `response p99, ms` */
export function figureText({ figure, latency }: ComparedFigure): string {
  if (figure === 'answersPerSecond') return 'answers/s'
  return latency === null ? figure : `${latency} ${figure}`
}

function valueText({ figure }: ComparedFigure, value: number): string {
  if (figure === 'answersPerSecond') return countText(value)
  return figure === 'loss' ? shareText(value) : durationText(value)
}

function changeText({ figure }: ComparedFigure, change: number | null): string {
  if (change === null) return ''
  if (figure !== 'loss') return change >= 99.95 ? change.toFixed(0) : change.toFixed(change >= 9.995 ? 1 : 3)
  // No minus before a zero.
  const points = Math.round(change * 10_000) / 100 + 0
  return `${points < 0 ? '' : '+'}${points.toFixed(2)}`
}
