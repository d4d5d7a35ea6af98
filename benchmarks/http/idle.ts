// What idle kept-alive connections cost: memory of the tracker's process for each, and processor time of the
// busy ones beside them.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, makeScratchDirectory, startPinned } from '../support/children.js'
import { chooseContenders, type Found, lineUp, oursName } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { makeTrackerDirectory, measureLoad, startTracker, type Tracker } from '../support/measure.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { report, runProgram } from '../support/program.js'
import { describeRun, reportTargets } from '../support/rounds.js'
import { createRandom, shuffled } from '../support/statistics.js'
import { createContenders, type LaunchOn } from './contenders.js'
import { type IdleRecord, type IdleSample, judgeIdle, renderIdle } from './idle-record.js'
import { type IdleOptions, parseIdleOptions } from './options.js'
import { findFreePort, waitUntilAnswering } from './readiness.js'
import { buildYardstick, loads, runLoad, type Yardstick } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const busyLoad = loads[0]!
/** Memory settles for this long before it is read. */
const settleMs = 500

interface IdleBench {
  readonly options: IdleOptions
  readonly yardstick: Yardstick
  readonly scratchDirectory: string
  readonly ticksPerSecond: number
}

/** Resolves with the process that holds the connections, when all are open; throws when one is not. */
async function openConnections(port: number, count: number, core: number): Promise<Child> {
  const opener = fileURLToPath(new URL('./idle-connections.js', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = startPinned({
      command: process.execPath,
      args: [opener, String(port), String(count)],
      core,
      onStdout: text => {
        if (text.includes(`open ${count}\n`)) resolve(child)
      },
    })
    child.exited.then(end => reject(new Error(`idle connections: it ${end}: ${child.stderr().trim()}`)))
  })
}

/** The three busy loads and the two readings of memory, on a tracker that is warm. */
async function observe(
  bench: IdleBench,
  tracker: Tracker,
  port: number,
): Promise<Omit<IdleSample, 'round' | 'contender'>> {
  const { seconds, loadCore, trackerCore, connections } = bench.options
  const measureBusy = async (): Promise<number> => {
    const accounting = { trackerCore, ticksPerSecond: bench.ticksPerSecond }
    const { totalUs } = await measureLoad(accounting, tracker, () =>
      runLoad(bench.yardstick, busyLoad, port, seconds, loadCore),
    )
    return totalUs
  }
  const beforeUs = await measureBusy()
  await pause(settleMs)
  const residentBeforeKib = tracker.readResidentKib().nowKib
  const holder = await openConnections(port, connections, loadCore)
  await pause(settleMs)
  const residentWithKib = tracker.readResidentKib().nowKib
  const withUs = await measureBusy()
  await holder.stop('SIGTERM')
  const left = Number(/^left (\d+)$/m.exec(holder.stdout())?.[1] ?? 0)
  await pause(settleMs)
  const afterUs = await measureBusy()
  return { residentBeforeKib, residentWithKib, left, beforeUs, withUs, afterUs }
}

async function takeSample(
  bench: IdleBench,
  contender: Found<LaunchOn> & { readonly name: string },
  round: number,
): Promise<IdleSample> {
  const { trackerCore, loadCore, warmUpSeconds } = bench.options
  const port = await findFreePort()
  const innerPort = await findFreePort()
  const directory = makeTrackerDirectory(bench.scratchDirectory)
  const launches = contender.launch({ port, innerPort, directory, tls: undefined })
  const tracker = await startTracker(launches, trackerCore, exited => waitUntilAnswering(port, false, exited))
  try {
    await runLoad(bench.yardstick, busyLoad, port, Math.max(0.1, warmUpSeconds), loadCore)
    return { round, contender: contender.name, ...(await observe(bench, tracker, port)) }
  } finally {
    await tracker.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function describeSample(sample: IdleSample, connections: number): string {
  const { residentBeforeKib, residentWithKib, beforeUs, withUs, afterUs, left } = sample
  const bytes = ((residentWithKib - residentBeforeKib) * 1024) / connections
  const costs = [beforeUs, withUs, afterUs].map(cost => cost.toFixed(2)).join(' / ')
  return `${bytes.toFixed(0)} bytes each, ${left} left open, µs without / with / without: ${costs}`
}

async function main(): Promise<number> {
  const options = parseIdleOptions(process.argv.slice(2))
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const yardstick = buildYardstick(options.yardstick, repository, scratchDirectory, [busyLoad])
  const bench = { options, yardstick, scratchDirectory, ticksPerSecond: readTicksPerSecond() }
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const { rounds, seconds, warmUpSeconds, seed, connections, json, out } = options
  const places = { repository, aquaticHttpPath: options.aquaticHttp, chihayaPath: options.chihaya }
  const { found, absent } = lineUp(chooseContenders(createContenders(places), options.only))
  const random = createRandom(seed)
  const samples: IdleSample[] = []
  const failures: { round: number; contender: string; failure: string }[] = []
  const contenders = found.map(({ name, version }) => ({ name, version }))
  const command = describeRun('http', seed)
  const facts = { command, environment, rounds, seconds, warmUpSeconds, seed, connections }
  const record: IdleRecord = { ...facts, contenders, absent, failures, samples }
  for (let round = 1; round <= rounds; round++) {
    for (const contender of shuffled(found, random)) {
      report(`round ${round}/${rounds} ${contender.name}: `)
      try {
        const sample = await takeSample(bench, contender, round)
        samples.push(sample)
        report(`${describeSample(sample, connections)}\n`)
      } catch (error) {
        // One tracker that fails must not cost the others their figures: the report says what happened.
        failures.push({ round, contender: contender.name, failure: (error as Error).message })
        report(`failed: ${(error as Error).message}\n`)
      }
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(record, null, 2)}\n`)
    }
  }
  const page = renderIdle(record)
  if (out === undefined) process.stdout.write(page)
  else writeFileSync(out, page)
  return reportTargets(
    judgeIdle(record),
    samples.some(({ contender }) => contender === oursName),
  )
}

await runProgram(main)
