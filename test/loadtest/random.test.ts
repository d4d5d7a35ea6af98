// Random numbers: the published generator, from states that differ.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mix32, Random } from '../../src/loadtest/random.js'

const MASK = 0xffff_ffffn

/** xoshiro128** as its authors publish it, in whole numbers; changes the state. */
function referenceWord(state: bigint[]): number {
  const rotate = (word: bigint, bits: bigint): bigint => ((word << bits) | (word >> (32n - bits))) & MASK
  const result = (rotate((state[1] * 5n) & MASK, 7n) * 9n) & MASK
  const shifted = (state[1] << 9n) & MASK
  state[2] ^= state[0]
  state[3] ^= state[1]
  state[1] ^= state[2]
  state[0] ^= state[3]
  state[2] ^= shifted
  state[3] = rotate(state[3], 11n)
  return Number(result)
}

/** The state that a seed and a stream begin with: SplitMix32 from a place that depends on both. */
function referenceState(seed: number, stream: number): bigint[] {
  let at = mix32(seed ^ mix32(Math.imul(stream + 1, 0x9e37_79b9)))
  const words = [0, 1, 2, 3].map(() => {
    at = (at + 0x9e37_79b9) | 0
    return mix32(at)
  })
  words[1] ^= Math.floor(seed / 2 ** 32)
  words[3] |= 1
  return words.map(word => BigInt(word >>> 0))
}

const take = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.word() >>> 0)

describe('random numbers', () => {
  it('are those of xoshiro128**', () => {
    const known = [1n, 2n, 3n, 4n]
    assert.deepEqual(
      Array.from({ length: 10 }, () => referenceWord(known)),
      [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
    )
    for (const seed of [
      0,
      1,
      -1,
      7,
      2 ** 31,
      2 ** 40 + 3,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]) {
      for (const stream of [0, 1, 65_536]) {
        const state = referenceState(seed, stream)
        assert.deepEqual(
          take(new Random(seed, stream), 100),
          Array.from({ length: 100 }, () => referenceWord(state)),
        )
      }
    }
  })

  it('differ between seeds and between streams, and are the same for the same', () => {
    const starts = new Set<string>()
    const words = new Set<number>()
    for (const seed of [0, 1, 2, -1, 2 ** 32, 2 ** 33, 2 ** 52]) {
      for (let stream = 0; stream < 64; stream++) {
        starts.add(take(new Random(seed, stream), 4).join())
        for (const word of referenceState(seed, stream)) words.add(Number(word))
      }
    }
    assert.equal(starts.size, 7 * 64)
    assert.deepEqual(take(new Random(9, 3), 50), take(new Random(9, 3), 50))
    // Streams share no words of their states, but for seeds that differ in their upper halves (one word of four).
    assert.ok(words.size > 4 * 64 * 4, `${words.size} different words`)
  })

  it('refuse seeds that are no integers', () => {
    for (const seed of [0.5, Number.NaN, 2 ** 60]) assert.throws(() => new Random(seed))
  })

  it('fill their range evenly', () => {
    const random = new Random(1)
    const counts = new Array<number>(100).fill(0)
    const draws = 200_000
    let sum = 0
    for (let draw = 0; draw < draws; draw++) {
      const unit = random.unit()
      assert.ok(unit >= 0 && unit < 1)
      sum += unit
      counts[random.below(100)]++
    }
    // The mean of n uniform numbers has the standard error √(1 / 12 n).
    assert.ok(Math.abs(sum / draws - 0.5) < 4 * Math.sqrt(1 / 12 / draws))
    // χ² with 99 degrees of freedom is above 160 once in ten thousand.
    const expected = draws / 100
    const chiSquared = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
    assert.ok(chiSquared < 160, `χ² ${chiSquared}`)
  })

  it('have bits that are set half the time, each', () => {
    const random = new Random(2)
    const draws = 20_000
    const set = new Array<number>(32).fill(0)
    for (let draw = 0; draw < draws; draw++) {
      const word = random.word()
      for (let bit = 0; bit < 32; bit++) set[bit] += (word >>> bit) & 1
    }
    for (const count of set) assert.ok(Math.abs(count - draws / 2) < 4.5 * Math.sqrt(draws / 4), `${count}`)
  })
})

describe('mixing a word', () => {
  it('changes half of the bits for any one that changes', () => {
    for (let bit = 0; bit < 32; bit++) {
      let changed = 0
      for (let word = 0; word < 1000; word++) {
        let difference = mix32(word) ^ mix32(word ^ (1 << bit))
        for (; difference !== 0; difference &= difference - 1) changed++
      }
      assert.ok(Math.abs(changed / 1000 - 16) < 1.5, `bit ${bit}: ${changed / 1000} bits`)
    }
  })
})
