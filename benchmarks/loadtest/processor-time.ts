// What a load generator used of its core: to its end for a program that only makes load, between two lines of its
// output for one that starts slowly or reports in between.
import { readFileSync } from 'node:fs'
import { type Child, startPinned } from '../support/children.js'
import type { Launch } from '../support/contenders.js'
import {
  type CoreShares,
  type Cost,
  computeCoreShares,
  computeCost,
  type LoadCounts,
} from '../support/cost.js'
import {
  type CoreTicks,
  type ProcessorTicks,
  parseProcessorTicks,
  readCoreTicks,
} from '../support/process-accounting.js'

/** A generator's cost per answered request, and what it counted. */
export interface GeneratorRun extends Cost, CoreShares {
  readonly load: LoadCounts
}

/** Where a generator runs. */
export interface GeneratorBench {
  readonly loadCore: number
  readonly ticksPerSecond: number
}

const nothing: ProcessorTicks = { user: 0, system: 0 }

/** Fields 16 and 17 of /proc/PID/stat: processor time of children that have ended. */
export function parseChildrenTicks(stat: string): ProcessorTicks {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const user = Number(fields[13])
  const system = Number(fields[14])
  if (!Number.isInteger(user) || !Number.isInteger(system))
    throw new Error(`not a /proc/PID/stat line: ${stat}`)
  return { user, system }
}

/** Runs a generator to its end: all of its processor time counts. Throws with its last words when it fails. */
export async function measureToEnd(
  bench: GeneratorBench,
  { command, args }: Launch,
  parse: (stdout: string) => LoadCounts,
): Promise<GeneratorRun> {
  // The shell has waited for the generator, so its children's time is the generator's.
  const script = '"$@" || exit; echo; cat /proc/$$/stat'
  const coreBefore = readCoreTicks(bench.loadCore)
  const child = startPinned({
    command: 'sh',
    args: ['-c', script, 'sh', command, ...args],
    core: bench.loadCore,
  })
  await untilEnd(child, command)
  const stdout = child.stdout().trimEnd()
  const load = parse(stdout)
  const ticks = parseChildrenTicks(stdout.slice(stdout.lastIndexOf('\n') + 1))
  return {
    ...computeCost(nothing, ticks, bench.ticksPerSecond, load),
    ...computeCoreShares(coreBefore, readCoreTicks(bench.loadCore)),
    load,
  }
}

/** Which lines of a generator's output begin and end what is measured, and what it counted in between. */
export interface Marks {
  readonly isStart: (line: string) => boolean
  readonly isEnd: (line: string) => boolean
  readonly parse: (stdout: string) => LoadCounts
}

/** Runs a generator; only its processor time between two lines counts. Throws with its last words when it fails. */
export async function measureBetween(
  bench: GeneratorBench,
  { command, args }: Launch,
  marks: Marks,
): Promise<GeneratorRun> {
  const readings: { ticks: ProcessorTicks; core: CoreTicks }[] = []
  let rest = ''
  const take = (): (typeof readings)[number] => ({
    ticks: parseProcessorTicks(readFileSync(`/proc/${child.pid}/stat`, 'latin1').trimEnd()),
    core: readCoreTicks(bench.loadCore),
  })
  const onStdout = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const isMark = [marks.isStart, marks.isEnd][readings.length]
      if (isMark?.(line) === true) readings.push(take())
    }
  }
  const child = startPinned({ command, args, core: bench.loadCore, onStdout })
  await untilEnd(child, command)
  const [before, after] = readings
  if (before === undefined || after === undefined)
    throw new Error(`${command} did not say when it began and ended`)
  const load = marks.parse(child.stdout())
  return {
    ...computeCost(before.ticks, after.ticks, bench.ticksPerSecond, load),
    ...computeCoreShares(before.core, after.core),
    load,
  }
}

async function untilEnd(child: Child, command: string): Promise<void> {
  const end = await child.exited
  if (end !== 'ended with exit code 0')
    throw new Error(`${command} ${end}: ${child.stderr().trim().slice(-400)}`)
}
