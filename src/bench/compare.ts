// Two benches, one after the other: what changed beyond the noise of both. Medians of different runs can't be paired,
// so a machine that drifted in between looks like a change; ratios to the same baseline within each run do not, and are
// compared where both have it.

import { metrics } from './metrics.js'
import type { ReportData } from './report/report-data.js'
import type { Figure } from './summary.js'

export interface BenchChange {
  readonly workload: string
  readonly contender: string
  readonly metric: string
  readonly before: number
  readonly after: number
  /** After over before: of the ratios to the baseline where `isRelative`, else of the medians. */
  readonly ratio: number
  readonly isRelative: boolean
  /** Whether the ranges (intervals where relative) of both overlap: no change has been shown. */
  readonly isNoise: boolean
  /** Beyond the noise, and in the wrong direction. */
  readonly isWorse: boolean
}

export function compareReports(before: ReportData, after: ReportData): BenchChange[] {
  return after.summaries.flatMap(summary => {
    const old = before.summaries.find(({ workload }) => workload === summary.workload)
    if (old === undefined) return []
    const sameBaseline = old.baseline === summary.baseline
    return summary.contenders.flatMap(({ contender, figures }) => {
      const oldFigures = old.contenders.find(candidate => candidate.contender === contender)?.figures ?? []
      return figures.flatMap(figure => {
        const oldFigure = oldFigures.find(({ metric }) => metric === figure.metric)
        if (oldFigure === undefined) return []
        return [{ workload: summary.workload, contender, ...change(oldFigure, figure, sameBaseline) }]
      })
    })
  })
}

function change(
  before: Figure,
  after: Figure,
  sameBaseline: boolean,
): Omit<BenchChange, 'workload' | 'contender'> {
  const isMoreBetter = metrics.find(({ key }) => key === after.metric)?.isMoreBetter ?? false
  const old = sameBaseline ? before.ratio : null
  const now = sameBaseline ? after.ratio : null
  const isRelative = old !== null && now !== null && old.pairs > 1 && now.pairs > 1
  const ratio = isRelative ? now.ratio / old.ratio : after.median / before.median
  // Of two bounds, or a bound and a figure, nothing follows.
  const isBound = before.bound !== undefined || after.bound !== undefined
  const overlaps = isRelative
    ? overlap(old.low, old.high, now.low, now.high)
    : overlap(before.low, before.high, after.low, after.high)
  const isNoise = isBound || overlaps
  const isWorse = !isNoise && (isMoreBetter ? ratio < 1 : ratio > 1)
  return {
    metric: after.metric,
    before: before.median,
    after: after.median,
    ratio,
    isRelative,
    isNoise,
    isWorse,
  }
}

function overlap(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return low <= otherHigh && otherLow <= high
}
