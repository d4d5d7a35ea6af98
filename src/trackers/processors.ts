// How many workers and how much memory "automatic" means on this machine.

import { availableParallelism, totalmem } from 'node:os'

const GIBIBYTE = 1024 ** 3

/** Workers for `asked` (0: one for each processor this process may use, by affinity and container limits). */
export function workerCount(asked: number): number {
  return asked > 0 ? asked : availableParallelism()
}

/** The swarm's memory limit for `askedBytes` (0: three quarters of what this process may use, at most 8 GiB). */
export function swarmMemoryBytes(askedBytes: number): number {
  if (askedBytes > 0) return askedBytes
  // 0 or a huge number: no container limit.
  const containerBytes = process.constrainedMemory?.() ?? 0
  const usableBytes = containerBytes > 0 ? Math.min(containerBytes, totalmem()) : totalmem()
  return Math.min(8 * GIBIBYTE, Math.floor(usableBytes * 0.75))
}
