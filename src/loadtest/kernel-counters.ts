// What Linux counts for the whole machine, from /proc and /sys: datagrams lost, processors' time, the clock.
// Every reader gives null where there is no such file.

import { existsSync, readFileSync } from 'node:fs'

/** Datagrams since the machine was started. */
export interface DatagramDrops {
  /** Nobody had read the ones before: no room in a socket's receive buffer, or none in memory for any. */
  readonly received: number
  /** No room in a send buffer, or in the queue of a network card. */
  readonly sent: number
}

/**
 * @param snmp text of /proc/net/snmp: a line of names and one of numbers, each beginning with `Udp:`
 * @param snmp6 text of /proc/net/snmp6: a line for each number, `Udp6RcvbufErrors 0`; empty without IPv6
 */
export function parseDatagramDrops(snmp: string, snmp6: string): DatagramDrops | null {
  const [names, numbers] = snmp
    .split('\n')
    .filter(line => line.startsWith('Udp: '))
    .map(line => line.trim().split(/\s+/))
  if (names === undefined || numbers === undefined) return null
  const of = (name: string): number => {
    const ipv6 = new RegExp(`^Udp6${name}\\s+(\\d+)$`, 'm').exec(snmp6)?.[1] ?? 0
    return Number(numbers[names.indexOf(name)] ?? 0) + Number(ipv6)
  }
  // MemErrors came with Linux 5.11. InErrors has all of these, and wrong checksums.
  return { received: of('RcvbufErrors') + of('MemErrors'), sent: of('SndbufErrors') }
}

export function readDatagramDrops(): DatagramDrops | null {
  return parseDatagramDrops(textOf('/proc/net/snmp'), textOf('/proc/net/snmp6'))
}

/** Time of all processors since the machine was started, in ticks. */
export interface ProcessorTicks {
  readonly all: number
  /** With nothing to do, or waiting for a disk. */
  readonly idle: number
  /** Taken by the host for other machines. */
  readonly stolen: number
}

/** Columns of the first line of /proc/stat that add up; those after them are parts of the first two. */
const TICK_COLUMNS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const

/** @param stat text of /proc/stat */
export function parseProcessorTicks(stat: string): ProcessorTicks | null {
  const columns = /^cpu +(.*)$/m.exec(stat)?.[1].split(' ').map(Number)
  if (columns === undefined || columns.length < TICK_COLUMNS.length) return null
  const ticks = columns.slice(0, TICK_COLUMNS.length)
  const of = (column: (typeof TICK_COLUMNS)[number]): number => ticks[TICK_COLUMNS.indexOf(column)]
  const all = ticks.reduce((sum, each) => sum + each, 0)
  return { all, idle: of('idle') + of('iowait'), stolen: of('steal') }
}

export function readProcessorTicks(): ProcessorTicks | null {
  return parseProcessorTicks(textOf('/proc/stat'))
}

/** What `clock_gettime` reads: `tsc`, `kvm-clock`, `hpet`. */
export function readClockSource(): string | null {
  return textOf('/sys/devices/system/clocksource/clocksource0/current_clocksource').trim() || null
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
