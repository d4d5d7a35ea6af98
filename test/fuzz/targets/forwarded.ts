// Addresses that proxies pass on: against a plain reading of the list, and with the one property that counts: nothing a
// client writes changes what the proxies behind it say.

import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { NetworkSet } from '../../../src/protocol/http/cidr.js'
import {
  ForwardedFormat,
  type ForwardedRule,
  ForwardedStatus,
  findForwardedAddress,
} from '../../../src/protocol/http/forwarded.js'
import { IpAddress, writeIpv4, writeIpv6 } from '../../../src/protocol/http/ip-text.js'
import { defaultHeadLimits, RequestHeadDecoder } from '../../../src/protocol/http/request-head.js'
import { type FuzzTarget, latin1, POISON_BEFORE, poisoned, randomOf } from '../target.js'

const HEADER = 1

const decoder = new RequestHeadDecoder(['CF-Connecting-IP', 'X-Forwarded-For'], defaultHeadLimits)
const head = decoder.createHead()
const out = new Uint8Array(64)
const trusted = NetworkSet.parse(['10.0.0.0/8', '2001:db8::/32'])!
const { addresses, forwarded } = ForwardedFormat

const rule = (format: number, hops: number, isTrusting = false): ForwardedRule => ({
  format,
  hops,
  trusted: isTrusting ? trusted : null,
})

/** The address in the headers, a word where there is none, or undefined where the head is none. */
function find(forwardedRule: ForwardedRule, values: readonly string[], poison = 0x31): string | undefined {
  const lines = ['GET /x HTTP/1.1', ...values.map(value => `X-Forwarded-For: ${value}`), '', '']
  const bytes = latin1(lines.join('\r\n'))
  const input = poisoned(bytes, poison)
  if (decoder.decode(input, POISON_BEFORE, POISON_BEFORE + bytes.length, 0, head) !== 1) return undefined
  const address = new IpAddress()
  const status = findForwardedAddress(input, head, HEADER, forwardedRule, address)
  if (status !== ForwardedStatus.ok) return status === ForwardedStatus.missing ? 'missing' : 'invalid'
  const write = address.family === 4 ? writeIpv4 : writeIpv6
  return Buffer.from(out.subarray(0, write(out, 0, address.bytes, 0))).toString()
}

/** Entries of lists of addresses, from the right; empty ones do not count. */
function entriesOf(values: readonly string[]): string[] {
  const entries = values
    .flatMap(value => value.split(','))
    .map(entry => entry.replace(/^[ \t]+|[ \t]+$/g, ''))
  return entries.filter(entry => entry !== '').reverse()
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`, each in quotes or not; undefined for anything else. */
function plainAddress(entry: string): string | undefined {
  const text = /^"(.*)"$/s.exec(entry)?.[1] ?? entry
  const inBrackets = /^\[([^\]]*)\](?::.+)?$/s.exec(text)?.[1]
  if (inBrackets !== undefined) return isIPv6(inBrackets) ? canonical(inBrackets) : undefined
  if (text.startsWith('[')) return undefined
  const colons = text.split(':').length - 1
  const address = colons === 1 ? /^(.*?):.+$/s.exec(text)?.[1] : text
  if (address === undefined) return undefined
  if (isIPv4(address)) return address
  return isIPv6(address) ? canonical(address) : undefined
}

function canonical(ipv6: string): string | undefined {
  // Of a link, and so of no use to anybody else.
  if (ipv6.includes('%')) return undefined
  const text = new URL(`http://[${ipv6}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(text)
  if (mapped === null) return text
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

const isTrusted = (address: string): boolean => address.startsWith('10.') || address.startsWith('2001:db8:')

/** The entry that counts, as the rule says. */
function expected({ hops, trusted: networks }: ForwardedRule, values: readonly string[]): string {
  const entries = entriesOf(values)
  if (networks === null) {
    const entry = entries[hops - 1]
    return entry === undefined ? 'missing' : (plainAddress(entry) ?? 'invalid')
  }
  let last = 'missing'
  for (const entry of entries) {
    last = plainAddress(entry) ?? 'invalid'
    if (last === 'invalid' || !isTrusted(last)) return last
  }
  return last
}

/** What proxies append, in both formats. */
const appended: Readonly<Record<number, readonly string[]>> = {
  [addresses]: ['192.0.2.7', '10.1.2.3'],
  [forwarded]: ['for="[2001:db9::7]:4711";proto=http;by=203.0.113.4', 'For=10.1.2.3'],
}
const clientOf: Readonly<Record<number, string>> = { [addresses]: '192.0.2.7', [forwarded]: '2001:db9::7' }

/** The client's own lines go before, in the same line or in lines of their own. */
function assertProxiesCount(written: readonly string[], format: number, bytes: Uint8Array): void {
  const [first, second] = appended[format]!
  const isSameLine = randomOf(bytes)(2) === 0
  const lines = isSameLine
    ? [...written.slice(0, -1), `${written.at(-1)}, ${first}`, second!]
    : [...written, first!, second!]
  const oneProxy = isSameLine ? lines.slice(0, -1) : [...written, first!]
  for (const [forwardedRule, values] of [
    [rule(format, 1), oneProxy],
    [rule(format, 2), lines],
    [rule(format, 0, true), lines],
  ] as const) {
    const found = find(forwardedRule, values)
    assert.ok(found === undefined || found === clientOf[format], `a client made it ${found}`)
  }
}

/** Each line of the input is the value of one header. */
function run(bytes: Uint8Array): string {
  const values = Buffer.from(bytes).toString('latin1').split('\n')
  const outcomes: string[] = []
  for (const tried of [rule(addresses, 1), rule(addresses, 2), rule(addresses, 0, true)]) {
    const found = find(tried, values)
    if (found === undefined) return 'no head'
    assert.equal(find(tried, values, 0x22), found, 'bytes behind the input count')
    assert.equal(found, expected(tried, values))
    outcomes.push(/^[mi]/.test(found) ? found : `${found.includes(':')}`)
  }
  for (const tried of [rule(forwarded, 1), rule(forwarded, 2), rule(forwarded, 0, true)]) {
    const found = find(tried, values)!
    assert.equal(find(tried, values, 0x22), found, 'bytes behind the input count')
    outcomes.push(/^[mi]/.test(found) ? found : `${found.includes(':')}`)
  }
  assertProxiesCount(values, addresses, bytes)
  assertProxiesCount(values, forwarded, bytes)
  return outcomes.join()
}

export const forwardedAddress: FuzzTarget = {
  name: 'forwarded-address',
  seeds: [
    '1.1.1.1',
    '9.9.9.9, 1.1.1.1\n2.2.2.2,3.3.3.3',
    '1.1.1.1:80, [2001:db8::1]:443 ,\t"::1"',
    '6.6.6.6, 1.1.1.1, 10.1.2.3\n2001:db8::5',
    'unknown, _hidden, ::ffff:10.1.2.3,,',
    'for=192.0.2.60;proto=http;by=203.0.113.43, for="[2001:db8:cafe::17]:4711"',
    'For="_gazonk", for = 1.2.3.4 ;; secret="a,b;c\\\\"',
  ].map(latin1),
  dictionary: [
    ...['\n', ',', ';', '"', '\\"', '=', 'for=', ' ', '\t', '[', ']', ':', '::', '.', '%', '\\', '::ffff:'],
    ...['10.0.0.1', '1.2.3.4', '2001:db8::1', 'fe80::1%eth0', '256', '01', ':80', '"[::1]:80"'],
  ].map(latin1),
  bytesMax: 1000,
  run,
}
