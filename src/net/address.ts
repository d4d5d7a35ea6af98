// IP addresses between text and the four 32-bit words in which they lie on the wire.

import { isIPv4, isIPv6 } from 'node:net'

/** The IP version of an address in text form. */
export function versionOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

/** The 4 or 16 bytes of an address in text form (a zone like `%eth0` is left out). @throws on anything else */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number))
  const text = address.split('%')[0]
  if (!isIPv6(text)) throw new TypeError(`not an IP address: ${address}`)
  const dotted = text.lastIndexOf('.') >= 0 ? text.slice(text.lastIndexOf(':') + 1) : ''
  const tail = dotted === '' ? [] : [...addressBytes(dotted)]
  const hextets = dotted === '' ? text : text.slice(0, -dotted.length)
  const [head, rest] = hextets.split('::') as [string, string | undefined]
  const headBytes = hextetBytes(head)
  const restBytes = [...hextetBytes(rest ?? ''), ...tail]
  if (rest === undefined) return Uint8Array.from([...headBytes, ...tail])
  return Uint8Array.from([
    ...headBytes,
    ...new Array<number>(16 - headBytes.length - restBytes.length).fill(0),
    ...restBytes,
  ])
}

function hextetBytes(text: string): number[] {
  return text
    .split(':')
    .filter(part => part !== '')
    .flatMap(part => {
      const value = Number.parseInt(part, 16)
      return [value >> 8, value & 0xff]
    })
}

// ::ffff:a.b.c.d as words: 0, 0, bytes 00 00 ff ff, a.b.c.d
const MAPPED_PREFIX_WORD = 0xffff0000 | 0

/**
 * Turns an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) at `at` into the IPv4 address it stands for, in place.
 * @returns 4 or 6
 */
export function canonicaliseAddress(addresses: Int32Array, at: number): number {
  if (addresses[at] !== 0 || addresses[at + 1] !== 0 || addresses[at + 2] !== MAPPED_PREFIX_WORD) return 6
  addresses[at] = addresses[at + 3]
  addresses[at + 2] = 0
  addresses[at + 3] = 0
  return 4
}
