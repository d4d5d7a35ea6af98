// What both engines' UDP client sockets are told and say.

import { AquaticError } from '../errors.js'
import { formatSocketAddress, type SocketAddress } from '../protocol/socket-address.js'
import { addressBytes, versionOf } from './address.js'

export interface UdpClientOptions {
  readonly target: SocketAddress
  /** Sockets, all connected to the target. */
  readonly sockets: number
  /** Addresses from 127.0.0.1 on that sockets have in turn; of use for IPv4 loopback targets only. */
  readonly sourceAddresses: number
  /** How many sockets of other workers come before in that turn. */
  readonly firstSource: number
  /** Bytes asked for, for each socket; 0 leaves the system's default. */
  readonly receiveBufferBytes: number
  /** Datagrams in one batch. */
  readonly batchSize: number
  /** Longest datagram sent, and longest read whole, in bytes. */
  readonly requestBytes: number
  readonly answerBytes: number
}

/** First of the source addresses, 127.0.0.1, and how many 127/8 has. */
const FIRST_SOURCE = 0x7f00_0001
const SOURCES_MAX = 0xff_fffe

/** Where a socket is bound to; null: the system chooses. */
export function sourceOf(options: UdpClientOptions, socket: number): string | null {
  const { target, sourceAddresses, firstSource } = options
  if (sourceAddresses <= 1 || !target.address.startsWith('127.')) return null
  const address = FIRST_SOURCE + ((firstSource + socket) % Math.min(sourceAddresses, SOURCES_MAX))
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}

/**
 * An address and port as they lie in an announce answer.
 * @returns 6 or 18 bytes as halves, loaded low byte first; the port is the last
 */
export function compactPeer({ address, port }: SocketAddress): Uint16Array {
  const bytes = addressBytes(address)
  const peer = new Uint8Array(bytes.length + 2)
  peer.set(bytes)
  peer[bytes.length] = port >> 8
  peer[bytes.length + 1] = port & 0xff
  return new Uint16Array(peer.buffer)
}

/** This machine can't open or connect a socket. @param errnoName such as `EMFILE` */
export function noUdpSocket(target: SocketAddress, socket: number, errnoName: string): AquaticError {
  const where = formatSocketAddress(target)
  return new AquaticError(
    'AQ_LOAD_WORKER_FAILED',
    `Cannot open UDP socket ${socket + 1} of a worker to ${where}: ${errnoName}.`,
    { remedy: remedyFor(target, errnoName) },
  )
}

function remedyFor(target: SocketAddress, errnoName: string): string {
  switch (errnoName) {
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the limit of open files (ulimit -n), or lower --sockets'
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `this machine has no way to IPv${versionOf(target.address)} addresses like this one: see \`ip route get ${target.address}\``
    default:
      return 'see `man 2 connect` for what this error number means'
  }
}
