// One measurement: a fresh tracker of one process or several, one load, and what its processes used for it.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, type ChildOptions, makeScratchDirectory, startPinned } from './children.js'
import type { Launch } from './contenders.js'
import { type CoreShares, type Cost, computeCoreShares, computeCost, type LoadCounts } from './cost.js'
import type { LoadOptions } from './flags.js'
import {
  type ProcessorTicks,
  readCoreTicks,
  readProcessorTicks,
  readResidentMemory,
  readTicksPerSecond,
} from './process-accounting.js'

/** Memory and start-up work settle for this long before the memory after start is read. */
const settleMs = 500

export interface Measurement<Result extends LoadCounts> extends Cost, CoreShares {
  readonly load: Result
  readonly readyMs: number
  readonly residentAfterStartKib: number
  readonly peakResidentKib: number
}

/** What all measurements of a run share. */
export interface Bench {
  readonly scratchDirectory: string
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly trackerCore: number
  readonly loadCore: number
  readonly ticksPerSecond: number
}

/** A scratch directory, which is removed when the program ends, and what the command line says. */
export function prepareBench({ seconds, warmUpSeconds, trackerCore, loadCore }: LoadOptions): Bench {
  const scratchDirectory = makeScratchDirectory()
  const ticksPerSecond = readTicksPerSecond()
  return { scratchDirectory, seconds, warmUpSeconds, trackerCore, loadCore, ticksPerSecond }
}

/** A tracker and its load: the processes share the tracker's core, and count together. */
export interface Trial<Result extends LoadCounts> {
  readonly launch: (directory: string) => readonly Launch[]
  /** Resolves when the tracker answers; rejects when the promise resolves first. */
  readonly waitUntilAnswering: (exited: Promise<string>) => Promise<void>
  readonly runLoad: (seconds: number) => Promise<Result>
  /** Looks closer at what the tracker answers by now, after its time was read: that costs it something too. */
  readonly inspect?: (load: Result) => Promise<Result>
}

/** How a process is started, and who sees its output when it arrives. */
type ProcessLaunch = Launch & Pick<ChildOptions, 'onStdout'>

/** Started processes that are one tracker. */
export interface Tracker {
  readonly children: readonly Child[]
  /** Processor time of all of them; throws when one has ended. */
  readonly readTicks: () => ProcessorTicks
  readonly readResidentKib: () => { readonly nowKib: number; readonly peakKib: number }
  /** How the first of them that ended did so, with its last words. */
  readonly exited: Promise<string>
  readonly hasExited: () => boolean
  readonly lastWords: () => string
  readonly stop: () => Promise<void>
}

function sumOf<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0)
}

function startProcesses(launches: readonly ProcessLaunch[], core: number): Tracker {
  const children = launches.map(launch => startPinned({ ...launch, core }))
  return {
    children,
    readTicks: () => {
      const ticks = children.map(({ pid }) => readProcessorTicks(pid))
      return { user: sumOf(ticks, one => one.user), system: sumOf(ticks, one => one.system) }
    },
    readResidentKib: () => {
      const memory = children.map(({ pid }) => readResidentMemory(pid))
      return { nowKib: sumOf(memory, one => one.nowKib), peakKib: sumOf(memory, one => one.peakKib) }
    },
    exited: Promise.race(children.map(child => child.exited)),
    hasExited: () => children.some(child => child.hasExited()),
    lastWords: () =>
      children
        .map(child => (child.stderr() || child.stdout()).trim())
        .filter(words => words !== '')
        .join(' | ')
        .slice(-400),
    stop: async () => {
      for (const child of children) await child.stop()
    },
  }
}

/** Starts a tracker on its core and resolves when it answers; throws with its last words when it does not. */
export async function startTracker(
  launches: readonly ProcessLaunch[],
  core: number,
  waitUntilAnswering: (exited: Promise<string>) => Promise<void>,
): Promise<Tracker> {
  const tracker = startProcesses(launches, core)
  try {
    await waitUntilAnswering(tracker.exited)
  } catch (cause) {
    await tracker.stop()
    const lastWords = tracker.lastWords()
    throw new Error(
      `did not start: ${(cause as Error).message}${lastWords === '' ? '' : ` (${lastWords})`}`,
      { cause },
    )
  }
  return tracker
}

/** Runs the load and says what it cost. Throws when nothing was answered. */
export async function measureLoad<Result extends LoadCounts>(
  bench: Pick<Bench, 'trackerCore' | 'ticksPerSecond'>,
  tracker: Tracker,
  runLoad: () => Promise<Result>,
): Promise<Cost & CoreShares & { readonly load: Result }> {
  const coreBefore = readCoreTicks(bench.trackerCore)
  const before = tracker.readTicks()
  const load = await runLoad()
  const after = tracker.readTicks()
  const coreAfter = readCoreTicks(bench.trackerCore)
  if (load.responses === 0) throw new Error('answered nothing')
  return {
    ...computeCost(before, after, bench.ticksPerSecond, load),
    ...computeCoreShares(coreBefore, coreAfter),
    load,
  }
}

async function applyLoad<Result extends LoadCounts>(
  bench: Bench,
  tracker: Tracker,
  { runLoad, inspect }: Trial<Result>,
): Promise<Omit<Measurement<Result>, 'readyMs'>> {
  await pause(settleMs)
  const residentAfterStartKib = tracker.readResidentKib().nowKib
  if (bench.warmUpSeconds > 0) await runLoad(bench.warmUpSeconds)
  const measured = await measureLoad(bench, tracker, () => runLoad(bench.seconds))
  const load = (await inspect?.(measured.load)) ?? measured.load
  return { ...measured, load, residentAfterStartKib, peakResidentKib: tracker.readResidentKib().peakKib }
}

/** A directory for the files of one tracker, which other users may enter. */
export function makeTrackerDirectory(scratchDirectory: string): string {
  const directory = mkdtempSync(join(scratchDirectory, 'tracker-'))
  chmodSync(directory, 0o755)
  return directory
}

/**
 * Starts the tracker, warms it up, measures one load and stops it.
 * Throws when it does not start, dies under the load (and says how) or answers nothing.
 */
export async function measure<Result extends LoadCounts>(
  bench: Bench,
  trial: Trial<Result>,
): Promise<Measurement<Result>> {
  const directory = makeTrackerDirectory(bench.scratchDirectory)
  const launches = trial.launch(directory)
  const startedMs = performance.now()
  const tracker = await startTracker(launches, bench.trackerCore, trial.waitUntilAnswering)
  const readyMs = performance.now() - startedMs
  try {
    return { readyMs, ...(await applyLoad(bench, tracker, trial)) }
  } catch (cause) {
    if (!tracker.hasExited()) throw cause
    throw new Error(`died under load: ${await tracker.exited} (${tracker.lastWords()})`, { cause })
  } finally {
    await tracker.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
