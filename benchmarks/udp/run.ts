// What one response costs each tracker, in processor time, under the same loads on the same machine in one
// run.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { describeCommand, describeEnvironment } from '../support/environment.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'
import { createRandom, shuffled } from '../support/statistics.js'
import { type Contender, createContenders, type Found, oursName } from './contenders.js'
import { type Bench, type Measurement, measure } from './measure.js'
import { type Options, parseOptions } from './options.js'
import { judgeTargets, measurementsOf, type RunRecord, type Sample } from './record.js'
import { renderReport } from './report.js'
import { buildYardstick, findYardstick, type Load, loads, type Yardstick } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Start, settling and stopping of a tracker: only for the estimate of how long the run takes. */
const overheadSeconds = 1

interface Lineup {
  readonly found: readonly (Found & { readonly name: string })[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
}

function chooseContenders(options: Options, yardstick: Yardstick): Contender[] {
  const contenders = createContenders({
    repository,
    yardstick,
    aquaticMioPath: options.aquaticMio,
    aquaticIoUringPath: options.aquaticIoUring,
  })
  return options.only.map(key => {
    const contender = contenders.get(key)
    if (contender === undefined) {
      throw new UsageError(`--only ${key}: no such tracker; there are ${[...contenders.keys()].join(', ')}`)
    }
    return contender
  })
}

function lineUp(contenders: readonly Contender[]): Lineup {
  const found: (Found & { name: string })[] = []
  const absent: { name: string; reason: string }[] = []
  for (const { name, find } of contenders) {
    const finding = find()
    if ('reason' in finding) absent.push({ name, reason: finding.reason })
    else found.push({ name, ...finding })
    report(`${name}: ${'reason' in finding ? `skipped, ${finding.reason}` : finding.version}\n`)
  }
  return { found, absent }
}

function describeMeasurement({ totalUs, userUs, systemUs, coreUsed, load }: Measurement): string {
  const cost = `${totalUs.toFixed(3)} µs (user ${userUs.toFixed(3)} system ${systemUs.toFixed(3)})`
  const doubt = load.errors + load.lost > 0 ? `, ${load.errors} errors, ${load.lost} lost` : ''
  return `${cost}, ${load.responsesPerSecond.toFixed(0)}/s, core ${(coreUsed * 100).toFixed(0)} %${doubt}`
}

async function takeSample(
  bench: Bench,
  contender: Lineup['found'][number],
  load: Load,
  round: number,
): Promise<Sample> {
  const key = { round, load: load.name, contender: contender.name }
  try {
    const measurement = await measure(bench, contender.launch, load)
    report(`${describeMeasurement(measurement)}\n`)
    return { ...key, measurement }
  } catch (error) {
    // One tracker that fails must not cost the others their figures: the report says what happened.
    const failure = (error as Error).message
    report(`failed: ${failure}\n`)
    return { ...key, failure }
  }
}

/** Runs every round and calls `keep` after each sample, so that an interrupted run loses nothing. */
async function runRounds(
  options: Options,
  bench: Bench,
  found: Lineup['found'],
  keep: (samples: readonly Sample[]) => void,
): Promise<Sample[]> {
  const random = createRandom(options.seed)
  const samples: Sample[] = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of loads) {
      for (const contender of shuffled(found, random)) {
        report(`round ${round}/${options.rounds} ${load.name} ${contender.name}: `)
        samples.push(await takeSample(bench, contender, load, round))
        keep(samples)
      }
    }
  }
  return samples
}

function describeRun(options: Options): string {
  const program = `node dist/benchmarks/udp/${basename(process.argv[1] ?? 'run.js')}`
  const seed = process.argv.some(word => word.startsWith('--seed')) ? [] : [`--seed=${options.seed}`]
  return describeCommand([program, ...process.argv.slice(2), ...seed])
}

function finish(options: Options, record: RunRecord): number {
  const page = renderReport(record)
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const results = judgeTargets(record)
  for (const { text, bound, reached, digits, verdict } of results) {
    report(
      `${text}: ${Number.isNaN(reached) ? '–' : reached.toFixed(digits)} (target ≤ ${bound}) ${verdict}\n`,
    )
  }
  const isMeasured = loads.every(load =>
    measurementsOf(record, load.name, oursName).some(one => one !== undefined),
  )
  if (!isMeasured) return ExitCode.invalid
  return results.some(({ verdict }) => verdict === 'missed') ? ExitCode.targetMissed : ExitCode.ok
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const yardstick = buildYardstick(findYardstick(options.yardstick, repository), scratchDirectory)
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const { found, absent } = lineUp(chooseContenders(options, yardstick))
  const sampleSeconds = options.seconds + options.warmUpSeconds + overheadSeconds
  const minutes = (options.rounds * loads.length * found.length * sampleSeconds) / 60
  report(`seed ${options.seed}, ${options.rounds} rounds, about ${Math.ceil(minutes)} min\n`)
  const { seconds, warmUpSeconds, trackerCore, loadCore, rounds, seed } = options
  const ticksPerSecond = readTicksPerSecond()
  const bench = { yardstick, scratchDirectory, seconds, warmUpSeconds, trackerCore, loadCore, ticksPerSecond }
  const contenders = found.map(({ name, version }) => ({ name, version }))
  const facts = {
    command: describeRun(options),
    environment,
    rounds,
    seconds,
    warmUpSeconds,
    seed,
    contenders,
    absent,
  }
  const keep = (samples: readonly Sample[]): void => {
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ ...facts, samples }, null, 2)}\n`)
  }
  const samples = await runRounds(options, bench, found, keep)
  return finish(options, { ...facts, samples })
}

await runProgram(main)
