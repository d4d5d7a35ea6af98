// HalfSipHash-1-3 (Aumasson and Bernstein) over whole 32-bit words: the keyed hash of all hash tables that clients can
// aim at. They choose info hashes, ports and (of IPv6) networks, so an unkeyed hash would let anybody aim at one chain
// or bucket. The 1-3 variant is meant for exactly this and no more: it is not a MAC (the Linux kernel's hsiphash draws
// the same line).

/** Message words; the slots behind the message take its length block and the zeroes of the finalisation. */
const message = new Int32Array(5 + 1 + 3)

/**
 * Hashes the first `wordCount` words of `message`. One round per word, one for the length block, three to finish;
 * the last three absorb zeroes, so one loop does all rounds.
 */
function hashMessage(key0: number, key1: number, wordCount: number): number {
  message[wordCount] = wordCount << 26
  message[wordCount + 1] = 0
  message[wordCount + 2] = 0
  message[wordCount + 3] = 0
  let v0 = key0 | 0
  let v1 = key1 | 0
  let v2 = key0 ^ 0x6c796765
  let v3 = key1 ^ 0x74656462
  const lastAbsorbed = wordCount
  const rounds = wordCount + 4
  for (let round = 0; round < rounds; round++) {
    const word = message[round]!
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
    if (round === lastAbsorbed) {
      v2 ^= 0xff
    }
  }
  return v1 ^ v3
}

/** Hashes two words (8 bytes, little-endian) under a 64-bit key; returns an int32. */
export function halfSipHashOf2(key0: number, key1: number, word0: number, word1: number): number {
  message[0] = word0
  message[1] = word1
  return hashMessage(key0, key1, 2)
}

/** Hashes five words (20 bytes, little-endian: an info hash, or an IPv6 address and port); returns an int32. */
export function halfSipHashOf5(
  key0: number,
  key1: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  word4: number,
): number {
  message[0] = word0
  message[1] = word1
  message[2] = word2
  message[3] = word3
  message[4] = word4
  return hashMessage(key0, key1, 5)
}
