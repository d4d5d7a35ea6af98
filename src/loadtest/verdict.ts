// Whether the figures say something about the tracker, and what makes them doubtful.

import { plannedKindsOf } from './kinds.js'
import type { LoadPlan } from './plan.js'
import type { KindFigures, SelfCheck, Verdict } from './result.js'
import { plannedIn } from './self-check.js'

export interface VerdictFacts {
  readonly plan: LoadPlan
  readonly kinds: readonly KindFigures[]
  readonly selfCheck: SelfCheck
  readonly measuredSeconds: number
}

/** Who owes more requests than this at once is behind (resperf's limit). */
const OWED_MAX = 1_000
/** Lateness that no timer of an idle machine can do without, and that which a busy one does not have in passing. */
const LAG_MIN_MS = 1
const LAG_MAX_MS = 100
/** Part of the planned requests that the generator may not get to, or the system not take. */
const UNSENT_SHARE_MAX = 0.01
/** Part of the time that a worker may wait for a processor before what waits for a connection is its own affair. */
const WAIT_SHARE_MAX = 0.2

/** The verdict, and a sentence for each reason. */
export function judgeVerdict(facts: VerdictFacts): { verdict: Verdict; reasons: readonly string[] } {
  const { kinds, measuredSeconds, plan } = facts
  // A server that takes connections, and breaks each one off, has answered nothing.
  const asked = kinds.filter(({ kind }) => plannedKindsOf(plan).includes(kind))
  const answered = sum(asked.map(({ outcomes }) => outcomes.answered))
  const reasons = generatorReasons(facts)
  // Where hardly anything could be sent, the tracker can't be blamed for its silence.
  if (answered === 0 && (sent(kinds) > 0 || reasons.length === 0)) {
    return { verdict: 'no-answers', reasons: [silenceText(asked, measuredSeconds)] }
  }
  return { verdict: reasons.length > 0 ? 'generator-bound' : 'valid', reasons }
}

/** Lag that 99 of 100 requests have to stay below: 1000 requests at this rate, but at least 1 ms, at most 100. */
export function lagLimitMs(ratePerSecond: number): number {
  return Math.min(LAG_MAX_MS, Math.max(LAG_MIN_MS, (OWED_MAX / ratePerSecond) * 1000))
}

/** Why it was the generator that was measured; empty where it was not. */
function generatorReasons({ plan, kinds, selfCheck, measuredSeconds }: VerdictFacts): string[] {
  const { lagP99Us } = selfCheck
  const reasons: string[] = []
  if (plan.pacing.mode === 'closed' || measuredSeconds <= 0) return reasons
  const limitMs = lagLimitMs(plannedIn(plan, measuredSeconds) / measuredSeconds)
  if (lagP99Us !== null && lagP99Us > limitMs * 1000) {
    reasons.push(
      `The load test fell behind its own schedule: one request in a hundred was sent more than ${ms(lagP99Us)} late ` +
        `(the limit at this rate is ${ms(limitMs * 1000)}). Use more workers, a lower rate, or another machine.`,
    )
  }
  const waitShare = Math.max(0, ...selfCheck.workerWaitShares)
  const waitUs = Math.max(0, ...kinds.map(waitForConnectionUs))
  if (waitShare > WAIT_SHARE_MAX && waitUs > limitMs * 1000) {
    reasons.push(
      `A worker of the load test waited ${percent(waitShare)} of the time for a processor, so that connections were ` +
        `not free in time: requests waited ${ms(waitUs)} for them. Use fewer workers or a lower rate, more ` +
        'connections, or another machine.',
    )
  }
  // What waited in vain for a connection, or for a connection id, has timed out: that is the tracker's affair.
  const unsent = sum(kinds.map(({ outcomes }) => outcomes.unsent)) / requestsOf(kinds)
  if (unsent > UNSENT_SHARE_MAX) {
    reasons.push(
      `The load test could not send ${percent(unsent)} of what was planned. ` +
        'Use more workers, a lower rate, or another machine.',
    )
  }
  return reasons
}

/**
 * How much longer than its answers took the slowest of a hundred requests waited. Where that is one of the lost ones,
 * it is the tracker that gave no connection.
 */
function waitForConnectionUs({ response, service }: KindFigures): number {
  if (response === null || service.count === 0 || response.timeouts > response.count / 100) return 0
  return response.p99Us - service.p99Us
}

function silenceText(kinds: readonly KindFigures[], measuredSeconds: number): string {
  if (measuredSeconds <= 0) return 'Nothing was measured: the test ended before its measurement began.'
  const asked = requestsOf(kinds)
  if (asked === 0) return 'Nothing was asked in the measurement: its rate was 0, or no connection was open.'
  return `None of ${asked} requests was answered.`
}

function sent(kinds: readonly KindFigures[]): number {
  return requestsOf(kinds) - sum(kinds.map(({ outcomes }) => outcomes.unsent))
}

function requestsOf(kinds: readonly KindFigures[]): number {
  return sum(kinds.flatMap(({ outcomes }) => Object.values(outcomes)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
}

function percent(share: number): string {
  // Never rounded down to the limit.
  return `${(Math.ceil(share * 1000) / 10).toFixed(1)} %`
}
