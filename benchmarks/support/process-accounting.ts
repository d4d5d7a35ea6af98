// What the Linux kernel says about one process (processor time of all its threads, resident memory) and
// about one core (how long it was idle, and how long the hypervisor gave it to somebody else). See proc(5).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Processor time in clock ticks since the process started, all threads together. */
export interface ProcessorTicks {
  readonly user: number
  readonly system: number
}

/** Resident memory now and at its highest, in KiB. */
export interface ResidentMemory {
  readonly nowKib: number
  readonly peakKib: number
}

/** What one core did since the machine started, in clock ticks; `all` includes the other two. */
export interface CoreTicks {
  readonly all: number
  readonly idle: number
  readonly stolen: number
}

/** Fields 14 and 15 of /proc/PID/stat. The second field, the name, may contain spaces and parentheses. */
export function parseProcessorTicks(stat: string): ProcessorTicks {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const user = Number(fields[11])
  const system = Number(fields[12])
  if (!Number.isInteger(user) || !Number.isInteger(system))
    throw new Error(`not a /proc/PID/stat line: ${stat}`)
  return { user, system }
}

/** VmRSS and VmHWM of /proc/PID/status. */
export function parseResidentMemory(status: string): ResidentMemory {
  const now = /^VmRSS:\s+(\d+) kB$/m.exec(status)
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)
  if (now === null || peak === null)
    throw new Error('no VmRSS and VmHWM in /proc/PID/status: the process has ended')
  return { nowKib: Number(now[1]), peakKib: Number(peak[1]) }
}

/**
 * The line of one core in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal (guest time is
 * in user).
 */
export function parseCoreTicks(stat: string, core: number): CoreTicks {
  const line = stat.split('\n').find(candidate => candidate.startsWith(`cpu${core} `))
  const ticks = (line ?? '').split(' ').slice(1, 9).map(Number)
  if (ticks.length !== 8 || ticks.some(Number.isNaN)) throw new Error(`no cpu${core} in /proc/stat`)
  return { all: ticks.reduce((sum, value) => sum + value, 0), idle: ticks[3]! + ticks[4]!, stolen: ticks[7]! }
}

/** Reads what one core did so far. */
export function readCoreTicks(core: number): CoreTicks {
  return parseCoreTicks(readFileSync('/proc/stat', 'latin1'), core)
}

/** Reads the processor time of a living process; throws when it has ended. */
export function readProcessorTicks(pid: number): ProcessorTicks {
  return parseProcessorTicks(readFileSync(`/proc/${pid}/stat`, 'latin1').trimEnd())
}

/** Reads the resident memory of a living process; throws when it has ended. */
export function readResidentMemory(pid: number): ResidentMemory {
  return parseResidentMemory(readFileSync(`/proc/${pid}/status`, 'latin1'))
}

/** Clock ticks per second (100 nearly everywhere): ten seconds of load resolve 0.1 % of a core. */
export function readTicksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}
