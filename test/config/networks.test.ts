import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { networkList, networkProblem } from '../../src/config/networks.js'

test('a list has entries with commas between them', () => {
  assert.deepEqual(networkList(''), [])
  assert.deepEqual(networkList('  '), [])
  assert.deepEqual(networkList('::1'), ['::1'])
  assert.deepEqual(networkList(' a ,b,, c'), ['a', 'b', '', 'c'])
})

test('addresses and networks of both families', () => {
  const good = [
    '192.0.2.7',
    '192.0.2.7/32',
    '0.0.0.0/0',
    '10.0.0.0/8',
    '::/0',
    '::1',
    '2001:db8::/32',
    '::1/128',
  ]
  good.push('2001:DB8:0:0:0:0:0:0/32', 'fe80::/10', '64:ff9b::1.2.3.4', '1:2:3:4:5:6:7:8')
  for (const entry of good) assert.equal(networkProblem(entry), undefined, entry)
})

test('what is neither has its reason', () => {
  for (const entry of [
    '',
    'proxy',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/x',
    '1.2.3.4/0032',
    '::1%lo',
    '[::1]',
    '/8',
  ]) {
    assert.match(networkProblem(entry) ?? '', /^is no IP address or network/, entry)
  }
  assert.equal(networkProblem('10.0.0.0/33'), 'has more than 32 bits behind the slash')
  assert.equal(networkProblem('::/129'), 'has more than 128 bits behind the slash')
  assert.equal(networkProblem('10.0.0.1/8'), 'has bits behind the first 8, which must be 0')
  assert.equal(networkProblem('2001:db8::1/127'), 'has bits behind the first 127, which must be 0')
  assert.match(networkProblem('::ffff:10.0.0.0/104') ?? '', /^is an IPv4 address written as IPv6/)
})

test('a network has no bits behind its prefix', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, prefixBits) => {
      const bits = address
        .split('.')
        .map(byte => Number(byte).toString(2).padStart(8, '0'))
        .join('')
      const isNetwork = !bits.slice(prefixBits).includes('1')
      assert.equal(networkProblem(`${address}/${prefixBits}`) === undefined, isNetwork)
    }),
  )
})
