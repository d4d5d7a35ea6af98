// What a load test's screen shows, from the figures of its main thread.

import type { LoadKindName, OutcomeName } from '../../loadtest/kinds.js'
import type { LiveKind, LiveLoad, PhaseName } from '../../loadtest/live.js'
import { RateHistory, rateWindows } from '../../tui/history.js'
import type { Column, Figure, Level, List, Row, ScreenSnapshot } from '../../tui/snapshot.js'

/** A generator whose thread is busier than this may be what is measured. */
const BUSY_SHARE = 0.9
/** Due and not sent: as many make a test invalid at its end. */
const BEHIND_MAX = 1_000

/** Remembers what sparklines and windows need; one for each run. */
export class LoadScreen {
  readonly #sent = new RateHistory()
  readonly #answered = new RateHistory()
  readonly #bitsSent = new RateHistory()
  readonly #bitsReceived = new RateHistory()
  #phase: PhaseName | null = null
  #sampledAtMs: number | null = null

  /**
   * The snapshot to be shown.
   * @param nowMs of a monotonic clock
   */
  of(live: LiveLoad, nowMs = performance.now()): ScreenSnapshot {
    this.#remember(live, nowMs)
    const { protocol, url, pacing, phase, phaseSeconds, phaseLengthSeconds } = live
    return {
      title: { command: `aquatic loadtest ${protocol}`, target: url, pacing, phase },
      progress: {
        elapsedSeconds: phaseSeconds,
        lengthSeconds:
          Number.isFinite(phaseLengthSeconds) && phaseLengthSeconds > 0 ? phaseLengthSeconds : null,
      },
      windows: rateWindows,
      rates: [
        this.#sent.rate('sent', 'perSecond'),
        this.#answered.rate('answered', 'perSecond'),
        this.#bitsSent.rate('out', 'bitsPerSecond'),
        this.#bitsReceived.rate('in', 'bitsPerSecond'),
      ],
      figures: figuresOf(live),
      tables: [{ caption: 'last second', columns: columnsOfKinds, rows: live.kinds.map(rowOf) }],
      workers: live.workerProcessorShares.map((share, index) => ({ name: `worker ${index + 1}`, share })),
      histogram:
        live.latencies.length === 0
          ? null
          : { caption: 'latencies of the last second', buckets: live.latencies },
      objectives: live.objectives,
      lists: [failuresOf(live), { title: 'said by the tracker', kind: 'errors', entries: live.remarks }],
      notes: live.note === null ? [] : [{ text: live.note, level: null }],
    }
  }

  #remember(live: LiveLoad, nowMs: number): void {
    const seconds = this.#sampledAtMs === null ? 0 : (nowMs - this.#sampledAtMs) / 1000
    this.#sampledAtMs = nowMs
    const samples: readonly (readonly [RateHistory, number])[] = [
      [this.#sent, live.sentPerSecond],
      [this.#answered, live.answersPerSecond],
      [this.#bitsSent, live.bytesSentPerSecond * 8],
      [this.#bitsReceived, live.bytesReceivedPerSecond * 8],
    ]
    for (const [history, value] of samples) {
      // "run" means the measurement once it has begun: what is reported at the end.
      if (live.phase !== this.#phase) history.restart()
      history.add(value, seconds)
    }
    this.#phase = live.phase
  }
}

const columnsOfKinds: readonly Column[] = [
  { label: 'answered', unit: 'count', priority: 1 },
  { label: 'rate', unit: 'perSecond', priority: 0 },
  { label: 'p50', unit: 'microseconds', priority: 4 },
  { label: 'p99', unit: 'microseconds', priority: 2 },
  { label: 'p99.9', unit: 'microseconds', priority: 5 },
  { label: 'max', unit: 'microseconds', priority: 6 },
  { label: 'failed', unit: 'count', priority: 3 },
]

function rowOf({ kind, outcomes, answersPerSecond, p50Us, p99Us, p999Us, maxUs }: LiveKind): Row {
  const failed = failuresIn(outcomes)
  return {
    label: kind,
    cells: [outcomes.answered, answersPerSecond, p50Us, p99Us, p999Us, maxUs, failed],
    level: failed > 0 ? 'warn' : null,
  }
}

function failuresIn(outcomes: Readonly<Record<OutcomeName, number>>): number {
  return sum(Object.values(outcomes)) - outcomes.answered
}

function figuresOf(live: LiveLoad): Figure[] {
  const answered = sum(live.kinds.map(({ outcomes }) => outcomes.answered))
  const failed = sum(live.kinds.map(({ outcomes }) => failuresIn(outcomes)))
  const busiest = Math.max(0, ...live.workerProcessorShares)
  const peersOf = live.protocol === 'udp' ? [] : [figure('connections', live.openConnections)]
  const rates = { unit: 'share' as const }
  return [
    figure('in flight', live.inFlight),
    ...peersOf,
    {
      ...rates,
      label: 'loss',
      value: answered + failed > 0 ? failed / (answered + failed) : null,
      level: failed > 0 ? 'warn' : null,
    },
    figure('late', live.late, warnAbove(live.late, 0)),
    figure('duplicates', live.duplicates, warnAbove(live.duplicates, 0)),
    figure('behind', live.behind, live.behind > BEHIND_MAX ? 'bad' : warnAbove(live.behind, BEHIND_MAX / 10)),
    figure('kernel drops', live.kernelDrops, warnAbove(live.kernelDrops ?? 0, 0)),
    { ...rates, label: 'generator', value: busiest, level: warnAbove(busiest, BUSY_SHARE) },
  ]
}

function figure(label: string, value: number | null, level: Level | null = null): Figure {
  return { label, value, unit: 'count', level }
}

function warnAbove(value: number, limit: number): Level | null {
  return value > limit ? 'warn' : null
}

const failureWords: Readonly<Record<Exclude<OutcomeName, 'answered'>, string>> = {
  refused: 'refused',
  malformed: 'malformed answer',
  wrongType: 'answer of another kind',
  timedOut: 'timed out',
  broken: 'connection broken',
  unsent: 'not sent',
}

/** `announce: timed out`, most frequent first. */
function failuresOf({ kinds }: LiveLoad): List {
  const entryOf = (kind: LoadKindName, outcome: OutcomeName, count: number): [string, number][] =>
    outcome === 'answered' || count === 0 ? [] : [[`${kind}: ${failureWords[outcome]}`, count]]
  const entries = kinds.flatMap(({ kind, outcomes }) =>
    Object.entries(outcomes).flatMap(([outcome, count]) => entryOf(kind, outcome as OutcomeName, count)),
  )
  return { title: 'failed', kind: 'errors', entries: entries.sort((a, b) => b[1] - a[1]) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
