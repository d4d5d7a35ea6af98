// Bars of one figure as inline SVG: the median of each contender, its range, its single measurements, its ratio.

import { escaped } from '../../loadtest/report/html-text.js'
import type { Metric } from '../metrics.js'
import type { Figure, WorkloadSummary } from '../summary.js'
import { medianText, ratioText } from './figure-text.js'
import { figureOf, inOrder, nameOf } from './parts.js'
import type { ReportData } from './report-data.js'

const LABEL_WIDTH = 180
const BAR_WIDTH = 400
const VALUE_WIDTH = 240
const BAR_HEIGHT = 18
const ROW_HEIGHT = 28
const WIDTH = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH

/** Empty where nobody who is ranked has that figure. */
export function barFigure(metric: Metric, summary: WorkloadSummary, data: ReportData): string {
  const rows = inOrder(summary)
    .filter(({ isRanked }) => isRanked)
    .map(contender => ({ contender: contender.contender, figure: figureOf(contender, metric.key) }))
    .filter((row): row is { contender: string; figure: Figure } => row.figure !== undefined)
  if (rows.length === 0) return ''
  const largest = Math.max(...rows.map(({ figure }) => figure.high)) || 1
  const shapes = rows.map(({ contender, figure }, index) =>
    bar(contender, figure, { largest, top: index * ROW_HEIGHT, data }),
  )
  const caption = `${metric.title} (${metric.isMoreBetter ? 'more' : 'less'} is better)`
  return `<figure>
<figcaption>${escaped(caption)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${rows.length * ROW_HEIGHT}" role="img" aria-label="${escaped(caption)}">
${shapes.join('\n')}
</svg>
</figure>`
}

interface Place {
  readonly largest: number
  readonly top: number
  readonly data: ReportData
}

function bar(contender: string, figure: Figure, { largest, top, data }: Place): string {
  const across = (value: number): number => LABEL_WIDTH + (value / largest) * BAR_WIDTH
  const [middle, baseline] = [top + ROW_HEIGHT / 2, top + ROW_HEIGHT / 2 + 4]
  const { median, low, high, values, ratio } = figure
  const isOurs = contender === 'aquatic' || contender === 'aquatic-node'
  const dots = values
    .filter(value => value !== null)
    .map(value => `<circle class="dot" cx="${at(across(value))}" cy="${middle}" r="2.5"/>`)
  const ratioPart = ratio === null ? '' : `<tspan class="weak"> ${escaped(ratioText(ratio))}</tspan>`
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${escaped(nameOf(contender, data))}</text>`,
    `<rect class="bar${isOurs ? ' ours' : ''}" x="${LABEL_WIDTH}" y="${middle - BAR_HEIGHT / 2}" width="${at(across(median) - LABEL_WIDTH)}" height="${BAR_HEIGHT}"/>`,
    `<line class="range" x1="${at(across(low))}" x2="${at(across(high))}" y1="${middle}" y2="${middle}"/>`,
    ...dots,
    `<text x="${at(across(high) + 10)}" y="${baseline}">${escaped(medianText(figure))}${ratioPart}</text>`,
  ].join('')
}

/** One tenth of a pixel is enough. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}
