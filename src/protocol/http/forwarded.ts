// The client's address as proxies pass it on: X-Forwarded-For, X-Real-IP, or Forwarded (RFC 7239).
//
// Every proxy appends the address that it saw, so the list is read from its right end, over all instances of the
// header: whatever a client wrote itself lies further left than the entries of the proxies that are trusted. That the
// sender of the request is such a proxy is for the caller to know.

import { Byte, isBlank, isWordInAnyCase, latin1Bytes } from './ascii.js'
import type { NetworkSet } from './cidr.js'
import { type IpAddress, parseIp } from './ip-text.js'
import type { HttpRequestHead } from './request-head.js'

export const ForwardedStatus = {
  ok: 0,
  /** No header, or fewer entries than there are trusted proxies. */
  missing: 1,
  /** The entry is no address: a word, an obfuscated name, `unknown`. */
  invalid: 2,
} as const

/** How entries look. X-Real-IP is a list of one address, as X-Forwarded-For. */
export const ForwardedFormat = { addresses: 0, forwarded: 1 } as const

/** Which entry is the client's. */
export interface ForwardedRule {
  /** A `ForwardedFormat`. */
  readonly format: number
  /** How many proxies append to the header, 1 and more: the client is that entry, from the right. */
  readonly hops: number
  /** If given, `hops` does not count: the client is the first entry from the right that is not one of these. */
  readonly trusted: NetworkSet | null
}

const FOR = latin1Bytes('for')

/**
 * Finds the client's address in the instances of one header.
 * @param header the number of the header among the decoder's wanted ones
 * @param address filled if the result is `ok`; IPv4-mapped addresses as IPv4
 * @returns a `ForwardedStatus`
 */
export function findForwardedAddress(
  input: Uint8Array,
  head: HttpRequestHead,
  header: number,
  rule: ForwardedRule,
  address: IpAddress,
): number {
  let seen = 0
  for (
    let instance = head.lastInstances[header];
    instance >= 0;
    instance = head.previousInstances[instance]
  ) {
    const start = head.valueStarts[instance]
    let end = head.valueEnds[instance]
    for (;;) {
      const entryStart = findEntryStart(input, start, end, rule.format)
      if (!isEmptyEntry(input, entryStart, end)) {
        seen++
        const isCandidate = rule.trusted !== null || seen === rule.hops
        if (isCandidate) {
          if (!parseEntry(input, entryStart, end, rule.format, address)) return ForwardedStatus.invalid
          if (rule.trusted === null || !rule.trusted.has(address)) return ForwardedStatus.ok
        }
      }
      if (entryStart === start) break
      end = entryStart - 1
    }
  }
  // All entries are trusted proxies: the request comes from the leftmost one itself.
  return rule.trusted !== null && seen > 0 ? ForwardedStatus.ok : ForwardedStatus.missing
}

/** Where the last entry before `end` starts: behind a comma that is not inside a quoted string. */
function findEntryStart(input: Uint8Array, start: number, end: number, format: number): number {
  let isQuoted = false
  for (let at = end - 1; at >= start; at--) {
    const byte = input[at]
    if (byte === Byte.comma && !isQuoted) return at + 1
    const isQuote = byte === Byte.quote && (at === start || input[at - 1] !== Byte.backslash)
    if (isQuote && format === ForwardedFormat.forwarded) isQuoted = !isQuoted
  }
  return start
}

function isEmptyEntry(input: Uint8Array, start: number, end: number): boolean {
  while (start < end && isBlank(input[start])) start++
  return start === end
}

function parseEntry(
  input: Uint8Array,
  start: number,
  end: number,
  format: number,
  address: IpAddress,
): boolean {
  if (format === ForwardedFormat.addresses) return parseNode(input, start, end, address)
  // `for=192.0.2.60;proto=http;by=203.0.113.43`: parameters in any order, `for` in any case.
  for (let at = start; at <= end; at++) {
    const pairStart = at
    let equals = -1
    let isQuoted = false
    while (at < end && (isQuoted || input[at] !== Byte.semicolon)) {
      if (input[at] === Byte.quote) isQuoted = !isQuoted
      if (input[at] === Byte.equals && equals < 0) equals = at
      at++
    }
    if (equals < 0) continue
    let nameStart = pairStart
    while (nameStart < equals && isBlank(input[nameStart])) nameStart++
    if (isWordInAnyCase(input, nameStart, equals, FOR)) return parseNode(input, equals + 1, at, address)
  }
  return false
}

/** An address, with quotes, brackets or a port around it: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `"[::1]:80"`. */
function parseNode(input: Uint8Array, start: number, end: number, address: IpAddress): boolean {
  while (start < end && isBlank(input[start])) start++
  while (end > start && isBlank(input[end - 1])) end--
  if (end - start >= 2 && input[start] === Byte.quote && input[end - 1] === Byte.quote) {
    start++
    end--
  }
  if (start < end && input[start] === Byte.bracketOpen) {
    let close = start
    while (close < end && input[close] !== Byte.bracketClose) close++
    if (close === end || !isPortOrNothing(input, close + 1, end)) return false
    if (!parseIp(input, start + 1, close, address) || address.family !== 6) return false
  } else {
    const colon = onlyColon(input, start, end)
    if (!isPortOrNothing(input, colon, end) || !parseIp(input, start, colon, address)) return false
  }
  address.unmap()
  return true
}

/** The place of the one colon, which is the end of an IPv4 address; `end` for none or several. */
function onlyColon(input: Uint8Array, start: number, end: number): number {
  let found = end
  for (let at = start; at < end; at++) {
    if (input[at] !== Byte.colon) continue
    if (found !== end) return end
    found = at
  }
  return found
}

/** A colon with the port's digits, or its obfuscated name (RFC 7239 section 6), or nothing. */
function isPortOrNothing(input: Uint8Array, at: number, end: number): boolean {
  return at === end || (input[at] === Byte.colon && at + 1 < end)
}
