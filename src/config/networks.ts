// Lists of addresses and networks as they are written in configuration files: `192.0.2.7, 10.0.0.0/8, 2001:db8::/32`.

import { isIP, isIPv4 } from 'node:net'

/** The entries of a list with commas between them; an empty list has none. */
export function networkList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map(entry => entry.trim())
}

/** What is wrong with an entry, as the end of a sentence that begins with it; undefined if nothing is. */
export function networkProblem(entry: string): string | undefined {
  const match = /^([\da-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(entry)
  const address = match?.[1] ?? ''
  if (isIP(address) === 0) return 'is no IP address or network such as "192.0.2.7" or "10.0.0.0/8"'
  const bits = isIPv4(address) ? 32 : 128
  const value = isIPv4(address) ? ipv4Value(address) : ipv6Value(address)
  if (bits === 128 && value >> 32n === 0xffffn)
    return 'is an IPv4 address written as IPv6: write the IPv4 one'
  const prefixBits = match?.[2] === undefined ? bits : Number(match[2])
  if (prefixBits > bits) return `has more than ${bits} bits behind the slash`
  const rest = value & ((1n << BigInt(bits - prefixBits)) - 1n)
  return rest === 0n ? undefined : `has bits behind the first ${prefixBits}, which must be 0`
}

function ipv4Value(address: string): bigint {
  return address.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function ipv6Value(address: string): bigint {
  // The one spelling that URLs have: no dots, the longest run of zeros left out.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const hextets = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const before = hextets(head)
  const behind = hextets(tail ?? '')
  const zeros = new Array<string>(8 - before.length - behind.length).fill('0')
  return [...before, ...zeros, ...behind].reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n)
}
