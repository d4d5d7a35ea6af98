// Payloads of close frames: every code there is, reasons that are no text, and those that are too long.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  CloseCode,
  decodeClosePayload,
  encodeClosePayload,
  isCloseCode,
  NO_CLOSE_CODE,
} from '../../../src/protocol/websocket/close-payload.js'
import { closePayload } from '../../support/websocket-frames.js'

function decode(payload: Uint8Array): number {
  const input = Buffer.concat([Buffer.alloc(2, 0xff), payload, Buffer.alloc(2, 0xff)])
  return decodeClosePayload(input, 2, 2 + payload.length)
}

it('knows which codes may be sent', () => {
  const allowed: (readonly [from: number, to: number])[] = []
  for (let code = 0; code <= 0xffff; code++) {
    if (!isCloseCode(code)) continue
    if (allowed.at(-1)?.[1] === code - 1) allowed[allowed.length - 1] = [allowed.at(-1)?.[0] ?? code, code]
    else allowed.push([code, code])
  }
  assert.deepEqual(allowed, [
    [1000, 1003],
    [1007, 1014],
    [3000, 4999],
  ])
})

it('reads a code with and without a reason, and none', () => {
  assert.equal(decode(Buffer.alloc(0)), NO_CLOSE_CODE)
  assert.equal(decode(closePayload(1000)), 1000)
  assert.equal(decode(closePayload(4999, 'κόσμε')), 4999)
})

it('refuses half a code, a code nobody may send, and a reason that is no text', () => {
  assert.equal(decode(Uint8Array.of(3)), -CloseCode.protocolError)
  assert.equal(decode(closePayload(1005)), -CloseCode.protocolError)
  assert.equal(decode(closePayload(1000, Uint8Array.of(0xc3))), -CloseCode.invalidData)
  assert.equal(decode(closePayload(1000, Uint8Array.of(0xed, 0xa0, 0x80))), -CloseCode.invalidData)
})

it('writes what it reads, and cuts a reason at what a control frame holds', () => {
  const out = Buffer.alloc(200)
  assert.equal(encodeClosePayload(out, 7, NO_CLOSE_CODE, 'no room for a reason'), 7)
  assert.deepEqual(out.subarray(7, encodeClosePayload(out, 7, 1013, 'slow')), closePayload(1013, 'slow'))
  assert.equal(encodeClosePayload(out, 7, 1013, 'x'.repeat(123)), 7 + 125)
  assert.equal(encodeClosePayload(out, 7, 1013, 'x'.repeat(124)), 7 + 125)
})
