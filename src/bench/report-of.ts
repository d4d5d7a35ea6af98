// The report of a store: what was asked for and found out, put together.

import type { StoredHead } from './bench.js'
import type { CellFigures, CellResult } from './cell-result.js'
import { environmentWarnings } from './environment.js'
import { curvesOf } from './report/curves.js'
import { REPORT_SCHEMA_VERSION, type ReportData } from './report/report-data.js'
import { summarise } from './summary.js'

/** Above this share of its processors the load generator may have been what was measured. */
const GENERATOR_SHARE_MAX = 0.95
/** Below this share of its processor a contender was not saturated. */
const SATURATED_SHARE_MIN = 0.9
/** Below this share of their processors neither contender nor load was the limit. */
const IDLE_SHARE_MAX = 0.5
const STEAL_SHARE_MAX = 0.05
/** From here the 99th percentile is among the lost requests. */
const LATENCY_LOSS_MAX = 0.01

export function reportOf(head: StoredHead, results: readonly CellResult[]): ReportData {
  const { request, share, contenders } = head
  const doubts = [...generatorLimits(head, results), ...stolenTime(results)]
  const warnings = [
    ...environmentWarnings(head.environment),
    ...(head.notes ?? []),
    ...doubts,
    ...latencyGaps(head, results),
    ...lossyLatencies(head, results),
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

/** What is to be said of some figures of one contender: a sentence about NAME, or none. */
type Remark = (figures: readonly CellFigures[]) => string | null

/** For each workload one sentence about all contenders of whom it is true. */
function remarks(head: StoredHead, results: readonly CellResult[], remark: Remark): string[] {
  return head.request.workloads.flatMap(({ key: workload, title }) => {
    const namesOf = new Map<string, string[]>()
    for (const { key, name } of head.contenders) {
      const figures = results
        .filter(result => result.workload === workload && result.contender === key)
        .filter(({ outcome }) => outcome === 'measured')
        .map(result => result.figures)
        .filter(found => found !== null)
      const sentence = remark(figures)
      if (sentence !== null) namesOf.set(sentence, [...(namesOf.get(sentence) ?? []), name])
    }
    return [...namesOf].map(([sentence, names]) => `${title}: ${sentence.replace('NAME', names.join(', '))}`)
  })
}

/** Contenders whose rate at saturation is the generator's, which was busy while they were not, or of neither. */
function generatorLimits(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures => {
    const saturations = figures.map(({ saturation }) => saturation).filter(found => found !== null)
    const isMost = (list: readonly unknown[]): boolean => list.length > saturations.length / 2
    const unsaturated = saturations.filter(
      ({ processorsUsed }) => (processorsUsed ?? 0) < SATURATED_SHARE_MIN,
    )
    if (isMost(unsaturated.filter(({ generatorShare }) => generatorShare > GENERATOR_SHARE_MAX))) {
      return 'the load generator was the limit for NAME, not the tracker. Responses/s is too low there; processor time per response holds.'
    }
    const idle = unsaturated.filter(
      ({ generatorShare, processorsUsed }) =>
        generatorShare < IDLE_SHARE_MAX && (processorsUsed ?? 1) < IDLE_SHARE_MAX,
    )
    if (!isMost(idle)) return null
    return 'neither the tracker nor the load generator was busy for NAME: other programs took the processors, or something else was waited for. Responses/s is too low there.'
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
  return remarks(head, results, figures => {
    const late = figures.filter(({ latency }) => latency[0]?.isValid === false).length
    if (late === 0) return null
    return `the load generator fell behind its own schedule in ${late} of ${figures.length} measurements of the latency of NAME, which are left out.`
  })
}

/** A percentile among the lost requests is the time limit, and no latency. */
function lossyLatencies(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures => {
    const lossy = figures.filter(({ latency }) =>
      latency.slice(0, 1).some(point => point.isValid && point.lossShare >= LATENCY_LOSS_MAX),
    ).length
    if (lossy === 0) return null
    return `NAME lost more than one request in a hundred at half of the saturation in ${lossy} of ${figures.length} measurements: p99 is the time limit there.`
  })
}

function partFills(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    figures.every(({ isFilled }) => isFilled !== false)
      ? null
      : 'NAME did not take all peers in time before the measurement; answers carry fewer of them.',
  )
}
