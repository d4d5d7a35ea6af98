// What a run keeps, and the questions its report asks of it. Pure: no clock, no files.
import type { EnvironmentEntry } from '../support/environment.js'
import {
  pairedRatios,
  type RatioSummary,
  type Spread,
  spread,
  summarizeRatios,
} from '../support/statistics.js'
import { oursName } from './contenders.js'
import type { Measurement } from './measure.js'

interface SampleKey {
  readonly round: number
  readonly load: string
  readonly contender: string
}

/** One measurement of one contender in one round, or why there is none. */
export type Sample = SampleKey & ({ readonly measurement: Measurement } | { readonly failure: string })

/** Everything a run keeps; `--json` writes it as it is. */
export interface RunRecord {
  readonly command: string
  readonly environment: readonly EnvironmentEntry[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly seed: number
  readonly contenders: readonly { readonly name: string; readonly version: string }[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
  readonly samples: readonly Sample[]
}

/** A bound on a figure of ours, and the figure. `verdict` is 'not measured' when the run lacks it. */
export interface TargetResult {
  readonly text: string
  readonly bound: number
  readonly reached: number
  readonly digits: number
  readonly verdict: 'met' | 'missed' | 'not measured'
}

/** Ours over the other, at most: from the issue that asked for this tracker. */
const ratioTargets: readonly { load: string; contender: string; bound: number }[] = [
  { load: 'mixed', contender: 'opentracker', bound: 0.7 },
  { load: 'mixed', contender: 'aquatic io_uring', bound: 0.95 },
  { load: 'announces', contender: 'opentracker', bound: 0.7 },
  { load: 'announces', contender: 'aquatic io_uring', bound: 0.97 },
]
const residentAfterStartTargetMib = 90

/**
 * The measurements of one contender under one load, by round (index 0 is round 1); undefined where it
 * failed.
 */
export function measurementsOf(
  record: RunRecord,
  load: string,
  contender: string,
): (Measurement | undefined)[] {
  const byRound = new Array<Measurement | undefined>(record.rounds).fill(undefined)
  for (const sample of record.samples) {
    if (sample.load !== load || sample.contender !== contender) continue
    if ('measurement' in sample) byRound[sample.round - 1] = sample.measurement
  }
  return byRound
}

/** Median and range of one figure over the rounds that have it. */
export function spreadOf(
  measurements: readonly (Measurement | undefined)[],
  pick: (measurement: Measurement) => number,
): Spread {
  return spread(measurements.flatMap(measurement => (measurement === undefined ? [] : [pick(measurement)])))
}

/** Processor time per response of ours over the contender's, paired by round. */
export function ratioOfOurs(record: RunRecord, load: string, contender: string): RatioSummary {
  const costs = (name: string): (number | undefined)[] =>
    measurementsOf(record, load, name).map(measurement => measurement?.totalUs)
  return summarizeRatios(pairedRatios(costs(oursName), costs(contender)))
}

/** The bound on ours against a contender under a load, if there is one. */
export function ratioTarget(load: string, contender: string): number | undefined {
  return ratioTargets.find(target => target.load === load && target.contender === contender)?.bound
}

/** Memory after start in MiB, over every start of the contender in the run. */
export function residentAfterStartMib(record: RunRecord, contender: string): Spread {
  const started = record.samples.filter(sample => sample.contender === contender)
  const measurements = started.map(sample => ('measurement' in sample ? sample.measurement : undefined))
  return spreadOf(measurements, measurement => measurement.residentAfterStartKib / 1024)
}

function judge(text: string, bound: number, reached: number, digits: number): TargetResult {
  const verdict = Number.isNaN(reached) ? 'not measured' : reached <= bound ? 'met' : 'missed'
  return { text, bound, reached, digits, verdict }
}

/** Every target with what this run reached: medians decide. */
export function judgeTargets(record: RunRecord): TargetResult[] {
  const ratios = ratioTargets.map(({ load, contender, bound }) =>
    judge(`${load}: ours ÷ ${contender}`, bound, ratioOfOurs(record, load, contender).median, 3),
  )
  const residentMib = residentAfterStartMib(record, oursName).median
  return [
    ...ratios,
    judge('ours: resident memory after start, MiB', residentAfterStartTargetMib, residentMib, 1),
  ]
}
