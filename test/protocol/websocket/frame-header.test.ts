// Headers of frames: every length class, cut at every byte, and everything a client may not send.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CLIENT_HEADER_BYTES_MAX,
  decodeFrameHeader,
  FRAME_HEADER_BYTES_MAX,
  FrameHeader,
  FrameStatus,
  frameHeaderBytes,
  writeFrameHeader,
} from '../../../src/protocol/websocket/frame-header.js'
import { type FrameOptions, frame, serverFrames } from '../../support/websocket-frames.js'

/** The header of a frame, decoded from the given bytes, which lie somewhere in the middle of others. */
function decode(bytes: Uint8Array): { status: number; header: FrameHeader } {
  const input = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0xff)])
  const header = new FrameHeader()
  return { status: decodeFrameHeader(input, 3, 3 + bytes.length, header), header }
}

const mask = Uint8Array.of(0x81, 0x02, 0x83, 0xf4)

describe('decoding a frame header', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20]) {
    it(`reads a payload of ${length} bytes, once its last byte is here`, () => {
      const bytes = frame({ payload: Buffer.alloc(length), mask, opcode: 2, isFinal: false })
      const headerBytes = bytes.length - length
      for (let cut = 0; cut < headerBytes; cut++) {
        assert.equal(decode(bytes.subarray(0, cut)).status, FrameStatus.incomplete, `cut at ${cut}`)
      }
      const { status, header } = decode(bytes.subarray(0, headerBytes))
      assert.equal(status, FrameStatus.complete)
      assert.deepEqual(
        { ...header },
        { isFinal: false, opcode: 2, headerBytes, payloadBytes: length, mask: 0xf483_0281 | 0 },
      )
      assert.ok(headerBytes <= CLIENT_HEADER_BYTES_MAX)
    })
  }

  it('takes a length in more bytes than it needs', () => {
    const short = decode(frame({ payload: 'abc', lengthBytes: 2 }))
    const long = decode(frame({ payload: 'abc', lengthBytes: 8 }))
    assert.deepEqual([short.status, short.header.payloadBytes, short.header.headerBytes], [1, 3, 8])
    assert.deepEqual([long.status, long.header.payloadBytes, long.header.headerBytes], [1, 3, 14])
  })

  it('reads the largest length there is as more than any limit', () => {
    const { status, header } = decode(frame({ length: 2n ** 63n - 1n }))
    assert.equal(status, FrameStatus.complete)
    assert.equal(header.payloadBytes, 2 ** 63)
  })

  const wrong: readonly (readonly [name: string, options: FrameOptions, bytesNeeded: number])[] = [
    ['a length with its highest bit set', { length: 2n ** 63n }, 3],
    ['no mask', { mask: null }, 2],
    ['a ping in fragments', { opcode: 9, isFinal: false }, 1],
    ['a close frame in fragments', { opcode: 8, isFinal: false }, 1],
    ['a pong of 126 bytes', { opcode: 10, payload: Buffer.alloc(126) }, 2],
    ['a ping of 65,536 bytes', { opcode: 9, payload: Buffer.alloc(65_536) }, 2],
    ...[1, 2, 3, 4, 5, 6, 7].map(
      reserved => [`reserved bits ${reserved}`, { reserved }, 1] satisfies [string, FrameOptions, number],
    ),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      opcode => [`opcode ${opcode}`, { opcode }, 1] satisfies [string, FrameOptions, number],
    ),
  ]
  for (const [name, options, bytesNeeded] of wrong) {
    it(`refuses ${name} at byte ${bytesNeeded}`, () => {
      const bytes = frame(options)
      for (let cut = 0; cut < bytes.length; cut++) {
        const expected = cut < bytesNeeded ? FrameStatus.incomplete : FrameStatus.invalid
        assert.equal(decode(bytes.subarray(0, cut)).status, expected, `cut at ${cut}`)
      }
    })
  }

  it('takes every opcode there is, as a whole frame and (data only) as a fragment', () => {
    for (const opcode of [0, 1, 2, 8, 9, 10]) assert.equal(decode(frame({ opcode })).status, 1)
    for (const opcode of [0, 1, 2]) assert.equal(decode(frame({ opcode, isFinal: false })).status, 1)
  })
})

describe('writing a frame header', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
    it(`is read back with ${length} bytes of payload`, () => {
      const out = Buffer.alloc(FRAME_HEADER_BYTES_MAX + length, 0xee)
      const start = writeFrameHeader(out, FRAME_HEADER_BYTES_MAX, length, 2)
      assert.equal(FRAME_HEADER_BYTES_MAX - start, frameHeaderBytes(length))
      const { frames, rest } = serverFrames(out.subarray(start))
      assert.equal(rest.length, 0)
      assert.deepEqual(frames, [{ opcode: 2, payload: Buffer.alloc(length, 0xee) }])
    })
  }

  it('says a length of more than 32 bits', () => {
    const out = Buffer.alloc(FRAME_HEADER_BYTES_MAX)
    writeFrameHeader(out, FRAME_HEADER_BYTES_MAX, 2 ** 40 + 5, 1)
    assert.equal(out.readBigUInt64BE(2), 2n ** 40n + 5n)
  })
})
