// One connection to a server with the runtime's own sockets, plain or TLS, from a source address of our choosing.

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ALPN_PROTOCOL } from '../tls-settings.js'

/** First source address, 127.0.0.1. */
const FIRST_SOURCE = 0x7f00_0001

export interface ClientSocketOptions {
  /** Numeric. */
  readonly address: string
  readonly port: number
  /** As `sourceAddress` gives it; undefined: the system chooses. */
  readonly localAddress: string | undefined
  readonly tls: {
    /** For SNI and the certificate. */
    readonly hostName: string
    /** Whether the certificate must be valid, by those that node trusts; else any is believed. */
    readonly verifiesCertificate: boolean
  } | null
}

/**
 * Begins to connect. The socket's `ready` event (plain: `connect`, TLS: `secureConnect`) says that it can be used.
 * Sessions are not kept: every handshake is a full one.
 */
export function openClientSocket(options: ClientSocketOptions): {
  readonly socket: Socket
  readonly readyEvent: string
} {
  const { address, port, tls, localAddress } = options
  const to = { host: address, port, ...(localAddress === undefined ? {} : { localAddress }) }
  if (tls === null) return { socket: connect(to), readyEvent: 'connect' }
  const { hostName, verifiesCertificate } = tls
  const socket = connectTls({
    ...to,
    ...(isIP(hostName) === 0 ? { servername: hostName } : {}),
    rejectUnauthorized: verifiesCertificate,
    ALPNProtocols: [ALPN_PROTOCOL],
  })
  return { socket, readyEvent: 'secureConnect' }
}

/** The address that connections of a slot come from, where the target is of 127/8 and there are several. */
export function sourceAddress(slot: number, target: string, sourceAddresses: number): string | undefined {
  if (sourceAddresses <= 1 || !target.startsWith('127.')) return undefined
  const address = FIRST_SOURCE + (slot % sourceAddresses)
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}

/**
 * Why a socket failed, in the words of the native engine's client: `ECONNREFUSED`, `certificate: …`, `TLS: …`.
 * @param socket the one that failed
 */
export function describeSocketError(error: Error, socket: Socket): string {
  const { code, reason } = error as NodeJS.ErrnoException & { reason?: string }
  if ('authorizationError' in socket && (socket as TLSSocket).authorizationError) {
    return `certificate: ${error.message}`
  }
  if (reason !== undefined) return `TLS: ${reason}`
  // An error of a write that TLS had to wait with has OpenSSL's words in its message only.
  const words = /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1]
  if (words !== undefined) return `TLS: ${words}`
  if (code?.startsWith('ERR_SSL') === true || code?.startsWith('ERR_TLS') === true) return `TLS: ${code}`
  return code ?? error.message
}
