// Opens what the native engine accepts connections on. The main thread opens all of it before any worker starts, as
// with UDP: a bind error is known at once, and privileges can be dropped in between.

import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { versionOf } from '../address.js'
import { bindError, unixBindError } from '../bind-error.js'
import { Errno, errnoName } from '../errno.js'
import type { StreamAddress } from '../stream.js'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_GETFL,
  F_SETFL,
  IPV6_V6ONLY,
  O_NONBLOCK,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_TCP,
  SUN_PATH_BYTES,
  TCP_NODELAY,
} from './constants.js'
import { type Libc, loadLibc } from './libc.js'
import { boundAddress, boundPath, boundPort, encodeSocketAddress, getOption, setOption } from './socket.js'

export interface StreamListenerOptions {
  /** What is spoken, for the text of errors: `http`. */
  readonly protocol: string
  /** Connections that wait to be accepted; the system allows net.core.somaxconn at most. */
  readonly backlog: number
}

export interface TcpListenerOptions extends StreamListenerOptions {
  readonly address: SocketAddress
  /** IPV6_V6ONLY; without it an IPv6 wildcard listener also takes IPv4 (as mapped addresses). */
  readonly onlyIpv6: boolean
}

export interface UnixListenerOptions extends StreamListenerOptions {
  readonly path: string
  /** Permission bits of the socket's file: who may connect. */
  readonly mode: number
}

/** A listening socket; plain data, so that it can be handed to a worker. */
export interface OpenStreamListener {
  readonly fd: number
  /** 0 for a Unix-domain socket. */
  readonly family: 0 | 4 | 6
  /** With the port that the system chose where 0 was asked for. */
  readonly address: StreamAddress
  /** The file of a Unix-domain socket is ours, and goes with it. */
  readonly ownsFile: boolean
}

/**
 * Opens one listener with SO_REUSEPORT, so that each worker has its own on the same port and the kernel deals out
 * connections. Another program of the same user could share the port as well: `isTcpAddressTaken` asks before.
 * @throws AquaticError AQ_BIND_* with the cause and what to do
 */
export function openTcpListener(options: TcpListenerOptions): OpenStreamListener {
  const { address, protocol } = options
  const libc = loadLibc()
  const family = versionOf(address.address)
  const fd = libc.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  if (fd < 0) throw bindError(protocol, address, errnoName(libc.errno()))
  try {
    if (family === 6) setOption(libc, fd, SOL_IPV6, IPV6_V6ONLY, options.onlyIpv6 ? 1 : 0)
    setOption(libc, fd, SOL_SOCKET, SO_REUSEADDR, 1)
    setOption(libc, fd, SOL_SOCKET, SO_REUSEPORT, 1)
    setOption(libc, fd, SOL_TCP, TCP_NODELAY, 1)
    const name = encodeSocketAddress(address)
    if (libc.bind(fd, name, name.length) !== 0 || libc.listen(fd, options.backlog) !== 0) {
      throw bindError(protocol, address, errnoName(libc.errno()))
    }
    return { fd, family, address: { address: address.address, port: boundPort(libc, fd) }, ownsFile: false }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** Whether another program listens on the address (a second listener with SO_REUSEPORT would share it). */
export function isTcpAddressTaken({ address, onlyIpv6 }: TcpListenerOptions): boolean {
  if (address.port === 0) return false
  const libc = loadLibc()
  const family = versionOf(address.address)
  const fd = libc.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  try {
    if (family === 6) setOption(libc, fd, SOL_IPV6, IPV6_V6ONLY, onlyIpv6 ? 1 : 0)
    // Connections of an earlier run that wait in TIME_WAIT are no obstacle.
    setOption(libc, fd, SOL_SOCKET, SO_REUSEADDR, 1)
    const name = encodeSocketAddress(address)
    return libc.bind(fd, name, name.length) !== 0 && libc.errno() === Errno.EADDRINUSE
  } finally {
    libc.close(fd)
  }
}

/**
 * Opens a Unix-domain listener, which all workers share. A socket file that nobody listens on (a program that was
 * killed leaves one) is replaced.
 * @throws AquaticError AQ_BIND_*
 */
export function openUnixListener(options: UnixListenerOptions): OpenStreamListener {
  const { path, protocol } = options
  const libc = loadLibc()
  const name = encodeUnixName(path)
  if (name === undefined) throw unixBindError(protocol, path, 'ENAMETOOLONG')
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  if (fd < 0) throw unixBindError(protocol, path, errnoName(libc.errno()))
  try {
    removeStaleSocket(libc, path, name)
    if (libc.bind(fd, name, name.length) !== 0) throw unixBindError(protocol, path, errnoName(libc.errno()))
    // Before listen: until then nobody can connect, whatever the file's first permissions are.
    chmodSync(path, options.mode)
    if (libc.listen(fd, options.backlog) !== 0) {
      throw unixBindError(protocol, path, errnoName(libc.errno()))
    }
    return { fd, family: 0, address: { path }, ownsFile: true }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/**
 * Takes over a listening stream socket that a service manager passed in.
 * @returns undefined when the descriptor is nothing of the kind
 */
export function adoptStreamListener(fd: number): OpenStreamListener | undefined {
  const libc = loadLibc()
  const type = new Int32Array(1)
  const isSocket = libc.getsockopt(fd, SOL_SOCKET, SO_TYPE, type, Int32Array.of(4)) === 0
  if (!isSocket || type[0] !== SOCK_STREAM || getOption(libc, fd, SOL_SOCKET, SO_ACCEPTCONN) !== 1) {
    return undefined
  }
  const domain = getOption(libc, fd, SOL_SOCKET, SO_DOMAIN)
  if (domain !== AF_INET && domain !== AF_INET6 && domain !== AF_UNIX) return undefined
  libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) | O_NONBLOCK)
  if (domain === AF_UNIX) return { fd, family: 0, address: { path: boundPath(libc, fd) }, ownsFile: false }
  setOption(libc, fd, SOL_TCP, TCP_NODELAY, 1)
  const family = domain === AF_INET6 ? 6 : 4
  return { fd, family, address: boundAddress(libc, fd, family), ownsFile: false }
}

/**
 * Closes a listener, and removes its file if it opened one; its number must not be used again. Where rights have been
 * given up the file may be out of reach, and stays: whoever listens there next replaces it.
 */
export function closeStreamListener({ fd, address, ownsFile }: OpenStreamListener): void {
  loadLibc().close(fd)
  if (!ownsFile || !('path' in address)) return
  try {
    unlinkSync(address.path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'EPERM') throw error
  }
}

/** `struct sockaddr_un`: family 2, path with a zero byte. @returns undefined when the path is too long */
function encodeUnixName(path: string): Uint8Array | undefined {
  const bytes = new TextEncoder().encode(path)
  if (bytes.length === 0 || bytes.length >= SUN_PATH_BYTES) return undefined
  const name = new Uint8Array(2 + bytes.length + 1)
  name[0] = AF_UNIX
  name.set(bytes, 2)
  return name
}

/** Only a socket is ever removed, and only when connecting to it shows that nobody is there. */
function removeStaleSocket(libc: Libc, path: string, name: Uint8Array): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isSocket() !== true) return
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  if (fd < 0) return
  try {
    const isStale = libc.connect(fd, name, name.length) !== 0 && libc.errno() === Errno.ECONNREFUSED
    if (isStale) unlinkIfThere(path)
  } finally {
    libc.close(fd)
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
