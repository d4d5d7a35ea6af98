// How many connections a process may have: each takes a descriptor of the tracker, and one of the load.
import { readFileSync } from 'node:fs'
import { UsageError } from '../support/program.js'

/** What a tracker or a load has open besides connections, and some more. */
const spareDescriptors = 250

/** The hard limit of /proc/PID/limits, which node raises its own to and hands on; Infinity without one. */
export function parseOpenFilesLimit(limits: string): number {
  const line = /^Max open files +\S+ +(\d+|unlimited)/m.exec(limits)
  if (line === null) throw new Error('no line about open files in /proc/self/limits')
  return line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1])
}

/** Most connections that a tracker started here can have. */
export function readConnectionsMax(): number {
  return parseOpenFilesLimit(readFileSync('/proc/self/limits', 'utf8')) - spareDescriptors
}

/** Throws UsageError with the remedy when `connections` are more than fit. */
export function checkConnections(connections: number, connectionsMax: number, instead: string): void {
  if (connections <= connectionsMax) return
  throw new UsageError(
    `${connections} connections need ${connections + spareDescriptors} descriptors, and the hard limit is ` +
      `${connectionsMax + spareDescriptors}: raise it (\`ulimit -Hn ${connections + spareDescriptors}\` as root, or the ` +
      `container's), or ${instead}`,
  )
}
