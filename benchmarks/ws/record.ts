// What a run keeps, and which bounds its figures have. Pure: no clock, no files.
import {
  judgeRatios,
  type RatioTarget,
  type RunRecord as Run,
  type TargetResult,
} from '../support/run-record.js'
import { aquaticName, wsName } from './contenders.js'
import type { LoadName, LoadResult } from './loads.js'

export interface RunRecord extends Run<LoadResult> {
  /** The loads that were run, in order. */
  readonly loads: readonly LoadName[]
}

/** Ours over the other, at most: from the issue that asked for this tracker. */
export const ratioTargets: readonly RatioTarget[] = [
  { load: 'announce', contender: wsName, bound: 0.75 },
  { load: 'announce', contender: aquaticName, bound: 0.4 },
  { load: 'tls', contender: wsName, bound: 0.7 },
  { load: 'tls', contender: aquaticName, bound: 0.45 },
  { load: 'offers-1k', contender: aquaticName, bound: 0.5 },
  { load: 'offers-10k', contender: aquaticName, bound: 0.5 },
]

/** Every target with what this run reached: medians decide. */
export function judgeTargets(record: RunRecord): TargetResult[] {
  return judgeRatios(record, ratioTargets)
}
