// Socket addresses as they are written in configuration files: `0.0.0.0:3000`, `[::]:3000`.

import { isIPv4, isIPv6 } from 'node:net'

export interface SocketAddress {
  /** Without brackets. */
  readonly address: string
  readonly port: number
}

/** Returns undefined for anything but a numeric address with a port: no host names, no zones. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const match = /^(?:\[([^\]%]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, ipv6, ipv4, portText] = match
  const port = Number(portText)
  if (port > 65_535) return undefined
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { address: ipv6, port } : undefined
  return ipv4 !== undefined && isIPv4(ipv4) ? { address: ipv4, port } : undefined
}

/** The inverse of `parseSocketAddress`. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Which family a parsed address belongs to. */
export function familyOf(address: SocketAddress): 'ipv4' | 'ipv6' {
  return address.address.includes(':') ? 'ipv6' : 'ipv4'
}

/** True for 0.0.0.0 and for every spelling of `::`. */
export function isWildcard({ address }: SocketAddress): boolean {
  return /^[0:.]+$/.test(address)
}

/** True for `::ffff:a.b.c.d`, in any spelling. */
export function isIpv4Mapped({ address }: SocketAddress): boolean {
  if (!address.includes(':')) return false
  return new URL(`http://[${address}]/`).hostname.startsWith('[::ffff:')
}
