// Opens connections, a limited number at a time, and those that failed after a pause; counts each opening.

import type { GeneratorContext } from '../generator.js'
import { LoadKind, Outcome, WorkerCount } from '../kinds.js'
import { SlotQueue } from './slot-queue.js'

/** Connections that are being opened at a time: more would overflow a listener's queue. */
const OPENING_MAX = 128
/** Pauses before a connection that failed is opened again: this, doubled with each failure, up to the most. */
const PAUSE_FIRST_MS = 10
const PAUSE_MAX_MS = 1_000

export class HttpOpener {
  readonly #context: GeneratorContext
  readonly #openingMs: Float64Array
  /** Of each connection since its last answer. */
  readonly #failures: Uint8Array
  readonly #queue: SlotQueue
  #opening = 0

  constructor(context: GeneratorContext) {
    const capacity = context.plan.connectionsPerWorker
    this.#context = context
    this.#openingMs = new Float64Array(capacity)
    this.#failures = new Uint8Array(capacity)
    this.#queue = new SlotQueue(capacity)
  }

  /** A connection is to be opened when its turn comes. */
  push(slot: number): void {
    this.#queue.push(slot)
  }

  /** The connection whose turn it is; -1: none, or too many are being opened. */
  next(): number {
    return this.#opening < OPENING_MAX && this.#queue.length > 0 ? this.#queue.shift() : -1
  }

  begin(slot: number, nowMs: number): void {
    this.#openingMs[slot] = nowMs
    this.#opening++
  }

  succeeded(slot: number, nowMs: number): void {
    this.#opening--
    this.resolve(slot, Outcome.answered, nowMs)
    this.#context.accounts.count(WorkerCount.connectionsOpened, nowMs)
  }

  failed(slot: number, outcome: Outcome, nowMs: number): void {
    this.#opening--
    this.resolve(slot, outcome, nowMs)
    this.#context.accounts.count(WorkerCount.connectionsFailed, nowMs)
    this.countFailure(slot)
  }

  /** Counts what became of an opening. */
  resolve(slot: number, outcome: Outcome, nowMs: number): void {
    const openingMs = this.#openingMs[slot]
    this.#context.accounts.resolve(LoadKind.connect, outcome, openingMs, openingMs, nowMs)
  }

  /** A connection was of no use. */
  countFailure(slot: number): void {
    if (this.#failures[slot] < 255) this.#failures[slot]++
  }

  /** A connection was of use: its next failure is a first one. */
  forgetFailures(slot: number): void {
    this.#failures[slot] = 0
  }

  /** How long a closed connection has to wait before it is opened again. */
  pauseMs(slot: number): number {
    const failures = this.#failures[slot]
    return failures === 0 ? 0 : Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (failures - 1))
  }
}
