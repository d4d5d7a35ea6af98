// Latency by rate: the curve of each contender under a workload, where latency was measured at several rates.

import { rateText } from '../../loadtest/plan-text.js'
import { escaped } from '../../loadtest/report/html-text.js'
import { threeDigits } from '../../loadtest/report/number-text.js'
import { logAxis } from '../../loadtest/report/result-plots.js'
import { type Line, plotFigure } from '../../loadtest/report/svg-plot.js'
import type { CellResult, LatencyPoint } from '../cell-result.js'
import { isTelling } from '../limits.js'
import { median } from '../statistics.js'
import type { WorkloadSummary } from '../summary.js'
import { nameOf } from './parts.js'
import type { ReportData } from './report-data.js'

export interface LatencyCurve {
  readonly workload: string
  readonly contender: string
  /** Medians of the blocks, ascending by rate. */
  readonly points: readonly { readonly ratePerSecond: number; readonly p99Us: number }[]
}

/** Of those who were measured at two rates or more. The k-th point of all blocks is at the same share of saturation. */
export function curvesOf(results: readonly CellResult[]): LatencyCurve[] {
  const blocks = new Map<string, CellResult[]>()
  for (const result of results) {
    if (result.outcome !== 'measured' || result.twin !== 0) continue
    const key = `${result.workload} ${result.contender}`
    blocks.set(key, [...(blocks.get(key) ?? []), result])
  }
  return [...blocks.values()].flatMap((cells): LatencyCurve[] => {
    const { workload, contender } = cells[0]!
    const lists = cells.map(({ figures }) => figures?.latency ?? [])
    const points = Array.from({ length: Math.max(...lists.map(list => list.length)) }, (_, index) =>
      lists.flatMap(list => list.slice(index, index + 1).filter(isTelling)),
    )
      .filter(list => list.length > 0)
      .map(medianPoint)
      .sort((a, b) => a.ratePerSecond - b.ratePerSecond)
    return points.length < 2 ? [] : [{ workload, contender, points }]
  })
}

function medianPoint(points: readonly LatencyPoint[]): LatencyCurve['points'][number] {
  return {
    ratePerSecond: median(points.map(({ ratePerSecond }) => ratePerSecond)),
    p99Us: median(points.map(({ p99Us }) => p99Us)),
  }
}

const US_PER_MS = 1000
/** Colours that differ also for most who see fewer (Okabe and Ito, 2008); then the same with dashes. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a8a8a']
const STYLES = COLOURS.length * 2

export const CURVE_STYLES = Array.from({ length: STYLES }, (_, index) => {
  const dashes = index < COLOURS.length ? '' : ' stroke-dasharray: 5 3;'
  return `.s${index + 1} { stroke: ${COLOURS[index % COLOURS.length]};${dashes} }`
}).join('\n')

/** Empty where nobody who is ranked has a curve. */
export function curveFigure({ workload, contenders }: WorkloadSummary, data: ReportData): string {
  const ranked = contenders.filter(({ isRanked }) => isRanked).map(({ contender }) => contender)
  const curves = data.curves.filter(curve => curve.workload === workload && ranked.includes(curve.contender))
  if (curves.length === 0) return ''
  const lines = curves.map(
    ({ contender, points }, index): Line => ({
      name: nameOf(contender, data),
      style: (index % STYLES) + 1,
      points: points.map(({ ratePerSecond, p99Us }) => [ratePerSecond, p99Us / US_PER_MS] as const),
    }),
  )
  const all = curves.flatMap(({ points }) => points)
  const plot = plotFigure({
    title: 'p99 latency by rate (lower and further to the right is better)',
    x: logAxis(
      'requests per second',
      all.map(({ ratePerSecond }) => ratePerSecond),
      rateText,
    ),
    y: logAxis(
      'p99, ms',
      all.map(({ p99Us }) => p99Us / US_PER_MS),
      threeDigits,
    ),
    lines,
    hasLegend: false,
  })
  const leftOut =
    'Rates at which one request in a hundred was lost, or that the load generator could not keep, are left out.'
  const names = lines.map(
    ({ name, style }) =>
      `<li><svg viewBox="0 0 28 8"><path class="line s${style}" d="M0 4h28"/></svg>${escaped(name)}</li>`,
  )
  return `${plot}\n<ul class="names">${names.join('')}</ul>\n<p class="weak">${leftOut}</p>`
}
