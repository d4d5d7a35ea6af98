import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeResponse,
  HEAD_BYTES_MAX,
  HttpResponse,
  ResponseProgress,
  ResponseStatus,
} from '../../../src/protocol/http/response-decoder.js'

const BODY_MAX = 1000
const { incomplete, complete } = ResponseStatus

interface Decoded {
  readonly status: number
  readonly code: number
  readonly body: string
  readonly rest: string
  readonly closes: boolean
  readonly isEncoded: boolean
  readonly interim: number
}

function decode(text: string, hasEnded = false, bodyMax = BODY_MAX): Decoded {
  // Somewhere in a larger buffer, with bytes around that must not matter.
  const input = Buffer.from(`HTTP${text}e\r\n\r\n`, 'latin1')
  const response = new HttpResponse()
  const end = 4 + text.length
  const status = decodeResponse(input, 4, end, hasEnded, bodyMax, response, new ResponseProgress())
  const isWhole = status === complete
  return {
    status,
    code: response.statusCode,
    body: isWhole ? input.toString('latin1', response.bodyStart, response.bodyEnd) : '',
    rest: isWhole ? input.toString('latin1', response.end, end) : '',
    closes: response.closes,
    isEncoded: response.isEncoded,
    interim: response.interim,
  }
}

/** Input that counts how many of its bytes are looked at. */
function counting(text: string): { input: Uint8Array; steps: () => number } {
  const bytes = Buffer.from(text, 'latin1')
  let steps = 0
  const input = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d/.test(key)) steps++
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { input, steps: () => steps }
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nd1:ae'
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n' +
  '3\r\nd1:\r\nA;name="x"\r\n0123456789\r\n1\r\ne\r\n0\r\nx: y\r\n\r\n'
const interim = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${plain}`

describe('HTTP answers as a client reads them', () => {
  it('with a length', () => {
    const { status, code, body, closes, rest } = decode(`${plain}HTTP/1.1 2`)
    assert.deepEqual(
      { status, code, body, closes, rest },
      {
        status: complete,
        code: 200,
        body: 'd1:ae',
        closes: false,
        rest: 'HTTP/1.1 2',
      },
    )
  })

  it('in chunks, with extensions and trailers', () => {
    const { status, body, rest } = decode(`${chunked}HTTP`)
    assert.deepEqual({ status, body, rest }, { status: complete, body: 'd1:0123456789e', rest: 'HTTP' })
  })

  it('until the connection ends', () => {
    const text = 'HTTP/1.0 200 OK\r\n\r\nd1:ae'
    assert.equal(decode(text).status, incomplete)
    const { status, body, closes } = decode(text, true)
    assert.deepEqual({ status, body, closes }, { status: complete, body: 'd1:ae', closes: true })
  })

  it('behind interim answers', () => {
    const { status, code, body, interim: count } = decode(interim)
    assert.deepEqual({ status, code, body, count }, { status: complete, code: 200, body: 'd1:ae', count: 2 })
  })

  it('without a body where there can be none', () => {
    for (const code of [204, 304, 101]) {
      const { status, body, rest } = decode(`HTTP/1.1 ${code} x\r\nContent-Length: 5\r\n\r\nrest`)
      assert.deepEqual({ status, body, rest }, { status: complete, body: '', rest: 'rest' })
    }
  })

  it('say whether the connection goes on', () => {
    const head = (version: string, word: string): string =>
      `HTTP/${version} 200 OK\r\nCONNECTION:\t${word} \r\ncontent-length: 0\r\n\r\n`
    assert.equal(decode(head('1.1', 'Close')).closes, true)
    assert.equal(decode(head('1.1', 'Keep-Alive')).closes, false)
    assert.equal(decode(head('1.0', 'Keep-Alive')).closes, false)
    assert.equal(decode(head('1.0', 'x')).closes, true)
  })

  it('say whether they are compressed', () => {
    const head = (value: string): string =>
      `HTTP/1.1 200 OK\r\nContent-Encoding: ${value}\r\nContent-Length: 0\r\n\r\n`
    assert.equal(decode(head('gzip')).isEncoded, true)
    assert.equal(decode(head('identity')).isEncoded, false)
  })

  it('with bare line feeds, as some servers write', () => {
    assert.equal(decode(plain.replaceAll('\r\n', '\n')).body, 'd1:ae')
    assert.equal(decode(chunked.replaceAll('\r\n', '\n')).body, 'd1:0123456789e')
  })

  it('are incomplete at every length but their own, and cut off when nothing follows', () => {
    for (const text of [plain, chunked, interim]) {
      for (let length = 0; length < text.length; length++) {
        assert.equal(decode(text.slice(0, length)).status, incomplete, `at ${length}`)
        assert.equal(decode(text.slice(0, length), true).status, ResponseStatus.cutOff, `at ${length}`)
      }
      assert.equal(decode(text).status, complete)
    }
  })

  it('of many small chunks, shown again with each, take as many steps for each chunk', () => {
    const stepsFor = (chunks: number): number => {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      const { input, steps } = counting(`${head}${'1\r\nx\r\n'.repeat(chunks)}0\r\n\r\n`)
      const response = new HttpResponse()
      const progress = new ResponseProgress()
      const show = (end: number): number => decodeResponse(input, 0, end, false, 10_000, response, progress)
      for (let end = 0; end < input.length; end += 3) assert.equal(show(end), incomplete)
      assert.equal(show(input.length), complete)
      assert.equal(response.bodyEnd - response.bodyStart, chunks)
      return steps()
    }
    const growth = stepsFor(2000) / stepsFor(1000)
    assert.ok(growth < 2.1, `twice as many chunks take ${growth} times as many steps`)
  })

  it('behind many interim ones, too', () => {
    const stepsFor = (count: number): number => {
      const { input, steps } = counting(`${'HTTP/1.1 100 \r\n\r\n'.repeat(count)}${plain}`)
      const response = new HttpResponse()
      const progress = new ResponseProgress()
      const show = (end: number): number => decodeResponse(input, 0, end, false, 10_000, response, progress)
      for (let end = 0; end < input.length; end += 5) assert.equal(show(end), incomplete)
      assert.equal(show(input.length), complete)
      assert.equal(response.interim, count)
      assert.deepEqual(progress, new ResponseProgress())
      return steps()
    }
    const growth = stepsFor(400) / stepsFor(200)
    assert.ok(growth < 2.1, `twice as many take ${growth} times as many steps`)
  })

  it('leave the input as it was until they are whole', () => {
    const input = Buffer.from(chunked.slice(0, -1), 'latin1')
    decodeResponse(input, 0, input.length, false, BODY_MAX, new HttpResponse(), new ResponseProgress())
    assert.equal(input.toString('latin1'), chunked.slice(0, -1))
  })

  it('that are no HTTP/1 are known at the first wrong byte', () => {
    for (const text of [
      'x',
      'HTTQ',
      'HTTP/2',
      'HTTP/1.x',
      'HTTP/1.1\t',
      'HTTP/1.1 2x',
      'HTTP/1.1 099',
      '\x15\x03',
    ]) {
      assert.equal(decode(text).status, ResponseStatus.notHttp, JSON.stringify(text))
    }
  })

  it('have heads of a limited length', () => {
    const line = `X: ${'y'.repeat(97)}\r\n`
    const head = `HTTP/1.1 200 OK\r\n${line.repeat(200)}`
    const room = HEAD_BYTES_MAX - 2 - 'Content-Length: 0\r\n'.length
    const longest = `${head.slice(0, room - 2)}\r\nContent-Length: 0\r\n\r\n`
    assert.equal(longest.length, HEAD_BYTES_MAX)
    assert.equal(decode(longest).status, complete)
    assert.equal(decode(`${longest.slice(0, -2)}XY`).status, ResponseStatus.headTooLong)
    assert.equal(decode(head.slice(0, HEAD_BYTES_MAX - 1)).status, incomplete)
    assert.equal(decode(head.slice(0, HEAD_BYTES_MAX)).status, ResponseStatus.headTooLong)
    assert.equal(decode(`HTTP/1.1 200 ${'x'.repeat(HEAD_BYTES_MAX)}`).status, ResponseStatus.headTooLong)
  })

  it('have bodies of a limited length, however they say it', () => {
    const withLength = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`
    assert.equal(decode(withLength(BODY_MAX)).status, incomplete)
    assert.equal(decode(withLength(BODY_MAX + 1)).status, ResponseStatus.bodyTooLong)
    const chunks = (count: number): string =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`64\r\n${'x'.repeat(100)}\r\n`.repeat(count)}`
    assert.equal(decode(`${chunks(10)}0\r\n\r\n`).status, complete)
    assert.equal(decode(`${chunks(10)}1\r\n`).status, ResponseStatus.bodyTooLong)
    const endless = (length: number): string => `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(length)}`
    assert.equal(decode(endless(BODY_MAX)).status, incomplete)
    assert.equal(decode(endless(BODY_MAX + 1)).status, ResponseStatus.bodyTooLong)
  })

  it('that contradict themselves are malformed', () => {
    const head = (lines: string): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`
    for (const lines of [
      'Content-Length: 5\r\nContent-Length: 6',
      'Content-Length: x',
      'Content-Length:',
      'Content-Length: -1',
      'Content-Length: 9999999999999999',
      'connection',
    ]) {
      assert.equal(decode(head(lines)).status, ResponseStatus.headMalformed, lines)
    }
    assert.equal(decode(`${head('Content-Length: 2\r\nContent-Length: 2')}ok`).body, 'ok')
    const chunks = (text: string): string => head('Transfer-Encoding: chunked') + text
    for (const text of [
      'x\r\n',
      '\r\n',
      '3x\r\n',
      '3\r\nabcd\r\n',
      '123456789\r\n',
      `1;${'x'.repeat(HEAD_BYTES_MAX)}`,
    ]) {
      assert.equal(
        decode(chunks(text)).status,
        ResponseStatus.chunkMalformed,
        JSON.stringify(text.slice(0, 20)),
      )
    }
    assert.equal(decode(chunks(`0\r\n${'x: y\r\n'.repeat(4000)}`)).status, ResponseStatus.headTooLong)
  })

  it('never throw, and never point outside the input, whatever comes', () => {
    const pieces = [
      'HTTP/1.1 ',
      '200',
      ' OK',
      '\r\n',
      '\n',
      'Content-Length: ',
      '3',
      'Transfer-Encoding: chunked',
      '0',
      ':',
    ]
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map(parts => parts.join('')),
      fc
        .array(fc.constantFrom(...pieces), { maxLength: 12 })
        .map(parts => `HTTP/1.1 200 OK\r\n${parts.join('')}`),
    )
    fc.assert(
      fc.property(text, fc.boolean(), (bytes, hasEnded) => {
        const input = Buffer.from(bytes, 'latin1')
        const response = new HttpResponse()
        const status = decodeResponse(
          input,
          0,
          input.length,
          hasEnded,
          BODY_MAX,
          response,
          new ResponseProgress(),
        )
        assert.ok(Object.values(ResponseStatus).includes(status as 0))
        if (hasEnded) assert.notEqual(status, incomplete)
        if (status !== complete) return
        assert.ok(response.bodyStart <= response.bodyEnd && response.bodyEnd <= response.end)
        assert.ok(response.end <= input.length)
      }),
      { numRuns: 2000 },
    )
  })
})
