import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { latin1Bytes } from '../../../src/protocol/http/ascii.js'
import { defaultHeadLimits, HeadStatus, RequestHeadDecoder } from '../../../src/protocol/http/request-head.js'
import {
  decodeUpgradeAnswer,
  hostHeader,
  UPGRADE_ANSWER_BYTES_MAX,
  UpgradeAnswer,
  UpgradeStatus,
  upgradeRequest,
  webSocketKey,
  writeUpgradeRequest,
} from '../../../src/protocol/websocket/client-handshake.js'
import {
  acceptFor,
  HandshakeStatus,
  handshakeHeaders,
  judgeHandshake,
  OriginRules,
  writeSwitchingProtocols,
} from '../../../src/protocol/websocket/handshake.js'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

const accepted = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Accept: ${acceptFor(KEY)}`,
]

/** The status of an answer, and what is said of it. */
function read(lines: readonly string[] | string, behind = ''): [status: number, said: string | number] {
  const text = typeof lines === 'string' ? lines : `${lines.join('\r\n')}\r\n\r\n${behind}`
  const answer = new UpgradeAnswer()
  const bytes = latin1Bytes(`??${text}`)
  const status = decodeUpgradeAnswer(bytes, 2, bytes.length, KEY, answer)
  if (status === UpgradeStatus.malformed) return [status, answer.problem]
  return [status, status === UpgradeStatus.refused ? answer.httpStatus : answer.headBytes]
}

const withLine = (line: string, instead?: string): string[] =>
  accepted
    .map(existing => (existing.startsWith(instead ?? '?') ? line : existing))
    .concat(instead ? [] : [line])

describe("a client's handshake", () => {
  it('asks what our own tracker accepts, and accepts its answer', () => {
    const decoder = new RequestHeadDecoder(handshakeHeaders, defaultHeadLimits)
    const key = webSocketKey(Int32Array.of(1, -2, 0x7fff_ffff, 0x1234_5678))
    const out = new Uint8Array(1000)
    const end = writeUpgradeRequest(out, 3, '/announce?a=b', 'tracker.example:8000', key)
    assert.equal(
      Buffer.from(out.subarray(3, end)).toString('latin1'),
      Buffer.from(upgradeRequest('/announce?a=b', 'tracker.example:8000', key)).toString('latin1'),
    )
    const head = decoder.createHead()
    assert.equal(decoder.decode(out, 3, end, 0, head), HeadStatus.complete)
    assert.equal(judgeHandshake(out, head, 0, new OriginRules([], [])), HandshakeStatus.accepted)
    const answer = new Uint8Array(500)
    const answerEnd = writeSwitchingProtocols(out, head, 0, answer, 0)
    const read = new UpgradeAnswer()
    assert.equal(decodeUpgradeAnswer(answer, 0, answerEnd, key, read), UpgradeStatus.accepted)
    assert.deepEqual([read.headBytes, read.httpStatus], [answerEnd, 101])
  })

  it('names the host with its port where that is not the usual one', () => {
    assert.equal(hostHeader('tracker.example', 80, false), 'tracker.example')
    assert.equal(hostHeader('tracker.example', 443, true), 'tracker.example')
    assert.equal(hostHeader('tracker.example', 443, false), 'tracker.example:443')
    assert.equal(hostHeader('::1', 8000, false), '[::1]:8000')
  })

  it('is accepted whatever the order, the case and the spaces of the answer are', () => {
    const head = `${accepted.join('\r\n')}\r\n\r\n`
    assert.deepEqual(read(accepted), [UpgradeStatus.accepted, head.length])
    assert.deepEqual(read(accepted, '\x81\x02hi'), [UpgradeStatus.accepted, head.length])
    const other = [
      'HTTP/1.1 101',
      `SEC-WEBSOCKET-ACCEPT:${acceptFor(KEY)}  `,
      'connection: keep-alive, UPGRADE',
      'Server: x',
      'UPGRADE:   WebSocket',
    ]
    assert.equal(read(other)[0], UpgradeStatus.accepted)
  })

  it('is not accepted by an answer that another request would have got, or none', () => {
    const cases: [lines: string[], said: string][] = [
      [withLine('Upgrade: h2c', 'Upgrade'), 'the answer has no Upgrade: websocket'],
      [withLine('Connection: close', 'Connection'), 'the answer has no Connection: Upgrade'],
      [
        withLine(`Sec-WebSocket-Accept: ${acceptFor('x')}`, 'Sec-WebSocket-Accept'),
        'Sec-WebSocket-Accept of the answer is not what follows from the key',
      ],
      [accepted.slice(0, 3), 'Sec-WebSocket-Accept of the answer is not what follows from the key'],
      [
        withLine('Sec-WebSocket-Extensions: permessage-deflate'),
        'the answer has an extension that was not asked for',
      ],
      [withLine('Sec-WebSocket-Protocol: x'), 'the answer has a subprotocol that was not asked for'],
    ]
    for (const [lines, said] of cases) assert.deepEqual(read(lines), [UpgradeStatus.malformed, said])
  })

  it('is refused with other statuses, and says which', () => {
    for (const status of [200, 301, 400, 403, 426, 503]) {
      assert.deepEqual(read([`HTTP/1.1 ${status} Something`, 'Content-Length: 0']), [
        UpgradeStatus.refused,
        status,
      ])
    }
    assert.deepEqual(read(['HTTP/1.0 404 Not Found']), [UpgradeStatus.refused, 404])
  })

  it('knows what is no HTTP from the first byte that shows it', () => {
    const problem = [UpgradeStatus.malformed, 'the answer is no HTTP']
    for (const text of ['S', 'HTTP/2', '\x16\x03\x01', '\x81\x05hello']) assert.deepEqual(read(text), problem)
    for (const line of ['HTTP/1.1', 'HTTP/1.1 99', 'HTTP/1.1 1010', 'HTTP/1.1 abc', 'HTTP/1.5 101 x']) {
      assert.deepEqual(read([line]), problem, line)
    }
  })

  it('waits for the rest at every byte, up to a limit', () => {
    const text = `${accepted.join('\r\n')}\r\n\r\n`
    for (let length = 0; length < text.length; length++) {
      assert.equal(read(text.slice(0, length))[0], UpgradeStatus.incomplete, String(length))
    }
    const long = `${accepted[0]}\r\nX: `
    assert.equal(read(long.padEnd(UPGRADE_ANSWER_BYTES_MAX - 1, 'x'))[0], UpgradeStatus.incomplete)
    assert.deepEqual(read(long.padEnd(UPGRADE_ANSWER_BYTES_MAX, 'x')), [
      UpgradeStatus.malformed,
      'the head of the answer is too long',
    ])
  })

  it('says something of any bytes', () => {
    const answer = new UpgradeAnswer()
    const start = fc.constantFrom('', 'HTTP/1.1 101 Switching\r\n', `${accepted.join('\r\n')}\r\n`)
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (beginning, rest) => {
        const bytes = Buffer.concat([Buffer.from(beginning), rest])
        const status = decodeUpgradeAnswer(bytes, 0, bytes.length, KEY, answer)
        assert.ok(status >= UpgradeStatus.incomplete && status <= UpgradeStatus.malformed)
      }),
    )
  })
})
