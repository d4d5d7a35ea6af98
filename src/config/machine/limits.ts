// Reads /proc/self/limits and compares: open files, address space.

import type { MachineCheck } from './needs.js'

/**
 * The soft limit of one line of /proc/PID/limits, such as `Max open files`.
 * @returns Infinity for `unlimited`, undefined where there is no such line
 */
export function softLimit(limits: string, name: string): number | undefined {
  const line = limits.split('\n').find(line => line.startsWith(`${name} `))
  const soft = line?.slice(name.length).trim().split(/\s+/)[0]
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY
  return soft !== undefined && /^\d+$/.test(soft) ? Number(soft) : undefined
}

export const checkOpenFiles: MachineCheck = async ({ openFiles }, machine) => {
  // Node itself raises its soft limit to the hard one at start, so what it sees here is what there is.
  const limit = softLimit((await machine.readText('/proc/self/limits')) ?? '', 'Max open files')
  if (limit === undefined || limit >= openFiles) return []
  return [
    {
      severity: 'error',
      check: 'open files',
      text: `up to ${openFiles} files and sockets are needed at once, and the limit is ${limit}.`,
      remedy: `raise it: \`ulimit -n ${openFiles}\`, or LimitNOFILE=${openFiles} in the service's unit`,
    },
  ]
}

export const checkAddressSpace: MachineCheck = async ({ memory }, machine) => {
  const limit = softLimit((await machine.readText('/proc/self/limits')) ?? '', 'Max address space')
  if (memory === undefined || limit === undefined || limit >= memory.bytes) return []
  const text = `${memory.key} is ${memory.bytes} bytes, and this process may have ${limit} of address space.`
  return [
    { severity: 'error', check: 'memory', key: memory.key, text, remedy: 'lower it, or raise `ulimit -v`' },
  ]
}
