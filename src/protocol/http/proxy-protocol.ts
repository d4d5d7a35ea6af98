// The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a proxy says about the client before the
// first byte of its request.
//
//   1   PROXY TCP4 192.0.2.1 198.51.100.7 51234 80 CR LF        at most 107 bytes
//   2   0 signature 12 · 12 version and command · 13 family and transport · 14 length 2 · 16 addresses, then TLVs
//       IPv4: 16 source 4 · 20 destination 4 · 24 source port 2 · 26 destination port 2
//       IPv6: 16 source 16 · 32 destination 16 · 48 source port 2 · 50 destination port 2

import { swap16 } from '../packet-memory.js'
import { Byte, latin1Bytes } from './ascii.js'
import { IpAddress, parseIp } from './ip-text.js'
import { decodeNumber } from './query-values.js'

export const ProxyStatus = {
  incomplete: 0,
  /** The client's address is known. */
  ok: 1,
  /** The proxy speaks for itself (a health check), or does not know: the connection's own address counts. */
  local: 2,
  /** Not this protocol: the connection is to be closed. */
  bad: 3,
} as const

/** What a proxy said. Reused; valid after `ok`, `consumedBytes` after `local` too. */
export class ProxyHeader {
  readonly source = new IpAddress()
  /** The two port bytes as on the wire, loaded as a little-endian half. */
  wirePort = 0
  /** Where the client's own bytes start, from the start of the header. */
  consumedBytes = 0
}

const VERSION_1 = latin1Bytes('PROXY ')
const VERSION_2 = latin1Bytes('\r\n\r\n\0\r\nQUIT\n')
const VERSION_2_BYTES = 16
const VERSION_1_MAX_BYTES = 107
/** The protocol allows 65535 bytes of addresses and TLVs; proxies send some hundred. */
export const PROXY_V2_MAX_LENGTH = 4096
const TCP4 = latin1Bytes('TCP4 ')
const TCP6 = latin1Bytes('TCP6 ')
const UNKNOWN = latin1Bytes('UNKNOWN')

/** Decodes the header that starts at `start`, of which the bytes before `end` are here. @returns a `ProxyStatus` */
export function decodeProxyHeader(
  input: Uint8Array,
  start: number,
  end: number,
  header: ProxyHeader,
): number {
  if (start === end) return ProxyStatus.incomplete
  const isVersion1 = input[start] === VERSION_1[0]
  const signature = isVersion1 ? VERSION_1 : VERSION_2
  const here = Math.min(signature.length, end - start)
  for (let index = 0; index < here; index++) {
    if (input[start + index] !== signature[index]) return ProxyStatus.bad
  }
  if (here < signature.length) return ProxyStatus.incomplete
  return isVersion1 ? decodeVersion1(input, start, end, header) : decodeVersion2(input, start, end, header)
}

function decodeVersion1(input: Uint8Array, start: number, end: number, header: ProxyHeader): number {
  const limit = Math.min(end, start + VERSION_1_MAX_BYTES)
  let lineEnd = start + VERSION_1.length
  while (lineEnd < limit && input[lineEnd] !== Byte.lineFeed) lineEnd++
  if (lineEnd === limit) {
    return limit - start === VERSION_1_MAX_BYTES ? ProxyStatus.bad : ProxyStatus.incomplete
  }
  if (input[lineEnd - 1] !== Byte.carriageReturn) return ProxyStatus.bad
  header.consumedBytes = lineEnd + 1 - start
  const at = start + VERSION_1.length
  const textEnd = lineEnd - 1
  if (startsWith(input, at, textEnd, UNKNOWN)) return ProxyStatus.local
  const family = startsWith(input, at, textEnd, TCP4) ? 4 : startsWith(input, at, textEnd, TCP6) ? 6 : 0
  if (family === 0) return ProxyStatus.bad
  return decodeVersion1Addresses(input, at + TCP4.length, textEnd, family, header)
}

/** The destination is checked and let go. */
const destination = new IpAddress()

function decodeVersion1Addresses(
  input: Uint8Array,
  start: number,
  end: number,
  family: number,
  header: ProxyHeader,
): number {
  const sourceEnd = findSpace(input, start, end)
  if (!parseIp(input, start, sourceEnd, header.source) || header.source.family !== family) {
    return ProxyStatus.bad
  }
  const destinationStart = Math.min(end, sourceEnd + 1)
  const destinationEnd = findSpace(input, destinationStart, end)
  if (!parseIp(input, destinationStart, destinationEnd, destination) || destination.family !== family) {
    return ProxyStatus.bad
  }
  const portStart = Math.min(end, destinationEnd + 1)
  const portEnd = findSpace(input, portStart, end)
  const port = decodePort(input, portStart, portEnd)
  if (port < 0 || decodePort(input, Math.min(end, portEnd + 1), end) < 0) return ProxyStatus.bad
  header.wirePort = swap16(port)
  header.source.unmap()
  return ProxyStatus.ok
}

/** 0 to 65535, or -1 */
function decodePort(input: Uint8Array, start: number, end: number): number {
  const port = decodeNumber(input, start, end, 0x1_0000)
  return port <= 0xffff ? port : -1
}

function findSpace(input: Uint8Array, at: number, end: number): number {
  while (at < end && input[at] !== Byte.space) at++
  return at
}

function startsWith(input: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false
  for (let index = 0; index < word.length; index++) {
    if (input[at + index] !== word[index]) return false
  }
  return true
}

function decodeVersion2(input: Uint8Array, start: number, end: number, header: ProxyHeader): number {
  if (end - start < VERSION_2_BYTES) return ProxyStatus.incomplete
  const versionAndCommand = input[start + 12]
  const length = (input[start + 14] << 8) | input[start + 15]
  if (versionAndCommand >> 4 !== 2 || length > PROXY_V2_MAX_LENGTH) return ProxyStatus.bad
  const command = versionAndCommand & 0xf
  if (command > 1) return ProxyStatus.bad
  const family = input[start + 13] >> 4
  const transport = input[start + 13] & 0xf
  if (family > 3 || transport > 2) return ProxyStatus.bad
  if (end - start < VERSION_2_BYTES + length) return ProxyStatus.incomplete
  header.consumedBytes = VERSION_2_BYTES + length
  // 0 is AF_UNSPEC, 3 AF_UNIX: no address of the internet.
  if (command === 0 || family === 0 || family === 3) return ProxyStatus.local
  const addressBytes = family === 1 ? 4 : 16
  if (length < 2 * addressBytes + 4) return ProxyStatus.bad
  const { source } = header
  source.words.fill(0)
  source.family = family === 1 ? 4 : 6
  for (let index = 0; index < addressBytes; index++) {
    source.bytes[index] = input[start + VERSION_2_BYTES + index]
  }
  const portAt = start + VERSION_2_BYTES + 2 * addressBytes
  header.wirePort = input[portAt] | (input[portAt + 1] << 8)
  source.unmap()
  return ProxyStatus.ok
}
