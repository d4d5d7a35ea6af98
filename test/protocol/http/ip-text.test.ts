import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NetworkSet } from '../../../src/protocol/http/cidr.js'
import { IpAddress, parseIp, writeIpv4, writeIpv6 } from '../../../src/protocol/http/ip-text.js'
import { latin1 } from './requests.js'

const out = new Uint8Array(64)

function textOf(bytes: Uint8Array): string {
  const end = bytes.length === 4 ? writeIpv4(out, 3, bytes, 0) : writeIpv6(out, 3, bytes, 0)
  return Buffer.from(out.subarray(3, end)).toString()
}

/** Hex of the address's bytes, undefined if it is none. */
function parse(text: string): string | undefined {
  const address = new IpAddress()
  address.words.fill(-1)
  if (!parseIp(latin1(`1:${text}.1`), 2, 2 + text.length, address)) return undefined
  return Buffer.from(address.bytes.subarray(0, address.family === 4 ? 4 : 16)).toString('hex')
}

describe('IP addresses as text', () => {
  it('are read as RFC 4291 writes them', () => {
    const cases: Record<string, string> = {
      '0.0.0.0': '00000000',
      '255.1.20.30': 'ff01141e',
      '::': '00000000000000000000000000000000',
      '::1': '00000000000000000000000000000001',
      '1::': '00010000000000000000000000000000',
      '2001:DB8:0:0:8:800:200C:417A': '20010db80000000000080800200c417a',
      '1:2:3:4:5:6:7::': '00010002000300040005000600070000',
      '::2:3:4:5:6:7:8': '00000002000300040005000600070008',
      '::ffff:1.2.3.4': '00000000000000000000ffff01020304',
      '1:2:3:4:5:6:7.8.9.10': '0001000200030004000500060708090a',
      '64:ff9b::192.0.2.33': '0064ff9b0000000000000000c0000221',
    }
    for (const [text, hex] of Object.entries(cases)) assert.equal(parse(text), hex, text)
  })

  it('are refused where node:net refuses them, read where it reads them', () => {
    const character = fc.constantFrom(...'0123456789afAF:::...%g ')
    const text = fc.oneof(
      fc.array(character, { maxLength: 20 }).map(all => all.join('')),
      fc.ipV4(),
      fc.ipV6(),
      fc
        .tuple(fc.ipV6(), fc.nat(40), character)
        .map(([all, at, one]) => all.slice(0, at) + one + all.slice(at + 1)),
      fc
        .tuple(fc.ipV4(), fc.nat(15), character)
        .map(([all, at, one]) => all.slice(0, at) + one + all.slice(at)),
    )
    fc.assert(
      fc.property(text, any => {
        const isAddress = isIP(any) !== 0 && !any.includes('%')
        assert.equal(parse(any) !== undefined, isAddress, any)
      }),
      { numRuns: 5000 },
    )
    for (const bad of [
      '',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '12345::',
      '1:',
    ]) {
      assert.equal(parse(bad), undefined, bad)
    }
    for (const bad of ['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.', '::1.2.3', '1.2.3.4::']) {
      assert.equal(parse(bad), undefined, bad)
    }
    for (const bad of ['1:2:3:4:5:6:7:1.2.3.4', '::1:2:3:4:5:6:7:1.2.3.4', '::1:2:3:4:5:6:1.2.3.4']) {
      assert.equal(parse(bad), undefined, bad)
    }
  })

  it('are written as RFC 5952 asks', () => {
    const cases: Record<string, string> = {
      '20010db8000000000001000000000001': '2001:db8::1:0:0:1',
      '20010db8000000010001000100010001': '2001:db8:0:1:1:1:1:1',
      '20010000000000010000000000000001': '2001:0:0:1::1',
      '00000000000000000000000000000000': '::',
      '00010000000000000000000000000000': '1::',
      '00000000000000000000000000000001': '::1',
      ffffffffffffffffffffffffffffffff: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      abcd0a00000f00000000000010000100: 'abcd:a00:f::1000:100',
      '00000001000200030004000500060000': '0:1:2:3:4:5:6:0',
      c0000201: '192.0.2.1',
      '000a64ff': '0.10.100.255',
    }
    for (const [hex, text] of Object.entries(cases)) assert.equal(textOf(Buffer.from(hex, 'hex')), text)
  })

  it('are written as they were read', () => {
    const groups = fc.array(fc.constantFrom(0, 0, 1, 0xffff, 0x1234), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(groups, words => {
        const bytes = Buffer.concat(words.map(word => Buffer.from([word >> 8, word & 0xff])))
        const text = textOf(bytes)
        assert.equal(parse(text), bytes.toString('hex'))
        // The URL standard writes addresses as RFC 5952 does.
        assert.equal(`[${text}]`, new URL(`http://[${text}]/`).hostname)
      }),
    )
    fc.assert(fc.property(fc.ipV4(), text => assert.equal(textOf(Buffer.from(parse(text)!, 'hex')), text)))
  })

  it('lose the IPv4-mapped form', () => {
    const unmapped = (text: string): unknown[] => {
      const address = new IpAddress()
      parseIp(latin1(text), 0, text.length, address)
      address.unmap()
      return [address.family, Buffer.from(address.bytes).toString('hex', 0, 4)]
    }
    assert.deepEqual(unmapped('::ffff:1.2.3.4'), [4, '01020304'])
    assert.deepEqual(unmapped('::fffe:1.2.3.4'), [6, '00000000'])
    assert.deepEqual(unmapped('1::ffff:1.2.3.4'), [6, '00010000'])
    assert.deepEqual(unmapped('9.8.7.6'), [4, '09080706'])
  })
})

describe('sets of networks', () => {
  const has = (networks: string[], text: string): boolean => {
    const address = new IpAddress()
    assert.ok(parseIp(latin1(text), 0, text.length, address))
    return NetworkSet.parse(networks)!.has(address)
  }

  it('hold what lies in one of their networks', () => {
    const networks = ['10.0.0.0/8', '192.0.2.128/25', '198.51.100.7', '2001:db8::/33', '::1/128']
    for (const inside of [
      '10.0.0.0',
      '10.255.255.255',
      '192.0.2.128',
      '198.51.100.7',
      '::1',
      '2001:db8:7fff::1',
    ]) {
      assert.ok(has(networks, inside), inside)
    }
    for (const outside of [
      '11.0.0.0',
      '9.255.255.255',
      '192.0.2.127',
      '198.51.100.6',
      '::2',
      '2001:db8:8000::',
    ]) {
      assert.ok(!has(networks, outside), outside)
    }
    assert.ok(has(['0.0.0.0/0'], '1.2.3.4') && !has(['0.0.0.0/0'], '::1') && has(['::/0'], '::1'))
    assert.ok(!has([], '1.2.3.4'))
  })

  it('refuse what is no network', () => {
    const bad = ['10.0.0.0/33', '::/129', '10.0.0.1/8', '2001:db8::1/32', '10.0.0.0/', '/8', 'a/8', '1.2.3/8']
    for (const text of [...bad, '10.0.0.0/-1', '::1%eth0/64', '']) {
      assert.equal(NetworkSet.parse(['10.0.0.0/8', text]), undefined, text)
    }
  })
})
