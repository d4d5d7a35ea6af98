// What one response costs each tracker, in processor time, under the same loads on the same machine in one
// run.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { chooseContenders, lineUp, oursName } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { report, runProgram } from '../support/program.js'
import { describeCost, describeRun, reportTargets, runRounds } from '../support/rounds.js'
import { measurementsOf, type Sample } from '../support/run-record.js'
import { createContenders } from './contenders.js'
import { type Measurement, measure } from './measure.js'
import { type Options, parseOptions } from './options.js'
import { judgeTargets, type RunRecord } from './record.js'
import { renderReport } from './report.js'
import { buildYardstick, type LoadResult, loads } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Start, settling and stopping of a tracker: only for the estimate of how long the run takes. */
const overheadSeconds = 1

function describeMeasurement(measurement: Measurement): string {
  const { load } = measurement
  const doubt = load.errors + load.lost > 0 ? `, ${load.errors} errors, ${load.lost} lost` : ''
  return `${describeCost(measurement)}${doubt}`
}

function finish(options: Options, record: RunRecord): number {
  const page = renderReport(record)
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const isMeasured = loads.every(load =>
    measurementsOf(record, load.name, oursName).some(one => one !== undefined),
  )
  return reportTargets(judgeTargets(record), isMeasured)
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const yardstick = buildYardstick(options.yardstick, repository, scratchDirectory)
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const { found, absent } = lineUp(
    chooseContenders(
      createContenders({
        repository,
        yardstick,
        aquaticMioPath: options.aquaticMio,
        aquaticIoUringPath: options.aquaticIoUring,
      }),
      options.only,
    ),
  )
  const sampleSeconds = options.seconds + options.warmUpSeconds + overheadSeconds
  const minutes = (options.rounds * loads.length * found.length * sampleSeconds) / 60
  report(`seed ${options.seed}, ${options.rounds} rounds, about ${Math.ceil(minutes)} min\n`)
  const { seconds, warmUpSeconds, trackerCore, loadCore, rounds, seed } = options
  const ticksPerSecond = readTicksPerSecond()
  const bench = { yardstick, scratchDirectory, seconds, warmUpSeconds, trackerCore, loadCore, ticksPerSecond }
  const contenders = found.map(({ name, version }) => ({ name, version }))
  const facts = {
    command: describeRun('udp', seed),
    environment,
    rounds,
    seconds,
    warmUpSeconds,
    seed,
    contenders,
    absent,
  }
  const keep = (samples: readonly Sample<LoadResult>[]): void => {
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ ...facts, samples }, null, 2)}\n`)
  }
  const samples = await runRounds(
    options,
    {
      loads,
      contendersOf: () => found,
      measure: (load, contender) => measure(bench, contender.launch, load),
      describe: describeMeasurement,
    },
    keep,
  )
  return finish(options, { ...facts, samples })
}

await runProgram(main)
