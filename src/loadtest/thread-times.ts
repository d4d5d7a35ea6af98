// Processor time of the threads that make load, and time in which they waited for one, from /proc/self/task;
// zeros where the system has no such files.

import { readFileSync } from 'node:fs'
import type { Tallies } from './tallies.js'
import { Gauge } from './tally.js'

/** USER_HZ: the unit of these files on every Linux that node runs on. */
const MS_PER_TICK = 10

export class ThreadTimes {
  readonly #tallies: Tallies
  readonly #last: number[]
  readonly #lastWaited: number[]

  constructor(tallies: Tallies) {
    this.#tallies = tallies
    this.#last = tallies.workers.map(() => 0)
    this.#lastWaited = tallies.workers.map(() => 0)
  }

  /** User and system time of each worker's thread, in milliseconds. */
  processorMs(): number[] {
    return this.#read('stat', parseThreadMs, this.#last)
  }

  /** Time in which each worker's thread could have run and had no processor, in milliseconds. */
  waitedMs(): number[] {
    return this.#read('schedstat', parseWaitedMs, this.#lastWaited)
  }

  #read(file: 'stat' | 'schedstat', parse: (text: string) => number, last: number[]): number[] {
    for (const [worker, { gauges }] of this.#tallies.workers.entries()) {
      const threadId = gauges[Gauge.threadId]
      const text = threadId > 0 ? readThreadFile(threadId, file) : undefined
      if (text !== undefined) last[worker] = parse(text)
    }
    return [...last]
  }
}

/** Undefined for a thread that has ended, and for a file that this system does not have. */
function readThreadFile(threadId: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${threadId}/${file}`, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** Fields 14 and 15 of `/proc/PID/stat`, counted after the name, which may hold anything. */
export function parseThreadMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}

/** The second field of `/proc/PID/schedstat`, in nanoseconds. */
export function parseWaitedMs(schedstat: string): number {
  return Number(schedstat.split(' ')[1] ?? 0) / 1e6
}
