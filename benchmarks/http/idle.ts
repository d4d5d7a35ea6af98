// What idle kept-alive connections cost: memory of the tracker's process for each, and processor time of the
// busy ones beside them.
import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, makeScratchDirectory, startPinned } from '../support/children.js'
import { stayOnCore } from '../support/comparison.js'
import { chooseContenders, type Found, lineUp } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { bytesEachIn } from '../support/idle-record.js'
import { runIdleRounds } from '../support/idle-rounds.js'
import { makeTrackerDirectory, measureLoad, startTracker, type Tracker } from '../support/measure.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { runProgram } from '../support/program.js'
import { createContenders, type LaunchOn } from './contenders.js'
import { type IdleSample, judgeIdle, renderIdle } from './idle-record.js'
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
  const { beforeUs, withUs, afterUs, left } = sample
  const bytes = bytesEachIn(sample, connections)
  const costs = [beforeUs, withUs, afterUs].map(cost => cost.toFixed(2)).join(' / ')
  return `${bytes.toFixed(0)} bytes each, ${left} left open, µs without / with / without: ${costs}`
}

async function main(): Promise<number> {
  const options = parseIdleOptions(process.argv.slice(2))
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const yardstick = buildYardstick(options.yardstick, repository, scratchDirectory, [busyLoad])
  const bench = { options, yardstick, scratchDirectory, ticksPerSecond: readTicksPerSecond() }
  stayOnCore(options.loadCore)
  const places = { repository, aquaticHttpPath: options.aquaticHttp, chihayaPath: options.chihaya }
  return await runIdleRounds(options, {
    directory: 'http',
    environment,
    lineup: lineUp(chooseContenders(createContenders(places), options.only)),
    takeSample: (contender, round) => takeSample(bench, contender, round),
    describe: sample => describeSample(sample, options.connections),
    judge: judgeIdle,
    render: renderIdle,
  })
}

await runProgram(main)
