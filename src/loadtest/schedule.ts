// When each request of an open loop is planned, exactly: the k-th is where the integral of the rate reaches k, so a
// generator that was held up catches up with what it owes, and ramps have no steps.

import type { Stage } from './plan.js'
import type { Random } from './random.js'

/** A stage that has requests, with the sum of those before it. */
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
      const requests = requestsInto(stage, stage.seconds)
      if (requests > 0) stretches.push({ ...stage, startSeconds, requestsBefore })
      startSeconds += stage.seconds
      requestsBefore = wholeIfNear(requestsBefore + requests)
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
    this.nextMs = this.#msOf(this.#position)
  }

  /**
   * Requests of this worker planned before a time that are not yet taken; with Poisson spacing the next one and the
   * expectation of those after it. Costs nothing, however many they are.
   */
  plannedBefore(endMs: number): number {
    if (this.nextMs >= endMs) return 0
    const after = (this.#integralAt(endMs / 1000) - this.#position) / this.#step
    if (after === Number.POSITIVE_INFINITY) return after
    if (this.#random !== null) return 1 + Math.round(Math.max(0, after))
    // The integral and its inverse are rounded, each for itself: at the end the instants decide, as in `advance`.
    let count = Math.max(1, Math.ceil(after))
    while (count > 1 && this.#msOf(this.#position + (count - 1) * this.#step) >= endMs) count--
    while (this.#msOf(this.#position + count * this.#step) < endMs) count++
    return count
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
    if (this.#random === null) {
      const more = this.plannedBefore(endMs)
      this.#position += (more - 1) * this.#step
      this.advance()
      return count + more
    }
    const end = Math.min(this.#integralAt(endMs / 1000), this.#requests)
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
    for (const stretch of this.#stretches) {
      if (seconds <= stretch.startSeconds) break
      const into = Math.min(seconds - stretch.startSeconds, stretch.seconds)
      requests = stretch.requestsBefore + requestsInto(stretch, into)
    }
    return requests
  }

  /** Positions are asked for in ascending order, but for those that `plannedBefore` looks ahead at. */
  #msOf(position: number): number {
    if (!(position < this.#requests)) return Number.POSITIVE_INFINITY
    const stretches = this.#stretches
    while (position < stretches[this.#stretch].requestsBefore) this.#stretch--
    while (this.#stretch < stretches.length - 1 && stretches[this.#stretch + 1].requestsBefore <= position) {
      this.#stretch++
    }
    const stretch = stretches[this.#stretch]
    const requests = position - stretch.requestsBefore
    return requests === 0
      ? stretch.startSeconds * 1000
      : (stretch.startSeconds + secondsInto(stretch, requests)) * 1000
  }
}

/** 100 s at 0.07/s are 7 requests, although the product in binary is a little more: that would be an eighth one. */
function wholeIfNear(requests: number): number {
  const whole = Math.round(requests)
  return Math.abs(requests - whole) <= requests * 1e-14 ? whole : requests
}

/** Change of the rate, per second: what has no end stays at its first rate. */
function slopeOf({ seconds, from, to }: Stage): number {
  return seconds === Number.POSITIVE_INFINITY ? 0 : (to - from) / seconds
}

/** Requests in the first seconds of a stage; a stage without length or rate has none. */
function requestsInto(stage: Stage, seconds: number): number {
  if (seconds === 0) return 0
  const slope = slopeOf(stage)
  // At rate 0 the product with an infinite length would be no number.
  const steady = stage.from === 0 ? 0 : seconds * stage.from
  return slope === 0 ? steady : steady + (slope * seconds * seconds) / 2
}

/** The inverse: after how many seconds of a stage so many requests, more than 0, have been planned. */
function secondsInto(stage: Stage, requests: number): number {
  const slope = slopeOf(stage)
  if (slope === 0) return requests / stage.from
  // from t + slope t²/2 = requests, solved for t without the difference of two large numbers
  return (2 * requests) / (stage.from + Math.sqrt(Math.max(0, stage.from ** 2 + 2 * slope * requests)))
}
