// Leads the workers through the phases of a test and keeps the times: what run.ts reads like a list of.

import { monotonicMs } from './clock.js'
import { Phase, type RunControl } from './control.js'
import type { PhaseName } from './live.js'
import type { LoadPlan } from './plan.js'

/** How often the main thread looks whether a phase is over. Ends of the measurement are times, not ticks. */
const TICK_MS = 10
/** From the main thread's word to the first request: enough for every worker to have seen it. */
const LOAD_LEAD_MS = 5

export interface ConductorHooks {
  /** At each tick. */
  readonly onTick: (nowMs: number) => void
  readonly onPhase: (phase: PhaseName) => void
  /** Rejects when a worker fails. */
  readonly failure: Promise<unknown>
}

export class Conductor {
  readonly #plan: LoadPlan
  readonly #control: RunControl
  readonly #signal: AbortSignal | undefined
  readonly #hooks: ConductorHooks
  #phase: PhaseName = 'connect'
  #phaseStartMs = monotonicMs()
  #phaseLengthSeconds = 0
  #measureIsUnderWay = false

  constructor(plan: LoadPlan, control: RunControl, signal: AbortSignal | undefined, hooks: ConductorHooks) {
    this.#plan = plan
    this.#control = control
    this.#signal = signal
    this.#hooks = hooks
  }

  get phase(): PhaseName {
    return this.#phase
  }

  get phaseSeconds(): number {
    return (monotonicMs() - this.#phaseStartMs) / 1000
  }

  get phaseLengthSeconds(): number {
    return this.#phaseLengthSeconds
  }

  get isInterrupted(): boolean {
    return this.#signal?.aborted === true
  }

  /** Connect and fill. @returns whether every worker has done both in time */
  async prepare(): Promise<{ isConnected: boolean; isFilled: boolean }> {
    const { connectSeconds, fillSeconds } = this.#plan.phases
    this.#enter('connect', connectSeconds)
    const isConnected = await this.#untilDone(Phase.connect, connectSeconds, true)
    if (fillSeconds === 0 || this.isInterrupted) return { isConnected, isFilled: true }
    this.#enter('fill', fillSeconds)
    this.#control.enter(Phase.fill)
    return { isConnected, isFilled: await this.#untilDone(Phase.fill, fillSeconds, true) }
  }

  /**
   * Warm-up and measurement; an abort ends them at once.
   * @param onMeasure is called when the measurement begins
   */
  async load(onMeasure: () => void): Promise<void> {
    const { warmUpSeconds, measureSeconds } = this.#plan.phases
    const startMs = monotonicMs() + LOAD_LEAD_MS
    const measureStartMs = startMs + warmUpSeconds * 1000
    this.#control.setTimes(startMs, measureStartMs, measureStartMs + measureSeconds * 1000)
    this.#enter('warm-up', warmUpSeconds)
    this.#control.enter(Phase.load)
    const startMeasurement = (): void => {
      if (this.#measureIsUnderWay) return
      this.#measureIsUnderWay = true
      this.#enter('measure', measureSeconds)
      onMeasure()
    }
    await this.#until(nowMs => {
      if (this.isInterrupted) this.#endAt(nowMs)
      else if (nowMs >= measureStartMs) startMeasurement()
      return nowMs >= this.#control.measureEndMs
    })
  }

  /** Lets what is under way come in. */
  async drain(): Promise<void> {
    const { drainSeconds } = this.#plan.phases
    // Who ends the measurement still gets its last answers; who ends the drain has waited enough.
    const isLast = !this.isInterrupted
    this.#enter('drain', drainSeconds)
    this.#control.enter(Phase.drain)
    await this.#untilDone(Phase.drain, drainSeconds, isLast)
  }

  stop(): void {
    this.#control.enter(Phase.stop)
    this.#enter('done', 0)
  }

  #endAt(nowMs: number): void {
    const { loadStartMs, measureStartMs } = this.#control
    this.#control.setTimes(loadStartMs, Math.min(measureStartMs, nowMs), nowMs)
  }

  #enter(phase: PhaseName, lengthSeconds: number): void {
    this.#phase = phase
    this.#phaseStartMs = monotonicMs()
    this.#phaseLengthSeconds = lengthSeconds
    this.#hooks.onPhase(phase)
  }

  /**
   * @param endsAtInterruption whether an abort ends it
   * @returns false where the time is over, or the user wants no more, before every worker is done
   */
  async #untilDone(phase: Phase, limitSeconds: number, endsAtInterruption: boolean): Promise<boolean> {
    const workers = Array.from({ length: this.#plan.workers }, (_, worker) => worker)
    const endMs = monotonicMs() + limitSeconds * 1000
    let isDone = false
    await this.#until(nowMs => {
      isDone = workers.every(worker => this.#control.isDone(worker, phase))
      return isDone || nowMs >= endMs || (endsAtInterruption && this.isInterrupted)
    })
    return isDone
  }

  /** Looks at each tick until it is so; rejects when a worker fails. */
  async #until(isSo: (nowMs: number) => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const reached = new Promise<void>((resolve, reject) => {
      timer = setInterval(() => {
        try {
          const nowMs = monotonicMs()
          this.#hooks.onTick(nowMs)
          if (isSo(nowMs)) resolve()
        } catch (error) {
          reject(error)
        }
      }, TICK_MS)
    })
    try {
      await Promise.race([reached, this.#hooks.failure])
    } finally {
      clearInterval(timer)
    }
  }
}
