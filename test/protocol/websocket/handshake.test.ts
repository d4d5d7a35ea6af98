// Requests for WebSocket: what is accepted, and what each of the others is answered with.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { latin1Bytes } from '../../../src/protocol/http/ascii.js'
import {
  defaultHeadLimits,
  HeadStatus,
  type HttpRequestHead,
  RequestHeadDecoder,
} from '../../../src/protocol/http/request-head.js'
import {
  acceptFor,
  asksForWebSocket,
  handshakeHeaders,
  judgeHandshake,
  OriginRules,
  SWITCHING_PROTOCOLS_BYTES_MAX,
  writeSwitchingProtocols,
} from '../../../src/protocol/websocket/handshake.js'

/** The example of RFC 6455 section 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

const usual: Readonly<Record<string, string>> = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
}

/** Wanted headers of somebody else come first. */
const FIRST_HEADER = 1
const decoder = new RequestHeadDecoder(['X-Forwarded-For', ...handshakeHeaders], defaultHeadLimits)

interface Parsed {
  readonly input: Uint8Array
  readonly head: HttpRequestHead
}

function parse(
  headers: Readonly<Record<string, string | undefined>>,
  more: readonly string[] = [],
  line = 'GET / HTTP/1.1',
): Parsed {
  const lines = Object.entries({ ...usual, ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  const input = latin1Bytes(`${[line, ...lines, ...more].join('\r\n')}\r\n\r\n`)
  const head = decoder.createHead()
  assert.equal(decoder.decode(input, 0, input.length, 0, head), HeadStatus.complete)
  return { input, head }
}

const everybody = new OriginRules([], [])

function judge(
  headers: Readonly<Record<string, string | undefined>>,
  more: readonly string[] = [],
  line = 'GET / HTTP/1.1',
  origins = everybody,
): number {
  const { input, head } = parse(headers, more, line)
  return judgeHandshake(input, head, FIRST_HEADER, origins)
}

function answer({ input, head }: Parsed): string {
  const out = new Uint8Array(3 + SWITCHING_PROTOCOLS_BYTES_MAX)
  const end = writeSwitchingProtocols(input, head, FIRST_HEADER, out, 3)
  assert.ok(end <= out.length)
  return Buffer.from(out.subarray(3, end)).toString('latin1')
}

describe('requests for WebSocket', () => {
  it('are accepted as clients send them', () => {
    assert.equal(judge({}), 101)
    // Firefox; then what the tokens are compared without regard to.
    assert.equal(judge({ Connection: 'keep-alive, Upgrade' }), 101)
    assert.equal(judge({ Upgrade: 'WebSocket', Connection: 'UPGRADE' }), 101)
    assert.equal(judge({ Upgrade: 'h2c, websocket' }), 101)
    assert.equal(judge({ Upgrade: 'h2c' }, ['Upgrade: websocket']), 101)
    assert.equal(judge({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }), 101)
    assert.equal(judge({ Host: undefined }), 101)
  })

  it('are answered with 400 if they are none', () => {
    assert.equal(judge({}, [], 'GET / HTTP/1.0'), 400)
    assert.equal(judge({}, [], 'HEAD / HTTP/1.1'), 400)
    assert.equal(judge({ Upgrade: undefined }), 400)
    assert.equal(judge({ Upgrade: 'websockets' }), 400)
    assert.equal(judge({ Connection: undefined }), 400)
    assert.equal(judge({ Connection: 'keep-alive' }), 400)
    assert.equal(judge({ 'Content-Length': '4' }), 400)
    for (const key of [undefined, '', 'dGhlIHNhbXBsZSBub25jZQ=', `${KEY}=`, 'dGhlIHNhbXBsZSBub25jZQ--']) {
      assert.equal(judge({ 'Sec-WebSocket-Key': key }), 400, key)
    }
    assert.equal(judge({}, [`Sec-WebSocket-Key: ${KEY}`]), 400)
  })

  it('are answered with 426 if they are for another version', () => {
    for (const version of [undefined, '8', '12', '14', '13, 8', '013']) {
      assert.equal(judge({ 'Sec-WebSocket-Version': version }), 426, version)
    }
  })

  it('are told from others by Upgrade alone', () => {
    const asks = ({ input, head }: Parsed): boolean => asksForWebSocket(input, head, FIRST_HEADER)
    assert.equal(asks(parse({})), true)
    assert.equal(asks(parse({ Connection: 'close', 'Sec-WebSocket-Key': undefined })), true)
    assert.equal(asks(parse({ Upgrade: undefined })), false)
    assert.equal(asks(parse({ Upgrade: 'h2c' })), false)
    assert.equal(asks(parse({}, [], 'HEAD / HTTP/1.1')), false)
  })
})

describe('origins', () => {
  const allowing = new OriginRules(['https://a.example', 'null'], [])
  const denying = new OriginRules([], ['https://bad.example'])
  const both = new OriginRules(['https://a.example', 'https://b.example'], ['https://b.example'])
  const statusOf = (origin: string | undefined, rules: OriginRules): number =>
    judge({ Origin: origin }, [], 'GET / HTTP/1.1', rules)

  it('are all allowed without lists', () => {
    assert.equal(statusOf(undefined, everybody), 101)
    assert.equal(statusOf('https://bad.example', everybody), 101)
  })

  it('must be in the list of those allowed, and then be said', () => {
    assert.equal(statusOf('https://a.example', allowing), 101)
    assert.equal(statusOf('HTTPS://A.example', allowing), 101)
    assert.equal(statusOf('null', allowing), 101)
    assert.equal(statusOf('https://a.example:8443', allowing), 403)
    assert.equal(statusOf('https://a.example.bad.example', allowing), 403)
    assert.equal(statusOf(undefined, allowing), 403)
  })

  it('are refused if they are in the list of those denied, even if allowed', () => {
    assert.equal(statusOf('https://bad.example', denying), 403)
    assert.equal(statusOf('https://good.example', denying), 101)
    assert.equal(statusOf(undefined, denying), 101)
    assert.equal(statusOf('https://b.example', both), 403)
    assert.equal(statusOf('https://a.example', both), 101)
  })
})

describe('the answer', () => {
  it("has the key's digest, and no extension", () => {
    assert.equal(acceptFor(KEY), ACCEPT)
    assert.equal(
      answer(parse({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })),
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    )
  })

  it('agrees to the first subprotocol offered, if it is one and short', () => {
    const agreed = (offered: string): string | undefined =>
      /Sec-WebSocket-Protocol: (.*)\r\n/.exec(answer(parse({ 'Sec-WebSocket-Protocol': offered })))?.[1]
    assert.equal(agreed('webtorrent'), 'webtorrent')
    assert.equal(agreed('webtorrent , other'), 'webtorrent')
    assert.equal(agreed('a'.repeat(64)), 'a'.repeat(64))
    assert.equal(agreed('a'.repeat(65)), undefined)
    assert.equal(agreed('not one'), undefined)
    assert.equal(agreed(''), undefined)
    assert.equal(agreed('\xe9'), undefined)
  })
})
