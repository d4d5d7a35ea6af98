// Opens connections along a ramp, and again those that could not be opened or were lost, after a while; counts each
// opening.

import { monotonicMs } from '../clock.js'
import type { GeneratorContext } from '../generator.js'
import { LoadKind, Outcome, WorkerCount } from '../kinds.js'
import type { Wire } from './wire.js'

/** Connections of a worker that are being opened at a time: trackers accept from queues. */
const OPENING_MAX = 256
const BACK_OFF_MS = 100
const BACK_OFF_MS_MAX = 5_000
/** How often the times of all closed connections are looked at. */
const SCAN_MS = 5

export class Opener {
  readonly #context: GeneratorContext
  readonly #wire: Wire
  /** Infinity for those that need not be opened. */
  readonly #opensAtMs: Float64Array
  /** Failures in a row of each. */
  readonly #failures: Uint8Array
  readonly #openingMs: Float64Array
  #opening = 0
  #closed = 0
  #nextScanMs = 0

  constructor(context: GeneratorContext, wire: Wire) {
    this.#context = context
    this.#wire = wire
    const capacity = context.plan.connectionsPerWorker
    this.#opensAtMs = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.#openingMs = new Float64Array(capacity)
    this.#failures = new Uint8Array(capacity)
  }

  /** Begins the ramp: connections of all workers in turn. */
  start(nowMs: number): void {
    const { plan, worker } = this.#context
    const msPerConnection = 1000 / plan.ws.connectionsPerSecond
    for (let slot = 0; slot < plan.connectionsPerWorker; slot++) {
      this.#opensAtMs[slot] = nowMs + (slot * plan.workers + worker) * msPerConnection
    }
    this.#closed = plan.connectionsPerWorker
  }

  /** Opens what is due. @param onOpen is called for each, before it is opened, with the time */
  turn(nowMs: number, onOpen: (slot: number, nowMs: number) => void): void {
    if (this.#closed === 0 || nowMs < this.#nextScanMs) return
    const opensAtMs = this.#opensAtMs
    for (let slot = 0; slot < opensAtMs.length; slot++) {
      if (opensAtMs[slot] > nowMs) continue
      if (this.#opening >= OPENING_MAX) break
      opensAtMs[slot] = Number.POSITIVE_INFINITY
      this.#closed--
      this.#opening++
      // Each costs a while.
      const beginMs = monotonicMs()
      this.#openingMs[slot] = beginMs
      onOpen(slot, beginMs)
      this.#wire.open(slot)
    }
    this.#nextScanMs = nowMs + (this.#opening >= OPENING_MAX ? 1 : SCAN_MS)
  }

  /** When `turn` has something to look at; Infinity for never. */
  get nextMs(): number {
    return this.#closed === 0 ? Number.POSITIVE_INFINITY : this.#nextScanMs
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
    this.again(slot, nowMs)
  }

  /** Counts what became of an opening. */
  resolve(slot: number, outcome: Outcome, nowMs: number): void {
    const openingMs = this.#openingMs[slot]
    this.#context.accounts.resolve(LoadKind.connect, outcome, openingMs, openingMs, nowMs)
  }

  /** The slot is free: it is opened again after 100 ms, twice as long after each further failure, 5 s at most. */
  again(slot: number, nowMs: number): void {
    const failures = this.#failures[slot]
    const pauseMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** failures)
    if (failures < 10) this.#failures[slot]++
    this.#opensAtMs[slot] = nowMs + pauseMs * (0.5 + this.#context.sideRandom.unit() / 2)
    this.#closed++
  }

  /** The connection is of use: the next failure is a first one. */
  settle(slot: number): void {
    this.#failures[slot] = 0
  }
}
