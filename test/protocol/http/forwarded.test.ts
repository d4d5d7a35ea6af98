import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NetworkSet } from '../../../src/protocol/http/cidr.js'
import {
  ForwardedFormat,
  type ForwardedRule,
  ForwardedStatus,
  findForwardedAddress,
} from '../../../src/protocol/http/forwarded.js'
import { IpAddress, writeIpv4, writeIpv6 } from '../../../src/protocol/http/ip-text.js'
import { defaultHeadLimits, RequestHeadDecoder } from '../../../src/protocol/http/request-head.js'
import { latin1 } from './requests.js'

const decoder = new RequestHeadDecoder(['CF-Connecting-IP', 'X-Forwarded-For'], defaultHeadLimits)
const head = decoder.createHead()
const HEADER = 1
const out = new Uint8Array(64)
const addresses = ForwardedFormat.addresses

const hops = (count: number, format: number = addresses): ForwardedRule => ({
  format,
  hops: count,
  trusted: null,
})
const trusting = (...networks: string[]): ForwardedRule => ({
  format: addresses,
  hops: 0,
  trusted: NetworkSet.parse(networks)!,
})

/** The address in the headers, as text, or `missing` or `invalid`. */
function find(rule: ForwardedRule, ...values: string[]): string {
  const input = latin1(
    ['GET /x HTTP/1.1', ...values.map(value => `x-forwarded-for: ${value}`), '', ''].join('\r\n'),
  )
  assert.equal(decoder.decode(input, 0, input.length, 0, head), 1)
  const address = new IpAddress()
  const status = findForwardedAddress(input, head, HEADER, rule, address)
  if (status !== ForwardedStatus.ok) return status === ForwardedStatus.missing ? 'missing' : 'invalid'
  const write = address.family === 4 ? writeIpv4 : writeIpv6
  return Buffer.from(out.subarray(0, write(out, 0, address.bytes, 0))).toString()
}

describe('the client address behind proxies', () => {
  it('is the last one of the last instance, for one proxy', () => {
    assert.equal(find(hops(1), '1.1.1.1'), '1.1.1.1')
    assert.equal(find(hops(1), '1.1.1.1, 2.2.2.2'), '2.2.2.2')
    assert.equal(find(hops(1), '1.1.1.1, 2.2.2.2', ' 3.3.3.3 ,\t2001:DB8::1\t'), '2001:db8::1')
    assert.equal(find(hops(1), 'nonsense, 2.2.2.2'), '2.2.2.2')
  })

  it('is counted from the right over all instances, for several', () => {
    const values = ['9.9.9.9, 1.1.1.1', '2.2.2.2,3.3.3.3']
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(count => find(hops(count), ...values)),
      ['3.3.3.3', '2.2.2.2', '1.1.1.1', '9.9.9.9', 'missing'],
    )
    assert.equal(find(hops(2), '1.1.1.1,, ,2.2.2.2,'), '1.1.1.1')
  })

  it('is the first from the right that no trusted network holds', () => {
    const rule = trusting('10.0.0.0/8', '2001:db8::/32')
    assert.equal(find(rule, '6.6.6.6, 1.1.1.1, 10.1.2.3', '2001:db8::5'), '1.1.1.1')
    assert.equal(find(rule, '6.6.6.6, ::ffff:10.1.2.3'), '6.6.6.6')
    assert.equal(find(rule, '10.0.0.1, 10.0.0.2'), '10.0.0.1')
    assert.equal(find(rule, '6.6.6.6, unknown, 10.0.0.2'), 'invalid')
    assert.equal(find(rule), 'missing')
  })

  it('comes without port, brackets and mapping', () => {
    const forms: Record<string, string> = {
      '1.2.3.4:5678': '1.2.3.4',
      '[2001:db8::1]:80': '2001:db8::1',
      '[2001:db8::1]': '2001:db8::1',
      '::ffff:1.2.3.4': '1.2.3.4',
      '"1.2.3.4"': '1.2.3.4',
    }
    for (const [text, address] of Object.entries(forms)) assert.equal(find(hops(1), text), address, text)
    for (const bad of ['', ' ', ',']) assert.equal(find(hops(1), bad), 'missing')
    const invalid = [
      'unknown',
      '_hidden',
      '1.2.3',
      '[1.2.3.4]',
      '[::1',
      '[::1]x',
      '1.2.3.4:',
      '1.2.3.4 5',
      '::1%lo',
    ]
    for (const bad of invalid) assert.equal(find(hops(1), bad), 'invalid', bad)
  })

  it('is the for parameter of Forwarded (RFC 7239)', () => {
    const rule = hops(1, ForwardedFormat.forwarded)
    const forms: Record<string, string> = {
      'for=192.0.2.60;proto=http;by=203.0.113.43': '192.0.2.60',
      'For="[2001:db8:cafe::17]:4711"': '2001:db8:cafe::17',
      'for=192.0.2.43, for=198.51.100.17': '198.51.100.17',
      'by="a,b;for=1.1.1.1"; FOR=2.2.2.2:_port ': '2.2.2.2',
      'for=1.1.1.1, by="x, for=9.9.9.9";for="2.2.2.2:80"': '2.2.2.2',
      'for=_hidden': 'invalid',
      'for=unknown': 'invalid',
      'for="_gazonk"': 'invalid',
      'proto=https': 'invalid',
      for: 'invalid',
      'xfor=1.2.3.4': 'invalid',
    }
    for (const [text, address] of Object.entries(forms)) assert.equal(find(rule, text), address, text)
    assert.equal(find(hops(2, ForwardedFormat.forwarded), 'for=_a, for=1.1.1.1', 'for=_b'), '1.1.1.1')
  })

  it('cannot be moved by what the client wrote to the left', () => {
    const rule = hops(1, ForwardedFormat.forwarded)
    for (const left of ['for="', '"', 'for="\\"', ',,,"', 'for="a, b']) {
      assert.equal(find(rule, left, 'for=2.2.2.2'), '2.2.2.2', left)
      assert.equal(find(rule, `${left}, for=2.2.2.2`), '2.2.2.2', left)
    }
  })
})
