// How long cleaning takes: told by the cleaning schedule, read for statistics.

import type { CleaningSnapshot } from './snapshot.js'

export class CleaningTimes {
  readonly #intervalSeconds: number
  #rounds = 0
  #lastDurationMs = 0
  #lastSteps = 0
  #longestStepMs = 0
  #startedAtMs = 0
  #steps = 0

  constructor(intervalSeconds: number) {
    this.#intervalSeconds = intervalSeconds
  }

  /** A round starts. Times are of one monotonic clock, in milliseconds. */
  begin(nowMs: number): void {
    this.#startedAtMs = nowMs
    this.#steps = 0
  }

  /** One step of the round ends; `isLast` when it was the round's last. */
  step(beganAtMs: number, nowMs: number, isLast: boolean): void {
    this.#steps++
    this.#longestStepMs = Math.max(this.#longestStepMs, nowMs - beganAtMs)
    if (!isLast) return
    this.#rounds++
    this.#lastDurationMs = nowMs - this.#startedAtMs
    this.#lastSteps = this.#steps
  }

  snapshot(): CleaningSnapshot {
    return {
      intervalSeconds: this.#intervalSeconds,
      rounds: this.#rounds,
      lastDurationMs: this.#lastDurationMs,
      lastSteps: this.#lastSteps,
      longestStepMs: this.#longestStepMs,
    }
  }
}
