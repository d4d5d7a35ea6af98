// Unmasking by words must be unmasking by bytes, wherever the payload lies and however it comes in pieces.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Unmasker } from '../../../src/protocol/websocket/unmask.js'

it('takes off any mask, at any position, in any pieces, and says whether all of it is ASCII', () => {
  const unmasker = new Unmasker()
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.boolean(),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat({ max: 7 }),
      fc.nat({ max: 7 }),
      fc.nat({ max: 100 }),
      (bytes, onlyAscii, mask, offset, start, cut) => {
        const payload = onlyAscii ? bytes.map(byte => byte & 0x7f) : bytes
        const memory = new Uint8Array(offset + start + payload.length + 5).fill(0xaa)
        const input = new Uint8Array(memory.buffer, offset)
        input.set(
          payload.map((byte, index) => byte ^ mask[index % 4]),
          start,
        )
        const word = Buffer.from(mask).readInt32LE(0)
        const [from, to] = [start + Math.min(cut, payload.length), start + payload.length]
        const isAscii = [
          unmasker.unmask(input, start, start, from, word),
          unmasker.unmask(input, start, from, to, word),
        ]
        const plain = Buffer.concat([new Uint8Array(start).fill(0xaa), payload, new Uint8Array(5).fill(0xaa)])
        assert.deepEqual(Buffer.from(input), plain)
        const isPieceAscii = (piece: Uint8Array): boolean => piece.every(byte => byte < 0x80)
        assert.deepEqual(isAscii, [
          isPieceAscii(payload.subarray(0, from - start)),
          isPieceAscii(payload.subarray(from - start)),
        ])
      },
    ),
    { numRuns: 5000 },
  )
})
