// The open loop of a UDP generator: what of the schedule is due, how much of it is sent in one go, and what became of
// the rest.

import type { Accounts } from '../accounts.js'
import type { RunControl } from '../control.js'
import { LoadKind, Outcome } from '../kinds.js'
import type { Mix } from '../plan.js'
import type { Schedule } from '../schedule.js'

/** Requests sent before the sockets are read again: a generator that catches up still sees its answers in time. */
const BURST_MAX = 512
/** Who has sent everything but what came due in the last moment may send that after the end. */
const OVERTIME_MS = 100
/** Requests given up in one turn while no socket can be used. */
const GIVE_UP_MAX = 4096

export class OpenLoop {
  /** Requests that may be sent now. */
  budget = 0
  readonly #schedule: Schedule
  readonly #control: RunControl
  readonly #accounts: Accounts
  readonly #mix: Mix
  /** Where the schedule is due up to, in its own milliseconds. */
  #dueMs = 0
  #isOver = false

  constructor(schedule: Schedule, control: RunControl, accounts: Accounts, mix: Mix) {
    this.#schedule = schedule
    this.#control = control
    this.#accounts = accounts
    this.#mix = mix
  }

  /** Nothing will be sent any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** When the next request is planned, by the clock; Infinity: never. */
  get nextMs(): number {
    const next = this.#control.loadStartMs + this.#schedule.nextMs
    return next < this.#control.measureEndMs ? next : Number.POSITIVE_INFINITY
  }

  /** Finds what is due. @returns how many requests that are, sent in this turn or not */
  turn(nowMs: number): number {
    const { loadStartMs, measureEndMs } = this.#control
    this.#dueMs = Math.min(nowMs, measureEndMs) - loadStartMs
    const due = this.#schedule.plannedBefore(this.#dueMs)
    this.budget = this.#isOver ? 0 : Math.min(due, BURST_MAX)
    if (nowMs >= measureEndMs && (due === 0 || nowMs >= measureEndMs + OVERTIME_MS)) this.#isOver = true
    return due
  }

  /** Whether another request may be sent; then `take` it. */
  get isDue(): boolean {
    return this.budget > 0 && this.#schedule.nextMs < this.#dueMs
  }

  /** @returns when it was planned, by the clock */
  take(): number {
    const plannedMs = this.#control.loadStartMs + this.#schedule.nextMs
    this.budget--
    this.#schedule.advance()
    return plannedMs
  }

  /** No socket can be used, because the tracker gives no connection ids: what waits for longer is lost. */
  giveUp(timeoutMs: number, drawKind: () => LoadKind): void {
    for (let count = 0; count < GIVE_UP_MAX && this.#schedule.nextMs < this.#dueMs - timeoutMs; count++) {
      this.#accounts.resolveUnsent(drawKind(), Outcome.timedOut, this.take(), 1)
    }
  }

  /**
   * Counts what was planned and will not be sent, in the seconds to which it belongs.
   * @param outcome why: not sent in time, or in vain
   */
  resolveOwed(outcome: Outcome): void {
    this.#isOver = true
    this.budget = 0
    const { loadStartMs, measureStartMs, measureEndMs } = this.#control
    const lengthMs = measureEndMs - loadStartMs
    const measureMs = measureStartMs - loadStartMs
    const binMs = this.#accounts.tally.binSeconds * 1000
    let atMs = this.#schedule.nextMs
    if (!Number.isFinite(lengthMs) || atMs >= lengthMs) return
    let counted = 0
    // What belongs before the measurement is one bin.
    let bin = atMs < measureMs ? -1 : Math.floor((atMs - measureMs) / binMs)
    for (; atMs < lengthMs; bin++) {
      const endMs = Math.min(measureMs + (bin + 1) * binMs, lengthMs)
      const planned = this.#schedule.plannedBefore(endMs)
      if (planned > counted) {
        this.#resolveMixed(outcome, loadStartMs + (atMs + endMs) / 2, planned - counted)
        counted = planned
      }
      atMs = endMs
    }
  }

  /** Shares out requests whose kind was never drawn, in the proportions of the mix. */
  #resolveMixed(outcome: Outcome, plannedMs: number, count: number): void {
    const { connect, announce, scrape } = this.#mix
    const sum = connect + announce + scrape
    const connects = Math.round((count * connect) / sum)
    const scrapes = Math.min(count - connects, Math.round((count * scrape) / sum))
    const announces = count - connects - scrapes
    if (connects > 0) this.#accounts.resolveUnsent(LoadKind.connect, outcome, plannedMs, connects)
    if (announces > 0) this.#accounts.resolveUnsent(LoadKind.announce, outcome, plannedMs, announces)
    if (scrapes > 0) this.#accounts.resolveUnsent(LoadKind.scrape, outcome, plannedMs, scrapes)
  }
}
