// All that a report of a bench is written from: plain data, and the document that `--json` prints.

import type { Environment } from '../environment.js'
import type { WorkloadSummary } from '../summary.js'
import type { LatencyCurve } from './curves.js'

export const REPORT_SCHEMA_VERSION = 2

export interface ReportContender {
  readonly key: string
  readonly name: string
  readonly version: string
  /** Of the program, in hexadecimal; null where there is none to read. Results of earlier versions lack it. */
  readonly sha256?: string | null
  readonly limits: readonly string[]
  /** For a tracker that we did not start (`--url`): what it costs can't be seen. */
  readonly alreadyRan?: true
}

export interface ReportData {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly startedAt: string
  /** As it can be repeated. */
  readonly command: string
  readonly seed: number
  readonly blocks: number
  readonly measureSeconds: number
  readonly warmUpSeconds: number
  readonly contenderProcessors: string
  readonly loadProcessors: string
  readonly environment: Environment
  readonly contenders: readonly ReportContender[]
  /** Who could not take part, why, and how to get it. */
  readonly missing: readonly { readonly name: string; readonly reason: string; readonly remedy: string }[]
  readonly workloads: readonly { readonly key: string; readonly title: string }[]
  readonly summaries: readonly WorkloadSummary[]
  /** Latency by rate; empty where it was measured at one rate alone. */
  readonly curves: readonly LatencyCurve[]
  /** One sentence each; what makes figures doubtful. */
  readonly warnings: readonly string[]
  /** Whether all measurements were made. */
  readonly isWhole: boolean
  /** Of the warnings those that say which figure would mislead as it is shown. */
  readonly doubts: readonly string[]
  /** Whether there are such: exit code 4. */
  readonly isDoubtful: boolean
}
