// Whether a tracker responds to answers as it does to announces: aquatic does, others and ours do not. Responses carry
// no number, so one to an answer would be taken for the one to the announce that is awaited, which would end too early.
//
// It is found out before answers are sent: one connection sends an answer to nobody and then a scrape. Requests of one
// connection are responded to in order; what comes before the scrape's response tells.

const enum Habit {
  unknown = 0,
  silent = 1,
  responding = 2,
}

/** Attempts after which it is believed that a tracker does not respond to answers. */
const ATTEMPTS_MAX = 3
const NOBODY = -1

export class AnswerResponses {
  /** The slot that finds out, or -1. */
  asking = NOBODY
  #habit: Habit
  #attempts = 0
  #hasResponded = false
  /** Responses to answers that are still to come: to those sent before the request that is awaited, and after it. */
  readonly #before: Int32Array
  readonly #after: Int32Array

  /** @param sendsAnswers where none is ever sent there is nothing to find out */
  constructor(capacity: number, sendsAnswers: boolean) {
    this.#habit = sendsAnswers ? Habit.unknown : Habit.silent
    this.#before = new Int32Array(sendsAnswers ? capacity : 0)
    this.#after = new Int32Array(sendsAnswers ? capacity : 0)
  }

  /** Answers may be sent. */
  get isKnown(): boolean {
    return this.#habit !== Habit.unknown
  }

  /** Somebody has to find out. */
  get isWanted(): boolean {
    return this.#habit === Habit.unknown && this.asking === NOBODY
  }

  ask(slot: number): void {
    this.asking = slot
    this.#hasResponded = false
  }

  /** An announce response to the one who asks. */
  hasResponded(): void {
    this.#hasResponded = true
  }

  /** The scrape's response has come, or nothing within the time limit. */
  conclude(): void {
    this.#habit = this.#hasResponded ? Habit.responding : Habit.silent
    this.asking = NOBODY
  }

  /** The connection has ended. */
  abandon(): void {
    this.asking = NOBODY
    if (++this.#attempts === ATTEMPTS_MAX) this.#habit = Habit.silent
  }

  /** An answer was sent. @param isAwaiting whether a response to another request is awaited */
  sent(slot: number, isAwaiting: boolean): void {
    if (this.#habit !== Habit.responding) return
    if (isAwaiting) this.#after[slot]++
    else this.#before[slot]++
  }

  /** @returns whether an announce response is one to an answer; it is expected no longer then */
  take(slot: number, isAnnounceAwaited: boolean): boolean {
    if (this.#habit !== Habit.responding) return false
    if (this.#before[slot] > 0) this.#before[slot]--
    else if (!isAnnounceAwaited && this.#after[slot] > 0) this.#after[slot]--
    else return false
    return true
  }

  /** The response that was awaited has come. */
  settle(slot: number): void {
    if (this.#habit !== Habit.responding) return
    this.#before[slot] += this.#after[slot]
    this.#after[slot] = 0
  }

  /** Nothing is expected any more. */
  forget(slot: number): void {
    if (this.#habit !== Habit.responding) return
    this.#before[slot] = 0
    this.#after[slot] = 0
  }
}
