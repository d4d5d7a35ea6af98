// Which measurement comes when: randomised complete blocks. In each block every contender meets every workload once,
// in an order drawn from the seed, so that slow changes of the machine hit all alike.

import { createRandom, shuffled } from './statistics.js'

/** One measurement to be made. */
export interface CellPlan {
  readonly contender: string
  readonly workload: string
  readonly block: number
  /** 1 for the second of the two equal runs of the contender whose noise is measured; 0 for all others. */
  readonly twin: number
}

export interface PairsOf {
  /** Contenders that can take each workload, by key. */
  readonly contendersOf: ReadonlyMap<string, readonly string[]>
  readonly blocks: number
  readonly seed: number
  /** Who is run twice in each block of a workload, to see how far two equal runs differ; nobody where it has none. */
  readonly twinOf: ReadonlyMap<string, string>
}

/** All measurements in the order in which they are made. */
export function planCells({ contendersOf, blocks, seed, twinOf }: PairsOf): CellPlan[] {
  const random = createRandom(seed)
  const cells: CellPlan[] = []
  for (let block = 0; block < blocks; block++) {
    for (const workload of shuffled([...contendersOf.keys()], random)) {
      const contenders = contendersOf.get(workload) ?? []
      const all = contenders.map(contender => ({ contender, workload, block, twin: 0 }))
      const twins = contenders
        .filter(contender => contender === twinOf.get(workload))
        .map(contender => ({ contender, workload, block, twin: 1 }))
      cells.push(...shuffled([...all, ...twins], random))
    }
  }
  return cells
}

/** Whom the others are compared with: the one that is asked for, or the first where that one does not take part. */
export function baselineOf(contenders: readonly string[], wanted: string): string {
  return contenders.includes(wanted) ? wanted : (contenders[0] ?? wanted)
}

/** Starts and ends of contender and load test, and the peers that are announced first, in seconds. */
const OVERHEAD_SECONDS = 6
/** Of large states besides: memory settles twice, and peers are counted. */
const LARGE_OVERHEAD_SECONDS = 9
/** Of a search: trials that show where to look, and then those that count. */
const SEARCH_SECONDS = 35
const SEARCH_TRIALS = 5

/** What a tracker may take of announces of large states in a second, with a generator on a processor of its own. */
const FILLED_EACH_SECOND = 200_000

/** What one measurement may take, before any was made. */
export function estimateSeconds(
  request: EstimateRequest,
  workload: { readonly isLargeState: boolean; readonly fillPeers: number },
): number {
  const { warmUpSeconds, measureSeconds, latencyShare, curveShares = [] } = request
  const { coolDownSeconds, objectives } = request
  if (workload.isLargeState)
    return (
      OVERHEAD_SECONDS + LARGE_OVERHEAD_SECONDS + workload.fillPeers / FILLED_EACH_SECOND + coolDownSeconds
    )
  const points = curveShares.length + (latencyShare === 0 ? 0 : 1)
  // Each with its start, a second of warm-up, and its end.
  const latencySeconds = points * (measureSeconds + 2)
  const searchSeconds = objectives.length === 0 ? 0 : SEARCH_SECONDS + SEARCH_TRIALS * measureSeconds
  return OVERHEAD_SECONDS + warmUpSeconds + measureSeconds + latencySeconds + searchSeconds + coolDownSeconds
}

export interface EstimateRequest {
  readonly warmUpSeconds: number
  readonly measureSeconds: number
  readonly latencyShare: number
  readonly curveShares?: readonly number[]
  readonly coolDownSeconds: number
  readonly objectives: readonly string[]
}

/** What tells one measurement of a bench from all others. */
export function cellKey({ contender, workload, block, twin }: CellPlan): string {
  return `${block}/${workload}/${contender}/${twin}`
}
