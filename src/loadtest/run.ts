// One load test from plan to result: starts the workers, leads them through the phases, watches, adds up.

import type { LiveLoad } from './live.js'
import type { LoadPlan } from './plan.js'
import type { LoadTestResult } from './result.js'

export interface LoadTestOptions {
  /** Ends the measurement (or what comes before it): it is drained and reported as interrupted. */
  readonly signal?: AbortSignal
  /** Called four times a second and at each change of phase. */
  readonly onLive?: (live: LiveLoad) => void
  /** Objectives to be judged, live and at the end (see objectives.ts). */
  readonly objectives?: readonly string[]
}

/** Rejects with an AquaticError where nobody answers, a worker fails or the machine lacks something. */
export async function runLoadTest(plan: LoadPlan, options: LoadTestOptions = {}): Promise<LoadTestResult> {
  throw new Error(`not yet: ${plan.protocol} ${Object.keys(options).length}`)
}
