import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { writeIpv4, writeIpv6 } from '../../../src/protocol/http/ip-text.js'
import {
  decodeProxyHeader,
  PROXY_V2_MAX_LENGTH,
  ProxyHeader,
  ProxyStatus,
} from '../../../src/protocol/http/proxy-protocol.js'
import { swap16 } from '../../../src/protocol/packet-memory.js'
import { latin1 } from './requests.js'

const out = new Uint8Array(64)
const signature = '0d0a0d0a000d0a515549540a'
const statusNames = Object.fromEntries(Object.entries(ProxyStatus).map(([name, status]) => [status, name]))

/** `ok 1.2.3.4 5678 +28`, `local +16`, `bad`, `incomplete` */
function decode(bytes: Uint8Array): string {
  const input = Buffer.concat([Buffer.from('xy'), bytes])
  const header = new ProxyHeader()
  const status = decodeProxyHeader(input, 2, input.length, header)
  const name = statusNames[status]!
  if (status === ProxyStatus.local) return `${name} +${header.consumedBytes}`
  if (status !== ProxyStatus.ok) return name
  const write = header.source.family === 4 ? writeIpv4 : writeIpv6
  const text = Buffer.from(out.subarray(0, write(out, 0, header.source.bytes, 0))).toString()
  return `${name} ${text} ${swap16(header.wirePort)} +${header.consumedBytes}`
}

const version1 = (line: string): string => decode(latin1(`${line}GET / HTTP/1.1\r\n\r\n`))

function version2(versionAndCommand: string, family: string, rest: string, length = rest.length / 2): Buffer {
  return Buffer.from(
    `${signature}${versionAndCommand}${family}${length.toString(16).padStart(4, '0')}${rest}`,
    'hex',
  )
}

const ipv4 = '01020304' + '05060708' + '1ae1' + '0050'
const ipv6 = `20010db8${'00'.repeat(11)}01${'00'.repeat(16)}ffff0050`

describe('the PROXY protocol', () => {
  it('reads version 1', () => {
    assert.equal(version1('PROXY TCP4 1.2.3.4 5.6.7.8 6881 80\r\n'), 'ok 1.2.3.4 6881 +36')
    assert.equal(version1('PROXY TCP6 2001:db8::1 ::1 65535 0\r\n'), 'ok 2001:db8::1 65535 +36')
    assert.equal(version1('PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n'), 'ok 1.2.3.4 1 +35')
    assert.equal(version1('PROXY UNKNOWN\r\n'), 'local +15')
    assert.equal(version1('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), 'local +35')
    const longest = `PROXY UNKNOWN${' f'.repeat(46)}\r\n`
    assert.equal(longest.length, 107)
    assert.equal(version1(longest), 'local +107')
    assert.equal(version1(longest.replace('\r', 'f\r')), 'bad')
  })

  it('refuses what is no version 1', () => {
    const lines = [
      'TCP4 1.2.3.4 5.6.7.8 6881',
      'TCP4 1.2.3.4 5.6.7.8 6881 80 ',
      'TCP4 1.2.3.4 5.6.7.8 65536 80',
    ]
    lines.push(
      'TCP4 ::1 ::1 1 2',
      'TCP6 1.2.3.4 5.6.7.8 1 2',
      'TCP4 1.2.3.4 ::1 1 2',
      'UDP4 1.2.3.4 5.6.7.8 1 2',
    )
    lines.push(
      'TCP4  1.2.3.4 5.6.7.8 1 2',
      'TCP4',
      '',
      'TCP4 1.2.3.4 5.6.7.8 1 2\r',
      'TCP4 1.2.3.4 5.6.7.8 -1 2',
    )
    for (const line of lines) assert.equal(version1(`PROXY ${line}\r\n`), 'bad', line)
    assert.equal(version1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n'), 'bad')
    assert.equal(version1(''), 'bad')
    assert.equal(version1('POST / HTTP/1.1\r\n'), 'bad')
  })

  it('reads version 2, and passes over its TLVs', () => {
    assert.equal(decode(version2('21', '11', ipv4)), 'ok 1.2.3.4 6881 +28')
    assert.equal(decode(version2('21', '21', ipv6)), 'ok 2001:db8::1 65535 +52')
    assert.equal(decode(version2('21', '12', `${ipv4}030004aabbccdd`)), 'ok 1.2.3.4 6881 +35')
    const mapped = `${'00'.repeat(10)}ffff01020304${'00'.repeat(16)}00010002`
    assert.equal(decode(version2('21', '21', mapped)), 'ok 1.2.3.4 1 +52')
  })

  it('leaves the address of the connection for LOCAL, unknown and Unix sockets', () => {
    assert.equal(decode(version2('20', '00', '')), 'local +16')
    assert.equal(decode(version2('20', '11', ipv4)), 'local +28')
    assert.equal(decode(version2('21', '00', '0102')), 'local +18')
    assert.equal(decode(version2('21', '31', '00'.repeat(216))), 'local +232')
  })

  it('refuses what is no version 2', () => {
    assert.equal(decode(version2('11', '11', ipv4)), 'bad')
    assert.equal(decode(version2('22', '11', ipv4)), 'bad')
    assert.equal(decode(version2('21', '41', ipv4)), 'bad')
    assert.equal(decode(version2('21', '13', ipv4)), 'bad')
    assert.equal(decode(version2('21', '11', ipv4.slice(2))), 'bad')
    assert.equal(decode(version2('21', '21', ipv6.slice(2))), 'bad')
    assert.equal(decode(Buffer.from(`${signature.slice(0, -2)}0b2111000c${ipv4}`, 'hex')), 'bad')
  })

  it('takes a length of 4096 and no more', () => {
    const padded = ipv4.padEnd(2 * PROXY_V2_MAX_LENGTH, '0')
    assert.equal(decode(version2('21', '11', padded)), 'ok 1.2.3.4 6881 +4112')
    assert.equal(decode(version2('21', '11', `${padded}00`)), 'bad')
    assert.equal(decode(version2('21', '11', '', PROXY_V2_MAX_LENGTH + 1)), 'bad')
  })

  it('is incomplete at every cut', () => {
    const headers = [latin1('PROXY TCP4 1.2.3.4 5.6.7.8 6881 80\r\n'), latin1('PROXY UNKNOWN\r\n')]
    headers.push(
      version2('21', '11', ipv4),
      version2('21', '21', `${ipv6}0300020000`),
      version2('20', '00', ''),
    )
    for (const bytes of headers) {
      assert.match(decode(bytes), /^(ok|local) .*\+\d+$/)
      for (let cut = 0; cut < bytes.length; cut++) assert.equal(decode(bytes.subarray(0, cut)), 'incomplete')
    }
  })

  it('gives a status for any bytes', () => {
    const beginning = fc.constantFrom(
      '',
      'PROXY ',
      'PROXY TCP4 ',
      Buffer.from(signature, 'hex').toString('latin1'),
    )
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 200 }), (start, bytes) => {
        const status = decode(Buffer.concat([latin1(start), bytes]))
        assert.match(status, /^(ok|local|bad|incomplete)/)
      }),
    )
  })
})
