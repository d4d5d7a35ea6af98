import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sipHash24 } from '../../../src/trackers/udp/siphash.js'

const MASK = (1n << 64n) - 1n
const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK

/** SipHash-2-4 by the paper, on 64-bit integers: slow, and independent of the one under test. */
function slowSipHash24(key: Uint8Array, message: Uint8Array): bigint {
  const load = (bytes: Uint8Array): bigint =>
    bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  const k0 = load(key.subarray(0, 8))
  const k1 = load(key.subarray(8, 16))
  const v = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ]
  const round = (): void => {
    v[0] = (v[0] + v[1]) & MASK
    v[1] = rotate(v[1], 13n) ^ v[0]
    v[0] = rotate(v[0], 32n)
    v[2] = (v[2] + v[3]) & MASK
    v[3] = rotate(v[3], 16n) ^ v[2]
    v[0] = (v[0] + v[3]) & MASK
    v[3] = rotate(v[3], 21n) ^ v[0]
    v[2] = (v[2] + v[1]) & MASK
    v[1] = rotate(v[1], 17n) ^ v[2]
    v[2] = rotate(v[2], 32n)
  }
  const compress = (block: bigint): void => {
    v[3] ^= block
    round()
    round()
    v[0] ^= block
  }
  const whole = message.length - (message.length % 8)
  for (let at = 0; at < whole; at += 8) compress(load(message.subarray(at, at + 8)))
  compress(load(message.subarray(whole)) | (BigInt(message.length & 0xff) << 56n))
  v[2] ^= 0xffn
  for (let count = 0; count < 4; count++) round()
  return v[0] ^ v[1] ^ v[2] ^ v[3]
}

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)
const wordsOf = (bytes: Uint8Array): Int32Array => new Int32Array(Uint8Array.from(bytes).buffer)

describe('SipHash-2-4', () => {
  it("gives the low halves of the authors' test vectors", () => {
    const key = wordsOf(counting(16))
    // vectors_sip64 of the reference implementation, for messages 00 01 02 … of 0, 4 and 8 bytes
    for (const [length, low] of [
      [0, 0xdd0e0e31],
      [4, 0x277187b7],
      [8, 0x9a932462],
    ]) {
      assert.equal(sipHash24(key, wordsOf(counting(length)), length / 4) >>> 0, low)
    }
  })

  it('agrees with the slow one for every key and message of whole words', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(
        bytes(16),
        fc.integer({ min: 0, max: 9 }).chain(words => bytes(words * 4)),
        (key, message) => {
          const expected = Number(slowSipHash24(key, message) & 0xffffffffn)
          assert.equal(sipHash24(wordsOf(key), wordsOf(message), message.length / 4) >>> 0, expected)
        },
      ),
    )
  })
})
