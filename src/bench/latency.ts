// Latency at parts of a contender's saturation, as far as the load generator can keep their rates.

import type { LoadTestDocument } from '../loadtest/report/document.js'
import type { LatencyPoint, Saturation } from './cell-result.js'

export interface LatencyRequest {
  readonly saturation: Saturation
  /** Part of its saturation at which latency is compared; 0: not at all. */
  readonly latencyShare: number
  readonly curveShares?: readonly number[]
  readonly measureSeconds: number
  readonly load: (flags: readonly string[]) => Promise<LoadTestDocument>
}

/** A load test that has just started is slow: its code is compiled. */
const WARM_UP = '1s'

/** The point that is compared comes first, those of the curve follow; each is known by its place. */
export async function measureLatency(request: LatencyRequest): Promise<LatencyPoint[]> {
  const { latencyShare, curveShares = [] } = request
  const points: LatencyPoint[] = []
  for (const share of [latencyShare, ...curveShares].filter(share => share > 0)) {
    const point = await pointAt(share, request)
    if (point === null) return points
    points.push(point)
  }
  // Better the latency at a lower rate than none, and it is told of as that.
  if (curveShares.length === 0 && points[0]?.isValid === false) {
    const point = await pointAt(latencyShare / 2, request)
    if (point !== null) points.push(point)
  }
  return points
}

/** Twice where the load generator could not keep the rate: a machine may have stopped it for a moment. */
async function pointAt(share: number, request: LatencyRequest): Promise<LatencyPoint | null> {
  const first = await measureAt(share, request)
  return first === null || first.isValid ? first : measureAt(share, request)
}

async function measureAt(share: number, request: LatencyRequest): Promise<LatencyPoint | null> {
  const { saturation, measureSeconds, load } = request
  const ratePerSecond = Math.max(1, Math.round(saturation.responsesPerSecond * share))
  const { kinds, selfCheck, verdict } = await load([
    ...['--rate', String(ratePerSecond), '--fill', '0s'],
    ...['--warmup', WARM_UP, '--duration', `${measureSeconds}s`],
  ])
  const announce = kinds.find(({ kind }) => kind === 'announce')
  if (announce === undefined || announce.response === null) return null
  const { p50Us, p99Us, p999Us } = announce.response
  return {
    ...{ ratePerSecond, share, p50Us, p99Us, p999Us },
    lossShare: announce.lossShare,
    isValid: verdict === 'valid',
    lagP99Us: selfCheck.lagP99Us,
    waitShare: Math.max(0, ...selfCheck.workerWaitShares),
  }
}
