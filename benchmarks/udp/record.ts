// What a run keeps, and which bounds its figures have. Pure: no clock, no files.
import { oursName } from '../support/contenders.js'
import {
  judge,
  judgeRatios,
  type RatioTarget,
  type RunRecord as Run,
  residentAfterStartMib,
  type TargetResult,
} from '../support/run-record.js'
import type { LoadResult } from './yardstick.js'

export type RunRecord = Run<LoadResult>

/** Ours over the other, at most: from the issue that asked for this tracker. */
export const ratioTargets: readonly RatioTarget[] = [
  { load: 'mixed', contender: 'opentracker', bound: 0.7 },
  { load: 'mixed', contender: 'aquatic io_uring', bound: 0.95 },
  { load: 'announces', contender: 'opentracker', bound: 0.7 },
  { load: 'announces', contender: 'aquatic io_uring', bound: 0.97 },
]
const residentAfterStartTargetMib = 90

/** Every target with what this run reached: medians decide. */
export function judgeTargets(record: RunRecord): TargetResult[] {
  const residentMib = residentAfterStartMib(record, oursName).median
  return [
    ...judgeRatios(record, ratioTargets),
    judge('ours: resident memory after start, MiB', residentAfterStartTargetMib, residentMib, 1),
  ]
}
