// What a load test found out: figures of the measurement alone, as they go into reports. No wording, no layout.

import type { LoadKindName, OutcomeName, WorkerCountName } from './kinds.js'
import type { LoadPlan } from './plan.js'

/** Distribution of a latency, in microseconds. Timeouts are in it, at the time limit. */
export interface LatencyFigures {
  readonly count: number
  /** Of `count`, those that are timeouts: a percentile among them is "more than the limit". */
  readonly timeouts: number
  readonly meanUs: number
  readonly minUs: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
  /** [largest microseconds of a bucket, count], those that are not empty, ascending. */
  readonly buckets: readonly (readonly [us: number, count: number])[]
}

export interface KindFigures {
  readonly kind: LoadKindName
  readonly outcomes: Readonly<Record<OutcomeName, number>>
  /** Answers that came in the measurement, over its length; those that came in the drain are none of it. */
  readonly answersPerSecond: number
  /** Part of the requests that was not answered, 0 to 1. */
  readonly lossShare: number
  /** From the planned instant; null in a closed loop, which has none. */
  readonly response: LatencyFigures | null
  /** From the moment of sending. */
  readonly service: LatencyFigures
}

/** One bin of the time series, by the second in which requests were planned. */
export interface SeriesPoint {
  /** Start of the bin, seconds after the start of the measurement. */
  readonly second: number
  readonly answered: number
  /** Timeouts, refusals and all else. */
  readonly failed: number
  /** Latency of what was answered in that second of the clock, all kinds together; null where there was nothing. */
  readonly p50Us: number | null
  readonly p99Us: number | null
}

/** What this machine did meanwhile. */
export interface SelfCheck {
  /** Datagrams lost on this machine: receive buffers full, send buffers full; null where the system does not say. */
  readonly kernelReceiveDrops: number | null
  readonly kernelSendDrops: number | null
  /** Datagrams that our own sockets dropped because they were not read in time. */
  readonly socketDrops: number | null
  readonly receiveBufferBytesGranted: number | null
  /** Processor time of the worker threads over the time that passed, 0 to 1 for each. */
  readonly workerProcessorShares: readonly number[]
  /** Time in which they could have run and had no processor, in the same way; zeros where the system does not say. */
  readonly workerWaitShares: readonly number[]
  /** User and system time of the whole process in the measurement. */
  readonly processorSeconds: number
  /** Share of the machine's processors taken by others (steal of /proc/stat), 0 to 1; null where unknown. */
  readonly stealShare: number | null
  /** Open loop: how late requests were sent, and sent over planned. Null in a closed loop. */
  readonly lagP99Us: number | null
  readonly lagMaxUs: number | null
  readonly rateRatio: number | null
}

export type Verdict =
  | 'valid'
  /** The generator fell behind its own schedule: the figures say nothing about the tracker. */
  | 'generator-bound'
  /** Nothing was answered. */
  | 'no-answers'

export interface ObjectiveResult {
  /** As given: `announce.p99<5ms`. */
  readonly text: string
  readonly isMet: boolean
  /** Microseconds, a share (0 to 1), answers per second or a number; null where there is nothing to measure. */
  readonly measured: number | null
}

/** One trial of a search. */
export interface TrialResult {
  /** At full speed, to see where to look: no rate was planned that could be kept or missed. */
  readonly isClosedLoop: boolean
  /** Planned; in a closed loop that of the answers. */
  readonly ratePerSecond: number
  readonly answersPerSecond: number
  readonly lossShare: number
  readonly p99Us: number
  readonly isPassed: boolean
  readonly isConfirmation: boolean
  readonly verdict: Verdict
}

export interface LoadTestResult {
  readonly plan: LoadPlan
  /** Wall-clock time at the start of the measurement. */
  readonly startedAt: string
  /** Length of the measurement as it was. */
  readonly measuredSeconds: number
  readonly isInterrupted: boolean
  readonly verdict: Verdict
  /** Why, one sentence each: what makes the figures doubtful or void. */
  readonly warnings: readonly string[]
  readonly kinds: readonly KindFigures[]
  /** Of the whole measurement. */
  readonly counts: Readonly<Record<WorkerCountName, number>>
  /** Texts of refusals and errors with counts, most frequent first, over the whole run. */
  readonly remarks: readonly (readonly [text: string, count: number])[]
  readonly series: readonly SeriesPoint[]
  readonly selfCheck: SelfCheck
  readonly objectives: readonly ObjectiveResult[]
  /** Highest rate that keeps the objectives, and how it was found; null without --search. */
  readonly search: { readonly ratePerSecond: number | null; readonly trials: readonly TrialResult[] } | null
}
