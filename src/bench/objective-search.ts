// The highest rate at which a contender keeps objectives, as far as the load generator can tell.

import type { LoadTestDocument } from '../loadtest/report/document.js'
import type { CellFigures } from './cell-result.js'
import { isGeneratorLate } from './limits.js'

export interface ObjectiveSearchRequest {
  /** `announce.p99<5ms`; none: nothing is searched. */
  readonly objectives: readonly string[]
  /** Of each trial that counts. */
  readonly measureSeconds: number
  readonly load: (flags: readonly string[]) => Promise<LoadTestDocument>
}

export type ObjectiveFigures = Pick<CellFigures, 'objectiveRatePerSecond' | 'isObjectiveBound'>

/** Trials start without compiled code, as all load tests. */
const WARM_UP = '1s'

export async function searchObjectives(request: ObjectiveSearchRequest): Promise<ObjectiveFigures> {
  const { objectives, measureSeconds, load } = request
  if (objectives.length === 0) return { objectiveRatePerSecond: null }
  const document = await load([
    ...['--search', '--fill', '0s', '--warmup', WARM_UP, '--duration', `${measureSeconds}s`],
    ...objectives.flatMap(objective => ['--slo', objective]),
  ])
  return {
    objectiveRatePerSecond: document.search?.ratePerSecond ?? null,
    isObjectiveBound: document.verdict === 'generator-bound' || wasLate(document),
  }
}

/** Whether the generator's own waiting was in the latencies that the objectives are about. */
function wasLate({ kinds, selfCheck }: LoadTestDocument): boolean {
  const p99Us = kinds.find(({ kind }) => kind === 'announce')?.response?.p99Us
  if (p99Us === undefined) return false
  const waitShare = Math.max(0, ...selfCheck.workerWaitShares)
  return isGeneratorLate({ p99Us, lagP99Us: selfCheck.lagP99Us, waitShare })
}
