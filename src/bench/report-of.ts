// The report of a store: what was asked for and found out, put together.

import { durationText } from '../loadtest/report/number-text.js'
import type { StoredHead } from './bench.js'
import type { CellFigures, CellResult } from './cell-result.js'
import { environmentWarnings } from './environment.js'
import { isTelling, rateLimitOf } from './limits.js'
import { describeCommandText, shortenPaths } from './report/command-text.js'
import { curvesOf } from './report/curves.js'
import { REPORT_SCHEMA_VERSION, type ReportData } from './report/report-data.js'
import { median } from './statistics.js'
import { summarise } from './summary.js'

const STEAL_SHARE_MAX = 0.05
/** Where the generator could not keep half of a saturation. */
const QUARTER = 0.25

export function reportOf(head: StoredHead, results: readonly CellResult[]): ReportData {
  const { request, share, contenders } = head
  const doubts = [...sharedProcessor(head), ...idleLimits(head, results), ...stolenTime(head, results)]
  const warnings = [
    ...environmentWarnings(head.environment),
    ...(head.notes ?? []),
    ...ranBefore(head),
    ...doubts,
    ...stolenOnce(results, doubts),
    ...generatorLimits(head, results),
    ...unclearLimits(head, results),
    ...latencyGaps(head, results),
    ...lossyLatencies(head, results),
    ...partFills(head, results),
    ...uncountedFills(head, results),
  ]
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    startedAt: head.startedAt,
    command: describeCommandText(request.command),
    seed: request.seed,
    blocks: request.blocks,
    measureSeconds: request.measureSeconds,
    warmUpSeconds: request.warmUpSeconds,
    contenderProcessors: share.contender,
    loadProcessors: share.load,
    environment: head.environment,
    contenders: contenders.map(contender => ({ ...contender, version: shortenPaths(contender.version) })),
    missing: head.missing.map(({ name, reason, remedy }) => ({
      name,
      reason: shortenPaths(reason),
      remedy: shortenPaths(remedy),
    })),
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
    doubts,
    isDoubtful: doubts.length > 0,
  }
}

/** Trackers that nobody started for the bench: figures of theirs are fewer, and other settings are in them. */
function ranBefore({ contenders }: StoredHead): string[] {
  const names = contenders.filter(({ alreadyRan }) => alreadyRan === true).map(({ name }) => name)
  if (names.length === 0) return []
  return [
    `${names.join(', ')} already ran: processor time, memory and start-up can't be seen there, and settings and processors are not those of the others.`,
  ]
}

/** What is to be said of some figures of one contender: a sentence about NAME, or none. */
type Remark = (figures: readonly CellFigures[]) => string | null

function isMost(figures: readonly CellFigures[], is: (figures: CellFigures) => boolean): boolean {
  return figures.filter(is).length > figures.length / 2
}

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
    return [...namesOf].map(([sentence, names]) => {
      const told = names.length > 1 ? sentence.replace('NAME was', 'NAME were') : sentence
      return `${title}: ${told.replace('NAME', names.join(', '))}`
    })
  })
}

/** Contenders whose rate is the generator's, which was busy while they were not: a bound, and no doubt. */
function generatorLimits(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    isMost(figures, ({ saturation }) => saturation !== null && rateLimitOf(saturation) === 'generator')
      ? 'the load generator was the limit for NAME, not the tracker: responses/s is at least what is shown, and latency is that of half of it; processor time per response holds.'
      : null,
  )
}

function unclearLimits(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    isMost(figures, ({ saturation }) => saturation !== null && rateLimitOf(saturation) === 'unclear')
      ? 'NAME was not busy all the time, nor was the load generator: responses/s is at least what is shown.'
      : null,
  )
}

/** Nobody knows what these were waiting for. */
function idleLimits(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    isMost(figures, ({ saturation }) => saturation !== null && rateLimitOf(saturation) === 'nobody')
      ? 'neither the tracker nor the load generator was busy for NAME: other programs took the processors, or something else was waited for. Responses/s and latency mislead there.'
      : null,
  )
}

/** A host that gives its processors to others changes every figure. */
function stolenTime(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    isMost(figures, ({ saturation }) => (saturation?.stealShare ?? 0) > STEAL_SHARE_MAX)
      ? `the host took more than ${STEAL_SHARE_MAX * 100} % of this machine's processor time for others in most measurements of NAME, and all figures mislead there: repeat the bench when it is quiet, or on a machine of its own.`
      : null,
  )
}

/** Medians bear it. */
function stolenOnce(results: readonly CellResult[], doubts: readonly string[]): string[] {
  const shares = results.map(({ figures }) => figures?.saturation?.stealShare ?? 0)
  const most = Math.max(0, ...shares)
  if (most <= STEAL_SHARE_MAX || doubts.length > 0) return []
  const count = shares.filter(share => share > STEAL_SHARE_MAX).length
  return [
    `The host took up to ${(most * 100).toFixed(0)} % of this machine's processor time for others in ${count} of ${results.length} measurements.`,
  ]
}

function sharedProcessor({ share }: StoredHead): string[] {
  return share.isShared
    ? ['Contender and load share one processor: rates and latencies mislead, processor time holds.']
    : []
}

function latencyGaps(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures => {
    const late = figures.filter(({ latency }) => latency[0]?.isValid === false)
    if (late.length === 0) return null
    const quarters = late.map(({ latency }) => latency[1]).filter(point => point !== undefined)
    const kept = quarters.filter(point => isTelling(point) && point.share === QUARTER)
    const instead =
      kept.length === 0
        ? ''
        : ` At a quarter of it, p99 was ${durationText(median(kept.map(({ p99Us }) => p99Us)))} at most.`
    return `the load generator could not keep half of the saturation of NAME in ${late.length} of ${figures.length} measurements, which are left out.${instead}`
  })
}

/** A percentile among the lost requests is the time limit, and no latency. */
function lossyLatencies(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures => {
    const lossy = figures.filter(({ latency }) =>
      latency.slice(0, 1).some(point => point.isValid && !isTelling(point)),
    ).length
    if (lossy === 0) return null
    return `one request in a hundred or more was lost at half of the saturation of NAME in ${lossy} of ${figures.length} measurements, whose latencies are left out.`
  })
}

function partFills(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    figures.every(({ isFilled }) => isFilled !== false)
      ? null
      : 'NAME did not take all peers in time before the measurement; answers carry fewer of them.',
  )
}

function uncountedFills(head: StoredHead, results: readonly CellResult[]): string[] {
  return remarks(head, results, figures =>
    figures.every(({ fill }) => fill === null || fill.peersCounted !== null)
      ? null
      : 'NAME does not answer scrapes: it is not shown that it has all peers that it took.',
  )
}
