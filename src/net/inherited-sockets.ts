// Sockets that a service manager opened and passed in (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES).

import { readFileSync, readlinkSync } from 'node:fs'
import { AquaticError } from '../errors.js'
import type { SocketAddress } from '../protocol/socket-address.js'
import type { StreamAddress } from './stream.js'

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

/** An inherited socket that listens for streams, seen from outside. */
export interface InheritedStreamListener {
  readonly fd: number
  readonly address: StreamAddress
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
  const inode = inodeOf(fd)
  if (inode === undefined) return undefined
  for (const family of [4, 6] as const) {
    const table = tableOrNothing(family === 4 ? '/proc/net/udp' : '/proc/net/udp6')
    const address = localAddressOf(table, inode)
    if (address !== undefined) return { fd, family, address }
  }
  return undefined
}

/** The same for a TCP or Unix-domain socket that listens for streams. */
export function findInheritedStreamListener(fd: number): InheritedStreamListener | undefined {
  const inode = inodeOf(fd)
  if (inode === undefined) return undefined
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const address = localAddressOf(tableOrNothing(file), inode, TCP_LISTEN)
    if (address !== undefined) return { fd, address }
  }
  const path = unixListenerPath(tableOrNothing('/proc/net/unix'), inode)
  return path === undefined ? undefined : { fd, address: { path } }
}

function inodeOf(fd: number): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(readlinkOrNothing(`/proc/self/fd/${fd}`))?.[1]
}

/** A system without IPv6 has no table of it. */
function tableOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function readlinkOrNothing(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** State of a TCP socket in /proc/net/tcp (`enum` in the kernel's net/tcp_states.h). */
const TCP_LISTEN = '0A'

/**
 * The local address of the socket with this inode.
 * Columns: `sl local_address rem_address st queues timer retransmits uid timeout inode …`
 * @param table the text of /proc/net/udp, udp6, tcp or tcp6
 * @param state the one that it must have, if it matters
 */
export function localAddressOf(table: string, inode: string, state?: string): SocketAddress | undefined {
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[9] !== inode || (state !== undefined && columns[3] !== state)) continue
    const [address, port] = columns[1].split(':')
    return { address: addressText(address), port: Number.parseInt(port, 16) }
  }
  return undefined
}

/** Flag and type of a Unix-domain socket that accepts streams: __SO_ACCEPTCON and SOCK_STREAM of the kernel. */
const UNIX_ACCEPTS = '00010000'
const UNIX_STREAM = '0001'

/**
 * The path of the listening stream socket with this inode; that of an abstract one begins with `@`.
 * Columns: `Num RefCount Protocol Flags Type St Inode Path`
 * @param table the text of /proc/net/unix
 */
export function unixListenerPath(table: string, inode: string): string | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, flags, type, found, path] = /^\S+ \S+ \S+ (\S+) (\S+) \S+ +(\d+) ?(.*)$/.exec(line) ?? []
    if (found === inode && flags === UNIX_ACCEPTS && type === UNIX_STREAM) return path
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
