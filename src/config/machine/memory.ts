// Is there as much memory as the swarm may take?

import type { MachineCheck } from './needs.js'

/** Bytes that could be had without swapping, from the text of /proc/meminfo. */
export function availableBytes(meminfo: string): number | undefined {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

export const checkMemory: MachineCheck = async ({ memory }, machine) => {
  if (memory === undefined) return []
  const now = availableBytes((await machine.readText('/proc/meminfo')) ?? '') ?? machine.memoryBytes
  const { key, bytes } = memory
  const available = Math.min(now, machine.memoryBytes)
  if (bytes <= available) return []
  const reason =
    bytes > machine.memoryBytes
      ? `this process may use ${machine.memoryBytes}`
      : `${available} are available at the moment`
  return [
    {
      severity: 'warning',
      check: 'memory',
      key,
      text: `${key} is ${bytes} bytes, and ${reason}: a full swarm would be ended by the system.`,
      remedy: `lower it below ${available}, or set it to 0 (three quarters of what there is)`,
    },
  ]
}
