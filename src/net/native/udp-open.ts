// Opens the UDP sockets of the native engine. The main thread opens all of them before any worker starts: a bind
// error is known at once, a restarted worker goes on with the same socket, and privileges can be dropped in between.

import { isWildcard, type SocketAddress } from '../../protocol/socket-address.js'
import { versionOf } from '../address.js'
import { bindError } from '../bind-error.js'
import { Errno, errnoName } from '../errno.js'
import { inheritedUnbound } from '../inherited-sockets.js'
import {
  AF_INET,
  AF_INET6,
  F_GETFL,
  F_SETFL,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_PROBE,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  MEMINFO_DROPS,
  MEMINFO_WORDS,
  O_NONBLOCK,
  SO_DOMAIN,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './constants.js'
import { type Libc, loadLibc } from './libc.js'
import { boundAddress, boundPort, encodeSocketAddress, getOption, setOption } from './socket.js'

export interface UdpSocketOptions {
  readonly address: SocketAddress
  /** IPV6_V6ONLY; without it an IPv6 wildcard socket also takes IPv4 (as mapped addresses). */
  readonly onlyIpv6: boolean
  /** Bytes asked for; 0 leaves the system's default. */
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
  /** The longest answer that will be sent. */
  readonly answerBytesMax: number
}

/** IPv6 guarantees 1280 bytes without fragmentation (RFC 8200 §5), and no IPv4 network in use carries less. */
const UNFRAGMENTED_BYTES = 1280 - 48

/** An open, bound socket; plain data, so that it can be handed to a worker. */
export interface OpenUdpSocket {
  readonly fd: number
  readonly family: 4 | 6
  /** With the port that the system chose where 0 was asked for. */
  readonly address: SocketAddress
  /** Bound to a wildcard: answers must say which local address was asked (packet info). */
  readonly needsPacketInfo: boolean
  readonly receiveBufferBytesGranted: number
  readonly sendBufferBytesGranted: number
}

/**
 * Opens one socket with SO_REUSEPORT, so that each worker has its own on the same port.
 * @throws AquaticError AQ_BIND_* with the cause and what to do
 */
export function openUdpSocket(options: UdpSocketOptions): OpenUdpSocket {
  const libc = loadLibc()
  const { address } = options
  const family = versionOf(address.address)
  const fd = libc.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw bindError('udp', address, errnoName(libc.errno()))
  try {
    if (family === 6) setOption(libc, fd, SOL_IPV6, IPV6_V6ONLY, options.onlyIpv6 ? 1 : 0)
    setOption(libc, fd, SOL_SOCKET, SO_REUSEPORT, 1)
    setServingOptions(libc, fd, family, options)
    const name = encodeSocketAddress(address)
    if (libc.bind(fd, name, name.length) !== 0) throw bindError('udp', address, errnoName(libc.errno()))
    return describe(libc, fd, family, { address: address.address, port: boundPort(libc, fd) })
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/**
 * Takes over a bound UDP socket that a service manager passed in.
 * @returns undefined when the descriptor is no UDP socket
 * @throws AquaticError AQ_INHERITED_SOCKET when it is one but has no address
 */
export function adoptUdpSocket(
  fd: number,
  options: Omit<UdpSocketOptions, 'address'>,
): OpenUdpSocket | undefined {
  const libc = loadLibc()
  const type = new Int32Array(1)
  if (libc.getsockopt(fd, SOL_SOCKET, SO_TYPE, type, Int32Array.of(4)) !== 0 || type[0] !== SOCK_DGRAM) {
    return undefined
  }
  const domain = getOption(libc, fd, SOL_SOCKET, SO_DOMAIN)
  if (domain !== AF_INET && domain !== AF_INET6) return undefined
  const family = domain === AF_INET6 ? 6 : 4
  const address = boundAddress(libc, fd, family)
  if (address.port === 0) throw inheritedUnbound(fd)
  setServingOptions(libc, fd, family, { ...options, address })
  // A worker sleeps in the receiving call itself.
  libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK)
  return describe(libc, fd, family, address)
}

function setServingOptions(libc: Libc, fd: number, family: 4 | 6, options: UdpSocketOptions): void {
  if (options.receiveBufferBytes > 0) setOption(libc, fd, SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes)
  if (options.sendBufferBytes > 0) setOption(libc, fd, SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes)
  if (isWildcard(options.address)) {
    if (family === 6) setOption(libc, fd, SOL_IPV6, IPV6_RECVPKTINFO, 1)
    else setOption(libc, fd, SOL_IP, IP_PKTINFO, 1)
  }
  // Answers that are never fragmented need no IP identification (RFC 6864), and drawing one costs the kernel 140 ns
  // of 2,330 per datagram here. PROBE sets DF and takes no notice of what routers claim about the path.
  if (family === 4 && options.answerBytesMax <= UNFRAGMENTED_BYTES) {
    setOption(libc, fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
  }
}

function describe(libc: Libc, fd: number, family: 4 | 6, address: SocketAddress): OpenUdpSocket {
  return {
    fd,
    family,
    address,
    needsPacketInfo: isWildcard(address),
    // The kernel doubles what was asked for, to account for its own bookkeeping, and reports the double.
    receiveBufferBytesGranted: getOption(libc, fd, SOL_SOCKET, SO_RCVBUF) / 2,
    sendBufferBytesGranted: getOption(libc, fd, SOL_SOCKET, SO_SNDBUF) / 2,
  }
}

/** Whether another program listens on the address (a second socket with SO_REUSEPORT would share its packets). */
export function isUdpAddressTaken(options: UdpSocketOptions): boolean {
  const { address } = options
  if (address.port === 0) return false
  const libc = loadLibc()
  const family = versionOf(address.address)
  const fd = libc.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  try {
    if (family === 6) setOption(libc, fd, SOL_IPV6, IPV6_V6ONLY, options.onlyIpv6 ? 1 : 0)
    const name = encodeSocketAddress(address)
    return libc.bind(fd, name, name.length) !== 0 && libc.errno() === Errno.EADDRINUSE
  } finally {
    libc.close(fd)
  }
}

/** Closes a socket; its number must not be used again. */
export function closeUdpSocket(socket: OpenUdpSocket): void {
  loadLibc().close(socket.fd)
}

/** Datagrams the kernel dropped because this socket's receive buffer was full (`SO_MEMINFO`). */
export function kernelDropsOf(socket: Pick<OpenUdpSocket, 'fd'>): number {
  const values = new Uint32Array(MEMINFO_WORDS)
  const bytes = Int32Array.of(values.byteLength)
  const failed = loadLibc().getsockopt(socket.fd, SOL_SOCKET, SO_MEMINFO, values, bytes) !== 0
  return failed ? 0 : values[MEMINFO_DROPS]
}
