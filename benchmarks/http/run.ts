// What one response costs each HTTP tracker, in processor time, under the same loads on the same machine in
// one run.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { chooseContenders, lineUp, oursName } from '../support/contenders.js'
import { describeEnvironment, firstLineOf } from '../support/environment.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { report, runProgram } from '../support/program.js'
import { describeCost, describeRun, reportTargets, runRounds } from '../support/rounds.js'
import { measurementsOf, type Sample } from '../support/run-record.js'
import { writeCertificate } from './certificate.js'
import { canTake, createContenders } from './contenders.js'
import { type HttpBench, type Measurement, measure } from './measure.js'
import { type Options, parseOptions } from './options.js'
import { judgeTargets, type RunRecord } from './record.js'
import { renderReport } from './report.js'
import { buildYardstick, type Load, type LoadResult, missingForTls } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Start, settling and stopping of a tracker: only for the estimate of how long the run takes. */
const overheadSeconds = 1

function describeMeasurement(measurement: Measurement): string {
  const { failed, resumedShare } = measurement.load
  const resumed = resumedShare === undefined ? '' : `, ${(resumedShare * 100).toFixed(0)} % resumed`
  return `${describeCost(measurement)}${resumed}${failed > 0 ? `, ${failed} failed` : ''}`
}

/** The loads whose generators can be built here; says which cannot, and why. */
function possibleLoads(chosen: readonly Load[]): Load[] {
  const missing = missingForTls()
  if (missing === undefined) return [...chosen]
  report(`no load over TLS: ${missing}\n`)
  return chosen.filter(load => !load.isTls)
}

function prepare(options: Options, chosen: readonly Load[]): HttpBench {
  const scratchDirectory = makeScratchDirectory()
  const { seconds, warmUpSeconds, trackerCore, loadCore } = options
  return {
    yardstick: buildYardstick(options.yardstick, repository, scratchDirectory, chosen),
    certificate: writeCertificate(scratchDirectory),
    scratchDirectory,
    seconds,
    warmUpSeconds,
    trackerCore,
    loadCore,
    ticksPerSecond: readTicksPerSecond(),
  }
}

function finish(options: Options, record: RunRecord): number {
  const page = renderReport(record)
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const isMeasured = record.loads.every(load =>
    measurementsOf(record, load, oursName).some(one => one !== undefined),
  )
  return reportTargets(judgeTargets(record), isMeasured)
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const openssl = firstLineOf('openssl', ['version']) ?? 'unknown'
  const environment = [
    ...describeEnvironment(options.trackerCore),
    ['OpenSSL', `node ${process.versions.openssl}; load generator and nginx: ${openssl}`] as const,
  ]
  const loads = possibleLoads(options.loads)
  const bench = prepare(options, loads)
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const { aquaticHttp, chihaya, rounds, seed, seconds, warmUpSeconds } = options
  const places = { repository, aquaticHttpPath: aquaticHttp, chihayaPath: chihaya }
  const { found, absent } = lineUp(chooseContenders(createContenders(places), options.only))
  const contendersOf = (load: Load): typeof found => found.filter(({ name }) => canTake(name, load))
  const perRound = loads.reduce((sum, load) => sum + contendersOf(load).length, 0)
  const minutes = (rounds * perRound * (seconds + warmUpSeconds + overheadSeconds)) / 60
  report(`seed ${seed}, ${rounds} rounds, about ${Math.ceil(minutes)} min\n`)
  const facts = {
    command: describeRun('http', seed),
    environment,
    rounds,
    seconds,
    warmUpSeconds,
    seed,
    loads: loads.map(load => load.name),
    contenders: found.map(({ name, version }) => ({ name, version })),
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
      contendersOf,
      measure: (load, contender) => measure(bench, contender.launch, load),
      describe: describeMeasurement,
    },
    keep,
  )
  return finish(options, { ...facts, samples })
}

await runProgram(main)
