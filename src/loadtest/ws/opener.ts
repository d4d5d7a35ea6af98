// Opens connections along a ramp, and again those that could not be opened or were lost, after a while.

import type { GeneratorContext } from '../generator.js'
import type { Wire } from './wire.js'

/** Connections of a worker that are being opened at a time: trackers accept from queues. */
const OPENING_MAX = 256
const BACK_OFF_MS = 100
const BACK_OFF_MS_MAX = 5_000
/** How often the times of all closed connections are looked at. */
const SCAN_MS = 5

export class Opener {
  /** Connections that are being opened. */
  opening = 0
  readonly #context: GeneratorContext
  readonly #wire: Wire
  /** Infinity for those that need not be opened. */
  readonly #opensAtMs: Float64Array
  /** Failures in a row of each. */
  readonly #failures: Uint8Array
  #closed = 0
  #nextScanMs = 0

  constructor(context: GeneratorContext, wire: Wire) {
    this.#context = context
    this.#wire = wire
    const capacity = context.plan.connectionsPerWorker
    this.#opensAtMs = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
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

  /** Opens what is due. @param onOpen is called for each, before it is opened */
  turn(nowMs: number, onOpen: (slot: number) => void): void {
    if (this.#closed === 0 || nowMs < this.#nextScanMs) return
    const opensAtMs = this.#opensAtMs
    for (let slot = 0; slot < opensAtMs.length; slot++) {
      if (opensAtMs[slot] > nowMs) continue
      if (this.opening >= OPENING_MAX) break
      opensAtMs[slot] = Number.POSITIVE_INFINITY
      this.#closed--
      this.opening++
      onOpen(slot)
      this.#wire.open(slot)
    }
    this.#nextScanMs = nowMs + (this.opening >= OPENING_MAX ? 1 : SCAN_MS)
  }

  /** When `turn` has something to look at; Infinity for never. */
  get nextMs(): number {
    return this.#closed === 0 ? Number.POSITIVE_INFINITY : this.#nextScanMs
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
