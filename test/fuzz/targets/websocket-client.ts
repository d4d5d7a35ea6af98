// What a server of WebSockets sends to the load test, as far as no network is needed: the answer to the upgrade,
// whatever the pieces, and headers of frames. What the client frames from the same bytes, the plain reading gives back.

import assert from 'node:assert/strict'
import {
  ClientFrames,
  clientHeaderBytes,
  decodeServerFrameHeader,
} from '../../../src/protocol/websocket/client-frame.js'
import {
  decodeUpgradeAnswer,
  UpgradeAnswer,
  UpgradeStatus,
} from '../../../src/protocol/websocket/client-handshake.js'
import { FrameHeader, FrameStatus } from '../../../src/protocol/websocket/frame-header.js'
import { acceptFor } from '../../../src/protocol/websocket/handshake.js'
import { frame } from '../../support/websocket-frames.js'
import { cutsOf, type FuzzTarget, latin1, POISON_BEFORE, poisoned, randomOf } from '../target.js'
import { readClientFrames } from './websocket-reference.js'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const answer = new UpgradeAnswer()
const header = new FrameHeader()
const frames = new ClientFrames()

function readUpgrade(bytes: Uint8Array, lengths: readonly number[], poison: number): string {
  const input = poisoned(bytes, poison)
  let status: number = UpgradeStatus.incomplete
  for (const length of lengths) {
    status = decodeUpgradeAnswer(input, POISON_BEFORE, POISON_BEFORE + length, KEY, answer)
    if (status !== UpgradeStatus.incomplete) break
  }
  if (status === UpgradeStatus.incomplete || status === UpgradeStatus.malformed) return `${status}`
  if (status === UpgradeStatus.refused) return `${status} ${answer.httpStatus}`
  assert.ok(answer.headBytes <= bytes.length, 'the head is longer than what came')
  return `${status} ${answer.headBytes}`
}

function readHeader(bytes: Uint8Array, length: number, poison: number): string {
  const input = poisoned(bytes.subarray(0, length), poison)
  const status = decodeServerFrameHeader(input, POISON_BEFORE, POISON_BEFORE + length, header)
  if (status !== FrameStatus.complete) return `${status}`
  const { isFinal, opcode, headerBytes, payloadBytes } = header
  assert.ok(headerBytes <= length)
  return `${status} ${isFinal} ${opcode} ${headerBytes} ${payloadBytes}`
}

/** A server's header is a client's without its mask. */
function compareHeader(bytes: Uint8Array): string {
  const found = readHeader(bytes, bytes.length, 0)
  assert.equal(readHeader(bytes, bytes.length, 0xff), found, 'bytes behind the input count')
  for (let length = 0; length < Math.min(bytes.length, 12); length++) {
    const early = readHeader(bytes, length, 0x7f)
    assert.ok(early === found || early === `${FrameStatus.incomplete}`, 'more bytes make it another header')
  }
  return found
}

function frameAndRead(bytes: Uint8Array): void {
  const start = 16
  const out = poisoned(bytes, 0xff, start)
  const at = frames.write(out, start, start + bytes.length, 2, randomOf(bytes)(2 ** 32) | 0)
  assert.equal(start - at, clientHeaderBytes(bytes.length))
  const sent = out.subarray(at, start + bytes.length)
  const limits = { maxFrameBytes: 100_000, maxMessageBytes: 100_000 }
  const { answers } = readClientFrames(sent, limits)
  assert.deepEqual(answers, [`2 ${Buffer.from(bytes).toString('latin1')}`])
}

function run(bytes: Uint8Array): string {
  const whole = readUpgrade(bytes, [bytes.length], 0x0a)
  assert.equal(readUpgrade(bytes, [bytes.length], 0x0d), whole, 'bytes behind the input count')
  const pieces = readUpgrade(bytes, [...cutsOf(bytes), bytes.length], 0x20)
  assert.equal(pieces, whole, 'in pieces it is another answer')
  const found = compareHeader(bytes)
  frameAndRead(bytes)
  return `${whole.slice(0, 3)} ${found.slice(0, 9)}`
}

const upgrade = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'].join('\r\n')
const accept = `Sec-WebSocket-Accept: ${acceptFor(KEY)}`

export const websocketClient: FuzzTarget = {
  name: 'websocket-client',
  seeds: [
    ...[
      `${upgrade}\r\n${accept}\r\n\r\n\x81\x02{}`,
      `${upgrade}\r\nSec-WebSocket-Accept: none\r\n\r\n`,
      `HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n`,
      `HTTP/1.1 101 x\nupgrade: WebSocket\nconnection: keep-alive, upgrade\n${accept}\n\n`,
    ].map(latin1),
    frame({ mask: null, payload: '{"action":"announce"}' }),
    frame({ mask: null, payload: Buffer.alloc(300) }),
    frame({ mask: null, payload: 'x', lengthBytes: 8 }),
    frame({ mask: null, opcode: 8, payload: '\x03\xe8' }),
  ],
  dictionary: [
    ...['\r\n', '\n', '\r\n\r\n', ': ', ' 101 ', ' 200 ', 'HTTP/1.1', `${accept}\r\n`, 'Upgrade: h2c\r\n'],
    ...[
      'Connection: close\r\n',
      'Sec-WebSocket-Extensions: x\r\n',
      '\x7f\0\0\0\0\0\0\0\0',
      '\x7e\xff\xff',
      '\x89',
    ],
  ].map(latin1),
  bytesMax: 1000,
  run,
}
