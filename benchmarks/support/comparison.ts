// A comparison from its line-up to its page: the same for trackers and load generators of every protocol.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type Contender, chooseContenders, lineUp, oursName } from './contenders.js'
import type { LoadCounts } from './cost.js'
import type { EnvironmentEntry } from './environment.js'
import type { RoundOptions } from './flags.js'
import type { Measurement } from './measure.js'
import { report } from './program.js'
import { describeRun, reportTargets, runRounds } from './rounds.js'
import { measurementsOf, type RunRecord, type Sample, type TargetResult } from './run-record.js'

/** What is special about one. */
export interface Comparison<Load extends NamedLoad, LaunchOn, Result extends LoadCounts> {
  /** `udp`: the directory of the program below `dist/benchmarks`. */
  readonly directory: string
  readonly environment: readonly EnvironmentEntry[]
  /** Where this process stays, which sleeps while something is measured: the core that is not looked at. */
  readonly ownCore: number
  readonly loads: readonly Load[]
  readonly contenders: ReadonlyMap<string, Contender<LaunchOn>>
  /** Whether a contender can take a load; all can, if not given. */
  readonly canTake?: (contender: string, load: Load) => boolean
  /** Start, settling and stopping of a contender: only for the estimate of how long the run takes. */
  readonly overheadSeconds: (load: Load) => number
  readonly measure: (load: Load, launch: LaunchOn) => Promise<Measurement<Result>>
  /** A line of progress. */
  readonly describe: (measurement: Measurement<Result>) => string
  readonly judge: (record: ComparisonRecord<Load, Result>) => TargetResult[]
  /** The page. */
  readonly render: (record: ComparisonRecord<Load, Result>) => string
}

interface NamedLoad {
  readonly name: string
}

/** What a comparison keeps. */
export interface ComparisonRecord<Load extends NamedLoad, Result extends LoadCounts>
  extends RunRecord<Result> {
  /** The loads that were run, in order. */
  readonly loads: readonly Load['name'][]
}

/** Writes the page where it was asked for. */
export function writePage(out: string | undefined, page: string): void {
  if (out === undefined) process.stdout.write(page)
  else writeFileSync(out, page)
}

/** This process sleeps while something is measured; when it wakes it must do so on another core. */
export function stayOnCore(core: number): void {
  execFileSync('taskset', ['-acp', String(core), String(process.pid)], { stdio: 'ignore' })
}

/** Runs the rounds, writes the page, and returns the exit code. */
export async function compareContenders<Load extends NamedLoad, LaunchOn, Result extends LoadCounts>(
  options: RoundOptions,
  comparison: Comparison<Load, LaunchOn, Result>,
): Promise<number> {
  const { loads, canTake = () => true } = comparison
  const { rounds, seed, seconds, warmUpSeconds, json } = options
  stayOnCore(comparison.ownCore)
  const { found, absent } = lineUp(chooseContenders(comparison.contenders, options.only))
  const contendersOf = (load: Load): typeof found => found.filter(({ name }) => canTake(name, load))
  const roundSeconds = loads.reduce((sum, load) => {
    const each = seconds + warmUpSeconds + comparison.overheadSeconds(load)
    return sum + contendersOf(load).length * each
  }, 0)
  report(`seed ${seed}, ${rounds} rounds, about ${Math.ceil((rounds * roundSeconds) / 60)} min\n`)
  const facts = {
    command: describeRun(comparison.directory, seed),
    environment: comparison.environment,
    rounds,
    seconds,
    warmUpSeconds,
    seed,
    loads: loads.map(load => load.name),
    contenders: found.map(({ name, version }) => ({ name, version })),
    absent,
  }
  const keep = (samples: readonly Sample<Result>[]): void => {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...facts, samples }, null, 2)}\n`)
  }
  const { describe } = comparison
  const measure = (load: Load, { launch }: (typeof found)[number]): Promise<Measurement<Result>> =>
    comparison.measure(load, launch)
  const samples = await runRounds(options, { loads, contendersOf, measure, describe }, keep)
  const record: ComparisonRecord<Load, Result> = { ...facts, samples }
  writePage(options.out, comparison.render(record))
  const isMeasured = record.loads.every(load =>
    measurementsOf(record, load, oursName).some(one => one !== undefined),
  )
  return reportTargets(comparison.judge(record), isMeasured)
}
