import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  HeadError,
  HeadStatus,
  MAX_HEADERS,
  MAX_LEADING_BLANK_BYTES,
  Method,
} from '../../../src/protocol/http/request-head.js'
import { completeHeads, HeadReader, latin1, type PlainHead, webSocketUpgrade } from './requests.js'

const reader = new HeadReader()
const read = (text: string): PlainHead => reader.read(latin1(text))
const statusOf = (text: string): number => read(text).status
const get = (...headers: string[]): string => ['GET /x HTTP/1.1', ...headers, '', ''].join('\r\n')

describe('HTTP request heads: what is complete', () => {
  it('reads a request with its wanted headers', () => {
    assert.deepEqual(read(webSocketUpgrade), {
      status: HeadStatus.complete,
      method: 1,
      minorVersion: 1,
      keepAlive: true,
      connectionUpgrade: true,
      target: '/',
      headBytes: webSocketUpgrade.length,
      bodyBytes: 0,
      headers: {
        host: ['tracker.example.org'],
        upgrade: ['websocket'],
        origin: ['https://example.org'],
        'sec-websocket-version': ['13'],
        'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ=='],
      },
    })
  })

  it('is incomplete at every cut, and the same however it comes', () => {
    for (const text of completeHeads) {
      const bytes = latin1(text)
      const whole = reader.read(bytes)
      assert.equal(whole.status, HeadStatus.complete, text)
      for (let cut = 0; cut < bytes.length; cut++) {
        assert.equal(reader.read(bytes.subarray(0, cut)).status, HeadStatus.incomplete, `cut at ${cut}`)
        assert.deepEqual(reader.read(bytes, [cut]), whole, `cut at ${cut}`)
      }
      const everyByte = Array.from({ length: bytes.length }, (_, cut) => cut)
      assert.deepEqual(reader.read(bytes, everyByte), whole)
    }
  })

  it('ends where the next pipelined request begins', () => {
    const [first, second] = completeHeads
    assert.equal(read(first! + second!).headBytes, first!.length)
  })

  it('keeps every instance of a wanted header, in order, without the space around', () => {
    const text = get(
      'x-forwarded-FOR:1.1.1.1',
      'Other: x',
      'X-FORWARDED-FOR: \t 2.2.2.2, 3.3.3.3 \t',
      'Host:',
    )
    assert.deepEqual(read(text).headers, { 'x-forwarded-for': ['1.1.1.1', '2.2.2.2, 3.3.3.3'], host: [''] })
  })

  it('forgets what the request before said', () => {
    read(get('Connection: close, upgrade', 'Content-Length: 5', 'Host: a'))
    const head = read(get())
    assert.deepEqual([head.keepAlive, head.connectionUpgrade, head.bodyBytes], [true, false, 0])
    assert.deepEqual(head.headers, {})
  })

  it('knows from version and Connection whether the client stays', () => {
    const keepAliveOf = (version: string, ...headers: string[]): boolean =>
      read([`GET /x HTTP/${version}`, ...headers, '', ''].join('\r\n')).keepAlive!
    assert.equal(keepAliveOf('1.1'), true)
    assert.equal(keepAliveOf('1.0'), false)
    assert.equal(keepAliveOf('1.1', 'CONNECTION: Close'), false)
    assert.equal(keepAliveOf('1.0', 'Connection: Keep-Alive'), true)
    assert.equal(keepAliveOf('1.0', 'Connection: te,\tkeep-alive , x'), true)
    assert.equal(keepAliveOf('1.1', 'Connection: keep-alive', 'Connection: close'), false)
    assert.equal(keepAliveOf('1.1', 'Connection: closed, clos'), true)
  })

  it('tells how long a body is, for it to be skipped', () => {
    assert.equal(read(get('Content-Length: 16384')).bodyBytes, 16_384)
    assert.equal(statusOf(get('Content-Length: 16385')), HeadError.contentTooLarge)
    assert.equal(statusOf(get(`Content-Length: ${'9'.repeat(400)}`)), HeadError.contentTooLarge)
    assert.equal(read(get('Content-Length: 7', 'content-length: 07')).bodyBytes, 7)
  })
})

describe('HTTP request heads: what is refused', () => {
  it('answers other methods with 405, once they are complete', () => {
    for (const method of ['POST', 'PUT', 'OPTIONS', 'get', 'GETS', 'HEADER', 'M-SEARCH']) {
      assert.equal(statusOf(`${method} /announce HTTP/1.1\r\n\r\n`), HeadError.methodNotAllowed, method)
    }
    assert.equal(read('HEAD /x HTTP/1.1\r\n\r\n').method, Method.head)
  })

  it('answers other versions with 505, and what is no version with 400', () => {
    for (const version of ['2.0', '0.9', '1.2', '3.1']) {
      assert.equal(statusOf(`GET /x HTTP/${version}\r\n\r\n`), HeadError.versionNotSupported, version)
    }
    const lines = ['GET /x', 'GET', 'GET /x HTTP/1', 'GET /x HTTP/1.1 ', 'GET /x http/1.1', 'GET HTTP/1.1']
    lines.push('GET  HTTP/1.1', ' GET /x HTTP/1.1', '/x HTTP/1.1', 'GET\t/x HTTP/1.1', 'GET /x HTTP/1.10')
    lines.push('GE:T /x HTTP/1.1', '\xff /x HTTP/1.1', 'GET /\x00 HTTP/1.1', 'GET /\x1f HTTP/1.1')
    for (const line of lines) assert.equal(statusOf(`${line}\r\n\r\n`), HeadError.badRequest, line)
  })

  it('refuses a TLS handshake at its first bytes', () => {
    assert.equal(reader.read(Buffer.from('16', 'hex')).status, HeadError.badRequest)
    assert.equal(reader.read(Buffer.from('1603010200010001fc0303', 'hex')).status, HeadError.badRequest)
  })

  it('refuses headers that two programs could read in two ways', () => {
    const bad: Record<string, string[]> = {
      'two lengths': ['Content-Length: 5', 'Content-Length: 6'],
      'a list of lengths': ['Content-Length: 5, 5'],
      'a length and chunks': ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      'chunks and a length': ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      'a signed length': ['Content-Length: +5'],
      'an empty length': ['Content-Length:'],
      'a hexadecimal length': ['Content-Length: 0x5'],
      'a folded line': ['Host: a', ' b'],
      'a first line folded with a tab': ['\tHost: a'],
      'space before the colon': ['Host : a'],
      'no name': [': a'],
      'no colon': ['Host'],
      'space in the name': ['Ho st: a'],
      'NUL in a value': ['Host: a\0b'],
      'NUL in a name': ['Ho\0st: a'],
      'CR in a value': ['Host: a\rb'],
      'CR CR LF': ['Host: a\r'],
      'bytes beyond ASCII in a name': ['H\xf6st: a'],
    }
    for (const [what, headers] of Object.entries(bad)) {
      assert.equal(statusOf(get(...headers)), HeadError.badRequest, what)
    }
    assert.equal(statusOf('GET /x HTTP/1.1\r\n\rX'), HeadError.badRequest)
    assert.equal(statusOf('GET /x HTTP/1.1\r\rX'), HeadError.badRequest)
  })

  it('asks for a length instead of chunks', () => {
    assert.equal(statusOf(get('Transfer-Encoding: chunked')), HeadError.lengthRequired)
    assert.equal(statusOf(get('Transfer-Encoding: gzip, chunked')), HeadError.lengthRequired)
  })

  it('takes 128 headers and no more', () => {
    const headers = (count: number): string[] => Array.from({ length: count }, (_, index) => `Host: ${index}`)
    assert.equal(read(get(...headers(MAX_HEADERS))).headers!['host']!.length, MAX_HEADERS)
    assert.equal(statusOf(get(...headers(MAX_HEADERS + 1))), HeadError.headersTooLarge)
  })

  it('takes 16 bytes of empty lines before a request and no more', () => {
    assert.equal(MAX_LEADING_BLANK_BYTES, 16)
    assert.equal(statusOf(`${'\r\n'.repeat(8)}${get()}`), HeadStatus.complete)
    assert.equal(statusOf(`${'\n'.repeat(17)}${get()}`), HeadError.badRequest)
    assert.equal(statusOf('\r\n\r'), HeadStatus.incomplete)
    assert.equal(statusOf('\rG'), HeadError.badRequest)
  })

  it('takes a head of 16 KiB and no more, whole or byte by byte', () => {
    const ofBytes = (bytes: number): string => get(`Host: ${'a'.repeat(bytes - get('Host: ').length)}`)
    assert.equal(ofBytes(16_384).length, 16_384)
    const everyByte = Array.from({ length: 16_384 }, (_, cut) => cut)
    for (const cuts of [[], everyByte]) {
      assert.equal(reader.read(latin1(ofBytes(16_384)), cuts).status, HeadStatus.complete)
      assert.equal(reader.read(latin1(ofBytes(16_385)), cuts).status, HeadError.headersTooLarge)
    }
    assert.equal(reader.read(latin1(ofBytes(16_385).slice(0, 16_383))).status, HeadStatus.incomplete)
    assert.equal(reader.read(latin1(ofBytes(16_385).slice(0, 16_384))).status, HeadError.headersTooLarge)
  })

  it('tells a target that is too long from headers that are', () => {
    assert.equal(statusOf(`GET /${'a'.repeat(20_000)}`), HeadError.targetTooLong)
    const narrow = new HeadReader({ maxTargetBytes: 10 })
    assert.equal(narrow.read(latin1('GET /234567890 HTTP/1.1\r\n\r\n')).status, HeadStatus.complete)
    assert.equal(narrow.read(latin1('GET /2345678901 HTTP/1.1\r\n\r\n')).status, HeadError.targetTooLong)
  })
})

describe('HTTP request heads: work', () => {
  it('looks at no byte again and again when they come one by one', () => {
    // Reads of the input are counted; a head that is read anew at each byte would need 33 million.
    const bytes = latin1(get(`Host: ${'a'.repeat(8000)}`, `Origin: ${'b'.repeat(100)}`))
    let reads = 0
    const counting = new Proxy(bytes, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++
        return Reflect.get(target, key)
      },
    })
    let scanned = 0
    let status: number = HeadStatus.incomplete
    for (let end = 1; end <= bytes.length; end++) {
      status = reader.decoder.decode(counting, 0, end, scanned, reader.head)
      scanned = reader.head.scannedBytes
    }
    assert.equal(status, HeadStatus.complete)
    assert.ok(reads < bytes.length * 12, `${reads} reads of ${bytes.length} bytes`)
  })

  it('gives a status for any bytes', () => {
    const statuses = new Set<number>([...Object.values(HeadStatus), ...Object.values(HeadError)])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300)), (bytes, cuts) => {
        const inside = cuts.filter(cut => cut <= bytes.length).sort((a, b) => a - b)
        assert.ok(statuses.has(reader.read(bytes, inside).status))
      }),
    )
  })
})
