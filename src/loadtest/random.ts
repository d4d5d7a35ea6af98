// Random numbers that follow from a seed, so that two runs ask the same: xoshiro128** (Blackman and Vigna, 2018).

import { strict as assert } from 'node:assert'

export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed any integer. @param stream workers with the same seed take streams of their own */
  constructor(seed: number, stream = 0) {
    assert(Number.isSafeInteger(seed))
    // Streams begin far from each other: SplitMix32 goes on by the same constant that numbers them.
    let state = mix32(seed ^ mix32(Math.imul(stream + 1, 0x9e37_79b9)))
    const next = (): number => {
      // SplitMix32 spreads the seed over the state.
      state = (state + 0x9e37_79b9) | 0
      return mix32(state)
    }
    this.#a = next()
    this.#b = next() ^ Math.floor(seed / 2 ** 32)
    this.#c = next()
    this.#d = next() | 1
  }

  /** A word of 32 random bits, signed. */
  word(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** 0 to just below 1. */
  unit(): number {
    return (this.word() >>> 0) / 2 ** 32
  }

  /** 0 to bound - 1; bound at most 2^32. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound)
  }
}

/** One word out of another, each bit of which depends on all bits. */
export function mix32(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x21f0_aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
  return mixed ^ (mixed >>> 15)
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
