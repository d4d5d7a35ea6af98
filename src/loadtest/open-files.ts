// How many descriptors a load test has open, and whether it may: said before it starts, not after 19,000 connections.

import { readFileSync } from 'node:fs'
import { softLimit } from '../config/machine/limits.js'
import { AquaticError } from '../errors.js'
import type { LoadPlan } from './plan.js'

/** Standard streams, event loops, code being loaded, counters of the kernel. */
const OPEN_FILES_OF_PROCESS = 64
/** Event loop, message port, epoll set of a thread. */
const OPEN_FILES_PER_WORKER = 14
const LIMITS_FILE = '/proc/self/limits'

/** Descriptors that a test has open at most. */
export function openFilesOf({
  workers,
  connectionsPerWorker,
}: Pick<LoadPlan, 'workers' | 'connectionsPerWorker'>): number {
  return OPEN_FILES_OF_PROCESS + workers * (OPEN_FILES_PER_WORKER + connectionsPerWorker)
}

/**
 * @param limits text of /proc/self/limits; node has raised the soft limit to the hard one at its start
 * @throws AquaticError AQ_OPEN_FILES where the plan needs more than the system allows
 */
export function requireOpenFiles(
  plan: Pick<LoadPlan, 'workers' | 'connectionsPerWorker'>,
  limits: string | null = readLimits(),
): void {
  const needed = openFilesOf(plan)
  const limit = softLimit(limits ?? '', 'Max open files')
  if (limit === undefined || needed <= limit) return
  const connections = plan.workers * plan.connectionsPerWorker
  const others = needed - connections
  const possible = Math.max(0, limit - others)
  throw new AquaticError(
    'AQ_OPEN_FILES',
    `${connections} connections and ${others} other files and sockets are needed at once, and the limit is ${limit}.`,
    {
      remedy: `raise it (ulimit -n ${needed}; as root: ulimit -Hn ${needed}), or use ${possible} connections`,
    },
  )
}

/** Null where the system has no such file. */
function readLimits(): string | null {
  try {
    return readFileSync(LIMITS_FILE, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
