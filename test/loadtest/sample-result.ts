// Results as real load tests give them, from a seed: histograms with a body and a tail, a time series, and doubts.

import type { LoadKindName, OutcomeName } from '../../src/loadtest/kinds.js'
import { LATENCY_BUCKETS, recordLatency } from '../../src/loadtest/latency-buckets.js'
import { kindFigures } from '../../src/loadtest/latency-figures.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { Random } from '../../src/loadtest/random.js'
import { buildDocument, type LoadTestDocument } from '../../src/loadtest/report/document.js'
import type { Environment } from '../../src/loadtest/report/environment.js'
import type { KindFigures, LoadTestResult, SeriesPoint } from '../../src/loadtest/result.js'
import { openPacing, planOf, resultOf, selfCheckOf } from './plans.js'

export interface SampleShape {
  readonly seed?: number
  readonly seconds?: number
  /** Requests per second, of all kinds. */
  readonly rate?: number
  /** What all latencies are multiplied by. */
  readonly slowness?: number
  /** Part of the requests that is never answered. */
  readonly lossShare?: number
  /** Standard deviation of what is answered in one second, as a part of it. */
  readonly noise?: number
  readonly mode?: 'open' | 'closed'
}

const mix: readonly (readonly [LoadKindName, number])[] = [
  ['connect', 0.01],
  ['announce', 0.97],
  ['scrape', 0.02],
]

export function samplePlan(changes: Partial<LoadPlan> = {}): LoadPlan {
  return planOf({
    workers: 2,
    connectionsPerWorker: 8,
    window: 16,
    pacing: openPacing(5000, 22),
    phases: { connectSeconds: 10, fillSeconds: 30, warmUpSeconds: 2, measureSeconds: 20, drainSeconds: 3 },
    timeoutMs: 2000,
    mix: { connect: 1, announce: 97, scrape: 2 },
    population: {
      torrents: 10_000,
      peers: 100_000,
      popularity: { kind: 'zipf', exponent: 1.1 },
      seederShare: 0.25,
      scrapeTorrents: 10,
    },
    verifyShare: 0.01,
    seed: 7,
    ...changes,
  })
}

export function sampleResult(
  {
    seed = 1,
    seconds = 20,
    rate = 5000,
    slowness = 1,
    lossShare = 0.002,
    noise = 0.01,
    mode = 'open',
  }: SampleShape = {},
  changes: Partial<LoadTestResult> = {},
): LoadTestResult {
  const random = new Random(seed)
  const plan = samplePlan(mode === 'open' ? {} : { pacing: { mode: 'closed' } })
  const series = sampleSeries(random, { seconds, rate, slowness, lossShare, noise })
  const requests = series.reduce((sum, { answered, failed }) => sum + answered + failed, 0)
  return resultOf({
    plan,
    startedAt: '2026-03-01T12:00:00.000Z',
    measuredSeconds: seconds,
    kinds: mix.map(([kind, share]) =>
      sampleKind(random, kind, Math.round(requests * share), { seconds, slowness, lossShare, mode }),
    ),
    counts: {
      ...resultOf().counts,
      late: 3,
      duplicate: 1,
      bytesSent: 98 * requests,
      bytesReceived: 320 * requests,
      peersReceived: Math.round(requests * 0.97 * 29.5),
      verified: Math.round(requests / 100),
    },
    remarks: lossShare > 0 ? [['announce refused: Info hash not allowed', 12]] : [],
    series,
    selfCheck: selfCheckOf({
      workerProcessorShares: [0.31, 0.29],
      workerWaitShares: [0.01, 0],
      ...(mode === 'open'
        ? { lagP99Us: 83.1, lagMaxUs: 1530 }
        : { lagP99Us: null, lagMaxUs: null, rateRatio: null }),
    }),
    ...changes,
  })
}

function sampleSeries(
  random: Random,
  { seconds, rate, slowness, lossShare, noise }: Required<Omit<SampleShape, 'seed' | 'mode'>>,
): SeriesPoint[] {
  return Array.from({ length: seconds }, (_, second) => {
    const asked = Math.round(rate * (1 + noise * normal(random)))
    const failed = Math.min(asked, Math.round(asked * lossShare * (lossShare < 1 ? 0.5 + random.unit() : 1)))
    return {
      second,
      answered: asked - failed,
      failed,
      p50Us: round(120 * slowness * (1 + 0.01 * normal(random))),
      p99Us: round(900 * slowness * (1 + 0.05 * normal(random))),
    }
  })
}

function sampleKind(
  random: Random,
  kind: LoadKindName,
  requests: number,
  {
    seconds,
    slowness,
    lossShare,
    mode,
  }: Required<Pick<SampleShape, 'seconds' | 'slowness' | 'lossShare' | 'mode'>>,
): KindFigures {
  const lost = Math.round(requests * lossShare)
  const refused = kind === 'announce' && lossShare > 0 ? Math.min(12, requests - lost) : 0
  const service = new Float64Array(LATENCY_BUCKETS)
  const response = new Float64Array(LATENCY_BUCKETS)
  for (let request = 0; request < requests - refused; request++) {
    const isLost = request < lost
    const serviceMs = isLost ? 2000 : sampleLatencyMs(random) * slowness
    recordLatency(service, serviceMs)
    recordLatency(response, isLost ? 2000 : serviceMs + random.unit() * 0.03)
  }
  const outcomes: Record<OutcomeName, number> = {
    answered: requests - lost - refused,
    refused,
    malformed: 0,
    wrongType: 0,
    timedOut: lost,
    broken: 0,
    unsent: 0,
  }
  return kindFigures({
    kind,
    outcomes,
    arrivals: outcomes.answered,
    measuredSeconds: seconds,
    response: mode === 'open' ? response : null,
    service,
  })
}

/** Log-normal around 0.12 ms; one in fifty has waited behind something. */
function sampleLatencyMs(random: Random): number {
  const body = 0.12 * Math.exp(0.35 * normal(random))
  return random.unit() < 0.02 ? body - 0.8 * Math.log(1 - random.unit()) : body
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit())
}

function round(us: number): number {
  return Math.round(us * 10) / 10
}

export const sampleEnvironment: Environment = {
  time: '2026-03-01T11:59:50.000Z',
  aquaticVersion: '0.1.0',
  aquaticCommit: 'a50bf2d000000000000000000000000000000000-dirty',
  nodeVersion: 'v20.19.0',
  kernel: 'Linux 6.1.0 x64',
  processorModel: 'Example CPU <3 GHz>',
  processors: 8,
  processorsUsable: 4,
  governor: 'performance',
  mitigations: { meltdown: 'Mitigation: PTI', spectre_v2: 'Mitigation: Retpolines' },
  isVirtualised: false,
  memoryBytes: 16 * 2 ** 30,
  receiveBufferMaxBytes: 4_194_304,
  sendBufferMaxBytes: 4_194_304,
  openFilesMax: 524_288,
  loadAverages: [0.12, 0.3, 0.25],
}

const command = ['aquatic', 'loadtest', 'udp', '--rate', '5k', '--slo', 'announce.p99<5ms']

export function sampleDocument(
  shape: SampleShape = {},
  changes: Partial<LoadTestResult> = {},
  environment: Partial<Environment> = {},
): Promise<LoadTestDocument> {
  return buildDocument(sampleResult(shape, changes), { ...sampleEnvironment, ...environment }, command)
}

export const searchOf = (ratePerSecond: number | null): NonNullable<LoadTestResult['search']> => ({
  ratePerSecond,
  trials: [
    [8000, 7996, 0.000_5, 950, true, false, 'valid'],
    [12_000, 11_400, 0.05, 2_000_000, false, false, 'valid'],
    [10_000, 9_995, 0.000_4, 1400, true, true, 'valid'],
    [20_000, 14_000, 0.3, 2_000_000, false, false, 'generator-bound'],
  ].map(([rate, answers, loss, p99Us, isPassed, isConfirmation, verdict]) => ({
    isClosedLoop: false,
    ratePerSecond: rate as number,
    answersPerSecond: answers as number,
    lossShare: loss as number,
    p99Us: p99Us as number,
    isPassed: isPassed as boolean,
    isConfirmation: isConfirmation as boolean,
    verdict: verdict as LoadTestResult['verdict'],
  })),
})
