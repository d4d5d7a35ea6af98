// UTF-8 in pieces, against the decoder that node has.

import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { it } from 'node:test'
import fc from 'fast-check'
import { Utf8Checker, Utf8State } from '../../../src/protocol/websocket/utf8.js'

const checker = new Utf8Checker()

/** @returns whether it is UTF-8, checked in two pieces */
function check(bytes: Uint8Array, cut: number): boolean {
  const state = checker.check(bytes, 0, cut, Utf8State.boundary)
  return state !== Utf8State.invalid && checker.check(bytes, cut, bytes.length, state) === Utf8State.boundary
}

it('says the same as node of every text of up to three bytes that does not begin with ASCII', () => {
  for (let bytes = 1; bytes <= 3; bytes++) {
    const text = Buffer.alloc(bytes)
    for (let value = 0; value < 0x80 * 0x100 ** (bytes - 1); value++) {
      text.writeUIntBE(value + 0x80 * 0x100 ** (bytes - 1), 0, bytes)
      const state = checker.check(text, 0, bytes, Utf8State.boundary)
      if ((state === Utf8State.boundary) !== isUtf8(text)) assert.fail(text.toString('hex'))
    }
  }
})

it('says the same as node of every character of four bytes, and of all that look like one', () => {
  const text = Buffer.alloc(4)
  for (let first = 0xf0; first <= 0xff; first++) {
    for (let second = 0; second < 0x100; second++) {
      for (const third of [0x7f, 0x80, 0xbf, 0xc0]) {
        for (const fourth of [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff]) {
          text.set([first, second, third, fourth])
          assert.equal(
            checker.check(text, 0, 4, Utf8State.boundary) === Utf8State.boundary,
            isUtf8(text),
            text.toString('hex'),
          )
        }
      }
    }
  }
})

it('says the same as node of any text, wherever it lies and is cut', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€', '😀'), maxLength: 60 })
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 60 })
  const piece = fc.oneof(ascii, letters, fc.string({ unit: 'binary', maxLength: 20 }))
  const damage = fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 })))
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 4 }),
      damage,
      fc.nat(),
      fc.nat({ max: 7 }),
      (texts, wrong, cut, at) => {
        const text = Buffer.from(texts.join(''))
        if (wrong !== null && text.length > 0) text[wrong[0] % text.length] = wrong[1]
        // At any distance from a word.
        const bytes = new Uint8Array(new ArrayBuffer(text.length + 16), at, text.length)
        bytes.set(text)
        assert.equal(check(bytes, cut % (bytes.length + 1)), isUtf8(text))
      },
    ),
    { numRuns: 10_000 },
  )
})

it('refuses at the first byte that shows it', () => {
  for (const hex of ['c0', 'c1', 'f5', 'ff', '80', 'e080', 'eda0', 'f08f', 'f490', 'e28228', 'f09f98c0']) {
    const bytes = Buffer.from(hex, 'hex')
    assert.equal(checker.check(bytes, 0, bytes.length, Utf8State.boundary), Utf8State.invalid, hex)
    const before = checker.check(bytes, 0, bytes.length - 1, Utf8State.boundary)
    assert.notEqual(before, Utf8State.invalid, hex)
  }
})
