// How many connections each source has now: an open hash table of fixed size, since a source is in it only as long as
// it has a connection. IPv4 is counted by address, IPv6 by /64 (what one subscriber gets).

import { randomBytes } from 'node:crypto'
import { halfSipHashOf2 } from '../protocol/half-siphash.js'

export class AddressCounts {
  readonly #mask: number
  readonly #families: Uint8Array
  readonly #words: Int32Array
  readonly #counts: Uint32Array
  readonly #key0: number
  readonly #key1: number

  /** @param capacity most connections at a time */
  constructor(capacity: number) {
    const key = randomBytes(8)
    this.#key0 = key.readInt32LE(0)
    this.#key1 = key.readInt32LE(4)
    const places = 2 ** Math.ceil(Math.log2(Math.max(capacity, 1) * 2))
    this.#mask = places - 1
    this.#families = new Uint8Array(places)
    this.#words = new Int32Array(places * 2)
    this.#counts = new Uint32Array(places)
  }

  /** Counts one more. @returns false, and counts nothing, when the source has `most` */
  add(family: number, first: number, second: number, most: number): boolean {
    const place = this.#find(family, first, second)
    if (this.#counts[place] >= most) return false
    this.#families[place] = family
    this.#words[place * 2] = first
    this.#words[place * 2 + 1] = second
    this.#counts[place]++
    return true
  }

  /** Counts one less; the source must have been added. */
  remove(family: number, first: number, second: number): void {
    const place = this.#find(family, first, second)
    if (--this.#counts[place] === 0) this.#vacate(place)
  }

  count(family: number, first: number, second: number): number {
    return this.#counts[this.#find(family, first, second)]
  }

  /** The place of the source, or the empty one where it would be. */
  #find(family: number, first: number, second: number): number {
    let place = this.#home(family, first, second)
    while (
      this.#counts[place] !== 0 &&
      (this.#words[place * 2] !== first ||
        this.#words[place * 2 + 1] !== second ||
        this.#families[place] !== family)
    ) {
      place = (place + 1) & this.#mask
    }
    return place
  }

  /** Moves later entries of the run back, so that a search never meets a gap (Knuth, 6.4, algorithm R). */
  #vacate(gap: number): void {
    this.#counts[gap] = 0
    for (let place = (gap + 1) & this.#mask; this.#counts[place] !== 0; place = (place + 1) & this.#mask) {
      const home = this.#home(this.#families[place], this.#words[place * 2], this.#words[place * 2 + 1])
      if (((place - home) & this.#mask) < ((place - gap) & this.#mask)) continue
      this.#families[gap] = this.#families[place]
      this.#words[gap * 2] = this.#words[place * 2]
      this.#words[gap * 2 + 1] = this.#words[place * 2 + 1]
      this.#counts[gap] = this.#counts[place]
      this.#counts[place] = 0
      gap = place
    }
  }

  #home(family: number, first: number, second: number): number {
    return hashSource(this.#key0, this.#key1, family, first, second) & this.#mask
  }
}

/**
 * Whoever has a /32 of IPv6 chooses among four billion networks. If he knew which of them fall on one place, each of
 * his connections would be sought behind all the others.
 */
export function hashSource(
  key0: number,
  key1: number,
  family: number,
  first: number,
  second: number,
): number {
  return halfSipHashOf2(key0 ^ family, key1, first, second)
}
