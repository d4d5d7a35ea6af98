// Reads from /proc how many datagrams the kernel dropped, for sockets whose descriptor is not at hand (node engine).

import { existsSync, readFileSync } from 'node:fs'

const TABLES = ['/proc/net/udp', '/proc/net/udp6']

/** Sum of the drop counters of all UDP sockets bound to these local ports; 0 where there is no such table. */
export function kernelDropsOfPorts(ports: readonly number[]): number {
  return TABLES.filter(table => existsSync(table))
    .map(table => sumDrops(readFileSync(table, 'utf8'), ports))
    .reduce((sum, drops) => sum + drops, 0)
}

/**
 * One line per socket: `sl local_address rem_address st … drops`, the address as `HEX:PORT` and drops last.
 * @param table the text of /proc/net/udp or udp6
 */
export function sumDrops(table: string, ports: readonly number[]): number {
  let sum = 0
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns.length < 2) continue
    const port = Number.parseInt(columns[1].slice(columns[1].indexOf(':') + 1), 16)
    if (ports.includes(port)) sum += Number(columns[columns.length - 1])
  }
  return sum
}
