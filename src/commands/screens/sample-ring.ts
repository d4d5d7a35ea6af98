// Samples of the last ten seconds and the first one of all, for rates over one second, over ten, and since the start.

/** Four samples a second, for a little longer than ten seconds. */
const SAMPLES_MAX = 44

interface Sample<Value> {
  readonly atSeconds: number
  readonly value: Value
}

export class SampleRing<Value> {
  readonly #samples: Sample<Value>[] = []
  #first: Sample<Value> | null = null

  get latest(): Value | null {
    return this.#samples.at(-1)?.value ?? null
  }

  /** @param atSeconds of a clock that only grows */
  add(atSeconds: number, value: Value): void {
    const sample = { atSeconds, value }
    this.#first ??= sample
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
  }

  /** The samples to compare with, in the order of `rateWindows`; younger ones where none is so old. */
  windows(nowSeconds: number): Value[] {
    return [this.#before(nowSeconds - 1), this.#before(nowSeconds - 10), this.#first!.value]
  }

  /** The youngest that is at least so old; a timer that came a little early does not count as later. */
  #before(atSeconds: number): Value {
    const found = this.#samples.findLast(sample => sample.atSeconds <= atSeconds + 0.1)
    return (found ?? this.#samples[0]!).value
  }
}
