import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  familyOf,
  formatSocketAddress,
  isIpv4Mapped,
  isWildcard,
  parseSocketAddress,
} from '../../src/protocol/socket-address.js'

test('parses IPv4 and bracketed IPv6 with a port, and formats them back', () => {
  const cases = [
    ['0.0.0.0:3000', '0.0.0.0', 3000, 'ipv4'],
    ['127.0.0.1:0', '127.0.0.1', 0, 'ipv4'],
    ['[::]:65535', '::', 65535, 'ipv6'],
    ['[2001:db8::1]:80', '2001:db8::1', 80, 'ipv6'],
    ['[::ffff:1.2.3.4]:80', '::ffff:1.2.3.4', 80, 'ipv6'],
  ] as const
  for (const [text, address, port, family] of cases) {
    const parsed = parseSocketAddress(text)
    assert.deepEqual(parsed, { address, port }, text)
    assert.equal(familyOf(parsed!), family)
    assert.equal(formatSocketAddress(parsed!), text)
  }
})

test('refuses whatever is not a numeric address with a port', () => {
  const texts = [
    '',
    ':',
    ':3000',
    '0.0.0.0',
    '0.0.0.0:',
    '0.0.0.0:65536',
    '0.0.0.0:-1',
    '0.0.0.0:1 ',
    ' 0.0.0.0:1',
  ]
  texts.push(
    '::1',
    '::1:3000',
    '[::1]',
    '[::1]:',
    '[0.0.0.0]:1',
    'localhost:1',
    '[fe80::1%eth0]:1',
    '1.2.3.4:5:6',
  )
  for (const text of [...texts, '0.0.0.0:000003000', '256.0.0.1:1', '[:::]:1']) {
    assert.equal(parseSocketAddress(text), undefined, text)
  }
})

test('knows wildcards and IPv4-mapped addresses in every spelling', () => {
  const of = (address: string): { address: string; port: number } => ({ address, port: 1 })
  for (const address of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::0'])
    assert.ok(isWildcard(of(address)), address)
  for (const address of ['127.0.0.1', '::1', 'fe80::']) assert.ok(!isWildcard(of(address)), address)
  for (const address of ['::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:1.2.3.4']) {
    assert.ok(isIpv4Mapped(of(address)), address)
  }
  for (const address of ['1.2.3.4', '::1.2.3.4', '2001:db8::ffff:1.2.3.4']) {
    assert.ok(!isIpv4Mapped(of(address)), address)
  }
})
