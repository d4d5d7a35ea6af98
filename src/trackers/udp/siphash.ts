// SipHash-2-4 (Aumasson, Bernstein 2012) on 32-bit halves, for messages of whole 32-bit words.
// BigInt would allocate; halves cost about 0.05 us for an IPv4 id (benchmarks/udp/connection-id.ts). Carries are
// calculated, not compared: they are random, and half of the branches on them were guessed wrong (0.11 us).

/** The 128-bit key as four words, low word of k0 first. */
export type SipHashKey = Int32Array

/**
 * @param message words in the order of their bytes (little-endian loads)
 * @param wordCount words of `message` that count
 * @returns the low 32 bits of SipHash-2-4, signed
 */
export function sipHash24(key: SipHashKey, message: Int32Array, wordCount: number): number {
  let v0l = key[0] ^ 0x70736575
  let v0h = key[1] ^ 0x736f6d65
  let v1l = key[2] ^ 0x6e646f6d
  let v1h = key[3] ^ 0x646f7261
  let v2l = key[0] ^ 0x6e657261
  let v2h = key[1] ^ 0x6c796765
  let v3l = key[2] ^ 0x79746573
  let v3h = key[3] ^ 0x74656462
  // Blocks of two words; the last one carries the message's length in its top byte. Then four rounds more.
  const lastBlock = wordCount >> 1
  for (let block = 0; block <= lastBlock + 1; block++) {
    const finishing = block > lastBlock
    const at = block * 2
    const ml = finishing ? 0 : at < wordCount ? message[at] : 0
    const mh = finishing ? 0 : block < lastBlock ? message[at + 1] : wordCount << 26
    if (finishing) v2l ^= 0xff
    v3l ^= ml
    v3h ^= mh
    const rounds = finishing ? 4 : 2
    let sum = 0
    for (let round = 0; round < rounds; round++) {
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      sum = (v0l + v1l) | 0
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0
      v0l = sum
      let high = (v1h << 13) | (v1l >>> 19)
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
      v1h = high ^ v0h
      let low = v0l
      v0l = v0h
      v0h = low
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      sum = (v2l + v3l) | 0
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0
      v2l = sum
      high = (v3h << 16) | (v3l >>> 16)
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
      v3h = high ^ v2h
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      sum = (v0l + v3l) | 0
      v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31)) | 0
      v0l = sum
      high = (v3h << 21) | (v3l >>> 11)
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
      v3h = high ^ v0h
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      sum = (v2l + v1l) | 0
      v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0
      v2l = sum
      high = (v1h << 17) | (v1l >>> 15)
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
      v1h = high ^ v2h
      low = v2l
      v2l = v2h
      v2h = low
    }
    v0l ^= ml
    v0h ^= mh
  }
  return v0l ^ v1l ^ v2l ^ v3l
}
