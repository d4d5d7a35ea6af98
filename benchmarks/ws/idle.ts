// What idle WebSockets cost: memory of the tracker's process for each.
import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LaunchOn } from '../http/contenders.js'
import { findFreePort } from '../http/readiness.js'
import { makeScratchDirectory, runPinned } from '../support/children.js'
import { stayOnCore } from '../support/comparison.js'
import { chooseContenders, type Found, lineUp } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { bytesEachIn } from '../support/idle-record.js'
import { runIdleRounds } from '../support/idle-rounds.js'
import { makeTrackerDirectory, startTracker, type Tracker } from '../support/measure.js'
import { runProgram } from '../support/program.js'
import { waitUntilAnswering } from './client.js'
import { createContenders } from './contenders.js'
import { type IdleSample, judgeIdle, renderIdle } from './idle-record.js'
import { buildLoads, loads } from './loads.js'
import { Holder } from './measure.js'
import { checkConnections, readConnectionsMax } from './open-files.js'
import { type IdleOptions, parseIdleOptions } from './options.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const busyLoad = loads[0]!
/** Memory settles for this long before it is read. */
const settleMs = 1000

interface IdleBench {
  readonly options: IdleOptions
  readonly busyProgram: string
  readonly scratchDirectory: string
}

/** The two readings of memory, on a tracker that is warm. */
async function observe(
  { connections, loadCore }: IdleOptions,
  tracker: Tracker,
  port: number,
): Promise<Omit<IdleSample, 'round' | 'contender'>> {
  await pause(settleMs)
  const residentBeforeKib = tracker.readResidentKib().nowKib
  const startedMs = performance.now()
  const holder = new Holder('idle-connections', port, connections, loadCore)
  try {
    await holder.waitForLine('open ')
    const openingSeconds = (performance.now() - startedMs) / 1000
    await pause(settleMs)
    const residentWithKib = tracker.readResidentKib().nowKib
    holder.endInput()
    const left = Number(/^left (\d+)$/m.exec(await holder.waitForLine('left '))?.[1])
    return { residentBeforeKib, residentWithKib, left, openingSeconds }
  } finally {
    await holder.stop()
  }
}

async function takeSample(
  { options, busyProgram, scratchDirectory }: IdleBench,
  contender: Found<LaunchOn> & { readonly name: string },
  round: number,
): Promise<IdleSample> {
  const { trackerCore, loadCore, warmUpSeconds } = options
  const port = await findFreePort()
  const directory = makeTrackerDirectory(scratchDirectory)
  const launches = contender.launch({ port, innerPort: await findFreePort(), directory, tls: undefined })
  const tracker = await startTracker(launches, trackerCore, exited => waitUntilAnswering(port, false, exited))
  try {
    const args = [String(port), String(Math.max(0.1, warmUpSeconds)), String(busyLoad.connections)]
    await runPinned({ command: busyProgram, args, core: loadCore })
    return { round, contender: contender.name, ...(await observe(options, tracker, port)) }
  } finally {
    await tracker.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function describeSample(sample: IdleSample, connections: number): string {
  const { left, openingSeconds } = sample
  const bytes = bytesEachIn(sample, connections)
  return `${bytes.toFixed(0)} bytes each, ${left} left open, opened in ${openingSeconds.toFixed(1)} s`
}

async function main(): Promise<number> {
  const connectionsMax = readConnectionsMax()
  const options = parseIdleOptions(process.argv.slice(2), connectionsMax)
  checkConnections(options.connections, connectionsMax, `give --connections ${connectionsMax}`)
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const programs = buildLoads(options.yardstick, repository, scratchDirectory, [busyLoad])
  const bench = { options, busyProgram: programs.get(busyLoad.program)!, scratchDirectory }
  stayOnCore(options.loadCore)
  const all = createContenders({ repository, aquaticWsPath: options.aquaticWs })
  return await runIdleRounds(options, {
    directory: 'ws',
    environment,
    lineup: lineUp(chooseContenders(all, options.only)),
    takeSample: (contender, round) => takeSample(bench, contender, round),
    describe: sample => describeSample(sample, options.connections),
    judge: judgeIdle,
    render: renderIdle,
  })
}

await runProgram(main)
