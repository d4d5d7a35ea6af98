// Whether bytes are UTF-8 (RFC 3629), in as many pieces as they come: an automaton with one load for each byte that is
// not ASCII, and one for each four bytes that are. Overlong forms, surrogates and what lies beyond U+10FFFF are refused
// at the first byte that shows it.

import { HIGH_BITS, WordView } from './word-view.js'

export const Utf8State = {
  /** At a boundary of characters: the start, and what a whole text ends with. */
  boundary: 0,
  /** It is not UTF-8, whatever follows. */
  invalid: 1,
} as const

/** Between the bytes of a character: how many are missing, and which may come next. */
const ONE_MORE = 2
const TWO_MORE = 3
const THREE_MORE = 4
const AFTER_E0 = 5
const AFTER_ED = 6
const AFTER_F0 = 7
const AFTER_F4 = 8
const STATES = 9

/** The next state by state and byte. */
const nextStates = new Uint8Array(STATES * 256).fill(Utf8State.invalid)

function lead(state: number, firstByte: number, lastByte: number, next: number): void {
  nextStates.fill(next, state * 256 + firstByte, state * 256 + lastByte + 1)
}

lead(Utf8State.boundary, 0x00, 0x7f, Utf8State.boundary)
lead(Utf8State.boundary, 0xc2, 0xdf, ONE_MORE)
lead(Utf8State.boundary, 0xe0, 0xef, TWO_MORE)
lead(Utf8State.boundary, 0xe0, 0xe0, AFTER_E0)
lead(Utf8State.boundary, 0xed, 0xed, AFTER_ED)
lead(Utf8State.boundary, 0xf0, 0xf0, AFTER_F0)
lead(Utf8State.boundary, 0xf1, 0xf3, THREE_MORE)
lead(Utf8State.boundary, 0xf4, 0xf4, AFTER_F4)
lead(ONE_MORE, 0x80, 0xbf, Utf8State.boundary)
lead(TWO_MORE, 0x80, 0xbf, ONE_MORE)
lead(THREE_MORE, 0x80, 0xbf, TWO_MORE)
lead(AFTER_E0, 0xa0, 0xbf, ONE_MORE)
lead(AFTER_ED, 0x80, 0x9f, ONE_MORE)
lead(AFTER_F0, 0x90, 0xbf, TWO_MORE)
lead(AFTER_F4, 0x80, 0x8f, TWO_MORE)

/** Shorter runs of ASCII are passed over byte by byte. */
const WORDS_FROM_BYTES = 16

export class Utf8Checker {
  readonly #view = new WordView()

  /**
   * Goes on with input[start, end).
   * @param state `Utf8State.boundary` at first, then what the call before returned
   * @returns the state behind: `boundary`, `invalid`, or a number between two bytes of a character
   */
  check(input: Uint8Array, start: number, end: number, state: number): number {
    // An own name for what is reached at every byte.
    const next = nextStates
    for (let at = start; at < end; at++) {
      if (state === Utf8State.boundary && input[at] < 0x80) {
        at = this.#skipAscii(input, at, end)
        if (at === end) return state
      }
      state = next[(state << 8) | input[at]]
      if (state === Utf8State.invalid) return state
    }
    return state
  }

  /** @returns where the first byte lies that is not ASCII, or `end` */
  #skipAscii(input: Uint8Array, at: number, end: number): number {
    if (end - at >= WORDS_FROM_BYTES) {
      this.#view.look(input)
      const { words, wordsAt } = this.#view
      while (((at - wordsAt) & 3) !== 0 && input[at] < 0x80) at++
      if (((at - wordsAt) & 3) === 0) {
        let word = (at - wordsAt) >> 2
        const last = (end - wordsAt) >> 2
        while (word < last && (words[word] & HIGH_BITS) === 0) word++
        at = wordsAt + (word << 2)
      }
    }
    while (at < end && input[at] < 0x80) at++
    return at
  }
}
