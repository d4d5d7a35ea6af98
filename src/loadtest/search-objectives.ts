// What a search asks of a trial: its figures over all kinds of requests, and the objectives where none are given.

import { plannedKindsOf } from './kinds.js'
import type { KindFigures, LoadTestResult, ObjectiveResult } from './result.js'

/** Part of the requests that may be lost. */
const LOSS_SHARE_MAX = 0.001
/** Longest p99 that is still a tracker that keeps up: in a queue that grows by 2 %, this is passed within 5 s. */
const P99_MAX_MS = 100

export interface TrialFigures {
  readonly answersPerSecond: number
  readonly lossShare: number
  /** Response time in an open loop, service time in a closed one; null where nothing came. */
  readonly p99Us: number | null
}

/** Of everything that was asked of the tracker. */
export function trialFigures({ plan, kinds }: LoadTestResult): TrialFigures {
  const asked = kinds.filter(({ kind }) => plannedKindsOf(plan).includes(kind))
  const answered = sum(asked.map(({ outcomes }) => outcomes.answered))
  const requests = sum(asked.flatMap(({ outcomes }) => Object.values(outcomes)))
  return {
    answersPerSecond: sum(asked.map(({ answersPerSecond }) => answersPerSecond)),
    lossShare: requests === 0 ? 0 : (requests - answered) / requests,
    p99Us: percentileOfAll(asked, 0.99),
  }
}

/** Smallest value that at least `share` of the records of all kinds do not exceed. */
function percentileOfAll(kinds: readonly KindFigures[], share: number): number | null {
  const buckets = kinds.flatMap(({ response, service }) => (response ?? service).buckets)
  const count = sum(buckets.map(([, records]) => records))
  const rank = Math.max(1, Math.ceil(share * count - 1e-6))
  let seen = 0
  for (const [us, records] of buckets.toSorted(([left], [right]) => left - right)) {
    seen += records
    if (seen >= rank) return us
  }
  return null
}

/** Whether more was lost than may be where no objectives are given. */
export function isLossy(result: LoadTestResult): boolean {
  return trialFigures(result).lossShare >= LOSS_SHARE_MAX
}

/** Less than 0.1 % lost, and a p99 below half the time limit and below 100 ms. */
export function defaultObjectives(result: LoadTestResult): ObjectiveResult[] {
  const { lossShare, p99Us } = trialFigures(result)
  const limitMs = Math.min(P99_MAX_MS, result.plan.timeoutMs / 2)
  return [
    {
      text: `loss<${LOSS_SHARE_MAX * 100}%`,
      isMet: p99Us !== null && !isLossy(result),
      measured: p99Us === null ? null : lossShare,
    },
    {
      text: `p99<${limitMs}ms`,
      isMet: p99Us !== null && p99Us < limitMs * 1000,
      measured: p99Us === null ? null : p99Us,
    },
  ]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
