// The report of a store: what was asked for and found out, put together.

import type { StoredHead } from './bench.js'
import type { CellFigures, CellResult } from './cell-result.js'
import { environmentWarnings } from './environment.js'
import { curvesOf, withoutCurve } from './report/curves.js'
import { REPORT_SCHEMA_VERSION, type ReportData } from './report/report-data.js'
import { summarise } from './summary.js'

/** Above this share of its processors the load generator may have been what was measured. */
const GENERATOR_SHARE_MAX = 0.95
/** Below this share of its processor a contender was not saturated. */
const SATURATED_SHARE_MIN = 0.9
/** Below this share of their processors neither contender nor load was the limit. */
const IDLE_SHARE_MAX = 0.5
const STEAL_SHARE_MAX = 0.05

export function reportOf(head: StoredHead, results: readonly CellResult[]): ReportData {
  const { request, share, contenders } = head
  const compared = results.map(withoutCurve)
  const doubts = [...generatorLimits(head, results), ...stolenTime(results)]
  const warnings = [
    ...environmentWarnings(head.environment),
    ...(head.notes ?? []),
    ...doubts,
    ...latencyGaps(head, compared),
    ...lossyLatencies(head, compared),
    ...partFills(head, results),
  ]
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    startedAt: head.startedAt,
    command: request.command,
    seed: request.seed,
    blocks: request.blocks,
    measureSeconds: request.measureSeconds,
    warmUpSeconds: request.warmUpSeconds,
    contenderProcessors: share.contender,
    loadProcessors: share.load,
    environment: head.environment,
    contenders,
    missing: head.missing,
    workloads: request.workloads.map(({ key, title }) => ({ key, title })),
    summaries: summarise({
      results,
      blocks: request.blocks,
      workloads: request.workloads.map(({ key }) => key),
      contenders: contenders.map(({ key }) => key),
      baseline: request.baseline,
    }),
    curves: curvesOf(results),
    warnings,
    isWhole: results.length >= head.cells.length,
    isDoubtful: share.isShared || doubts.length > 0,
  }
}

/** For each workload and contender, a sentence about its figures or none. */
function perContender(
  { contenders, request }: StoredHead,
  results: readonly CellResult[],
  sentence: (figures: readonly CellFigures[], title: string, name: string) => string | null,
): string[] {
  return request.workloads.flatMap(({ key: workload, title }) =>
    contenders.flatMap(({ key, name }) => {
      const figures = results
        .filter(result => result.workload === workload && result.contender === key)
        .filter(({ outcome }) => outcome === 'measured')
        .map(result => result.figures)
        .filter(found => found !== null)
      return sentence(figures, title, name) ?? []
    }),
  )
}

/** Contenders whose rate at saturation is the generator's, which was busy while they were not, or of neither. */
function generatorLimits(head: StoredHead, results: readonly CellResult[]): string[] {
  return perContender(head, results, (figures, title, name) => {
    const saturations = figures.map(({ saturation }) => saturation).filter(found => found !== null)
    const isMost = (list: readonly unknown[]): boolean => list.length > saturations.length / 2
    const unsaturated = saturations.filter(
      ({ processorsUsed }) => (processorsUsed ?? 0) < SATURATED_SHARE_MIN,
    )
    if (isMost(unsaturated.filter(({ generatorShare }) => generatorShare > GENERATOR_SHARE_MAX))) {
      return `${title}: the load generator was the limit for ${name}, not the tracker. Its responses/s is too low; its processor time per response holds.`
    }
    const idle = unsaturated.filter(
      ({ generatorShare, processorsUsed }) =>
        generatorShare < IDLE_SHARE_MAX && (processorsUsed ?? 1) < IDLE_SHARE_MAX,
    )
    if (!isMost(idle)) return null
    return `${title}: neither ${name} nor the load generator was busy: other programs took the processors, or something else was waited for. Its responses/s is too low.`
  })
}

/** A host that gives its processors to others changes every figure. */
function stolenTime(results: readonly CellResult[]): string[] {
  const shares = results.map(({ figures }) => figures?.saturation?.stealShare ?? 0)
  const most = Math.max(0, ...shares)
  if (most <= STEAL_SHARE_MAX) return []
  return [
    `The host took up to ${(most * 100).toFixed(0)} % of this machine's processor time for others: repeat the bench when it is quiet, or on a machine of its own.`,
  ]
}

function latencyGaps(head: StoredHead, results: readonly CellResult[]): string[] {
  return perContender(head, results, (figures, title, name) => {
    const late = figures.filter(({ latency }) => latency.some(({ isValid }) => !isValid)).length
    if (late === 0) return null
    return `${title}: the load generator fell behind its own schedule in ${late} of ${figures.length} measurements of the latency of ${name}, which are left out.`
  })
}

/** A percentile among the lost requests is the time limit, and no latency. */
function lossyLatencies(head: StoredHead, results: readonly CellResult[]): string[] {
  return perContender(head, results, (figures, title, name) => {
    const lossy = figures.filter(({ latency }) =>
      latency.some(point => point.isValid && point.lossShare >= 0.01),
    )
    if (lossy.length === 0) return null
    return `${title}: ${name} lost more than one request in a hundred at half its saturation in ${lossy.length} of ${figures.length} measurements: its p99 there is the time limit.`
  })
}

function partFills(head: StoredHead, results: readonly CellResult[]): string[] {
  return perContender(head, results, (figures, title, name) =>
    figures.every(({ isFilled }) => isFilled !== false)
      ? null
      : `${title}: ${name} did not take all peers in time before it was measured; its answers carry fewer.`,
  )
}
