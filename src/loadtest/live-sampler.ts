// Builds what a screen shows from the tallies: rates and latencies of the last second, sums of the whole run.

import { kindsOf, LoadKind, loadKindNames, WorkerCount } from './kinds.js'
import { bucketTopUs, LATENCY_BUCKETS, percentileUs } from './latency-buckets.js'
import type { LiveKind, LiveLoad, PhaseName } from './live.js'
import type { LoadPlan } from './plan.js'
import { pacingText } from './plan-text.js'
import type { ObjectiveResult } from './result.js'
import { leadingLatency, type Tallies } from './tallies.js'
import { Gauge } from './tally.js'
import { ThreadTimes } from './thread-times.js'

/** Samples in a second. */
export const SAMPLES_PER_SECOND = 4

/** What is kept of a moment, to be compared with a later one. */
interface Sample {
  readonly timeMs: number
  readonly sent: number
  readonly answered: readonly number[]
  readonly latencies: readonly Float64Array[]
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly processorMs: readonly number[]
}

/** What only the conductor of the test knows. */
export interface LiveFacts {
  readonly phase: PhaseName
  readonly phaseSeconds: number
  readonly phaseLengthSeconds: number
  readonly kernelDrops: number | null
  readonly objectives: readonly Pick<ObjectiveResult, 'text' | 'isMet'>[]
  readonly remarks: LiveLoad['remarks']
  readonly note: string | null
}

export class LiveSampler {
  readonly #plan: LoadPlan
  readonly #tallies: Tallies
  readonly #threads: ThreadTimes
  readonly #samples: Sample[] = []

  constructor(plan: LoadPlan, tallies: Tallies) {
    this.#plan = plan
    this.#tallies = tallies
    this.#threads = new ThreadTimes(tallies)
  }

  sample(nowMs: number, facts: LiveFacts): LiveLoad {
    const current = this.#take(nowMs)
    const before = this.#samples[0] ?? current
    this.#samples.push(current)
    if (this.#samples.length > SAMPLES_PER_SECOND) this.#samples.shift()
    const seconds = (current.timeMs - before.timeMs) / 1000
    const rate = (now: number, then: number): number => (seconds > 0 ? Math.max(0, now - then) / seconds : 0)
    const { pacing, protocol, target } = this.#plan
    const tallies = this.#tallies
    const kinds = kindsOf[protocol].map((name): LiveKind => {
      const kind = loadKindNames.indexOf(name)
      const latencies = current.latencies[kind]
      const percentile = (share: number): number | null =>
        percentileUs(latencies, share, before.latencies[kind])
      return {
        kind: name,
        outcomes: tallies.outcomes(kind),
        answersPerSecond: rate(current.answered[kind], before.answered[kind]),
        p50Us: percentile(0.5),
        p99Us: percentile(0.99),
        p999Us: percentile(0.999),
        maxUs: percentile(1),
      }
    })
    return {
      protocol,
      url: target.url,
      pacing: pacingText(pacing, this.#plan),
      ...facts,
      sentPerSecond: rate(current.sent, before.sent),
      answersPerSecond: rate(sum(current.answered), sum(before.answered)),
      inFlight: tallies.gauge(Gauge.inFlight),
      openConnections: tallies.gauge(Gauge.openConnections),
      behind: tallies.gauge(Gauge.behind),
      kinds,
      late: tallies.count(WorkerCount.late),
      duplicates: tallies.count(WorkerCount.duplicate),
      bytesSentPerSecond: rate(current.bytesSent, before.bytesSent),
      bytesReceivedPerSecond: rate(current.bytesReceived, before.bytesReceived),
      workerProcessorShares: current.processorMs.map((ms, worker) =>
        Math.min(1, rate(ms, before.processorMs[worker]) / 1000),
      ),
      latencies: latenciesBetween(before.latencies, current.latencies),
    }
  }

  #take(timeMs: number): Sample {
    const { pacing } = this.#plan
    const tallies = this.#tallies
    const latency = leadingLatency(pacing.mode)
    const outcomes = loadKindNames.map((_, kind) => tallies.outcomes(kind))
    const resolved = sum(outcomes.map(counts => sum(Object.values(counts)) - counts.unsent))
    return {
      timeMs,
      sent: resolved + tallies.gauge(Gauge.inFlight),
      answered: outcomes.map(({ answered }) => answered),
      latencies: loadKindNames.map((_, kind) => tallies.latencies(kind, latency)),
      bytesSent: tallies.count(WorkerCount.bytesSent),
      bytesReceived: tallies.count(WorkerCount.bytesReceived),
      processorMs: this.#threads.processorMs(),
    }
  }
}

/** Of all kinds but connects, as in the report: the buckets that have something. */
function latenciesBetween(
  before: readonly Float64Array[],
  now: readonly Float64Array[],
): (readonly [us: number, count: number])[] {
  const found: [us: number, count: number][] = []
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    let count = 0
    for (let kind = 0; kind < LoadKind.count; kind++) {
      if (kind !== LoadKind.connect) count += now[kind][bucket] - before[kind][bucket]
    }
    if (count > 0) found.push([bucketTopUs(bucket), count])
  }
  return found
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
