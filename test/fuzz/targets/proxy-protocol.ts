// The header that a proxy sends before a connection's first byte, in pieces: the same whatever the cuts, what is
// refused stays refused, and no byte is read behind it.

import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import {
  decodeProxyHeader,
  PROXY_V2_MAX_LENGTH,
  ProxyHeader,
  ProxyStatus,
} from '../../../src/protocol/http/proxy-protocol.js'
import { swap16 } from '../../../src/protocol/packet-memory.js'
import { cutsOf, type FuzzTarget, latin1, POISON_BEFORE, poisoned } from '../target.js'

const header = new ProxyHeader()

function read(bytes: Uint8Array, lengths: readonly number[], poison: number): string {
  const input = poisoned(bytes, poison)
  let status: number = ProxyStatus.incomplete
  for (const length of lengths) {
    status = decodeProxyHeader(input, POISON_BEFORE, POISON_BEFORE + length, header)
    if (status !== ProxyStatus.incomplete) break
  }
  if (status === ProxyStatus.local) return `${status} ${header.consumedBytes}`
  if (status !== ProxyStatus.ok) return `${status}`
  const { source, wirePort, consumedBytes } = header
  return `${status} ${consumedBytes} ${source.family} ${[...source.bytes]} ${swap16(wirePort)}`
}

/** A line of version 1 that is right says what the decoder says. */
function compareText(bytes: Uint8Array, found: string): void {
  const line = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n/.exec(
    Buffer.from(bytes).toString('latin1'),
  )
  if (line === null || line[0].length > 107) return
  const [, family, source, destination, port, destinationPort] = line
  const isRight =
    isIP(source!) === Number(family) &&
    isIP(destination!) === Number(family) &&
    Number(port) < 65_536 &&
    Number(destinationPort) < 65_536
  // Zones are no part of an address here.
  if (!isRight || line[0].includes('%')) return
  assert.equal(Number(found[0]), ProxyStatus.ok, line[0])
  assert.ok(found.endsWith(` ${Number(port)}`))
  if (family === '4') assert.ok(found.includes(` 4 ${source!.split('.').map(Number)}`), found)
}

function run(bytes: Uint8Array): string {
  const whole = read(bytes, [bytes.length], 0x0a)
  assert.equal(read(bytes, [bytes.length], 0x20), whole, 'bytes behind the input count')
  assert.equal(read(bytes, [...cutsOf(bytes), bytes.length], 0x0d), whole, 'in pieces it is another header')
  const status = Number(whole[0])
  if (status === ProxyStatus.ok || status === ProxyStatus.local) {
    assert.ok(header.consumedBytes <= bytes.length)
  } else if (status === ProxyStatus.incomplete) {
    assert.ok(bytes.length < 16 + PROXY_V2_MAX_LENGTH, 'waits for ever')
  }
  compareText(bytes, whole)
  return `${status} ${status === ProxyStatus.ok ? header.source.family : 0} ${bytes[0] === 0x50}`
}

const signature = '\r\n\r\n\0\r\nQUIT\n'

export const proxyProtocol: FuzzTarget = {
  name: 'proxy-protocol',
  seeds: [
    'PROXY TCP4 192.0.2.1 198.51.100.7 51234 80\r\nGET /',
    'PROXY TCP6 2001:db8::1 ::1 51234 80\r\n',
    'PROXY UNKNOWN\r\n',
    'PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n',
    'PROXY TCP6 ::ffff:192.0.2.1 ::1 1 65535\r\n',
    `${signature}\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\xc8\x22\0\x50GET /`,
    `${signature}\x21\x21\0\x24${'\x20\x01\x0d\xb8'.repeat(8)}\xc8\x22\0\x50`,
    `${signature}\x20\0\0\0`,
    `${signature}\x21\x11\0\x13\xc0\0\x02\x01\xc6\x33\x64\x07\xc8\x22\0\x50\x04\0\x04abcd`,
  ].map(latin1),
  dictionary: [
    ...[
      'PROXY ',
      'TCP4 ',
      'TCP6 ',
      'UNKNOWN',
      '\r\n',
      ' ',
      '::',
      '::ffff:',
      '65535',
      '65536',
      '0',
      '1.2.3.4',
    ],
    ...[signature, '\x20', '\x21', '\x22', '\x11', '\x12', '\x31', '\x10\0', '\x10\x01', '\xff\xff'],
  ].map(latin1),
  bytesMax: 5000,
  run,
}
