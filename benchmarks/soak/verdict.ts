// Whether a soak run holds: each criterion with its limit, what was found, and one sentence. Pure.
import { median } from '../support/statistics.js'
import type { StreamName } from './plan.js'
import { streamNames } from './plan.js'
import type { LivesCounts, Sample, Slice, SoakRecord } from './record.js'
import { fewestPoints, type Point, trendOf } from './trend.js'

/** `undecided`: the run is too short, or was interrupted. */
export type State = 'holds' | 'broken' | 'undecided'

export interface Criterion {
  readonly name: string
  readonly limit: string
  readonly state: State
  /** What was found, for a table. */
  readonly found: string
}

/** The limits of the verdict; docs/benchmarks/soak.md prints them with what was found. */
const limits = {
  /** Growth of memory from the first to the last fifth: the larger of both. */
  growthBytes: 8 * 2 ** 20,
  growthShare: 0.03,
  /** Slope of memory, where the last fifth is also higher by more than samples of a quiet tracker differ. */
  slopeBytesPerHour: 12 * 2 ** 20,
  slopeNoiseBytes: 3 * 2 ** 20,
  /** The main thread's heap fills and is collected every few minutes: in a short run a slope is that of one tooth. */
  heapNoiseBytes: 8 * 2 ** 20,
  descriptorShare: 0.05,
  descriptors: 16,
  /** Descriptors above those before the load, once all clients are gone. */
  descriptorsAfter: 2,
  /** Last fifth over first fifth, and a difference that is none on a shared machine. */
  p50Factor: 1.5,
  p50SlackUs: 200,
  p99Factor: 3,
  p99SlackUs: 10_000,
  /** Median load average for each processor beyond which times and losses are those of the other work. */
  loadAverage: 3,
  lossShare: 0.001,
  /** Measured time of the whole time: starts and ends of load generators take the rest. */
  loadShare: 0.7,
  /** Of requests planned, those that a load generator could not send. */
  unsentShare: 0.05,
  /** Load generators that could not begin, or failed, of all that were started. */
  failedSliceShare: 0.02,
  /** Memory of the swarms that stays when all are gone: tables keep their size. */
  swarmShareAfter: 0.25,
  stopMs: 1000,
} as const

/**
 * Requests are broken off in the middle, and fall silent (connections_reset, request_timeout; silent_connections where
 * the machine is too busy to send the first half); WebTorrent clients go while offers and answers to them are on their
 * way.
 */
const expectedErrors: ReadonlySet<string> = new Set([
  'http.connections_reset',
  'http.request_timeout',
  'http.silent_connections',
  'ws.connections_reset',
  'ws.answers_unexpected',
  'ws.answers_to_nobody',
  'ws.deliveries_to_gone',
])

/** A stream has to have so many slices in the judged time: five fifths of two. */
const fewestSlices = 10

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.001 ? 4 : 2)} %`
const ms = (us: number): string => `${(us / 1000).toFixed(2)} ms`

function holdsIf(isHeld: boolean): State {
  return isHeld ? 'holds' : 'broken'
}

/** The samples that are judged: under load, after the settling time. */
function judgedSamples({ samples, plan }: SoakRecord): Sample[] {
  return samples.filter(({ phase, second }) => phase === 'load' && second >= plan.settleSeconds)
}

/** Flat: neither higher at the end than at the beginning, nor on a slope that makes more than the noise. */
export function judgeMemory(
  name: string,
  points: readonly Point[],
  noiseBytes: number = limits.slopeNoiseBytes,
): Criterion {
  const limit =
    `last fifth at most ${limits.growthShare * 100} % or ${mib(limits.growthBytes)} above the first; ` +
    `where it is more than ${mib(noiseBytes)} above, slope at most ${mib(limits.slopeBytesPerHour)}/h`
  const trend = trendOf(points)
  if (trend === undefined) return tooShort(name, limit, points.length)
  const { first, last, slopePerHour } = trend
  const isGrown = last - first > Math.max(limits.growthBytes, first * limits.growthShare)
  const isSloping = slopePerHour > limits.slopeBytesPerHour && last - first > noiseBytes
  const found = `${mib(first)} → ${mib(last)}, slope ${mib(slopePerHour)}/h`
  return { name, limit, state: holdsIf(!isGrown && !isSloping), found }
}

function tooShort(name: string, limit: string, count: number): Criterion {
  const found = `too short: ${count} samples after the settling time, ${fewestPoints} are needed`
  return { name, limit, state: 'undecided', found }
}

/**
 * What others take of the processors is missing to tracker and load alike. What is broken on a machine as busy as that
 * is not shown to be the tracker's fault; that it holds is not shown either.
 */
function unlessBusy(record: SoakRecord, criterion: Criterion): Criterion {
  if (criterion.state !== 'broken') return criterion
  const averages = record.samples
    .filter(({ phase }) => phase === 'load')
    .map(({ loadAverage }) => loadAverage)
  const average = median(averages) / record.processors
  if (!(average > limits.loadAverage)) return criterion
  const cause = `the machine had other work, load average ${average.toFixed(1)} for each processor`
  return { ...criterion, state: 'undecided', found: `${criterion.found}; ${cause}` }
}

/** Descriptors and threads under load, at their highest: between two slices of a stream its connections are missing. */
function judgeCount(name: string, points: readonly Point[], slack: number, share: number): Criterion {
  const limit = `highest of the last fifth at most ${share * 100} % or ${slack} above that of the first`
  if (points.length < fewestPoints) return tooShort(name, limit, points.length)
  const values = points.map(({ value }) => value)
  const fifth = Math.floor(values.length / 5)
  const [first, last] = [Math.max(...values.slice(0, fifth)), Math.max(...values.slice(-fifth))]
  const state = holdsIf(last - first <= Math.max(slack, first * share))
  return { name, limit, state, found: `${first} → ${last}` }
}

/** Once all clients are gone and their age has passed, nothing of them may be left. */
function judgeAfter(record: SoakRecord): Criterion {
  const name = 'after the load'
  const limit =
    'no peer, torrent and connection left; memory of the swarms at most ' +
    `${limits.swarmShareAfter * 100} % of that under load; descriptors (+${limits.descriptorsAfter}) and ` +
    'threads as before it'
  const before = record.samples.find(({ phase }) => phase === 'idle')
  const after = record.samples.findLast(({ phase }) => phase === 'after')
  const usedBytes = median(judgedSamples(record).map(({ swarmUsedBytes }) => swarmUsedBytes))
  if (before === undefined || after === undefined)
    return { name, limit, state: 'undecided', found: 'not reached' }
  const isClean =
    after.peers + after.torrents + after.connections === 0 &&
    after.swarmUsedBytes <= usedBytes * limits.swarmShareAfter &&
    after.descriptors <= before.descriptors + limits.descriptorsAfter &&
    after.threads <= before.threads
  const found =
    `${after.peers} peers, ${after.torrents} torrents, ${after.connections} connections; memory of the ` +
    `swarms ${mib(usedBytes)} → ${mib(after.swarmUsedBytes)}, descriptors ${before.descriptors} → ` +
    `${after.descriptors}, threads ${before.threads} → ${after.threads}`
  return { name, limit, state: holdsIf(isClean), found }
}

function slicesOf({ slices }: SoakRecord, stream: StreamName): Slice[] {
  return slices.filter(slice => slice.stream === stream)
}

/** The value below which a quarter of the values lie; NaN without values. */
function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 4)] ?? Number.NaN
}

/**
 * Other work on the machine only ever adds to latencies, and what the tracker loses itself is in all slices: so the
 * lower quartiles of the slices are compared. p50 decides with a narrow limit; p99 belongs to the machine as much as
 * to the tracker, and has a wide one.
 */
export function judgeLatency(record: SoakRecord, stream: StreamName, kind: 'p50Us' | 'p99Us'): Criterion {
  const [factor, slackUs] =
    kind === 'p50Us' ? [limits.p50Factor, limits.p50SlackUs] : [limits.p99Factor, limits.p99SlackUs]
  const name = `${stream} ${kind.slice(0, 3)}`
  const limit = `lower quartile of the last fifth at most ${factor} × that of the first, or ${ms(slackUs)} more`
  const judged = slicesOf(record, stream).filter(({ second }) => second >= record.plan.settleSeconds)
  const values = judged.flatMap(({ latency }) => (latency === null ? [] : [latency[kind]]))
  if (values.length < fewestSlices) {
    const found = `too short: ${values.length} slices after the settling time, ${fewestSlices} are needed`
    return { name, limit, state: 'undecided', found }
  }
  const fifth = Math.floor(values.length / 5)
  const [first, last] = [lowerQuartile(values.slice(0, fifth)), lowerQuartile(values.slice(-fifth))]
  const found = `${ms(first)} → ${ms(last)}, median of all ${ms(median(values))}`
  const isSteady = last <= Math.max(first * factor, first + slackUs)
  return unlessBusy(record, { name, limit, state: holdsIf(isSteady), found })
}

/** What a stream asked in all its slices, and how that went. */
interface StreamSums {
  readonly planned: number
  readonly answered: number
  readonly failed: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly measuredSeconds: number
  readonly wrong: number
  readonly verified: number
}

/**
 * Whether so many wanted the processors while a slice ran that it can't be judged. The load average counts tracker and
 * load generators too, which alone come to 0.5 for each of two processors.
 */
function wasBusy({ samples, processors }: SoakRecord, slice: Slice): boolean {
  return samples.some(
    ({ second, loadAverage }) =>
      second >= slice.second && second <= slice.endSecond && loadAverage / processors > limits.loadAverage,
  )
}

/** Sums over slices; of a whole stream, settling time is included. */
function sumStream(record: SoakRecord, stream: StreamName): StreamSums {
  return sumSlices(slicesOf(record, stream))
}

function sumSlices(slices: readonly Slice[]): StreamSums {
  const sum = (pick: (slice: Slice) => number): number =>
    slices.reduce((total, slice) => total + pick(slice), 0)
  const outcomes: Record<string, number> = {}
  for (const { failed } of slices) {
    for (const [outcome, count] of Object.entries(failed))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count
  }
  return {
    planned: sum(({ planned }) => planned),
    answered: sum(({ answered }) => answered),
    failed: sum(({ planned, answered }) => planned - answered),
    outcomes,
    measuredSeconds: sum(({ measuredSeconds }) => measuredSeconds),
    wrong: sum(({ wrong }) => wrong),
    verified: sum(({ verified }) => verified),
  }
}

/**
 * What the tracker owes: `unsent` requests never reached it. A few slices beside much other work are told, not judged;
 * where it was the most of them, the whole is not.
 */
function judgeLosses(record: SoakRecord, stream: StreamName): Criterion {
  const slices = slicesOf(record, stream)
  const busy = slices.filter(slice => wasBusy(record, slice))
  const leftOut = busy.length <= slices.length / 2 ? busy : []
  const judged = sumSlices(slices.filter(slice => !leftOut.includes(slice)))
  const unsent = judged.outcomes['unsent'] ?? 0
  const share = judged.planned === unsent ? 1 : (judged.failed - unsent) / (judged.planned - unsent)
  return unlessBusy(record, {
    name: `${stream} losses`,
    limit: `at most ${percent(limits.lossShare)} of all requests sent not answered`,
    state: holdsIf(share <= limits.lossShare),
    found: `${percent(share)} of ${judged.planned}${outcomesText(judged)}${leftOutText(leftOut)}`,
  })
}

function leftOutText(slices: readonly Slice[]): string {
  if (slices.length === 0) return ''
  const sums = sumSlices(slices)
  return (
    `; not judged: ${slices.length} slices at a load average above ${limits.loadAverage} for each processor` +
    `, ${sums.failed} of ${sums.planned}${outcomesText(sums)}`
  )
}

function outcomesText({ outcomes }: StreamSums): string {
  const list = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)
  return list.length === 0 ? '' : ` (${list.join(', ')})`
}

/** A soak without load is none. */
function judgeLoad(record: SoakRecord, stream: StreamName): Criterion {
  const { measuredSeconds, planned, outcomes } = sumStream(record, stream)
  const share = measuredSeconds / record.plan.durationSeconds
  const unsentShare = planned === 0 ? 1 : (outcomes['unsent'] ?? 0) / planned
  return unlessBusy(record, {
    name: `${stream} load`,
    limit:
      `under load for at least ${limits.loadShare * 100} % of the time; at most ` +
      `${limits.unsentShare * 100} % of what was planned not sent`,
    state:
      record.ending === undefined
        ? 'undecided'
        : holdsIf(share >= limits.loadShare && unsentShare <= limits.unsentShare),
    found: `${percent(share)} of the time, ${percent(unsentShare)} not sent`,
  })
}

function judgeWrong(record: SoakRecord): Criterion {
  const sums = streamNames.map(stream => sumStream(record, stream))
  const wrong = [...sums, ...livesOf(record)].reduce((total, one) => total + one.wrong, 0)
  const verified = sums.reduce((total, one) => total + one.verified, 0)
  const answered = livesOf(record).reduce((total, one) => total + one.answered, 0)
  return {
    name: 'answers',
    limit: 'none wrong',
    state: record.ending === undefined ? 'undecided' : holdsIf(wrong === 0),
    found: `${wrong} wrong of ${verified} looked at closely and ${answered} of short-lived clients`,
  }
}

function livesOf({ ending }: SoakRecord): LivesCounts[] {
  const lives = ending?.lives
  return lives === null || lives === undefined ? [] : [lives.udp, lives.http, lives.ws]
}

function judgeLives(record: SoakRecord): Criterion {
  const counts = livesOf(record)
  const failed = counts.reduce((total, one) => total + one.failed, 0)
  const announces = counts.reduce((total, one) => total + one.announces, 0)
  const isHeld = announces > 0 && failed <= announces * limits.lossShare
  return unlessBusy(record, {
    name: 'short-lived clients',
    limit: `at most ${percent(limits.lossShare)} of their announces not answered`,
    state: record.ending === undefined ? 'undecided' : holdsIf(isHeld),
    found: `${failed} of ${announces}`,
  })
}

/** Announces that the tracker says it answered, against those that clients say were answered. */
export function judgeCounters(record: SoakRecord, protocol: 'udp' | 'http' | 'ws'): Criterion {
  const name = `${protocol} counters`
  const limit = 'announces answered: tracker and clients agree, but for what was lost on the way'
  const before = record.samples.find(({ phase }) => phase === 'idle')
  const after = record.samples.findLast(({ phase }) => phase === 'after')
  if (before === undefined || after === undefined || record.ending === undefined)
    return { name, limit, state: 'undecided', found: 'not reached' }
  const own = record.plan.streams.filter(stream => stream.protocol === protocol).map(stream => stream.name)
  const slices = record.slices.filter(({ stream }) => own.includes(stream))
  const lives = record.ending.lives?.[protocol]
  const clients = slices.reduce((sum, slice) => sum + slice.announcesAnswered, lives?.answered ?? 0)
  const doubtful = slices.reduce(
    (sum, { planned, answered, surplusAnswers }) => sum + planned - answered + surplusAnswers,
    lives?.failed ?? 0,
  )
  const tracker = after.announces[protocol] - before.announces[protocol]
  const isEqual = tracker >= clients && tracker <= clients + doubtful
  return {
    name,
    limit,
    state: holdsIf(isEqual),
    found: `tracker ${tracker}, clients ${clients}, lost or late ${doubtful}`,
  }
}

/** A probe that a busy machine answered too late is no end of the run; many are. */
function judgeGenerators({ slices, ending }: SoakRecord): Criterion {
  const failed = ending?.failedSlices ?? []
  const share = failed.length / Math.max(1, failed.length + slices.length)
  const late = slices.filter(({ verdict }) => verdict !== 'valid').length
  return {
    name: 'load generators',
    limit: `at most ${limits.failedSliceShare * 100} % fail`,
    state: ending === undefined ? 'undecided' : holdsIf(share <= limits.failedSliceShare),
    found:
      `${failed.length} of ${failed.length + slices.length} failed${failed.length === 0 ? '' : `: ${failed[0]}`}; ` +
      `${late} could not keep their schedule`,
  }
}

/** Errors of other kinds than this load makes on purpose, or as it comes and goes. */
function judgeErrors({ samples }: SoakRecord): Criterion {
  const errors = Object.entries(samples.at(-1)?.errors ?? {})
  const unexpected = errors.filter(([key]) => !expectedErrors.has(key))
  return {
    name: 'errors',
    limit: `of the tracker's errors none but ${[...expectedErrors].join(', ')}`,
    state: samples.length === 0 ? 'undecided' : holdsIf(unexpected.length === 0),
    found: unexpected.length === 0 ? 'none' : unexpected.map(([key, count]) => `${count} ${key}`).join(', '),
  }
}

function judgeTracker({ samples, ending }: SoakRecord): Criterion {
  const last = samples.at(-1)
  const logged = ending?.logged ?? []
  const restarts = last?.restarts ?? 0
  const complaints = [
    ...(ending?.broken === undefined || ending.broken === null ? [] : [ending.broken]),
    ...(restarts > 0 ? [`${restarts} workers were restarted`] : []),
    ...(logged.length > 0 ? [`${logged.length} lines of warnings, the first: ${logged[0]}`] : []),
  ]
  return {
    name: 'tracker',
    limit: 'runs to the end, restarts no worker, warns of nothing',
    state: ending === undefined ? 'undecided' : holdsIf(complaints.length === 0),
    found: complaints.length === 0 ? 'so it did' : complaints.join('; '),
  }
}

function judgeStop({ ending }: SoakRecord): Criterion {
  const name = 'stop'
  const limit = `SIGTERM ends it with 0 within ${limits.stopMs} ms; no process, port or file left`
  if (ending === undefined) return { name, limit, state: 'undecided', found: 'interrupted' }
  const { exitCode, stopMs, leftBehind } = ending
  const isClean = exitCode === 'ended with exit code 0' && stopMs <= limits.stopMs && leftBehind.length === 0
  const left = leftBehind.length === 0 ? 'nothing left' : `left: ${leftBehind.join(', ')}`
  return { name, limit, state: holdsIf(isClean), found: `${exitCode} after ${stopMs.toFixed(0)} ms, ${left}` }
}

/** All criteria, in the order of the report. */
export function judge(record: SoakRecord): Criterion[] {
  const samples = judgedSamples(record)
  const points = (pick: (sample: Sample) => number): Point[] =>
    samples.map(sample => ({ second: sample.second, value: pick(sample) }))
  return [
    judgeMemory(
      'memory',
      points(({ privateKib }) => privateKib * 1024),
    ),
    judgeMemory(
      'heap of the main thread',
      points(({ heapUsedBytes }) => heapUsedBytes),
      limits.heapNoiseBytes,
    ),
    judgeMemory(
      'memory of the swarms',
      points(({ swarmUsedBytes }) => swarmUsedBytes),
    ),
    judgeCount(
      'descriptors',
      points(({ descriptors }) => descriptors),
      limits.descriptors,
      limits.descriptorShare,
    ),
    judgeCount(
      'threads',
      points(({ threads }) => threads),
      0,
      0,
    ),
    judgeAfter(record),
    ...streamNames.flatMap(stream => [
      judgeLoad(record, stream),
      judgeLosses(record, stream),
      judgeLatency(record, stream, 'p50Us'),
      judgeLatency(record, stream, 'p99Us'),
    ]),
    judgeGenerators(record),
    judgeWrong(record),
    judgeLives(record),
    ...(['udp', 'http', 'ws'] as const).map(protocol => judgeCounters(record, protocol)),
    judgeErrors(record),
    judgeTracker(record),
    judgeStop(record),
  ]
}

/** The verdict in all: broken if anything is, undecided if nothing is but something could not be judged. */
export function overall(criteria: readonly Criterion[]): State {
  if (criteria.some(({ state }) => state === 'broken')) return 'broken'
  return criteria.some(({ state }) => state === 'undecided') ? 'undecided' : 'holds'
}

/** One sentence for each criterion that does not hold. */
export function complaintsOf(criteria: readonly Criterion[]): string[] {
  return criteria
    .filter(({ state }) => state !== 'holds')
    .map(({ name, state, found, limit }) =>
      state === 'broken'
        ? `${name}: ${found}; the limit is: ${limit}.`
        : `${name} could not be judged: ${found}.`,
    )
}
