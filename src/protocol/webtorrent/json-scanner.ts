// JSON (RFC 8259) as bytes: where values end, and that they are JSON, without making anything of them. It accepts what
// JSON.parse accepts of the same text, up to a depth. Strings are checked to be UTF-8 (RFC 3629) too, so that what was
// scanned may be sent in a text frame even if it came in a binary one. Nothing is allocated, nothing recurses.
//
// Functions take the position of a value's first byte and return the position behind its last one, or a `ScanError`.

import { hexValues } from '../http/ascii.js'
import { wordsAround } from './word-view.js'

/** Below 0, as no position is. */
export const enum ScanError {
  syntax = -1,
  tooDeep = -2,
}

export const enum JsonByte {
  space = 0x20,
  quote = 0x22,
  plus = 0x2b,
  comma = 0x2c,
  minus = 0x2d,
  dot = 0x2e,
  zero = 0x30,
  nine = 0x39,
  colon = 0x3a,
  bracketOpen = 0x5b,
  backslash = 0x5c,
  bracketClose = 0x5d,
  letterE = 0x65,
  letterF = 0x66,
  letterN = 0x6e,
  letterT = 0x74,
  letterU = 0x75,
  braceOpen = 0x7b,
  braceClose = 0x7d,
}

/** What a byte is in a string. */
export const enum InString {
  /** Stands for itself. */
  plain = 0,
  quote = 1,
  backslash = 2,
  /** Must be escaped, or starts no UTF-8 sequence. */
  forbidden = 3,
  /** The first byte of so many. */
  twoBytes = 4,
  threeBytes = 5,
  fourBytes = 6,
}

// Own names for what is imported: an imported one is loaded anew at every use (benchmarks/ws/codec.ts).
const hex = hexValues

/** An `InString` for each byte. */
export const stringKinds = new Uint8Array(256)
stringKinds.fill(InString.forbidden, 0, 0x20)
stringKinds[JsonByte.quote] = InString.quote
stringKinds[JsonByte.backslash] = InString.backslash
stringKinds.fill(InString.forbidden, 0x80)
stringKinds.fill(InString.twoBytes, 0xc2, 0xe0)
stringKinds.fill(InString.threeBytes, 0xe0, 0xf0)
stringKinds.fill(InString.fourBytes, 0xf0, 0xf5)
const kinds = stringKinds

/** What the letter behind a backslash stands for; 0 for those that may not stand there, and for `u`. */
export const escapedBytes = new Uint8Array(256)
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  escapedBytes[letter.charCodeAt(0)] = meaning.charCodeAt(0)
}
const escapes = escapedBytes

/** @returns the position of the first byte in input[at, end) that is not white space, or `end` */
export function skipSpace(input: Uint8Array, at: number, end: number): number {
  while (at < end && input[at] <= JsonByte.space && isSpace(input[at])) at++
  return at
}

function isSpace(byte: number): boolean {
  return byte === JsonByte.space || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Strings are looked at in words from this length on: names and most values are shorter. */
const SHORT_STRING_BYTES = 16

/** @param at behind the opening quote */
export function skipString(input: Uint8Array, at: number, end: number): number {
  const shortEnd = Math.min(end, at + SHORT_STRING_BYTES)
  while (at < shortEnd) {
    const kind = kinds[input[at]]
    if (kind === InString.plain) at++
    else if (kind === InString.quote) return at + 1
    else {
      at = skipSpecial(input, at, end, kind)
      if (at < 0) return at
    }
  }
  return at < end ? skipLongString(input, at, end) : ScanError.syntax
}

function skipLongString(input: Uint8Array, at: number, end: number): number {
  const words = wordsAround(input)
  const offset = input.byteOffset
  const wordsEnd = (offset + end) >>> 2
  for (;;) {
    if (((offset + at) & 3) === 0) {
      const first = (offset + at) >>> 2
      let index = first
      while (index < wordsEnd && isPlainWord(words[index])) index++
      at += (index - first) << 2
    }
    if (at >= end) return ScanError.syntax
    const kind = kinds[input[at]]
    if (kind === InString.plain) at++
    else if (kind === InString.quote) return at + 1
    else {
      at = skipSpecial(input, at, end, kind)
      if (at < 0) return at
    }
  }
}

/** Whether all four bytes are `InString.plain`: none below a space, a quote, a backslash, or above ASCII. */
function isPlainWord(word: number): boolean {
  const belowSpace = word - 0x20202020
  const quote = (word ^ 0x22222222) - 0x01010101
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101
  return ((word | belowSpace | quote | backslash) & 0x80808080) === 0
}

/** Whatever stands for something else than its byte. */
function skipSpecial(input: Uint8Array, at: number, end: number, kind: number): number {
  return kind === InString.backslash ? skipEscape(input, at, end) : skipSequence(input, at, end, kind)
}

/** @param at of the backslash. Half a surrogate pair is JSON too. */
function skipEscape(input: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return ScanError.syntax
  const letter = input[at + 1]
  if (escapes[letter] !== 0) return at + 2
  if (letter !== JsonByte.letterU || at + 6 > end) return ScanError.syntax
  return hexQuad(input, at + 2) < 0 ? ScanError.syntax : at + 6
}

/** @returns the value of four hexadecimal digits at `at`, below 0 if they are not */
export function hexQuad(input: Uint8Array, at: number): number {
  return (hex[input[at]] << 12) | (hex[input[at + 1]] << 8) | (hex[input[at + 2]] << 4) | hex[input[at + 3]]
}

/** Passes over a UTF-8 sequence of two bytes and more: none that is too long, a surrogate or above U+10FFFF. */
function skipSequence(input: Uint8Array, at: number, end: number, kind: number): number {
  if (kind < InString.twoBytes) return ScanError.syntax
  const length = kind - InString.twoBytes + 2
  if (at + length > end) return ScanError.syntax
  const first = input[at]
  const second = input[at + 1]
  if (!isContinuation(second)) return ScanError.syntax
  if (first === 0xe0 ? second < 0xa0 : first === 0xed && second >= 0xa0) return ScanError.syntax
  if (first === 0xf0 ? second < 0x90 : first === 0xf4 && second >= 0x90) return ScanError.syntax
  if (length > 2 && !isContinuation(input[at + 2])) return ScanError.syntax
  if (length > 3 && !isContinuation(input[at + 3])) return ScanError.syntax
  return at + length
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

function isDigit(byte: number): boolean {
  return byte >= JsonByte.zero && byte <= JsonByte.nine
}

/** @param at of the sign or the first digit */
export function skipNumber(input: Uint8Array, at: number, end: number): number {
  if (input[at] === JsonByte.minus) at++
  // A number that starts with 0 has no further digit before its fraction.
  if (at < end && input[at] === JsonByte.zero) at++
  else at = skipDigits(input, at, end)
  if (at > 0 && at < end && input[at] === JsonByte.dot) at = skipDigits(input, at + 1, end)
  if (at > 0 && at < end && (input[at] | 0x20) === JsonByte.letterE) {
    at++
    if (at < end && (input[at] === JsonByte.plus || input[at] === JsonByte.minus)) at++
    at = skipDigits(input, at, end)
  }
  return at
}

/** One digit and more. */
function skipDigits(input: Uint8Array, at: number, end: number): number {
  if (at >= end || !isDigit(input[at])) return ScanError.syntax
  while (at < end && isDigit(input[at])) at++
  return at
}

/** `true`, `false` or `null`. */
function skipLiteral(input: Uint8Array, at: number, end: number): number {
  switch (input[at]) {
    case JsonByte.letterT:
      return skipLetters(input, at, end, 0x65757274, 4)
    case JsonByte.letterN:
      return skipLetters(input, at, end, 0x6c6c756e, 4)
    case JsonByte.letterF:
      return skipLetters(input, at + 1, end, 0x65736c61, 4)
    default:
      return ScanError.syntax
  }
}

/** @param letters `count` of them, the first one in the lowest byte */
function skipLetters(input: Uint8Array, at: number, end: number, letters: number, count: number): number {
  if (at + count > end) return ScanError.syntax
  for (let index = 0; index < count; index++) {
    if (input[at + index] !== ((letters >>> (8 * index)) & 0xff)) return ScanError.syntax
  }
  return at + count
}

/** Passes over values of any kind. */
export class JsonScanner {
  readonly #maxDepth: number
  /** The opening bytes of the arrays and objects that are not closed yet. */
  readonly #open: Uint8Array

  /** @param maxDepth arrays and objects in each other, 1 and more */
  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
    this.#open = new Uint8Array(maxDepth)
  }

  /**
   * @param depth arrays and objects around the value
   * @returns `ScanError.tooDeep` if the depth is found exceeded before a mistake is
   */
  skipValue(input: Uint8Array, at: number, end: number, depth: number): number {
    const outside = depth
    const open = this.#open
    for (;;) {
      if (at >= end) return ScanError.syntax
      const first = input[at]
      if (first === JsonByte.braceOpen || first === JsonByte.bracketOpen) {
        if (depth >= this.#maxDepth) return ScanError.tooDeep
        open[depth++] = first
        at = skipSpace(input, at + 1, end)
        // The closing bytes are two above the opening ones.
        if (at < end && input[at] === first + 2) {
          depth--
          at++
        } else {
          if (first === JsonByte.braceOpen) at = skipName(input, at, end)
          if (at < 0) return at
          continue
        }
      } else at = skipSimple(input, at, end, first)
      // Behind a value: closing bytes, until there is another one to come.
      for (;;) {
        if (at < 0 || depth === outside) return at
        at = skipSpace(input, at, end)
        if (at >= end) return ScanError.syntax
        const container = open[depth - 1]
        const byte = input[at]
        if (byte === JsonByte.comma) {
          at = skipSpace(input, at + 1, end)
          if (container === JsonByte.braceOpen) at = skipName(input, at, end)
          if (at < 0) return at
          break
        }
        if (byte !== container + 2) return ScanError.syntax
        depth--
        at++
      }
    }
  }
}

/** Everything but arrays and objects. */
function skipSimple(input: Uint8Array, at: number, end: number, first: number): number {
  if (first === JsonByte.quote) return skipString(input, at + 1, end)
  if (first === JsonByte.minus || isDigit(first)) return skipNumber(input, at, end)
  return skipLiteral(input, at, end)
}

/** @returns the position of the value behind a member's name */
function skipName(input: Uint8Array, at: number, end: number): number {
  if (at >= end || input[at] !== JsonByte.quote) return ScanError.syntax
  at = skipString(input, at + 1, end)
  return at < 0 ? at : skipColon(input, at, end)
}

/** @returns the position of the value behind a colon, with white space around it */
export function skipColon(input: Uint8Array, at: number, end: number): number {
  at = skipSpace(input, at, end)
  return at < end && input[at] === JsonByte.colon ? skipSpace(input, at + 1, end) : ScanError.syntax
}
