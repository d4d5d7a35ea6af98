// What a response cost: processor time between two readings over the responses in between. Pure.
import type { CoreTicks, ProcessorTicks } from './process-accounting.js'

/** What a load generator counted, at least. Rates are per second; `seconds` is how long it really took. */
export interface LoadCounts {
  readonly responses: number
  readonly seconds: number
  readonly responsesPerSecond: number
}

/** What one response cost, and how it went. */
export interface Cost {
  readonly totalUs: number
  readonly userUs: number
  readonly systemUs: number
  /** Share of its core that the tracker used, 0 to 1. */
  readonly coreUsed: number
}

/**
 * What else happened on the tracker's core, as shares of its time: idle (waiting for load), and taken by
 * the host.
 */
export interface CoreShares {
  readonly coreIdle: number
  readonly coreStolen: number
}

/** Processor time between two readings over the responses in between. */
export function computeCost(
  before: ProcessorTicks,
  after: ProcessorTicks,
  ticksPerSecond: number,
  load: Pick<LoadCounts, 'responses' | 'seconds'>,
): Cost {
  const tickUs = 1e6 / ticksPerSecond
  const userUs = ((after.user - before.user) * tickUs) / load.responses
  const systemUs = ((after.system - before.system) * tickUs) / load.responses
  const totalUs = userUs + systemUs
  return { totalUs, userUs, systemUs, coreUsed: (totalUs * load.responses) / 1e6 / load.seconds }
}

/** Shares of a core's time between two readings. */
export function computeCoreShares(before: CoreTicks, after: CoreTicks): CoreShares {
  const all = Math.max(1, after.all - before.all)
  return { coreIdle: (after.idle - before.idle) / all, coreStolen: (after.stolen - before.stolen) / all }
}
