// What this machine did during a measurement.

import { percentileUs } from './latency-buckets.js'
import type { LoadPlan } from './plan.js'
import type { SelfCheck } from './result.js'
import type { Tallies } from './tallies.js'
import type { LoadWorkerEnd } from './worker-data.js'

/** Watches from its construction, at the start of the measurement, to `end`. */
export class SelfWatch {
  readonly #plan: LoadPlan
  readonly #tallies: Tallies
  readonly #usageBefore = process.cpuUsage()
  #usage: NodeJS.CpuUsage | undefined

  constructor(plan: LoadPlan, tallies: Tallies) {
    this.#plan = plan
    this.#tallies = tallies
  }

  /** Datagrams this machine lost since the start, in both directions; null where the system does not say. */
  kernelDrops(): number | null {
    return null
  }

  /** The measurement is over (the drain is not). */
  end(): void {
    this.#usage = process.cpuUsage(this.#usageBefore)
  }

  finish(ends: readonly LoadWorkerEnd[], measuredSeconds: number): SelfCheck {
    const isOpen = this.#plan.pacing.mode === 'open' && measuredSeconds > 0
    const granted = ends.map(({ receiveBufferBytesGranted }) => receiveBufferBytesGranted).filter(isNumber)
    const drops = ends.map(({ socketDrops }) => socketDrops).filter(isNumber)
    const usage = this.#usage ?? { user: 0, system: 0 }
    const lag = this.#tallies.lag()
    return {
      kernelReceiveDrops: null,
      kernelSendDrops: null,
      socketDrops: drops.length === 0 ? null : drops.reduce((sum, count) => sum + count, 0),
      receiveBufferBytesGranted: granted.length === 0 ? null : Math.min(...granted),
      workerProcessorShares: [],
      processorSeconds: (usage.user + usage.system) / 1e6,
      stealShare: null,
      lagP99Us: isOpen ? percentileUs(lag, 0.99) : null,
      lagMaxUs: isOpen ? percentileUs(lag, 1) : null,
      rateRatio: null,
    }
  }
}

function isNumber(value: number | null): value is number {
  return value !== null
}
