// The rounds of a benchmark of idle connections, from the first tracker to its page.
import { writeFileSync } from 'node:fs'
import { writePage } from './comparison.js'
import { type Lineup, oursName } from './contenders.js'
import type { EnvironmentEntry } from './environment.js'
import type { RoundOptions } from './flags.js'
import type { IdleFailure, IdleRecord, IdleSample } from './idle-record.js'
import { report } from './program.js'
import { describeRun, reportTargets } from './rounds.js'
import type { TargetResult } from './run-record.js'
import { createRandom, shuffled } from './statistics.js'

/** What is special about a protocol. */
export interface IdleBench<LaunchOn, Sample extends IdleSample> {
  /** `http`: the directory of the program below `dist/benchmarks`. */
  readonly directory: string
  readonly environment: readonly EnvironmentEntry[]
  readonly lineup: Lineup<LaunchOn>
  /** Throws when the contender fails. */
  readonly takeSample: (contender: Lineup<LaunchOn>['found'][number], round: number) => Promise<Sample>
  /** A line of progress. */
  readonly describe: (sample: Sample) => string
  readonly judge: (record: IdleRunRecord<Sample>) => TargetResult[]
  /** The page. */
  readonly render: (record: IdleRunRecord<Sample>) => string
}

type IdleRunRecord<Sample extends IdleSample> = IdleRecord<Sample> & { readonly seconds: number }

/** Runs the rounds, writes the page, and returns the exit code. */
export async function runIdleRounds<LaunchOn, Sample extends IdleSample>(
  options: RoundOptions & { readonly connections: number },
  bench: IdleBench<LaunchOn, Sample>,
): Promise<number> {
  const { rounds, seconds, warmUpSeconds, seed, connections, json } = options
  const { found, absent } = bench.lineup
  report(`seed ${seed}, ${rounds} rounds, ${connections} connections\n`)
  const random = createRandom(seed)
  const samples: Sample[] = []
  const failures: IdleFailure[] = []
  const contenders = found.map(({ name, version }) => ({ name, version }))
  const { environment } = bench
  const command = describeRun(bench.directory, seed)
  const facts = { command, environment, rounds, seconds, warmUpSeconds, seed, connections }
  const record = { ...facts, contenders, absent, failures, samples }
  for (let round = 1; round <= rounds; round++) {
    for (const contender of shuffled(found, random)) {
      report(`round ${round}/${rounds} ${contender.name}: `)
      try {
        const sample = await bench.takeSample(contender, round)
        samples.push(sample)
        report(`${bench.describe(sample)}\n`)
      } catch (error) {
        // One tracker that fails must not cost the others their figures: the report says what happened.
        failures.push({ round, contender: contender.name, failure: (error as Error).message })
        report(`failed: ${(error as Error).message}\n`)
      }
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(record, null, 2)}\n`)
    }
  }
  writePage(options.out, bench.render(record))
  return reportTargets(
    bench.judge(record),
    samples.some(({ contender }) => contender === oursName),
  )
}
