// The time series of a measurement: counts by the second in which requests were planned come from the tallies;
// latencies of what was answered in each second of the clock are taken here, while it runs.

import { percentileUs } from './latency-buckets.js'
import type { SeriesPoint } from './result.js'
import type { Tallies } from './tallies.js'
import type { Latency } from './tally.js'

export class SeriesRecorder {
  readonly #tallies: Tallies
  readonly #latency: Latency
  readonly #startMs: number
  readonly #percentiles: { p50Us: number | null; p99Us: number | null }[] = []
  #before: Float64Array

  constructor(tallies: Tallies, latency: Latency, startMs: number) {
    this.#tallies = tallies
    this.#latency = latency
    this.#startMs = startMs
    this.#before = tallies.measuredLatencies(latency)
  }

  /** To be called often: takes the percentiles of each second that has passed. */
  tick(nowMs: number): void {
    const { binSeconds, seriesBins } = this.#tallies.memory
    const past = Math.floor((nowMs - this.#startMs) / 1000 / binSeconds)
    if (past > this.#percentiles.length && this.#percentiles.length < seriesBins) this.#takeBin()
  }

  /** All bins up to the end of the measurement. */
  finish(measuredSeconds: number): SeriesPoint[] {
    const { binSeconds, seriesBins } = this.#tallies.memory
    const bins = Math.min(seriesBins, Math.ceil(measuredSeconds / binSeconds))
    while (this.#percentiles.length < bins) this.#takeBin()
    return Array.from({ length: bins }, (_, bin) => ({
      second: bin * binSeconds,
      ...this.#tallies.seriesAt(bin),
      ...this.#percentiles[bin],
    }))
  }

  #takeBin(): void {
    const now = this.#tallies.measuredLatencies(this.#latency)
    this.#percentiles.push({
      p50Us: percentileUs(now, 0.5, this.#before),
      p99Us: percentileUs(now, 0.99, this.#before),
    })
    this.#before = now
  }
}
