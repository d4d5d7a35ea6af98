import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  encodeFailureResponse,
  HttpFailureAnswer,
  RetryIn,
} from '../../../src/protocol/http/failure-response.js'
import { encodeHttpError, encodePage } from '../../../src/protocol/http/plain-response.js'
import { HttpRequestHead } from '../../../src/protocol/http/request-head.js'
import { decimalDigits, writeDecimal } from '../../../src/protocol/http/response-bytes.js'
import { ConnectionWord, connectionWord, ResponseHead } from '../../../src/protocol/http/response-head.js'
import { decodeScrapeQuery, HttpScrapeRequest } from '../../../src/protocol/http/scrape-query.js'
import { encodeScrapeResponse, HttpScrapeAnswer } from '../../../src/protocol/http/scrape-response.js'
import { parseAnswer, parseBencoded, writeAnswer } from './answers.js'
import { latin1 } from './requests.js'

const bodyOf = (bytes: Uint8Array): string => parseAnswer(bytes).body.toString('latin1')

/** Expects an answer at exactly its length, and none at every shorter one. */
function checkLimits(encode: (out: Uint8Array, at: number, limit: number) => number): Uint8Array {
  const whole = writeAnswer(encode)!
  for (let limit = 0; limit < whole.length; limit++) assert.equal(writeAnswer(encode, limit), undefined)
  assert.deepEqual(writeAnswer(encode, whole.length), whole)
  return whole
}

describe('HTTP scrape answers (BEP 48)', () => {
  const request = new HttpScrapeRequest(10)
  const query = latin1(`info_hash=${'b'.repeat(20)}&info_hash=${'a'.repeat(20)}&info_hash=${'b'.repeat(20)}`)
  decodeScrapeQuery(query, 0, query.length, request)
  const answer = (fields: Partial<HttpScrapeAnswer> = {}): HttpScrapeAnswer => {
    const filled = Object.assign(new HttpScrapeAnswer(10), fields)
    filled.complete.set([1, 20])
    filled.downloaded.set([300, 0])
    filled.incomplete.set([4, 2_147_483_647])
    return filled
  }
  const encode = (fields: Partial<HttpScrapeAnswer>): Uint8Array =>
    checkLimits((out, at, limit) => encodeScrapeResponse(out, at, limit, request, answer(fields)))

  it('are written as the BEP lays them out', () => {
    assert.equal(
      bodyOf(encode({})),
      'd5:filesd' +
        '20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi300e10:incompletei4ee' +
        '20:bbbbbbbbbbbbbbbbbbbbd8:completei20e10:downloadedi0e10:incompletei2147483647ee' +
        'ee',
    )
  })

  it('ask for patience with flags', () => {
    const found = parseBencoded(encode({ minRequestIntervalSeconds: 900 }))
    assert.deepEqual(found['flags'], { min_request_interval: 900 })
    assert.deepEqual(Object.keys(found['files']!), ['a'.repeat(20), 'b'.repeat(20)])
  })

  it('have no body for HEAD', () => {
    const { headers } = parseAnswer(encode({ headOnly: true }), true)
    assert.equal(headers['content-length'], String(bodyOf(encode({})).length))
  })
})

describe('HTTP failures (BEP 3, 31)', () => {
  const encode = (fields: Partial<HttpFailureAnswer>): Uint8Array =>
    checkLimits((out, at, limit) =>
      encodeFailureResponse(out, at, limit, latin1('error'), Object.assign(new HttpFailureAnswer(), fields)),
    )

  it('say why, and when to come back', () => {
    assert.equal(bodyOf(encode({})), 'd14:failure reason5:errore')
    assert.equal(
      bodyOf(encode({ retryInMinutes: RetryIn.never })),
      'd14:failure reason5:error8:retry in5:nevere',
    )
    const found = parseBencoded(encode({ retryInMinutes: 30, intervalSeconds: 1800 }))
    assert.deepEqual(found, { 'failure reason': 'error', interval: 1800, 'retry in': 30 })
  })

  it('are status 200, and without a body for HEAD', () => {
    const { status, headers } = parseAnswer(
      encode({ headOnly: true, connection: ConnectionWord.close }),
      true,
    )
    assert.equal(status, '200 OK')
    assert.equal(headers['content-length'], '26')
    assert.equal(headers['connection'], 'close')
  })
})

describe('HTTP errors and pages', () => {
  const errorOf = (status: number, headOnly = false): Uint8Array =>
    checkLimits((out, at, limit) => encodeHttpError(out, at, limit, status, ConnectionWord.close, headOnly))

  it('have a small plain answer for each status', () => {
    for (const status of [400, 404, 405, 408, 411, 413, 414, 429, 431, 500, 503, 505]) {
      const answer = parseAnswer(errorOf(status))
      assert.match(answer.status, new RegExp(`^${status} `))
      assert.equal(answer.body.toString(), `${answer.status.slice(4)}\n`)
      assert.equal(answer.headers['connection'], 'close')
      assert.equal(answer.headers['allow'], status === 405 ? 'GET, HEAD' : undefined)
      assert.equal(parseAnswer(errorOf(status, true), true).status, answer.status)
    }
    assert.match(parseAnswer(errorOf(418)).status, /^500 /)
  })

  it('write a page of any type', () => {
    const head = new ResponseHead('200 OK', 'text/html; charset=utf-8')
    const bytes = checkLimits((out, at, limit) =>
      encodePage(out, at, limit, head, latin1('<p>'), ConnectionWord.keepAlive, false),
    )
    const { headers, body } = parseAnswer(bytes)
    assert.equal(body.toString(), '<p>')
    assert.deepEqual(headers, {
      'content-type': 'text/html; charset=utf-8',
      connection: 'keep-alive',
      'content-length': '3',
    })
  })
})

describe('pieces of HTTP answers', () => {
  it('say close, keep-alive or nothing, as version and wish ask', () => {
    const head = new HttpRequestHead(0)
    const wordOf = (minorVersion: number, keepAlive: boolean, allowKeepAlive: boolean): number =>
      connectionWord(Object.assign(head, { minorVersion, keepAlive }), allowKeepAlive)
    assert.equal(wordOf(1, true, true), ConnectionWord.none)
    assert.equal(wordOf(0, true, true), ConnectionWord.keepAlive)
    for (const version of [0, 1]) {
      assert.equal(wordOf(version, false, true), ConnectionWord.close)
      assert.equal(wordOf(version, true, false), ConnectionWord.close)
    }
  })

  it('write whole numbers of every length', () => {
    const out = new Uint8Array(20)
    for (let power = 0; power <= 15; power++) {
      for (const value of [10 ** power - 1, 10 ** power, 2 * 10 ** power + 7]) {
        const end = writeDecimal(out, 2, value)
        assert.equal(Buffer.from(out.subarray(2, end)).toString(), String(value))
        assert.equal(decimalDigits(value), String(value).length)
      }
    }
    for (const value of [0x7fff_ffff, 0x8000_0000, Number.MAX_SAFE_INTEGER]) {
      const end = writeDecimal(out, 0, value)
      assert.equal(Buffer.from(out.subarray(0, end)).toString(), String(value))
    }
  })
})
