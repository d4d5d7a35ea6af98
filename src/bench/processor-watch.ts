// Reads a contender's processor time ten times a second, so that it is known for any stretch of time afterwards: the
// load test says when it measured, and warm-up and drain must not count.

import type { ProcessFamily } from './processes.js'

const INTERVAL_MS = 100

interface Reading {
  /** Wall clock, as the load test reports its times. */
  readonly atMs: number
  readonly userMs: number
  readonly systemMs: number
}

export class ProcessorWatch {
  readonly #family: Pick<ProcessFamily, 'processorTime'>
  readonly #readings: Reading[] = []
  readonly #timer: NodeJS.Timeout

  constructor(family: Pick<ProcessFamily, 'processorTime'>, nowMs: () => number = Date.now) {
    this.#family = family
    const read = (): void => {
      this.#readings.push({ atMs: nowMs(), ...this.#family.processorTime() })
    }
    read()
    this.#timer = setInterval(read, INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Time used from one moment to another; between readings it is taken to grow evenly. */
  between(fromMs: number, toMs: number): { userMs: number; systemMs: number } {
    const from = interpolate(this.#readings, fromMs)
    const to = interpolate(this.#readings, toMs)
    return { userMs: to.userMs - from.userMs, systemMs: to.systemMs - from.systemMs }
  }
}

/** The state at a moment; before the first reading it is the first, after the last the last. */
export function interpolate(readings: readonly Reading[], atMs: number): Reading {
  const after = readings.findIndex(reading => reading.atMs >= atMs)
  if (after === -1) return readings[readings.length - 1]
  if (after === 0) return readings[0]
  const left = readings[after - 1]
  const right = readings[after]
  const part = (atMs - left.atMs) / (right.atMs - left.atMs)
  return {
    atMs,
    userMs: left.userMs + part * (right.userMs - left.userMs),
    systemMs: left.systemMs + part * (right.systemMs - left.systemMs),
  }
}
