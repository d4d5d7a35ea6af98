// Puts every request of a worker where it belongs when its fate is known: period, outcome, latencies, time series.

import type { RunControl } from './control.js'
import { type LoadKind, Outcome, WorkerCount } from './kinds.js'
import { recordLatency } from './latency-buckets.js'
import { Latency, Period, type Tally } from './tally.js'

export class Accounts {
  readonly tally: Tally
  readonly #control: RunControl
  readonly #timeoutMs: number
  /** Whether requests have a planned instant of their own. */
  readonly #isOpenLoop: boolean

  constructor(tally: Tally, control: RunControl, timeoutMs: number, isOpenLoop: boolean) {
    this.tally = tally
    this.#control = control
    this.#timeoutMs = timeoutMs
    this.#isOpenLoop = isOpenLoop
  }

  /** The period of what was planned at a time. */
  periodOf(plannedMs: number): Period {
    return plannedMs >= this.#control.measureStartMs && plannedMs < this.#control.measureEndMs
      ? Period.measured
      : Period.other
  }

  /**
   * Counts a request, once, when it is known what became of it.
   * Answers and timeouts have latencies; a timeout's is the time limit, so that percentiles include what was lost.
   * @param sentMs when it was handed to the system; ignored for what never was
   */
  resolve(kind: LoadKind, outcome: Outcome, plannedMs: number, sentMs: number, nowMs: number): void {
    const period = this.periodOf(plannedMs)
    const { tally } = this
    tally.addOutcome(period, kind, outcome, 1)
    if (period === Period.measured) {
      const second = (plannedMs - this.#control.measureStartMs) / 1000
      tally.addToSeries((second / tally.binSeconds) | 0, kind, outcome, 1)
    }
    if (outcome === Outcome.answered && this.periodOf(nowMs) === Period.measured) tally.arrivals[kind]++
    if (outcome !== Outcome.answered && outcome !== Outcome.timedOut) return
    const isLost = outcome === Outcome.timedOut
    const serviceMs = isLost ? this.#timeoutMs : nowMs - sentMs
    recordLatency(tally.latencies(period, kind, Latency.service), serviceMs)
    if (!this.#isOpenLoop) return
    // What is lost would have taken as long from the planned instant as it was sent late, and the time limit: when
    // that is noticed is the generator's affair.
    const responseMs = isLost ? this.#timeoutMs + Math.max(0, sentMs - plannedMs) : nowMs - plannedMs
    recordLatency(tally.latencies(period, kind, Latency.response), responseMs)
  }

  /** Requests that were planned and never sent, all of one kind and period. */
  resolveUnsent(kind: LoadKind, outcome: Outcome, plannedMs: number, count: number): void {
    const period = this.periodOf(plannedMs)
    this.tally.addOutcome(period, kind, outcome, count)
    if (period === Period.measured) {
      const second = (plannedMs - this.#control.measureStartMs) / 1000
      this.tally.addToSeries((second / this.tally.binSeconds) | 0, kind, outcome, count)
    }
    if (outcome !== Outcome.timedOut) return
    recordLatency(this.tally.latencies(period, kind, Latency.response), this.#timeoutMs, count)
  }

  /** How long after it could have been sent a request was sent. */
  recordLag(plannedMs: number, lagMs: number): void {
    recordLatency(this.tally.lag(this.periodOf(plannedMs)), lagMs)
  }

  /**
   * Adds to a count of the period in which a moment lies: that at which it came, or the planned instant of the request
   * where it belongs to one. What comes in the drain belongs to the measurement, as nothing else is planned then.
   */
  count(which: number, atMs: number, count = 1): void {
    this.tally.addCount(isOfAnswers(which) ? this.#periodOfAnswer(atMs) : this.periodOf(atMs), which, count)
  }

  #periodOfAnswer(atMs: number): Period {
    const { measureStartMs, measureEndMs } = this.#control
    // Before the load begins there are no times yet, and all are 0.
    return measureEndMs > 0 && atMs >= measureStartMs ? Period.measured : Period.other
  }
}

/** Others are of the time that passes: bytes, connections, sends. */
function isOfAnswers(which: number): boolean {
  return which <= WorkerCount.unknown || which >= WorkerCount.peersReceived
}
