// IP addresses as bytes of text: read into wire words, written from wire bytes. Nothing is allocated. Config files have
// their addresses as strings (`../socket-address.ts`); these here come and go inside requests and answers.

import { Byte, hexValues } from './ascii.js'

/** An address as it lies on the wire, in words loaded low byte first; an IPv4 address uses the first word alone. */
export class IpAddress {
  readonly words = new Int32Array(4)
  readonly bytes: Uint8Array = new Uint8Array(this.words.buffer)
  /** 4 or 6; 0 before the first use. */
  family = 0

  /** `::ffff:a.b.c.d` becomes `a.b.c.d`: the peer behind it speaks IPv4. */
  unmap(): void {
    const { words } = this
    if (this.family !== 6 || words[0] !== 0 || words[1] !== 0 || words[2] !== MAPPED_PREFIX_WORD) return
    words[0] = words[3]
    words[2] = 0
    words[3] = 0
    this.family = 4
  }
}

/** Bytes 00 00 ff ff */
const MAPPED_PREFIX_WORD = 0xffff0000 | 0
const LONGEST_IPV4_PART = 3
const LONGEST_GROUP = 4
const GROUPS = 8

/**
 * Reads input[start, end) as a whole: dotted decimal without leading zeros, or RFC 4291 text without a zone.
 * @returns false, with `address` undefined, if it is anything else
 */
export function parseIp(input: Uint8Array, start: number, end: number, address: IpAddress): boolean {
  address.words.fill(0)
  for (let at = start; at < end; at++) {
    if (input[at] !== Byte.colon) continue
    address.family = 6
    return parseIpv6(input, start, end, address.bytes)
  }
  address.family = 4
  return parseIpv4(input, start, end, address.bytes, 0)
}

function parseIpv4(input: Uint8Array, start: number, end: number, out: Uint8Array, outAt: number): boolean {
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at === end || input[at++] !== Byte.dot)) return false
    const partStart = at
    let value = 0
    while (at < end && input[at] >= Byte.zero && input[at] <= Byte.nine) {
      value = value * 10 + input[at++] - Byte.zero
      if (at - partStart > LONGEST_IPV4_PART) return false
    }
    const hasLeadingZero = at - partStart > 1 && input[partStart] === Byte.zero
    if (at === partStart || value > 255 || hasLeadingZero) return false
    out[outAt + part] = value
  }
  return at === end
}

function parseIpv6(input: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
  let groups = 0
  /** Groups before `::`, -1 as long as there was none. */
  let gap = -1
  let at = start
  if (at + 1 < end && input[at] === Byte.colon && input[at + 1] === Byte.colon) {
    gap = 0
    at += 2
  }
  while (at < end) {
    if (groups === GROUPS) return false
    const groupStart = at
    let value = 0
    while (at < end && at - groupStart < LONGEST_GROUP && hexValues[input[at]] >= 0) {
      value = (value << 4) | hexValues[input[at++]]
    }
    if (at < end && input[at] === Byte.dot) {
      if (groups > GROUPS - 2 || !parseIpv4(input, groupStart, end, out, groups * 2)) return false
      groups += 2
      at = end
      break
    }
    if (at === groupStart) return false
    out[groups * 2] = value >> 8
    out[groups * 2 + 1] = value & 0xff
    groups++
    if (at === end) break
    if (input[at++] !== Byte.colon || at === end) return false
    if (input[at] !== Byte.colon) continue
    if (gap >= 0) return false
    gap = groups
    at++
  }
  if (gap < 0) return groups === GROUPS
  if (groups === GROUPS) return false
  openGap(out, gap * 2, groups * 2)
  return true
}

/** Moves what follows `::` to the end and fills the place between with zeros. */
function openGap(out: Uint8Array, gapAt: number, end: number): void {
  const behind = end - gapAt
  out.copyWithin(16 - behind, gapAt, end)
  out.fill(0, gapAt, 16 - behind)
}

/** Writes the four bytes at `from` as dotted decimal, at most 15 bytes. @returns the position behind */
export function writeIpv4(out: Uint8Array, at: number, source: Uint8Array, from: number): number {
  for (let part = 0; part < 4; part++) {
    if (part > 0) out[at++] = Byte.dot
    const value = source[from + part]
    if (value >= 100) out[at++] = Byte.zero + ((value / 100) | 0)
    if (value >= 10) out[at++] = Byte.zero + (((value / 10) | 0) % 10)
    out[at++] = Byte.zero + (value % 10)
  }
  return at
}

/**
 * Writes the sixteen bytes at `from` as RFC 5952 asks: lower case, no leading zeros, `::` for the first of the longest
 * runs of two or more zero groups. At most 39 bytes. @returns the position behind
 */
export function writeIpv6(out: Uint8Array, at: number, source: Uint8Array, from: number): number {
  let runStart = -1
  let runLength = 1
  for (let group = 0; group < GROUPS; group++) {
    let length = 0
    while (group + length < GROUPS && groupAt(source, from, group + length) === 0) length++
    if (length > runLength) {
      runStart = group
      runLength = length
    }
    group += length
  }
  for (let group = 0; group < GROUPS; group++) {
    if (group === runStart) {
      out[at++] = Byte.colon
      out[at++] = Byte.colon
      group += runLength - 1
      continue
    }
    if (group > 0 && group !== runStart + runLength) out[at++] = Byte.colon
    at = writeHexadecimal(out, at, groupAt(source, from, group))
  }
  return at
}

function groupAt(source: Uint8Array, from: number, group: number): number {
  return (source[from + group * 2] << 8) | source[from + group * 2 + 1]
}

function writeHexadecimal(out: Uint8Array, at: number, value: number): number {
  for (let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
    const digit = (value >> shift) & 0xf
    out[at++] = digit < 10 ? Byte.zero + digit : 0x57 + digit
  }
  return at
}
