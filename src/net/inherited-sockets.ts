// Sockets that a service manager opened and passed in (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES).

import { readFileSync, readlinkSync } from 'node:fs'
import { AquaticError } from '../errors.js'
import type { SocketAddress } from '../protocol/socket-address.js'

/** The first descriptor passed in, after standard input, output and error. */
const FIRST_FD = 3
/** More than any socket unit has; a larger number is a mistake. */
const FDS_MAX = 4096

export interface InheritedDescriptor {
  readonly fd: number
  /** `FileDescriptorName=` of the socket unit, or `unknown`. */
  readonly name: string
}

/** An inherited UDP socket, seen from outside. */
export interface InheritedUdpSocket {
  readonly fd: number
  readonly family: 4 | 6
  readonly address: SocketAddress
}

/**
 * What was passed to this process; nothing when the variables are meant for another one.
 * @throws AquaticError AQ_INHERITED_SOCKET when LISTEN_FDS is no sensible number
 */
export function inheritedDescriptors(environment: NodeJS.ProcessEnv, pid: number): InheritedDescriptor[] {
  const { LISTEN_PID: listenPid, LISTEN_FDS: listenFds, LISTEN_FDNAMES: listenNames } = environment
  if (listenPid !== String(pid) || listenFds === undefined) return []
  const count = /^\d{1,5}$/.test(listenFds) ? Number(listenFds) : Number.NaN
  if (!(count <= FDS_MAX)) {
    throw new AquaticError('AQ_INHERITED_SOCKET', `LISTEN_FDS is "${listenFds}", not a number of sockets.`, {
      remedy: 'start the tracker from a socket unit, or without LISTEN_PID and LISTEN_FDS',
    })
  }
  const names = (listenNames ?? '').split(':')
  return Array.from({ length: count }, (_, index) => ({
    fd: FIRST_FD + index,
    name: names[index] || 'unknown',
  }))
}

/**
 * The bound UDP socket behind a descriptor, found through /proc, for where no system call can be made.
 * @returns undefined for anything else (Linux only; in the network namespace of this process)
 */
export function findInheritedUdpSocket(fd: number): InheritedUdpSocket | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkOrNothing(`/proc/self/fd/${fd}`))?.[1]
  if (inode === undefined) return undefined
  for (const family of [4, 6] as const) {
    const table = readFileSync(family === 4 ? '/proc/net/udp' : '/proc/net/udp6', 'utf8')
    const address = localAddressOf(table, inode)
    if (address !== undefined) return { fd, family, address }
  }
  return undefined
}

function readlinkOrNothing(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/**
 * The local address of the socket with this inode.
 * Columns: `sl local_address rem_address st queues timer retransmits uid timeout inode …`
 * @param table the text of /proc/net/udp or udp6
 */
export function localAddressOf(table: string, inode: string): SocketAddress | undefined {
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[9] !== inode) continue
    const [address, port] = columns[1].split(':')
    return { address: addressText(address), port: Number.parseInt(port, 16) }
  }
  return undefined
}

/** 8 or 32 hexadecimal digits: each word of the address printed as a number of this (little-endian) machine. */
function addressText(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  bytes.swap32()
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return shortestIpv6(groups)
}

/** Eight hexadecimal groups in the shortest spelling (RFC 5952), as people write it. */
export function shortestIpv6(groups: readonly string[]): string {
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

/** A UDP socket that was passed in before it had an address. */
export function inheritedUnbound(fd: number): AquaticError {
  return new AquaticError(
    'AQ_INHERITED_SOCKET',
    `The UDP socket passed in as descriptor ${fd} is not bound.`,
    {
      remedy: 'pass bound sockets: ListenDatagram= in a socket unit (docs/operating.md)',
    },
  )
}
