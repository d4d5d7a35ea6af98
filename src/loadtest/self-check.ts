// What this machine did during a measurement: whether it, and not the tracker, made the figures.

import { monotonicMs } from './clock.js'
import { type DatagramDrops, readDatagramDrops, readProcessorTicks } from './kernel-counters.js'
import { LoadKind, Outcome } from './kinds.js'
import { percentileUs } from './latency-buckets.js'
import type { LoadPlan } from './plan.js'
import { Random } from './random.js'
import type { SelfCheck } from './result.js'
import { Schedule } from './schedule.js'
import type { Tallies } from './tallies.js'
import { Gauge, Latency, Period } from './tally.js'
import { ThreadTimes } from './thread-times.js'
import type { LoadWorkerEnd } from './worker-data.js'

/** What the measurement itself left behind, taken at its end. */
interface Differences {
  readonly drops: DatagramDrops | null
  readonly workerProcessorShares: readonly number[]
  readonly workerWaitShares: readonly number[]
  readonly processorSeconds: number
  readonly stealShare: number | null
  readonly idleShare: number | null
  /** Requests that were due and had not been sent. */
  readonly owed: number
}

/** Watches from its construction, at the start of the measurement, to `end`. */
export class SelfWatch {
  readonly #plan: LoadPlan
  readonly #tallies: Tallies
  readonly #threads: ThreadTimes
  readonly #startMs = monotonicMs()
  readonly #usage = process.cpuUsage()
  readonly #drops = readDatagramDrops()
  readonly #ticks = readProcessorTicks()
  readonly #threadsMs: readonly number[]
  readonly #waitedMs: readonly number[]
  #differences: Differences | undefined

  constructor(plan: LoadPlan, tallies: Tallies) {
    this.#plan = plan
    this.#tallies = tallies
    this.#threads = new ThreadTimes(tallies)
    this.#threadsMs = this.#threads.processorMs()
    this.#waitedMs = this.#threads.waitedMs()
  }

  /** Datagrams this machine lost since the start, in both directions; null where the system does not say. */
  kernelDrops(): number | null {
    const drops = this.#dropsSince()
    return drops === null ? null : drops.received + drops.sent
  }

  /** Share of the machine's processors that had nothing to do, 0 to 1; null before the end, or where unknown. */
  get idleShare(): number | null {
    return this.#differences?.idleShare ?? null
  }

  /** The measurement is over (the drain is not). */
  end(): void {
    const wallMs = Math.max(1, monotonicMs() - this.#startMs)
    const { user, system } = process.cpuUsage(this.#usage)
    this.#differences = {
      drops: this.#dropsSince(),
      workerProcessorShares: sharesOf(this.#threads.processorMs(), this.#threadsMs, wallMs),
      workerWaitShares: sharesOf(this.#threads.waitedMs(), this.#waitedMs, wallMs),
      processorSeconds: (user + system) / 1e6,
      ...this.#tickShares(),
      owed: this.#tallies.gauge(Gauge.behind) + neverSent(this.#tallies),
    }
  }

  finish(ends: readonly LoadWorkerEnd[], measuredSeconds: number): SelfCheck {
    const isOpen = this.#plan.pacing.mode === 'open' && measuredSeconds > 0
    const granted = ends.map(({ receiveBufferBytesGranted }) => receiveBufferBytesGranted).filter(isNumber)
    const drops = ends.map(({ socketDrops }) => socketDrops).filter(isNumber)
    const found = this.#differences
    const lag = this.#tallies.lag()
    return {
      kernelReceiveDrops: found?.drops?.received ?? null,
      kernelSendDrops: found?.drops?.sent ?? null,
      socketDrops: drops.length === 0 ? null : drops.reduce((sum, count) => sum + count, 0),
      receiveBufferBytesGranted: granted.length === 0 ? null : Math.min(...granted),
      workerProcessorShares: found?.workerProcessorShares ?? [],
      workerWaitShares: found?.workerWaitShares ?? [],
      processorSeconds: found?.processorSeconds ?? 0,
      stealShare: found?.stealShare ?? null,
      lagP99Us: isOpen ? percentileUs(lag, 0.99) : null,
      lagMaxUs: isOpen ? percentileUs(lag, 1) : null,
      rateRatio: isOpen ? this.#rateRatio(found?.owed ?? 0, measuredSeconds) : null,
    }
  }

  #dropsSince(): DatagramDrops | null {
    const now = readDatagramDrops()
    if (now === null || this.#drops === null) return null
    return { received: now.received - this.#drops.received, sent: now.sent - this.#drops.sent }
  }

  /** Of the time of all processors since the start. */
  #tickShares(): { stealShare: number | null; idleShare: number | null } {
    const now = readProcessorTicks()
    const before = this.#ticks
    if (now === null || before === null || now.all <= before.all) return { stealShare: null, idleShare: null }
    const all = now.all - before.all
    return { stealShare: (now.stolen - before.stolen) / all, idleShare: (now.idle - before.idle) / all }
  }

  /** Part of what was planned in the measurement that was sent in it; null where nothing was planned. */
  #rateRatio(owed: number, measuredSeconds: number): number | null {
    const planned = plannedIn(this.#plan, measuredSeconds)
    return planned === 0 ? null : Math.max(0, 1 - owed / planned)
  }
}

/** Requests of all workers that the stages come to in a measurement of this length. */
export function plannedIn({ pacing, phases }: LoadPlan, measuredSeconds: number): number {
  if (pacing.mode === 'closed') return 0
  const { stages } = pacing
  const startMs = phases.warmUpSeconds * 1000
  const whole = new Schedule({ stages, spacing: 'even', workers: 1, worker: 0 }, new Random(0))
  return whole.plannedBefore(startMs + measuredSeconds * 1000) - whole.plannedBefore(startMs)
}

/** Requests of the measurement whose fate is known and was not to be sent. */
function neverSent(tallies: Tallies): number {
  let count = 0
  for (let kind = 0; kind < LoadKind.count; kind++) {
    for (const tally of tallies.workers) {
      count += tally.outcome(Period.measured, kind, Outcome.unsent)
      count +=
        sum(tally.latencies(Period.measured, kind, Latency.response)) -
        sum(tally.latencies(Period.measured, kind, Latency.service))
    }
  }
  return count
}

/** 0 to 1, of each worker. */
function sharesOf(nowMs: readonly number[], beforeMs: readonly number[], wallMs: number): number[] {
  return nowMs.map((ms, worker) => Math.min(1, (ms - beforeMs[worker]) / wallMs))
}

function sum(buckets: Float64Array): number {
  return buckets.reduce((total, count) => total + count, 0)
}

function isNumber(value: number | null): value is number {
  return value !== null
}
