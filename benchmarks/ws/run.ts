// What one message costs each WebTorrent tracker, in processor time, under the same loads on the same machine in
// one run.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeCertificate } from '../http/certificate.js'
import { missingForTls } from '../http/yardstick.js'
import { makeScratchDirectory } from '../support/children.js'
import { chooseContenders, lineUp, oursName } from '../support/contenders.js'
import { describeEnvironment, firstLineOf } from '../support/environment.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { report, runProgram } from '../support/program.js'
import { describeCost, describeRun, reportTargets, runRounds } from '../support/rounds.js'
import { measurementsOf, type Sample } from '../support/run-record.js'
import { createContenders } from './contenders.js'
import { buildLoads, type Load, type LoadResult } from './loads.js'
import { type Measurement, measure, type WsBench } from './measure.js'
import { checkConnections, readConnectionsMax } from './open-files.js'
import { type Options, parseOptions } from './options.js'
import { judgeTargets, type RunRecord } from './record.js'
import { renderReport } from './report.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Start, settling and stopping of a tracker: only for the estimate of how long the run takes. */
const overheadSeconds = 1.5
/** Opening and closing one connection, likewise. */
const connectionSeconds = 0.0003

function describeMeasurement(measurement: Measurement): string {
  const { failed, relay } = measurement.load
  const lost = relay === undefined ? '' : `, ${relay.unanswered} of ${relay.announces} announces given up on`
  return `${describeCost(measurement)}${lost}${failed > 0 ? `, ${failed} failed` : ''}`
}

/** The loads whose generators can be built here; says which cannot, and why. */
function possibleLoads(chosen: readonly Load[]): Load[] {
  const missing = chosen.some(load => load.isTls) ? missingForTls() : undefined
  if (missing === undefined) return [...chosen]
  report(`no load over TLS: ${missing}\n`)
  return chosen.filter(load => !load.isTls)
}

function prepare(options: Options, chosen: readonly Load[]): WsBench {
  const scratchDirectory = makeScratchDirectory()
  const { seconds, warmUpSeconds, trackerCore, loadCore } = options
  return {
    programs: buildLoads(options.yardstick, repository, scratchDirectory, chosen),
    certificate: chosen.some(load => load.isTls) ? writeCertificate(scratchDirectory) : undefined,
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

/** How long the run takes, in minutes. */
function estimateMinutes(
  { rounds, seconds, warmUpSeconds }: Options,
  loads: readonly Load[],
  trackers: number,
) {
  const perTracker = loads.reduce(
    (sum, { connections }) =>
      sum + seconds + warmUpSeconds + overheadSeconds + connections * connectionSeconds,
    0,
  )
  return Math.ceil((rounds * trackers * perTracker) / 60)
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const openssl = firstLineOf('openssl', ['version']) ?? 'unknown'
  const environment = [
    ...describeEnvironment(options.trackerCore),
    ['OpenSSL', `node ${process.versions.openssl}; load generator: ${openssl}`] as const,
  ]
  const loads = possibleLoads(options.loads)
  const connections = Math.max(...loads.map(load => load.connections))
  checkConnections(connections, readConnectionsMax(), 'choose other loads with --loads')
  const bench = prepare(options, loads)
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const { rounds, seed, seconds, warmUpSeconds } = options
  const all = createContenders({ repository, aquaticWsPath: options.aquaticWs })
  const { found, absent } = lineUp(chooseContenders(all, options.only))
  const minutes = estimateMinutes(options, loads, found.length)
  report(`seed ${seed}, ${rounds} rounds, about ${minutes} min\n`)
  const facts = {
    command: describeRun('ws', seed),
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
      contendersOf: () => found,
      measure: (load, contender) => measure(bench, contender.launch, load),
      describe: describeMeasurement,
    },
    keep,
  )
  return finish(options, { ...facts, samples })
}

await runProgram(main)
