// Alternating rounds: every contender under every load in each round, in an order drawn from the seed.
import { basename } from 'node:path'
import { describeCommand } from '../../src/bench/report/command-text.js'
import type { LoadCounts } from './cost.js'
import type { RoundOptions } from './flags.js'
import type { Measurement } from './measure.js'
import { ExitCode, report } from './program.js'
import type { Sample, TargetResult } from './run-record.js'
import { createRandom, shuffled } from './statistics.js'

/** What the rounds go through: `measure` throws when the contender fails. */
export interface Rounds<Load, Contender, Result extends LoadCounts> {
  readonly loads: readonly Load[]
  readonly contendersOf: (load: Load) => readonly Contender[]
  readonly measure: (load: Load, contender: Contender) => Promise<Measurement<Result>>
  readonly describe: (measurement: Measurement<Result>) => string
}

/** Runs every round and calls `keep` after each sample, so that an interrupted run loses nothing. */
export async function runRounds<
  Load extends { readonly name: string },
  Contender extends { readonly name: string },
  Result extends LoadCounts,
>(
  options: Pick<RoundOptions, 'rounds' | 'seed'>,
  rounds: Rounds<Load, Contender, Result>,
  keep: (samples: readonly Sample<Result>[]) => void,
): Promise<Sample<Result>[]> {
  const random = createRandom(options.seed)
  const samples: Sample<Result>[] = []
  const take = async (round: number, load: Load, contender: Contender): Promise<Sample<Result>> => {
    const key = { round, load: load.name, contender: contender.name }
    try {
      const measurement = await rounds.measure(load, contender)
      report(`${rounds.describe(measurement)}\n`)
      return { ...key, measurement }
    } catch (error) {
      // One tracker that fails must not cost the others their figures: the report says what happened.
      const failure = (error as Error).message
      report(`failed: ${failure}\n`)
      return { ...key, failure }
    }
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of rounds.loads) {
      for (const contender of shuffled(rounds.contendersOf(load), random)) {
        report(`round ${round}/${options.rounds} ${load.name} ${contender.name}: `)
        samples.push(await take(round, load, contender))
        keep(samples)
      }
    }
  }
  return samples
}

/** Cost and rate of one measurement, for the progress. */
export function describeCost(measurement: Measurement<LoadCounts>): string {
  const { totalUs, userUs, systemUs, coreUsed, load } = measurement
  const cost = `${totalUs.toFixed(3)} µs (user ${userUs.toFixed(3)} system ${systemUs.toFixed(3)})`
  return `${cost}, ${load.responsesPerSecond.toFixed(0)}/s, core ${(coreUsed * 100).toFixed(0)} %`
}

/** The command of a run below `dist/benchmarks/DIRECTORY` as it can be repeated, the drawn seed included. */
export function describeRun(directory: string, seed: number): string {
  const program = `node dist/benchmarks/${directory}/${basename(process.argv[1] ?? 'run.js')}`
  const added = process.argv.some(word => word.startsWith('--seed')) ? [] : [`--seed=${seed}`]
  return describeCommand([program, ...process.argv.slice(2), ...added])
}

/** Reports every target; the exit code of the run. */
export function reportTargets(results: readonly TargetResult[], isMeasured: boolean): number {
  for (const { text, bound, reached, digits, verdict } of results) {
    report(
      `${text}: ${Number.isNaN(reached) ? '–' : reached.toFixed(digits)} (target ≤ ${bound}) ${verdict}\n`,
    )
  }
  if (!isMeasured) return ExitCode.invalid
  return results.some(({ verdict }) => verdict === 'missed') ? ExitCode.targetMissed : ExitCode.ok
}
