// What a run keeps, which bounds its figures have, and what they advise. Pure: no clock, no files.
import { oursName } from '../support/contenders.js'
import {
  judgeRatios,
  measurementsOf,
  type RatioTarget,
  type RunRecord as Run,
  spreadOf,
  type TargetResult,
} from '../support/run-record.js'
import { aquaticName, chihayaName, nginxName, nodeName, opentrackerName, oursNodeName } from './contenders.js'
import type { LoadName, LoadResult } from './yardstick.js'

export interface RunRecord extends Run<LoadResult> {
  /** The loads that were run, in order. */
  readonly loads: readonly LoadName[]
}

/** Ours over the other, at most: from the issue that asked for this tracker. */
export const ratioTargets: readonly RatioTarget[] = [
  { load: 'keep', contender: nodeName, bound: 0.3 },
  { load: 'keep', contender: aquaticName, bound: 0.3 },
  { load: 'keep', contender: chihayaName, bound: 0.3 },
  { load: 'close', contender: opentrackerName, bound: 0.9 },
  { load: 'tls-keep', contender: nodeName, bound: 0.55 },
  { load: 'tls-keep', contender: aquaticName, bound: 0.35 },
  { load: 'tls-full', contender: nodeName, bound: 0.6 },
]

/** Every target with what this run reached: medians decide. */
export function judgeTargets(record: RunRecord): TargetResult[] {
  return judgeRatios(record, ratioTargets)
}

/** Ways of running ours between which an operator chooses. */
const ways = [oursName, oursNodeName, nginxName] as const

/** Median costs (µs of processor time per response; NaN where not measured) of each way under one load. */
export interface Advice {
  readonly load: LoadName
  readonly costsUs: Readonly<Record<(typeof ways)[number], number>>
  /** The cheapest, and every other that is within `nearShare` of it; empty where nothing was measured. */
  readonly use: readonly string[]
}

/** Ways whose costs differ by less are told apart by other things than cost. */
const nearShare = 0.1

/** Which way of running ours is cheapest under each load of the run. */
export function advise(record: RunRecord): Advice[] {
  return record.loads.map(load => {
    const medianOf = (name: string): number =>
      spreadOf(measurementsOf(record, load, name), one => one.totalUs).median
    const costs = ways.map(way => [way, medianOf(way)] as const)
    const least = Math.min(...costs.map(([, cost]) => cost).filter(cost => !Number.isNaN(cost)))
    const use = costs.filter(([, cost]) => cost <= least * (1 + nearShare)).sort((a, b) => a[1] - b[1])
    return {
      load,
      costsUs: Object.fromEntries(costs) as Advice['costsUs'],
      use: use.map(([way]) => way),
    }
  })
}
