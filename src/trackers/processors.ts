// How many workers and how much memory "automatic" means on this machine.

import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { createSwarmMemory, type SwarmMemory, type SwarmMemoryOptions } from '../swarm/memory.js'

const CPU_QUOTA_FILE = '/sys/fs/cgroup/cpu.max'

const GIBIBYTE = 1024 ** 3
/** Less than this is not worth starting with by itself. */
const AUTOMATIC_BYTES_MIN = 64 * 1024 ** 2

/** Workers for `asked` (0: one for each processor this process may use, by affinity and by its container's quota). */
export function workerCount(asked: number): number {
  return asked > 0 ? asked : Math.min(availableParallelism(), containerProcessors())
}

/** Processors that the control group grants, rounded up; node itself looks at the affinity only. */
function containerProcessors(): number {
  return existsSync(CPU_QUOTA_FILE)
    ? parseCpuQuota(readFileSync(CPU_QUOTA_FILE, 'utf8'))
    : Number.POSITIVE_INFINITY
}

/** `cpu.max` of a control group: `max 100000`, or microseconds granted in each period, such as `150000 100000`. */
export function parseCpuQuota(text: string): number {
  const [quotaUs, periodUs] = text.trim().split(' ').map(Number)
  return quotaUs > 0 && periodUs > 0 ? Math.ceil(quotaUs / periodUs) : Number.POSITIVE_INFINITY
}

/**
 * Reserves a swarm of `askedBytes`. 0 means three quarters of what this process may use, at most 8 GiB, and less where
 * the system does not grant so much address space.
 * @throws AquaticError AQ_MEMORY_UNAVAILABLE
 */
export function reserveSwarm(
  askedBytes: number,
  options: Omit<SwarmMemoryOptions, 'memoryLimitBytes'>,
): SwarmMemory {
  if (askedBytes > 0) return createSwarmMemory({ ...options, memoryLimitBytes: askedBytes })
  for (let memoryLimitBytes = automaticBytes(); ; memoryLimitBytes /= 2) {
    try {
      return createSwarmMemory({ ...options, memoryLimitBytes: Math.floor(memoryLimitBytes) })
    } catch (error) {
      if (memoryLimitBytes <= AUTOMATIC_BYTES_MIN) throw error
    }
  }
}

function automaticBytes(): number {
  // 0 or a huge number: no container limit.
  const containerBytes = process.constrainedMemory?.() ?? 0
  const usableBytes = containerBytes > 0 ? Math.min(containerBytes, totalmem()) : totalmem()
  return Math.min(8 * GIBIBYTE, Math.floor(usableBytes * 0.75))
}
