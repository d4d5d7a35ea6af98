// What a screen or a line reporter is shown while a test runs: plain figures, built by the main thread from shared
// memory four times a second.

import type { LoadKindName, LoadProtocol, OutcomeName } from './kinds.js'

export type PhaseName = 'connect' | 'fill' | 'warm-up' | 'measure' | 'drain' | 'done'

export interface LiveKind {
  readonly kind: LoadKindName
  readonly outcomes: Readonly<Record<OutcomeName, number>>
  readonly answersPerSecond: number
  /** Of the last second (service time in a closed loop, response time in an open one); null where nothing came. */
  readonly p50Us: number | null
  readonly p99Us: number | null
  readonly p999Us: number | null
  readonly maxUs: number | null
}

export interface LiveLoad {
  readonly protocol: LoadProtocol
  readonly url: string
  /** `open 50k/s even`, `closed, window 64`. */
  readonly pacing: string
  readonly phase: PhaseName
  /** Seconds into the phase, and its length (Infinity: until interrupted). */
  readonly phaseSeconds: number
  readonly phaseLengthSeconds: number
  readonly sentPerSecond: number
  readonly answersPerSecond: number
  readonly inFlight: number
  readonly openConnections: number
  /** Requests that are due and not sent. */
  readonly behind: number
  readonly kernelDrops: number | null
  readonly kinds: readonly LiveKind[]
  /** Sums of the load phase so far. */
  readonly late: number
  readonly duplicates: number
  readonly bytesSentPerSecond: number
  readonly bytesReceivedPerSecond: number
  readonly workerProcessorShares: readonly number[]
  readonly objectives: readonly { readonly text: string; readonly isMet: boolean }[]
  readonly remarks: readonly (readonly [text: string, count: number])[]
  /** Of the last second, all kinds but connect: [largest microseconds of a bucket, count], ascending. */
  readonly latencies: readonly (readonly [us: number, count: number])[]
  /** For a search: which trial, and the bounds so far. */
  readonly note: string | null
}
