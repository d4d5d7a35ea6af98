// What a run in alternating rounds keeps, and the questions its report asks of it. Pure: no clock, no files.
import { oursName } from './contenders.js'
import type { LoadCounts } from './cost.js'
import type { EnvironmentEntry } from './environment.js'
import type { Measurement } from './measure.js'
import { pairedRatios, type RatioSummary, type Spread, spread, summarizeRatios } from './statistics.js'

interface SampleKey {
  readonly round: number
  readonly load: string
  readonly contender: string
}

/** One measurement of one contender in one round, or why there is none. */
export type Sample<Result extends LoadCounts> = SampleKey &
  ({ readonly measurement: Measurement<Result> } | { readonly failure: string })

/** Everything a run keeps; `--json` writes it as it is. */
export interface RunRecord<Result extends LoadCounts> {
  readonly command: string
  readonly environment: readonly EnvironmentEntry[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly seed: number
  readonly contenders: readonly { readonly name: string; readonly version: string }[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
  readonly samples: readonly Sample<Result>[]
}

/** A bound on a figure of ours, and the figure. `verdict` is 'not measured' when the run lacks it. */
export interface TargetResult {
  readonly text: string
  readonly bound: number
  readonly reached: number
  readonly digits: number
  readonly verdict: 'met' | 'missed' | 'not measured'
}

/** Ours over the other, at most, under one load. */
export interface RatioTarget {
  readonly load: string
  readonly contender: string
  readonly bound: number
}

/**
 * The measurements of one contender under one load, by round (index 0 is round 1); undefined where it
 * failed.
 */
export function measurementsOf<Result extends LoadCounts>(
  record: RunRecord<Result>,
  load: string,
  contender: string,
): (Measurement<Result> | undefined)[] {
  const byRound = new Array<Measurement<Result> | undefined>(record.rounds).fill(undefined)
  for (const sample of record.samples) {
    if (sample.load !== load || sample.contender !== contender) continue
    if ('measurement' in sample) byRound[sample.round - 1] = sample.measurement
  }
  return byRound
}

/** Median and range of one figure over the rounds that have it. */
export function spreadOf<Measured>(
  measurements: readonly (Measured | undefined)[],
  pick: (measurement: Measured) => number,
): Spread {
  return spread(measurements.flatMap(measurement => (measurement === undefined ? [] : [pick(measurement)])))
}

/** Sum of one figure over the rounds that have it. */
export function sumOf<Measured>(
  measurements: readonly (Measured | undefined)[],
  pick: (measurement: Measured) => number,
): number {
  return measurements.reduce(
    (sum, measurement) => sum + (measurement === undefined ? 0 : pick(measurement)),
    0,
  )
}

/** The contenders that were measured under a load at least once, in the order of the record. */
export function measuredNames<Result extends LoadCounts>(record: RunRecord<Result>, load: string): string[] {
  const names = record.contenders.map(contender => contender.name)
  return names.filter(name =>
    measurementsOf(record, load, name).some(measurement => measurement !== undefined),
  )
}

/** Processor time per response of ours over the contender's, paired by round. */
export function ratioOfOurs<Result extends LoadCounts>(
  record: RunRecord<Result>,
  load: string,
  contender: string,
): RatioSummary {
  const costs = (name: string): (number | undefined)[] =>
    measurementsOf(record, load, name).map(measurement => measurement?.totalUs)
  return summarizeRatios(pairedRatios(costs(oursName), costs(contender)))
}

/** Memory after start in MiB, over every start of the contender in the run. */
export function residentAfterStartMib<Result extends LoadCounts>(
  record: RunRecord<Result>,
  contender: string,
): Spread {
  const started = record.samples.filter(sample => sample.contender === contender)
  const measurements = started.map(sample => ('measurement' in sample ? sample.measurement : undefined))
  return spreadOf(measurements, measurement => measurement.residentAfterStartKib / 1024)
}

/** What a figure says of its bound. */
export function judge(text: string, bound: number, reached: number, digits: number): TargetResult {
  const verdict = Number.isNaN(reached) ? 'not measured' : reached <= bound ? 'met' : 'missed'
  return { text, bound, reached, digits, verdict }
}

/** The bound on ours against a contender under a load, if there is one. */
export function ratioTarget(
  targets: readonly RatioTarget[],
  load: string,
  contender: string,
): number | undefined {
  return targets.find(target => target.load === load && target.contender === contender)?.bound
}

/** Every ratio that has a bound, with what this run reached: medians decide. */
export function judgeRatios<Result extends LoadCounts>(
  record: RunRecord<Result>,
  targets: readonly RatioTarget[],
): TargetResult[] {
  return targets.map(({ load, contender, bound }) =>
    judge(`${load}: ours ÷ ${contender}`, bound, ratioOfOurs(record, load, contender).median, 3),
  )
}
