// One measurement: a fresh tracker, one load, and what the tracker's process used for it.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, startPinned } from '../support/children.js'
import {
  type CoreTicks,
  type ProcessorTicks,
  readCoreTicks,
  readProcessorTicks,
  readResidentMemory,
} from '../support/process-accounting.js'
import type { Launch } from './contenders.js'
import { findFreePort, waitUntilAnswering } from './probe.js'
import { type Load, type LoadResult, runLoad, type Yardstick } from './yardstick.js'

/** Memory and start-up work settle for this long before the memory after start is read. */
const settleMs = 500

/** What one response cost, and how it went. */
export interface Cost {
  readonly totalUs: number
  readonly userUs: number
  readonly systemUs: number
  /** Share of its core that the tracker used, 0 to 1. */
  readonly coreUsed: number
}

/**
 * What else happened on the tracker's core, as shares of its time: idle (waiting for load), and taken by
 * the host.
 */
export interface CoreShares {
  readonly coreIdle: number
  readonly coreStolen: number
}

export interface Measurement extends Cost, CoreShares {
  readonly load: LoadResult
  readonly readyMs: number
  readonly residentAfterStartKib: number
  readonly peakResidentKib: number
}

/** What all measurements of a run share. */
export interface Bench {
  readonly yardstick: Yardstick
  readonly scratchDirectory: string
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly trackerCore: number
  readonly loadCore: number
  readonly ticksPerSecond: number
}

/** Processor time between two readings over the responses in between. */
export function computeCost(
  before: ProcessorTicks,
  after: ProcessorTicks,
  ticksPerSecond: number,
  load: Pick<LoadResult, 'responses' | 'seconds'>,
): Cost {
  const tickUs = 1e6 / ticksPerSecond
  const userUs = ((after.user - before.user) * tickUs) / load.responses
  const systemUs = ((after.system - before.system) * tickUs) / load.responses
  const totalUs = userUs + systemUs
  return { totalUs, userUs, systemUs, coreUsed: (totalUs * load.responses) / 1e6 / load.seconds }
}

/** Shares of a core's time between two readings. */
export function computeCoreShares(before: CoreTicks, after: CoreTicks): CoreShares {
  const all = Math.max(1, after.all - before.all)
  return { coreIdle: (after.idle - before.idle) / all, coreStolen: (after.stolen - before.stolen) / all }
}

/** Starts a tracker on its core and resolves when it answers; throws with its last words when it does not. */
export async function startTracker(
  launch: Launch,
  port: number,
  core: number,
  onStdout?: (text: string) => void,
): Promise<Child> {
  const child = startPinned({ ...launch, core, ...(onStdout === undefined ? {} : { onStdout }) })
  try {
    await waitUntilAnswering(port, child.exited)
  } catch (cause) {
    await child.stop()
    const lastWords = (child.stderr() || child.stdout()).trim().slice(-400)
    throw new Error(
      `did not start: ${(cause as Error).message}${lastWords === '' ? '' : ` (${lastWords})`}`,
      { cause },
    )
  }
  return child
}

async function applyLoad(
  bench: Bench,
  child: Child,
  port: number,
  load: Load,
): Promise<Omit<Measurement, 'readyMs'>> {
  await pause(settleMs)
  const residentAfterStartKib = readResidentMemory(child.pid).nowKib
  if (bench.warmUpSeconds > 0) await runLoad(bench.yardstick, load, port, bench.warmUpSeconds, bench.loadCore)
  const coreBefore = readCoreTicks(bench.trackerCore)
  const before = readProcessorTicks(child.pid)
  const result = await runLoad(bench.yardstick, load, port, bench.seconds, bench.loadCore)
  const after = readProcessorTicks(child.pid)
  const coreAfter = readCoreTicks(bench.trackerCore)
  if (result.responses === 0) throw new Error('answered nothing')
  const peakResidentKib = readResidentMemory(child.pid).peakKib
  return {
    ...computeCost(before, after, bench.ticksPerSecond, result),
    ...computeCoreShares(coreBefore, coreAfter),
    load: result,
    residentAfterStartKib,
    peakResidentKib,
  }
}

/**
 * Starts the tracker, warms it up, measures one load and stops it.
 * Throws when it does not start, dies under the load (and says how) or answers nothing.
 */
export async function measure(
  bench: Bench,
  launchOn: (port: number, directory: string) => Launch,
  load: Load,
): Promise<Measurement> {
  const port = await findFreePort()
  const directory = join(bench.scratchDirectory, `tracker-${port}`)
  mkdirSync(directory)
  const launch = launchOn(port, directory)
  const startedMs = performance.now()
  const child = await startTracker(launch, port, bench.trackerCore)
  const readyMs = performance.now() - startedMs
  try {
    return { readyMs, ...(await applyLoad(bench, child, port, load)) }
  } catch (cause) {
    if (!child.hasExited()) throw cause
    const end = await child.exited
    throw new Error(`died under load: ${end} (${child.stderr().trim().slice(-400)})`, { cause })
  } finally {
    await child.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
