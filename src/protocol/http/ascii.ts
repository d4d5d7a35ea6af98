// What single bytes mean in HTTP and in queries, as tables of 256: one load for each byte of input.

/** The bytes of a text in which every character stands for one byte (ISO 8859-1). */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

/** The value of a hexadecimal digit, -1 for any other byte. */
export const hexValues = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  hexValues['0123456789abcdef'.charCodeAt(value)] = value
  hexValues['0123456789ABCDEF'.charCodeAt(value)] = value
}

/** Each byte, A to Z as a to z. */
const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
)

/** 1 for the bytes of a token (RFC 9110 section 5.6.2): methods, header names. */
export const tokenBytes = new Uint8Array(256)
for (const byte of latin1Bytes("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) tokenBytes[byte] = 1
for (const byte of latin1Bytes('ABCDEFGHIJKLMNOPQRSTUVWXYZ')) tokenBytes[byte] = 1

export const Byte = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  percent: 0x25,
  ampersand: 0x26,
  comma: 0x2c,
  dash: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  semicolon: 0x3b,
  equals: 0x3d,
  question: 0x3f,
  bracketOpen: 0x5b,
  backslash: 0x5c,
  bracketClose: 0x5d,
} as const

/** Whether input[start, end) is `word`, byte for byte. */
export function isWord(input: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  const length = word.length
  if (end - start !== length) return false
  for (let index = 0; index < length; index++) {
    if (input[start + index] !== word[index]) return false
  }
  return true
}

/** As `isWord`, with upper and lower case alike; `word` is in lower case. */
export function isWordInAnyCase(input: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  const length = word.length
  if (end - start !== length) return false
  for (let index = 0; index < length; index++) {
    if (lowerCase[input[start + index]] !== word[index]) return false
  }
  return true
}

/** Whether a byte is the optional white space around header values (RFC 9110 section 5.6.3). */
export function isBlank(byte: number): boolean {
  return byte === Byte.space || byte === Byte.tab
}
