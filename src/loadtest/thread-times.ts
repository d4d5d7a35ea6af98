// Processor time of the threads that make load, from /proc/self/task; zeros where the system has no such files.

import { readFileSync } from 'node:fs'
import type { Tallies } from './tallies.js'
import { Gauge } from './tally.js'

/** USER_HZ: the unit of these files on every Linux that node runs on. */
const MS_PER_TICK = 10

export class ThreadTimes {
  readonly #tallies: Tallies
  readonly #last: number[]

  constructor(tallies: Tallies) {
    this.#tallies = tallies
    this.#last = tallies.workers.map(() => 0)
  }

  /** User and system time of each worker's thread, in milliseconds. */
  processorMs(): number[] {
    for (const [worker, { gauges }] of this.#tallies.workers.entries()) {
      const threadId = gauges[Gauge.threadId]
      if (threadId > 0) this.#last[worker] = readThreadMs(threadId) ?? this.#last[worker]
    }
    return [...this.#last]
  }
}

/** Undefined for a thread that has ended. */
function readThreadMs(threadId: number): number | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
  return parseThreadMs(text)
}

/** Fields 14 and 15 of `/proc/PID/stat`, counted after the name, which may hold anything. */
export function parseThreadMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}
