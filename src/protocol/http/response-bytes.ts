// Pieces that answers are made of, written into bytes at a position; each function returns the position behind.

import { Byte, latin1Bytes } from './ascii.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { colon, zero } = Byte

/** What an encoder returns instead of the end of its answer if that would lie beyond the limit. Nothing is kept. */
export const NO_ROOM = -1

/** Digits of a whole number, 0 and more. */
export function decimalDigits(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  let digits = 4
  for (let rest = Math.floor(value / 10_000); rest > 0; rest = Math.floor(rest / 10)) digits++
  return digits
}

/** Writes a whole number, 0 and more, in decimal. */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = zero + value
    return at + 1
  }
  const end = at + decimalDigits(value)
  let rest = value
  for (let place = end - 1; place >= at; place--) {
    // Whole 32-bit numbers divide several times as fast.
    const next = rest <= 0x7fff_ffff ? ((rest | 0) / 10) | 0 : Math.floor(rest / 10)
    out[place] = zero + (rest - next * 10)
    rest = next
  }
  return end
}

export function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  const length = bytes.length
  for (let index = 0; index < length; index++) out[at + index] = bytes[index]
  return at + length
}

/** A text of every answer, for `writeLabel`. */
export interface Label {
  readonly length: number
  /** Its bytes as they lie in memory, the last word filled up with zeros. */
  readonly words: Int32Array
}

export function createLabel(text: string): Label {
  const bytes = latin1Bytes(text)
  const words = new Int32Array(Math.ceil(bytes.length / 4))
  new Uint8Array(words.buffer).set(bytes)
  return { length: bytes.length, words }
}

/** Answers are written into one output, mostly: a view of its bytes as words at any place is made once. */
let viewed: Uint8Array = new Uint8Array(0)
let view: DataView = new DataView(viewed.buffer)

function viewWords(out: Uint8Array): DataView {
  viewed = out
  view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  return view
}

/**
 * As `writeBytes`, in a third of the time: word by word, so that up to three bytes behind the text become zero. As many
 * must follow in the answer.
 */
export function writeLabel(out: Uint8Array, at: number, { length, words }: Label): number {
  const to = out === viewed ? view : viewWords(out)
  for (let word = 0; word < words.length; word++) to.setInt32(at + 4 * word, words[word], true)
  return at + length
}

/** Copies from[start, end). Within one array this is one move of memory; between two a view would be allocated. */
export function copySpan(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  if (from === out) out.copyWithin(at, start, end)
  else for (let index = start; index < end; index++) out[at + index - start] = from[index]
  return at + end - start
}

const LETTER_E = latin1Bytes('e')[0]
const LETTER_I = latin1Bytes('i')[0]

/** Length of a bencoded number. */
export function integerBytes(value: number): number {
  return 2 + decimalDigits(value)
}

/** A bencoded number: `i42e`. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  out[at] = LETTER_I
  const end = writeDecimal(out, at + 1, value)
  out[end] = LETTER_E
  return end + 1
}

/** Length of a bencoded string of `length` bytes. */
export function stringBytes(length: number): number {
  return decimalDigits(length) + 1 + length
}

/** The beginning of a bencoded string: `42:`. */
export function writeStringLength(out: Uint8Array, at: number, length: number): number {
  const end = writeDecimal(out, at, length)
  out[end] = colon
  return end + 1
}

/** The end of a bencoded list or dictionary. */
export function writeEnd(out: Uint8Array, at: number): number {
  out[at] = LETTER_E
  return at + 1
}
