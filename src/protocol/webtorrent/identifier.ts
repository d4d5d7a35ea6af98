// Identifiers of the WebTorrent protocol: info hash, peer id and offer id are JSON strings of 20 characters U+0000 to
// U+00FF, each of which stands for one byte (`binary` strings of JavaScript).

import {
  escapedBytes,
  hexQuad,
  InString,
  JsonByte,
  ScanError,
  skipString,
  stringKinds,
} from './json-scanner.js'

/** Bytes of each identifier. */
export const IDENTIFIER_BYTES = 20

// Own names for what is imported: an imported one is loaded anew at every use (benchmarks/ws/codec.ts).
const kinds = stringKinds
const escapes = escapedBytes

/** Length of the character that starts with a byte, 0 if it needs a closer look. U+0080 to U+00FF start with C2, C3. */
const characterBytes = Uint8Array.from(kinds, kind => (kind === InString.plain ? 1 : 0))
characterBytes[0xc2] = 2
characterBytes[0xc3] = 2

/**
 * Decodes the string whose opening quote is in front of input[start] into out[outAt…].
 * @returns the position behind its closing quote; minus that if it is JSON, but no identifier; `ScanError.syntax` (which
 *   is no such position, strings being longer) if it is not even JSON
 */
export function decodeIdentifier(
  input: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outAt: number,
): number {
  let at = start
  let wrong = 0
  const limit = end - 1
  const outEnd = outAt + IDENTIFIER_BYTES
  let place = outAt
  // Peer ids are ASCII throughout.
  while (place < outEnd && at < limit && kinds[input[at]] === InString.plain) out[place++] = input[at++]
  // Bytes of a hash are random: a branch for those above ASCII would be guessed wrong every other time.
  while (place < outEnd && at < limit) {
    const byte = input[at]
    const length = characterBytes[byte]
    if (length === 0) break
    const next = input[at + 1]
    const isPair = 1 - length
    out[place++] = (byte & ~isPair) | ((((byte & 3) << 6) | (next & 0x3f)) & isPair)
    wrong |= ((next & 0xc0) ^ 0x80) & isPair
    at += length
  }
  if (wrong === 0) {
    if (place === outEnd && at < end && input[at] === JsonByte.quote) return at + 1
    const identifierEnd = decodeRest(input, at, end, out, place, outEnd)
    if (identifierEnd > 0) return identifierEnd
  }
  const stringEnd = skipString(input, start, end)
  return stringEnd < 0 ? stringEnd : -stringEnd
}

/** Goes on where an escape comes. @returns the position behind the closing quote, below 0 if it is no identifier */
function decodeRest(
  input: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  place: number,
  outEnd: number,
): number {
  while (at < end) {
    const byte = input[at]
    const kind = kinds[byte]
    let character = byte
    if (kind === InString.plain) at++
    else if (kind === InString.quote) {
      return place === outEnd ? at + 1 : ScanError.syntax
    } else if (kind === InString.backslash) {
      character = readEscape(input, at, end)
      if (character < 0) break
      at += input[at + 1] === JsonByte.letterU ? 6 : 2
    } else {
      if (characterBytes[byte] !== 2 || at + 1 >= end || (input[at + 1] & 0xc0) !== 0x80) break
      character = ((byte & 3) << 6) | (input[at + 1] & 0x3f)
      at += 2
    }
    if (character > 0xff || place === outEnd) break
    out[place++] = character
  }
  return ScanError.syntax
}

/**
 * Decodes the same string as text of ASCII characters into `out`.
 * @param end behind its closing quote; what is in between is known to be JSON
 * @returns the number of characters, -1 if there are others among them or they have no room in `out`
 */
export function decodeEscapedText(input: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let count = 0
  for (let at = start; at < end - 1; ) {
    let character = input[at]
    if (character === JsonByte.backslash) {
      character = readEscape(input, at, end)
      at += input[at + 1] === JsonByte.letterU ? 6 : 2
    } else at++
    if (character > 0x7f || count === out.length) return -1
    out[count++] = character
  }
  return count
}

/** @returns the UTF-16 code unit that the escape at `at` stands for, below 0 if it is none */
function readEscape(input: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return ScanError.syntax
  const letter = input[at + 1]
  if (letter === JsonByte.letterU) return at + 6 <= end ? hexQuad(input, at + 2) : ScanError.syntax
  return escapes[letter] === 0 ? ScanError.syntax : escapes[letter]
}
