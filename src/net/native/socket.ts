// What every socket of the native engine needs: names in the kernel's layout, options, and refusals as errors.

import { AquaticError } from '../../errors.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { addressBytes, versionOf } from '../address.js'
import { errnoName } from '../errno.js'
import { shortestIpv6 } from '../inherited-sockets.js'
import { AF_INET, AF_INET6, SOCKADDR_IN_BYTES, SOCKADDR_IN6_BYTES, SUN_PATH_BYTES } from './constants.js'
import type { Libc } from './libc.js'

/** The family before the path in `struct sockaddr_un`. */
const SUN_FAMILY_BYTES = 2

/** `struct sockaddr_in` or `sockaddr_in6` in network order. */
export function encodeSocketAddress({ address, port }: SocketAddress): Uint8Array {
  const isIpv6 = versionOf(address) === 6
  const name = new Uint8Array(isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES)
  const view = new DataView(name.buffer)
  view.setUint16(0, isIpv6 ? AF_INET6 : AF_INET, true)
  view.setUint16(2, port, false)
  name.set(addressBytes(address), isIpv6 ? 8 : 4)
  return name
}

export function boundPort(libc: Libc, fd: number): number {
  return boundName(libc, fd).getUint16(2, false)
}

export function boundAddress(libc: Libc, fd: number, family: 4 | 6): SocketAddress {
  const name = boundName(libc, fd)
  const port = name.getUint16(2, false)
  if (family === 4) return { address: new Uint8Array(name.buffer, 4, 4).join('.'), port }
  const groups = Array.from({ length: 8 }, (_, index) => name.getUint16(8 + index * 2).toString(16))
  return { address: shortestIpv6(groups), port }
}

/** The path of a Unix-domain socket, as /proc/net/unix has it: that of an abstract one begins with `@`. */
export function boundPath(libc: Libc, fd: number): string {
  const name = new Uint8Array(SUN_FAMILY_BYTES + SUN_PATH_BYTES)
  const bytes = nameOf(libc, fd, name)
  const path = Buffer.from(name.subarray(SUN_FAMILY_BYTES, bytes))
  if (path[0] === 0) return path.toString('latin1').replaceAll('\0', '@')
  const end = path.indexOf(0)
  return path.toString('utf8', 0, end < 0 ? path.length : end)
}

function boundName(libc: Libc, fd: number): DataView {
  const name = new Uint8Array(SOCKADDR_IN6_BYTES)
  nameOf(libc, fd, name)
  return new DataView(name.buffer)
}

/** @returns how long the name is */
function nameOf(libc: Libc, fd: number, name: Uint8Array): number {
  const bytes = Int32Array.of(name.length)
  if (libc.getsockname(fd, name, bytes) !== 0) throw systemCallFailed('getsockname', libc.errno())
  return bytes[0]
}

export function setOption(libc: Libc, fd: number, level: number, name: number, value: number): void {
  if (libc.setsockopt(fd, level, name, Int32Array.of(value), 4) !== 0) {
    throw systemCallFailed(`setsockopt(${level}, ${name}, ${value})`, libc.errno())
  }
}

export function getOption(libc: Libc, fd: number, level: number, name: number): number {
  const value = new Int32Array(1)
  if (libc.getsockopt(fd, level, name, value, Int32Array.of(4)) !== 0) {
    throw systemCallFailed(`getsockopt(${level}, ${name})`, libc.errno())
  }
  return value[0]
}

function systemCallFailed(call: string, errno: number): AquaticError {
  return new AquaticError('AQ_BIND_FAILED', `The system refused ${call}: ${errnoName(errno)}.`, {
    remedy: 'start with --set network.engine=node, and report this line',
  })
}
