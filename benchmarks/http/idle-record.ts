// What the idle benchmark keeps, and what it says. Pure: no clock, no files.
import { oursName } from '../support/contenders.js'
import type { EnvironmentEntry } from '../support/environment.js'
import { formatNumber, formatSpread, renderTable } from '../support/markdown.js'
import { renderTargets } from '../support/report-parts.js'
import { judge, type TargetResult } from '../support/run-record.js'
import { type RatioSummary, type Spread, spread, summarizeRatios } from '../support/statistics.js'

/** One tracker in one round: memory around the opening, µs per busy response before, with and after it. */
export interface IdleSample {
  readonly round: number
  readonly contender: string
  readonly residentBeforeKib: number
  readonly residentWithKib: number
  /** How many of the connections were still open at the end. */
  readonly left: number
  readonly beforeUs: number
  readonly withUs: number
  readonly afterUs: number
}

export interface IdleRecord {
  readonly command: string
  readonly environment: readonly EnvironmentEntry[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly seed: number
  readonly connections: number
  readonly contenders: readonly { readonly name: string; readonly version: string }[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
  readonly failures: readonly {
    readonly round: number
    readonly contender: string
    readonly failure: string
  }[]
  readonly samples: readonly IdleSample[]
}

const bytesTarget = 2048
/** What two runs of the same load differ by on a quiet machine: less is no cost. */
const ratioTarget = 1.03

function samplesOf(record: IdleRecord, contender: string): IdleSample[] {
  return record.samples.filter(sample => sample.contender === contender)
}

/** Bytes of resident memory that each idle connection added. */
export function bytesEach(record: IdleRecord, contender: string): Spread {
  return spread(
    samplesOf(record, contender).map(
      ({ residentBeforeKib, residentWithKib }) =>
        ((residentWithKib - residentBeforeKib) * 1024) / record.connections,
    ),
  )
}

/** Processor time of a busy response beside idle connections, over the mean of before and after them. */
export function busyRatio(record: IdleRecord, contender: string): RatioSummary {
  return summarizeRatios(
    samplesOf(record, contender).map(({ beforeUs, withUs, afterUs }) => withUs / ((beforeUs + afterUs) / 2)),
  )
}

/** Both targets: medians decide. */
export function judgeIdle(record: IdleRecord): TargetResult[] {
  const closed = samplesOf(record, oursName).map(({ left }) => record.connections - left)
  return [
    judge(
      `ours: bytes of process memory per idle connection, ${record.connections} of them`,
      bytesTarget,
      bytesEach(record, oursName).median,
      0,
    ),
    judge('ours: busy response with ÷ without them', ratioTarget, busyRatio(record, oursName).median, 3),
    judge(
      'ours: idle connections that did not stay open',
      0,
      closed.length === 0 ? Number.NaN : Math.max(...closed),
      0,
    ),
  ]
}

function idleRow(record: IdleRecord, name: string): string[] {
  const samples = samplesOf(record, name)
  const show = (digits: number, pick: (sample: IdleSample) => number): string =>
    formatSpread(spread(samples.map(pick)), digits)
  const ratio = busyRatio(record, name)
  return [
    name,
    show(1, one => one.residentBeforeKib / 1024),
    show(1, one => one.residentWithKib / 1024),
    formatSpread(bytesEach(record, name), 0),
    show(0, one => one.left),
    show(2, one => (one.beforeUs + one.afterUs) / 2),
    show(2, one => one.withUs),
    formatSpread(ratio, 3),
    `${formatNumber(ratio.intervalLow, 3)}–${formatNumber(ratio.intervalHigh, 3)}`,
  ]
}

/** The page `docs/benchmarks/http-idle.md`. */
export function renderIdle(record: IdleRecord): string {
  const { connections, rounds, seconds, warmUpSeconds, seed } = record
  const header = [
    'tracker',
    'RSS before, MiB',
    'RSS with them, MiB',
    'bytes each',
    'still open at the end',
    'µs/busy response without',
    'with',
    'with ÷ without',
    '95 % interval',
  ]
  const names = record.contenders.map(({ name }) => name).filter(name => samplesOf(record, name).length > 0)
  return [
    '# What idle connections cost',
    '',
    'Written by `benchmarks/http/idle.ts`; do not edit. To repeat it, `npm run build`, then:',
    '',
    '```sh',
    record.command,
    '```',
    '',
    `In each of ${rounds} rounds every tracker starts afresh, in an order drawn from the seed ${seed}, and`,
    `answers 64 busy kept-alive connections (\`load-http\`) for ${warmUpSeconds} s. Then the busy load runs for`,
    `${seconds} s without idle connections, with ${connections} of them and without them again. Each idle`,
    'connection comes from a loopback address of its own and has been answered one announce, of a peer that',
    'stops, so that the swarm does not grow. Memory is the resident memory of all processes of the tracker',
    'before the first is opened and after the last is answered; what the kernel keeps for a socket is not in it.',
    'Room that a tracker takes at its start for connections to come is in the memory before them.',
    'Figures are median (smallest–largest) over the rounds; the interval is Student’s, on the logarithms.',
    '',
    renderTargets(judgeIdle(record)),
    '',
    '## Figures',
    '',
    renderTable(
      header,
      names.map(name => idleRow(record, name)),
    ),
    '',
    '## Trackers',
    '',
    ...record.contenders.map(({ name, version }) => `* ${name}: ${version}`),
    ...record.absent.map(({ name, reason }) => `* Skipped: **${name}**, ${reason}`),
    ...record.failures.map(
      ({ round, contender, failure }) =>
        `* Failed in round ${round}: **${contender}**, ${failure.replaceAll('\n', ' ')}`,
    ),
    '',
    '## Environment',
    '',
    ...record.environment.map(([label, value]) => `* ${label}: ${value}`),
    '',
  ].join('\n')
}
