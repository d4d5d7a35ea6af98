import assert from 'node:assert/strict'
import { test } from 'node:test'
import { halfSipHashOf2, halfSipHashOf5 } from '../../src/protocol/half-siphash.js'

// HalfSipHash-1-3 of the bytes 00 01 02 ... under the key 00..07, from the reference implementation's authors as the
// Linux kernel's self-test lists them (8 bytes: 577999b1, 20 bytes: 911bb605).
const key0 = 0x03020100
const key1 = 0x07060504

test('two words hash to the published vector', () => {
  assert.equal(halfSipHashOf2(key0, key1, 0x03020100, 0x07060504) >>> 0, 0x577999b1)
})

test('five words hash to the published vector, also after a shorter message', () => {
  halfSipHashOf2(key0, key1, -1, -1)
  const hash = halfSipHashOf5(key0, key1, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110)
  assert.equal(hash >>> 0, 0x911bb605)
})
