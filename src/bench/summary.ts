// From measurements to the figures of a report: medians with ranges, ratios to the baseline, noise, and what has to be
// said about them. Plain data; wording and layout are the reports'.

import type { CellResult } from './cell-result.js'
import { type Bound, type Metric, metrics } from './metrics.js'
import { baselineOf } from './plan.js'
import { shortenPaths } from './report/command-text.js'
import { estimateRatio, median, outliers, type RatioEstimate } from './statistics.js'

/** One figure of one contender under one workload. */
export interface Figure {
  readonly metric: string
  readonly median: number
  readonly low: number
  readonly high: number
  /** By block; null where that block has none. */
  readonly values: readonly (number | null)[]
  /** Where the load generator was the limit in most blocks: what is known is this, and no ratio follows from it. */
  readonly bound?: Bound
  /** Contender over baseline; null for the baseline, where nothing can be paired, and where either is a bound. */
  readonly ratio: RatioEstimate | null
  /** Blocks whose value lies far from the others. */
  readonly outlierBlocks: readonly number[]
}

/** More peers than were asked for: no fault, but not as the others do it. Medians of the blocks. */
export interface ExcessPeers {
  /** Part of the answers looked at, 0 to 1; over HTTP some of these are answers to scrapes. */
  readonly share: number
  /** On average. */
  readonly peersPerAnnounce: number
}

export interface ContenderSummary {
  readonly contender: string
  readonly figures: readonly Figure[]
  /** Outcomes that are no measurement, each with the number of blocks and a sentence. */
  readonly troubles: readonly {
    readonly outcome: CellResult['outcome']
    readonly blocks: number
    readonly reason: string
  }[]
  /** Null where it keeps to the number of peers that it is asked for. */
  readonly excess: ExcessPeers | null
  /** False where its answers were wrong or it never was measured: it is not ranked. */
  readonly isRanked: boolean
}

export interface WorkloadSummary {
  readonly workload: string
  readonly baseline: string
  readonly contenders: readonly ContenderSummary[]
  /** Who was run twice in each block; null where nobody was, or where that came to no figure. */
  readonly noiseContender: string | null
  /** Its two equal runs in each block: how far their ratio strays from 1 by itself. By metric. */
  readonly noise: readonly { readonly metric: string; readonly ratio: RatioEstimate }[]
}

export interface SummaryRequest {
  readonly results: readonly CellResult[]
  readonly blocks: number
  /** Workloads and contenders in the order of the report. */
  readonly workloads: readonly string[]
  readonly contenders: readonly string[]
  readonly baseline: string
}

export function summarise(request: SummaryRequest): WorkloadSummary[] {
  return request.workloads
    .map(workload => summariseWorkload(workload, request))
    .filter(({ contenders }) => contenders.length > 0)
}

function summariseWorkload(workload: string, request: SummaryRequest): WorkloadSummary {
  const { results, blocks } = request
  const of = (contender: string, twin: number): (CellResult | undefined)[] =>
    Array.from({ length: blocks }, (_, block) =>
      results.find(
        result =>
          result.workload === workload &&
          result.contender === contender &&
          result.twin === twin &&
          result.block === block,
      ),
    )
  const present = request.contenders
    .map(contender => ({ contender, cells: of(contender, 0) }))
    .filter(({ cells }) => cells.some(cell => cell !== undefined))
  // Whoever has no figures here is nobody to compare others with.
  const measured = present.filter(({ cells }) => cells.some(cell => cell?.outcome === 'measured'))
  const keys = (measured.length > 0 ? measured : present).map(({ contender }) => contender)
  const baseline = baselineOf(keys, request.baseline)
  const baselineCells = of(baseline, 0)
  const contenders = present.map(({ contender, cells }) =>
    summariseContender(contender, cells, contender === baseline ? null : baselineCells),
  )
  const twin = request.contenders.find(contender => of(contender, 1).some(cell => cell !== undefined))
  const noise = twin === undefined ? [] : noiseOf(of(twin, 0), of(twin, 1))
  const noiseContender = noise.length === 0 ? null : twin!
  return { workload, baseline, contenders, noiseContender, noise }
}

function noiseOf(
  first: readonly (CellResult | undefined)[],
  second: readonly (CellResult | undefined)[],
): WorkloadSummary['noise'] {
  return metrics
    .map(metric => ({
      metric: metric.key,
      ratio: estimateRatio(valuesOf(metric, second), valuesOf(metric, first)),
    }))
    .filter(({ ratio }) => ratio.pairs > 0)
}

function summariseContender(
  contender: string,
  cells: readonly (CellResult | undefined)[],
  baselineCells: readonly (CellResult | undefined)[] | null,
): ContenderSummary {
  const figures = metrics
    .map(metric => figureOf(metric, cells, baselineCells))
    .filter(figure => figure !== undefined)
  const present = cells.filter(cell => cell !== undefined)
  const outcomes = new Set(present.map(({ outcome }) => outcome).filter(outcome => outcome !== 'measured'))
  const troubles = [...outcomes].map(outcome => {
    const troubled = present.filter(cell => cell.outcome === outcome)
    return { outcome, blocks: troubled.length, reason: shortenPaths(troubled[0].reason ?? '') }
  })
  const isRanked = present.some(({ outcome }) => outcome === 'measured') && !outcomes.has('wrong-answers')
  return { contender, figures, troubles, excess: excessOf(present), isRanked }
}

function excessOf(cells: readonly CellResult[]): ExcessPeers | null {
  const found = cells
    .filter(({ outcome }) => outcome === 'measured')
    .map(({ figures }) => figures)
    .filter(figures => figures !== null)
    .filter(({ excessShare = 0 }) => excessShare > 0)
  if (found.length === 0) return null
  return {
    share: median(found.map(({ excessShare = 0 }) => excessShare)),
    peersPerAnnounce: median(found.map(({ saturation }) => saturation?.peersPerAnnounce ?? 0)),
  }
}

function figureOf(
  metric: Metric,
  cells: readonly (CellResult | undefined)[],
  baselineCells: readonly (CellResult | undefined)[] | null,
): Figure | undefined {
  const values = valuesOf(metric, cells)
  const known = values.filter(value => value !== null)
  if (known.length === 0) return undefined
  const bound = boundOf(metric, cells)
  const isComparable =
    baselineCells !== null && bound === undefined && boundOf(metric, baselineCells) === undefined
  const ratio = isComparable ? estimateRatio(values, valuesOf(metric, baselineCells)) : null
  return {
    metric: metric.key,
    median: median(known),
    low: Math.min(...known),
    high: Math.max(...known),
    values,
    ...(bound === undefined ? {} : { bound }),
    ratio: ratio === null || ratio.pairs === 0 ? null : ratio,
    outlierBlocks: blocksOf(values, outliers(known)),
  }
}

/** Indices among the known values -> blocks. */
function blocksOf(values: readonly (number | null)[], indices: readonly number[]): number[] {
  const known = [...values.keys()].filter(block => values[block] !== null)
  return indices.map(index => known[index])
}

/** What most of the known values are; undefined where those are figures of the contender itself. */
function boundOf(metric: Metric, cells: readonly (CellResult | undefined)[]): Bound | undefined {
  const known = cells
    .filter(cell => cell?.outcome === 'measured')
    .map(cell => cell?.figures ?? null)
    .filter(figures => figures !== null)
    .filter(figures => metric.of(figures) !== null)
  const bounds = known.map(figures => metric.boundOf?.(figures) ?? null).filter(bound => bound !== null)
  return bounds.length > known.length / 2 ? bounds[0] : undefined
}

function valuesOf(metric: Metric, cells: readonly (CellResult | undefined)[]): (number | null)[] {
  return cells.map(cell =>
    cell === undefined || cell.figures === null || cell.outcome !== 'measured'
      ? null
      : metric.of(cell.figures),
  )
}
