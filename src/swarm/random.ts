// Marsaglia's xorshift128: which peers an announce gets. Not secret and not meant to be; fast, and seeded for tests.

export class Random {
  private x: number
  private y = 362436069
  private z = 521288629
  private w = 88675123

  constructor(seed: number) {
    this.x = seed | 0
    // Close seeds (1, 2, 3 for the workers) would begin with close numbers.
    for (let round = 0; round < 32; round++) {
      this.below(1)
    }
  }

  /** A uniform integer of 0 to `limit` - 1; the bias is below limit / 2^32. */
  below(limit: number): number {
    const t = this.x ^ (this.x << 11)
    this.x = this.y
    this.y = this.z
    this.z = this.w
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8)
    return Math.floor((this.w >>> 0) * (limit / 0x100000000))
  }
}
