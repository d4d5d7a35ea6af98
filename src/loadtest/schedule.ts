// When each request of an open loop is planned, exactly: the k-th is where the integral of the rate reaches k, so a
// generator that was held up catches up with what it owes, and ramps have no steps.

import type { Stage } from './plan.js'
import type { Random } from './random.js'

/** The worker's own stages, with the sum of requests before each. */
interface Stretch extends Stage {
  readonly startSeconds: number
  readonly requestsBefore: number
}

/** `skipBefore` counts fewer than this one by one. */
const SKIPPED_SINGLY_MAX = 64

export interface ScheduleShare {
  readonly stages: readonly Stage[]
  readonly spacing: 'even' | 'poisson'
  /** Of all workers; even requests are dealt out in turn, so that together they are even again. */
  readonly workers: number
  readonly worker: number
}

export class Schedule {
  readonly #stretches: readonly Stretch[]
  readonly #requests: number
  readonly #random: Random | null
  readonly #step: number
  #position: number
  #stretch = 0
  /** Milliseconds after the start of the load at which the next request is planned; Infinity: no more. */
  nextMs = 0

  constructor({ stages, spacing, workers, worker }: ScheduleShare, random: Random) {
    const stretches: Stretch[] = []
    let startSeconds = 0
    let requestsBefore = 0
    for (const stage of stages) {
      stretches.push({ ...stage, startSeconds, requestsBefore })
      startSeconds += stage.seconds
      requestsBefore += stage.seconds === 0 ? 0 : (stage.seconds * (stage.from + stage.to)) / 2
    }
    this.#stretches = stretches
    this.#requests = requestsBefore
    this.#random = spacing === 'poisson' ? random : null
    this.#step = workers
    this.#position = spacing === 'poisson' ? 0 : worker - workers
    this.advance()
  }

  /** Goes on to the request after the next one. */
  advance(): void {
    // A Poisson stream of rate r(t) is one of rate 1 in the units of the integral; of several workers each has a share.
    const step = this.#random === null ? this.#step : -Math.log(1 - this.#random.unit()) * this.#step
    this.#position += step
    this.nextMs = this.#timeOf(this.#position) * 1000
  }

  /** Requests of this worker planned before a time that are not yet taken; for tests and final sums. */
  plannedBefore(endMs: number): number {
    if (this.nextMs >= endMs) return 0
    return Math.max(0, Math.ceil((this.#integralAt(endMs / 1000) - this.#position) / this.#step))
  }

  /**
   * Passes over everything planned before a time, however much that is, as if `advance` had been called for each.
   * @returns how many; how many of a Poisson stream fall into the time is drawn at once where they are many
   */
  skipBefore(endMs: number): number {
    let count = 0
    while (this.nextMs < endMs && count < SKIPPED_SINGLY_MAX) {
      this.advance()
      count++
    }
    if (this.nextMs >= endMs) return count
    const end = Math.min(this.#integralAt(endMs / 1000), this.#requests)
    if (this.#random === null) {
      const more = Math.ceil((end - this.#position) / this.#step)
      this.#position += (more - 1) * this.#step
      this.advance()
      return count + more
    }
    // The next is known; behind it the number is Poisson's, here by its normal approximation.
    const mean = (end - this.#position) / this.#step
    const normal =
      Math.sqrt(-2 * Math.log(1 - this.#random.unit())) * Math.cos(2 * Math.PI * this.#random.unit())
    this.#position = end
    this.advance()
    return count + 1 + Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }

  #integralAt(seconds: number): number {
    let requests = 0
    for (const { startSeconds, requestsBefore, seconds: length, from, to } of this.#stretches) {
      if (seconds <= startSeconds) break
      const into = Math.min(seconds - startSeconds, length)
      const slope = length === Number.POSITIVE_INFINITY || length === 0 ? 0 : (to - from) / length
      requests = requestsBefore + into * from + (slope * into * into) / 2
    }
    return requests
  }

  #timeOf(position: number): number {
    if (!(position < this.#requests)) return Number.POSITIVE_INFINITY
    const stretches = this.#stretches
    while (this.#stretch < stretches.length - 1 && stretches[this.#stretch + 1].requestsBefore <= position) {
      this.#stretch++
    }
    const { startSeconds, requestsBefore, seconds, from, to } = stretches[this.#stretch]
    const requests = position - requestsBefore
    const slope = seconds === Number.POSITIVE_INFINITY ? 0 : (to - from) / seconds
    if (slope === 0) return startSeconds + requests / from
    // from t + slope t²/2 = requests, solved for t without the difference of two large numbers
    return startSeconds + (2 * requests) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * requests)))
  }
}
