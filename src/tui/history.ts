// A rate as screens show it: of now, over ten seconds, over all of the run, and second by second for a sparkline.

import type { Rate } from './snapshot.js'

/** Seconds that a history reaches back: what the widest sparkline has columns for. */
export const HISTORY_SECONDS = 120

const TEN_SECONDS = 10

/** The windows that a history answers for, in the order of `values`. */
export const rateWindows = ['1 s', '10 s', 'run'] as const

/** A ring of the last seconds' values. */
export class RateHistory {
  readonly #ring = new Float64Array(HISTORY_SECONDS)
  /** Whole seconds put into the ring so far. */
  #seconds = 0
  /** Of the second that is going on: sum of value x time, and time. */
  #partSum = 0
  #partSeconds = 0
  #current = 0
  #sum = 0
  #sumSeconds = 0

  /**
   * Adds a sample.
   * @param value per second
   * @param seconds time since the sample before; 0 for the first one
   */
  add(value: number, seconds: number): void {
    this.#current = value
    this.#sum += value * seconds
    this.#sumSeconds += seconds
    this.#partSum += value * seconds
    this.#partSeconds += seconds
    // A stopped process (Ctrl-Z) must not fill the ring with one value.
    if (this.#partSeconds < 0.999) return
    this.#ring[this.#seconds++ % HISTORY_SECONDS] = this.#partSum / this.#partSeconds
    this.#partSum = 0
    this.#partSeconds = 0
  }

  /** Forgets what was, as when a new phase begins; the sparkline goes on. */
  restart(): void {
    this.#sum = 0
    this.#sumSeconds = 0
  }

  /** One value for each of `rateWindows`. */
  values(): readonly number[] {
    return [this.#current, this.#mean(TEN_SECONDS), this.#sumSeconds > 0 ? this.#sum / this.#sumSeconds : 0]
  }

  /** Oldest first, the value of this moment last. */
  history(): readonly number[] {
    const count = Math.min(this.#seconds, HISTORY_SECONDS)
    const values: number[] = []
    for (let back = count; back > 0; back--) values.push(this.#ring[(this.#seconds - back) % HISTORY_SECONDS])
    return [...values, this.#current]
  }

  /** As part of a snapshot. */
  rate(label: string, unit: Rate['unit']): Rate {
    return { label, unit, values: this.values(), history: this.history() }
  }

  #mean(seconds: number): number {
    const count = Math.min(this.#seconds, seconds)
    if (count === 0) return this.#current
    let sum = 0
    for (let back = 1; back <= count; back++) sum += this.#ring[(this.#seconds - back) % HISTORY_SECONDS]
    return sum / count
  }
}
