// What idle WebSockets cost: memory of the tracker's process for each.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LaunchOn } from '../http/contenders.js'
import { findFreePort } from '../http/readiness.js'
import { makeScratchDirectory, runPinned } from '../support/children.js'
import { chooseContenders, type Found, lineUp, oursName } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { makeTrackerDirectory, startTracker, type Tracker } from '../support/measure.js'
import { report, runProgram } from '../support/program.js'
import { describeRun, reportTargets } from '../support/rounds.js'
import { createRandom, shuffled } from '../support/statistics.js'
import { waitUntilAnswering } from './client.js'
import { createContenders } from './contenders.js'
import { type IdleRecord, type IdleSample, judgeIdle, renderIdle } from './idle-record.js'
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
  const { residentBeforeKib, residentWithKib, left, openingSeconds } = sample
  const bytes = ((residentWithKib - residentBeforeKib) * 1024) / connections
  return `${bytes.toFixed(0)} bytes each, ${left} left open, opened in ${openingSeconds.toFixed(1)} s`
}

/** What the rounds add to: the arrays of a record. */
interface Kept {
  readonly samples: IdleSample[]
  readonly failures: IdleRecord['failures'][number][]
}

async function runRounds(
  bench: IdleBench,
  found: readonly (Found<LaunchOn> & { readonly name: string })[],
  record: IdleRecord & Kept,
): Promise<void> {
  const { rounds, seed, connections, json } = bench.options
  const random = createRandom(seed)
  for (let round = 1; round <= rounds; round++) {
    for (const contender of shuffled(found, random)) {
      report(`round ${round}/${rounds} ${contender.name}: `)
      try {
        const sample = await takeSample(bench, contender, round)
        record.samples.push(sample)
        report(`${describeSample(sample, connections)}\n`)
      } catch (error) {
        // One tracker that fails must not cost the others their figures: the report says what happened.
        record.failures.push({ round, contender: contender.name, failure: (error as Error).message })
        report(`failed: ${(error as Error).message}\n`)
      }
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(record, null, 2)}\n`)
    }
  }
}

async function main(): Promise<number> {
  const connectionsMax = readConnectionsMax()
  const options = parseIdleOptions(process.argv.slice(2), connectionsMax)
  const { rounds, warmUpSeconds, seed, connections, out } = options
  checkConnections(connections, connectionsMax, `give --connections ${connectionsMax}`)
  const environment = describeEnvironment(options.trackerCore)
  const scratchDirectory = makeScratchDirectory()
  const programs = buildLoads(options.yardstick, repository, scratchDirectory, [busyLoad])
  const bench = { options, busyProgram: programs.get(busyLoad.program)!, scratchDirectory }
  // This process sleeps while a tracker is measured; when it wakes it must not do so on the tracker's core.
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const all = createContenders({ repository, aquaticWsPath: options.aquaticWs })
  const { found, absent } = lineUp(chooseContenders(all, options.only))
  report(`seed ${seed}, ${rounds} rounds, ${connections} connections\n`)
  const contenders = found.map(({ name, version }) => ({ name, version }))
  const command = describeRun('ws', seed)
  const facts = { command, environment, rounds, warmUpSeconds, seed, connections }
  const record: IdleRecord & Kept = { ...facts, contenders, absent, failures: [], samples: [] }
  await runRounds(bench, found, record)
  const page = renderIdle(record)
  if (out === undefined) process.stdout.write(page)
  else writeFileSync(out, page)
  return reportTargets(
    judgeIdle(record),
    record.samples.some(({ contender }) => contender === oursName),
  )
}

await runProgram(main)
