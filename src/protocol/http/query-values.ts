// Values of query parameters. A value ends at `&`; nothing here makes text or numbers objects.

import { Byte, hexValues } from './ascii.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { ampersand, percent, question, zero } = Byte
const hex = hexValues

/** Bytes of an info hash (BEP 3; BEP 52's are cut to 20) and of a peer id. */
export const IDENTIFIER_BYTES = 20

/** The end of the value that starts at `at`: the next `&`, or `?` where an announce URL's own query ends. */
export function findValueEnd(input: Uint8Array, at: number, end: number): number {
  while (at < end && input[at] !== ampersand && input[at] !== question) at++
  return at
}

/**
 * Decodes the 20 bytes of an info hash or peer id into out[outAt…]: `%XX` in either case, every other byte as it is, so
 * `+`, `?` and raw bytes stand for themselves. More than 20 are counted, not written.
 * @returns the end of the value if it was exactly 20 bytes, else minus that end (never 0: a key comes before a value)
 */
export function decodeIdentifier(
  input: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outAt: number,
): number {
  let at = start
  let count = 0
  while (at < end) {
    let byte = input[at++]
    if (byte === percent) {
      byte = at + 1 < end ? (hex[input[at]] << 4) | hex[input[at + 1]] : -1
      if (byte < 0) return -findAmpersand(input, at, end)
      at += 2
    } else if (byte === ampersand) {
      at--
      break
    }
    if (count < IDENTIFIER_BYTES) out[outAt + count] = byte
    count++
  }
  return count === IDENTIFIER_BYTES ? at : -at
}

function findAmpersand(input: Uint8Array, at: number, end: number): number {
  while (at < end && input[at] !== ampersand) at++
  return at
}

/** @returns the decimal number in input[start, end), at most `largest`; -1 for anything but digits */
export function decodeNumber(input: Uint8Array, start: number, end: number, largest: number): number {
  if (start === end) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = input[at] - zero
    if (digit < 0 || digit > 9) return -1
    if (value <= largest) value = value * 10 + digit
  }
  return value > largest ? largest : value
}
