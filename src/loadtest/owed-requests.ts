// What an open loop over connections owes: requests that are planned and have not been sent, for want of a connection
// that is free. (UDP has windows instead: udp/open-loop.ts.)

import type { Accounts } from './accounts.js'
import type { RunControl } from './control.js'
import type { GeneratorContext } from './generator.js'
import { LoadKind, type Outcome } from './kinds.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'

/** What is given up unsent is counted under moments so far apart: no more than in the time series. */
const STEP_MS = 100

export class OwedRequests {
  /** null in a closed loop, which owes nothing. */
  readonly #schedule: Schedule | null
  readonly #control: RunControl
  readonly #accounts: Accounts
  readonly #random: Random
  /** Of announces among announces and scrapes. */
  readonly #announceShare: number

  constructor({ schedule, control, accounts, random, plan }: GeneratorContext) {
    this.#schedule = schedule
    this.#control = control
    this.#accounts = accounts
    this.#random = random
    const { announce, scrape } = plan.mix
    this.#announceShare = announce + scrape > 0 ? announce / (announce + scrape) : 1
  }

  /** Whether requests are due, or will be before the end of the measurement, that are not sent. */
  get isSome(): boolean {
    const { loadStartMs, measureEndMs } = this.#control
    return this.#schedule !== null && loadStartMs + this.#schedule.nextMs < measureEndMs
  }

  /** What is planned before a time, by the clock, and has not been sent, is lost. @param outcome why */
  giveUpBefore(untilMs: number, outcome: Outcome): void {
    const { loadStartMs, measureStartMs } = this.#control
    const schedule = this.#schedule
    // Without times the load has never begun.
    if (schedule === null || loadStartMs === 0) return
    const endMs = untilMs - loadStartMs
    const measureInMs = measureStartMs - loadStartMs
    while (schedule.nextMs < endMs) {
      const plannedMs = schedule.nextMs
      // No step crosses the beginning of the measurement: all of a step is counted in one period.
      const stepEndMs = Math.min(endMs, plannedMs + STEP_MS)
      const crosses = plannedMs < measureInMs && stepEndMs > measureInMs
      const count = schedule.skipBefore(crosses ? measureInMs : stepEndMs)
      const announces = this.#announcesAmong(count)
      this.#resolve(LoadKind.announce, outcome, loadStartMs + plannedMs, announces)
      this.#resolve(LoadKind.scrape, outcome, loadStartMs + plannedMs, count - announces)
    }
  }

  #resolve(kind: LoadKind, outcome: Outcome, plannedMs: number, count: number): void {
    if (count > 0) this.#accounts.resolveUnsent(kind, outcome, plannedMs, count)
  }

  /** Of requests that are never sent: how many would have been announces. */
  #announcesAmong(count: number): number {
    const exact = count * this.#announceShare
    const whole = Math.floor(exact)
    return whole + (this.#random.unit() < exact - whole ? 1 : 0)
  }
}
