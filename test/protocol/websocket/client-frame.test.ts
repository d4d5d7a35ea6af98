import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ClientFrames,
  clientHeaderBytes,
  decodeServerFrameHeader,
} from '../../../src/protocol/websocket/client-frame.js'
import {
  decodeFrameHeader,
  FrameHeader,
  FrameStatus,
  frameHeaderBytes,
  Opcode,
  writeFrameHeader,
} from '../../../src/protocol/websocket/frame-header.js'
import { Unmasker } from '../../../src/protocol/websocket/unmask.js'

const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_001]

describe("a client's frames", () => {
  it('are what a server unmasks, at every alignment and length', () => {
    const frames = new ClientFrames()
    const header = new FrameHeader()
    const unmasker = new Unmasker()
    const written = fc.tuple(
      fc.oneof(fc.constantFrom(...lengths), fc.nat(300)),
      fc.nat(7),
      fc.integer(),
      fc.constantFrom(Opcode.text, Opcode.binary, Opcode.close, Opcode.ping, Opcode.pong),
    )
    fc.assert(
      fc.property(written, ([length, shift, mask, opcode]) => {
        const out = new Uint8Array(length + 64)
        const start = 16 + shift
        const payload = Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff)
        out.set(payload, start)
        const at = frames.write(out, start, start + length, opcode, mask)
        assert.equal(start - at, clientHeaderBytes(length))
        const isControl = opcode >= Opcode.close
        const status = decodeFrameHeader(out, at, start + length, header)
        if (isControl && length > 125) {
          assert.equal(status, FrameStatus.invalid)
          return
        }
        assert.equal(status, FrameStatus.complete)
        assert.deepEqual(
          [header.opcode, header.isFinal, header.headerBytes, header.payloadBytes, header.mask],
          [opcode, true, start - at, length, mask],
        )
        unmasker.unmask(out, start, start, start + length, header.mask)
        assert.deepEqual(out.subarray(start, start + length), payload)
        assert.ok(out.subarray(start + length).every(byte => byte === 0))
      }),
    )
  })

  it('mask as in the example of RFC 6455 section 5.7', () => {
    const out = new Uint8Array(20)
    out.set(Buffer.from('Hello'), 10)
    const at = new ClientFrames().write(out, 10, 15, Opcode.text, 0x3d21_fa37)
    assert.equal(Buffer.from(out.subarray(at, 15)).toString('hex'), '818537fa213d7f9f4d5158')
  })
})

describe("headers of a server's frames", () => {
  const header = new FrameHeader()
  const read = (hex: string): number => {
    const bytes = Buffer.from(hex, 'hex')
    return decodeServerFrameHeader(bytes, 0, bytes.length, header)
  }

  it('are read as the server writes them, when their last byte is here', () => {
    for (const length of lengths) {
      const out = new Uint8Array(20)
      const at = writeFrameHeader(out, 16, length, Opcode.text)
      for (let end = at; end < 16; end++) {
        assert.equal(decodeServerFrameHeader(out, at, end, header), FrameStatus.incomplete)
      }
      assert.equal(decodeServerFrameHeader(out, at, 16, header), FrameStatus.complete)
      assert.deepEqual(
        [header.opcode, header.isFinal, header.payloadBytes, header.headerBytes, header.mask],
        [Opcode.text, true, length, frameHeaderBytes(length), 0],
      )
    }
  })

  it('are invalid with what no server may send', () => {
    const wrong = {
      'a reserved bit': 'c1',
      'a reserved opcode': '83',
      'a reserved control opcode': '8b',
      'a fragmented ping': '09',
      'a mask': '8180',
      'a long ping': '897e',
      'a length with the highest bit': '817f80',
    }
    for (const [what, hex] of Object.entries(wrong)) assert.equal(read(hex), FrameStatus.invalid, what)
    for (const hex of ['', '81', '817e', '817e00', '817f00', '817f00000000000000']) {
      assert.equal(read(hex), FrameStatus.incomplete, hex)
    }
    for (const hex of ['0100', '0000', '8000', '8900', '8a7d']) assert.equal(read(hex), FrameStatus.complete)
  })

  it('say something of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), bytes => {
        const status = decodeServerFrameHeader(bytes, 0, bytes.length, header)
        assert.ok(status >= FrameStatus.incomplete && status <= FrameStatus.invalid)
        if (status === FrameStatus.complete) assert.ok(header.headerBytes <= bytes.length)
      }),
    )
  })
})
