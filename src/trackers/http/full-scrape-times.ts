// When each address had its last full scrape, in shared memory of a fixed size that all workers use without a lock.
//
//   [key, 4 words]  then buckets of 8 entries of 64 bits: [seconds + 1 | keyed hash of the address]; 0: never used
//
// IPv6 counts by /64, what one subscriber gets. A full bucket forgets its oldest address: who commands thousands of
// networks can have more, one after the other. Two addresses whose two keyed hashes are equal count as one.

import { randomFillSync } from 'node:crypto'
import { halfSipHashOf2 } from '../../protocol/half-siphash.js'
import type { IpAddress } from '../../protocol/http/ip-text.js'

const KEY_WORDS = 4
const BUCKETS = 1024
const BUCKET_ENTRIES = 8
const ENTRIES_AT_BYTES = 16
const LOW_WORD = 0xffff_ffffn
/** As often as other workers may win a race for an entry before this one gives up; each needs an address of its own. */
const ATTEMPTS = 16

/** @returns memory to hand to every worker: 64 KiB */
export function createFullScrapeTimes(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ENTRIES_AT_BYTES + BUCKETS * BUCKET_ENTRIES * 8)
  randomFillSync(new Uint8Array(memory, 0, KEY_WORDS * 4))
  return memory
}

export class FullScrapeTimes {
  readonly #entries: BigInt64Array
  readonly #key: Int32Array
  readonly #intervalSeconds: number

  /** @param memory of `createFullScrapeTimes` */
  constructor(memory: SharedArrayBuffer, intervalSeconds: number) {
    this.#key = new Int32Array(memory, 0, KEY_WORDS)
    this.#entries = new BigInt64Array(memory, ENTRIES_AT_BYTES)
    this.#intervalSeconds = intervalSeconds
  }

  /**
   * Notes a full scrape of the address unless its last one is less than the interval ago.
   * @param nowSeconds since the start of the process
   * @returns seconds that it has to wait; 0 if it may have one now
   */
  claim(address: IpAddress, nowSeconds: number): number {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = this.#find(address)
      const before = Atomics.load(this.#entries, entry)
      const waitSeconds =
        this.#tagOf(before) === this.#tag(address) ? this.#waitSeconds(before, nowSeconds) : 0
      if (waitSeconds > 0) return waitSeconds
      if (this.#replace(entry, before, address, nowSeconds)) return 0
    }
    return this.#intervalSeconds
  }

  /** Seconds that the address has to wait; notes nothing. */
  peek(address: IpAddress, nowSeconds: number): number {
    const entry = Atomics.load(this.#entries, this.#find(address))
    return this.#tagOf(entry) === this.#tag(address) ? this.#waitSeconds(entry, nowSeconds) : 0
  }

  /** The address still reads: the interval begins anew. */
  renew(address: IpAddress, nowSeconds: number): void {
    const entry = this.#find(address)
    this.#replace(entry, Atomics.load(this.#entries, entry), address, nowSeconds)
  }

  #replace(entry: number, before: bigint, address: IpAddress, nowSeconds: number): boolean {
    const after = BigInt.asIntN(64, (BigInt(nowSeconds + 1) << 32n) | BigInt(this.#tag(address)))
    return Atomics.compareExchange(this.#entries, entry, before, after) === before
  }

  /** The address's entry, else the one of its bucket to be taken: that of the longest ago. */
  #find(address: IpAddress): number {
    const tag = this.#tag(address)
    const first = (this.#hash(address, 2) & (BUCKETS - 1)) * BUCKET_ENTRIES
    let oldest = first
    for (let entry = first; entry < first + BUCKET_ENTRIES; entry++) {
      const value = Atomics.load(this.#entries, entry)
      if (value !== 0n && this.#tagOf(value) === tag) return entry
      if (secondsOf(value) < secondsOf(Atomics.load(this.#entries, oldest))) oldest = entry
    }
    return oldest
  }

  #waitSeconds(entry: bigint, nowSeconds: number): number {
    if (entry === 0n) return 0
    return Math.max(0, secondsOf(entry) - 1 + this.#intervalSeconds - nowSeconds)
  }

  #tagOf(entry: bigint): number {
    return entry === 0n ? -1 : Number(entry & LOW_WORD)
  }

  #tag(address: IpAddress): number {
    return this.#hash(address, 0) >>> 0
  }

  #hash({ family, words }: IpAddress, key: number): number {
    const second = family === 6 ? words[1] : 0
    return halfSipHashOf2(this.#key[key] ^ family, this.#key[key + 1], words[0], second)
  }
}

function secondsOf(entry: bigint): number {
  return Number(entry >> 32n)
}
