// Judges objectives by what was measured, at the end and while a test runs.

import {
  type Clock,
  type Comparison,
  type Metric,
  type Objective,
  parseObjective,
} from '../config/objective.js'
import {
  kindsOf,
  type LoadKindName,
  type LoadProtocol,
  type OutcomeName,
  plannedKindsOf,
  requestKindsOf,
} from './kinds.js'
import type { LiveKind, LiveLoad } from './live.js'
import type { LoadPlan } from './plan.js'
import type { KindFigures, LatencyFigures, ObjectiveResult } from './result.js'
import type { UnjudgedResult } from './run.js'

/** Objectives that the configuration has checked. */
export function objectivesOf(texts: readonly string[], protocol: LoadProtocol): readonly Objective[] {
  return texts.map(text => {
    const parsed = parseObjective(text, kindsOf[protocol])
    if ('problem' in parsed) throw new Error(parsed.problem)
    return parsed.objective
  })
}

/** What objectives are judged by. */
type Measured = Pick<UnjudgedResult, 'kinds' | 'counts'> & {
  readonly plan: Pick<LoadPlan, 'protocol' | 'mix'>
}

/** Each objective with what was measured: microseconds, a share (0 to 1), answers per second or a number. */
export function judgeObjectives(
  objectives: readonly Objective[],
  measured: Measured,
): readonly ObjectiveResult[] {
  return objectives.map(objective => judge(objective, measured))
}

function judge({ text, kind, metric, comparison, limit }: Objective, measured: Measured): ObjectiveResult {
  const kinds = kindsAsked(kind, measured.kinds, plannedKindsOf(measured.plan))
  const nothing = { text, isMet: false, measured: null }
  switch (metric.name) {
    case 'percentile':
    case 'mean': {
      const found = latencyUs(metric, kinds)
      if (found === null) return nothing
      const isMet = !found.isLowerBound && compare(found.us, comparison, limit)
      return { text, isMet, measured: found.us }
    }
    case 'loss': {
      const requests = sum(kinds.map(({ outcomes }) => total(outcomes)))
      if (requests === 0) return nothing
      const share = (requests - answered(kinds)) / requests
      return { text, isMet: compare(share, comparison, limit), measured: share }
    }
    case 'errors':
      return counted(text, sum(kinds.map(({ outcomes }) => errorsOf(outcomes))), comparison, limit)
    case 'wrong':
      return counted(text, measured.counts.verifiedWrong, comparison, limit)
    case 'rate':
      return counted(text, sum(kinds.map(({ answersPerSecond }) => answersPerSecond)), comparison, limit)
  }
}

function counted(text: string, measured: number, comparison: Comparison, limit: number): ObjectiveResult {
  return { text, isMet: compare(measured, comparison, limit), measured }
}

/** One kind, or all that is asked of the tracker. */
function kindsAsked<K extends { readonly kind: LoadKindName }>(
  kind: string | null,
  kinds: readonly K[],
  planned: readonly LoadKindName[],
): readonly K[] {
  if (kind !== null) return kinds.filter(({ kind: name }) => name === kind)
  return kinds.filter(({ kind: name }) => planned.includes(name))
}

/** Null where there is none; a lower bound where it lies among requests that nobody answered. */
function latencyUs(
  metric: Extract<Metric, { readonly clock: Clock | null }>,
  kinds: readonly KindFigures[],
): { readonly us: number; readonly isLowerBound: boolean } | null {
  const all = kinds.map(figures => latencies(figures, metric.clock)).filter(({ count }) => count > 0)
  const count = sum(all.map(figures => figures.count))
  if (count === 0) return null
  const timeouts = sum(all.map(figures => figures.timeouts))
  if (metric.name === 'mean') {
    const us = sum(all.map(figures => figures.meanUs * figures.count)) / count
    return { us, isLowerBound: timeouts > 0 }
  }
  // 0.999 × 1000 is a little more than 999 in binary: a share of a record is no record.
  const rank = Math.max(1, Math.ceil(metric.share * count - 1e-6))
  const buckets = all.flatMap(figures => figures.buckets).sort(([left], [right]) => left - right)
  let seen = 0
  for (const [us, records] of buckets) {
    seen += records
    if (seen >= rank) return { us, isLowerBound: rank > count - timeouts }
  }
  return null
}

/** A closed loop has no planned instants: its service times are all there is. */
function latencies({ response, service }: KindFigures, clock: Clock | null): LatencyFigures {
  return clock === 'service' ? service : (response ?? service)
}

/** Objectives that can be told while the test runs: latencies of the last second, sums of the run. */
export function judgeLiveObjectives(
  objectives: readonly Objective[],
  live: Pick<LiveLoad, 'kinds' | 'protocol'>,
): LiveLoad['objectives'] {
  return objectives.flatMap(({ text, kind, metric, comparison, limit }) => {
    const value = liveValue(metric, kindsAsked(kind, live.kinds, requestKindsOf[live.protocol]))
    return value === null ? [] : [{ text, isMet: compare(value, comparison, limit) }]
  })
}

function liveValue(metric: Metric, kinds: readonly LiveKind[]): number | null {
  switch (metric.name) {
    case 'percentile': {
      const values = kinds.map(kind => livePercentile(kind, metric.share)).filter(isNumber)
      // Of several kinds, no percentile of the sum is known; none of them is worse than the worst.
      return metric.clock === null && values.length > 0 ? Math.max(...values) : null
    }
    case 'loss': {
      const requests = sum(kinds.map(({ outcomes }) => total(outcomes)))
      return requests === 0 ? null : (requests - answered(kinds)) / requests
    }
    case 'errors':
      return sum(kinds.map(({ outcomes }) => errorsOf(outcomes)))
    case 'rate':
      return sum(kinds.map(({ answersPerSecond }) => answersPerSecond))
    case 'mean':
    case 'wrong':
      return null
  }
}

function livePercentile(kind: LiveKind, share: number): number | null {
  switch (share) {
    case 0.5:
      return kind.p50Us
    case 0.99:
      return kind.p99Us
    case 0.999:
      return kind.p999Us
    case 1:
      return kind.maxUs
    default:
      return null
  }
}

type Outcomes = Readonly<Record<OutcomeName, number>>

/** What came back and was no answer, or could not be asked. */
function errorsOf({ refused, malformed, wrongType, broken, unsent }: Outcomes): number {
  return refused + malformed + wrongType + broken + unsent
}

function total(outcomes: Outcomes): number {
  return sum(Object.values(outcomes))
}

function answered(kinds: readonly { readonly outcomes: Outcomes }[]): number {
  return sum(kinds.map(({ outcomes }) => outcomes.answered))
}

function compare(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
  }
}

function isNumber(value: number | null): value is number {
  return value !== null
}

function sum(values: readonly number[]): number {
  return values.reduce((whole, value) => whole + value, 0)
}
