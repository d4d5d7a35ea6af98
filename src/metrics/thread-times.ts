// Processor time of this process's threads, by the names they gave themselves (net/thread-name.ts).

import { existsSync, readdirSync, readFileSync } from 'node:fs'

const TASKS = '/proc/self/task'
/** USER_HZ, the unit of these files, is 100 on every Linux that node runs on. */
const MS_PER_TICK = 10

export interface ThreadTime {
  /** At most 15 characters. */
  readonly name: string
  /** User and system time, in milliseconds. */
  readonly processorMs: number
}

/** Of all threads that run at this moment; none where the system has no such files. */
export function threadTimes(): ThreadTime[] {
  if (!existsSync(TASKS)) return []
  return readdirSync(TASKS).flatMap(task => {
    try {
      return [parseThreadTime(readFileSync(`${TASKS}/${task}/stat`, 'utf8'))]
    } catch (error) {
      // A thread that has ended since its number was read.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return []
    }
  })
}

/** @param stat proc(5): number, name in parentheses (it may hold any), then fields 3 and following */
export function parseThreadTime(stat: string): ThreadTime {
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  return {
    name: stat.slice(stat.indexOf('(') + 1, end),
    processorMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
  }
}
