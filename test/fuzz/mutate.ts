// Inputs made from others: bits, bytes and numbers changed, pieces inserted, doubled, cut away and spliced.

import { pick, type Random } from './target.js'

/** Numbers at which something changes, as text and as bytes of the network. */
const boundaries = [
  ...[0, 1, 2, 15, 16, 19, 20, 21, 98, 125, 126, 127, 128, 255, 256, 4096, 32_767, 32_768, 65_535, 65_536],
  ...[999_999_999, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 53 - 1, 2 ** 53],
]

/** A mutation of `bytes`, which stay as they are; of a length up to `bytesMax`. */
export function mutate(
  bytes: Uint8Array,
  corpus: readonly Uint8Array[],
  dictionary: readonly Uint8Array[],
  bytesMax: number,
  random: Random,
): Uint8Array {
  let mutated = bytes
  for (let left = 1 + random(random(4) === 0 ? 12 : 4); left > 0; left--) {
    mutated = mutateOnce(mutated, corpus, dictionary, random)
  }
  return mutated.length > bytesMax ? mutated.subarray(0, bytesMax) : mutated
}

function mutateOnce(
  bytes: Uint8Array,
  corpus: readonly Uint8Array[],
  dictionary: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const at = random(bytes.length + 1)
  const length = random(4) === 0 ? random(200) : random(5)
  switch (random(11)) {
    case 0:
      return changeByte(bytes, at, byte => byte ^ (1 << random(8)))
    case 1:
      return changeByte(bytes, at, () => random(256))
    case 2:
      return changeByte(bytes, at, byte => byte + (random(2) === 0 ? 1 : -1))
    case 3:
      return splice(bytes, at, length, new Uint8Array())
    case 4:
      return splice(bytes, at, 0, bytes.subarray(at, at + length))
    case 5:
      return splice(bytes, at, 0, new Uint8Array(length).fill(random(256)))
    case 6: {
      const other = pick(random, corpus)
      return splice(bytes, at, bytes.length, other.subarray(random(other.length + 1)))
    }
    case 7:
      return replaceDigits(bytes, at, `${pick(random, boundaries)}`)
    case 8:
      return writeNumber(bytes, at, pick(random, boundaries), pick(random, [1, 2, 4, 8]))
    case 9:
      return bytes.subarray(0, at)
    default: {
      if (dictionary.length === 0) return bytes
      const piece = pick(random, dictionary)
      return splice(bytes, at, random(3) === 0 ? piece.length : 0, piece)
    }
  }
}

function changeByte(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  // Not `slice`: that of a Buffer shares its memory.
  const changed = new Uint8Array(bytes)
  if (at < changed.length) changed[at] = change(changed[at]!)
  return changed
}

function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  return Buffer.concat([
    bytes.subarray(0, at),
    inserted,
    bytes.subarray(Math.min(bytes.length, at + removed)),
  ])
}

/** Another number in place of the next one in decimal digits. */
function replaceDigits(bytes: Uint8Array, at: number, digits: string): Uint8Array {
  const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39
  let start = at
  while (start < bytes.length && !isDigit(bytes[start])) start++
  let end = start
  while (isDigit(bytes[end])) end++
  return splice(bytes, start, end - start, Buffer.from(digits))
}

/** A number of 1, 2, 4 or 8 bytes in network order over those that are there. */
function writeNumber(bytes: Uint8Array, at: number, number: number, width: number): Uint8Array {
  const written = new Uint8Array(bytes)
  const wide = Buffer.alloc(8)
  wide.writeBigUInt64BE(BigInt(number))
  written.set(wide.subarray(8 - width, 8 - width + Math.max(0, Math.min(width, bytes.length - at))), at)
  return written
}
