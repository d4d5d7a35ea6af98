// What the benchmark of idle WebSockets keeps, and what it says. Pure: no clock, no files.
import { oursName } from '../support/contenders.js'
import type { EnvironmentEntry } from '../support/environment.js'
import { formatSpread, renderTable } from '../support/markdown.js'
import { renderTargets } from '../support/report-parts.js'
import { judge, type TargetResult } from '../support/run-record.js'
import { type Spread, spread } from '../support/statistics.js'

/** One tracker in one round: resident memory around the opening. */
export interface IdleSample {
  readonly round: number
  readonly contender: string
  readonly residentBeforeKib: number
  readonly residentWithKib: number
  /** How many of the connections were still open at the end. */
  readonly left: number
  readonly openingSeconds: number
}

export interface IdleRecord {
  readonly command: string
  readonly environment: readonly EnvironmentEntry[]
  readonly rounds: number
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

const bytesTarget = 4096
/** What the issue that asked for this tracker wants them measured at. */
const connectionsWanted = 50_000

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

/** Both targets: the median of the memory decides, and the worst of the rounds. */
export function judgeIdle(record: IdleRecord): TargetResult[] {
  const closed = samplesOf(record, oursName).map(({ left }) => record.connections - left)
  return [
    judge(
      `ours: bytes of process memory per idle connection, ${record.connections} of them`,
      bytesTarget,
      bytesEach(record, oursName).median,
      0,
    ),
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
  return [
    name,
    show(1, one => one.residentBeforeKib / 1024),
    show(1, one => one.residentWithKib / 1024),
    formatSpread(bytesEach(record, name), 0),
    show(0, one => one.left),
    show(1, one => one.openingSeconds),
  ]
}

function renderShortfall({ connections }: IdleRecord): string[] {
  if (connections >= connectionsWanted) return []
  return [
    `**Not ${connectionsWanted} connections but ${connections}**: more were not asked for, or did not fit the hard`,
    'limit of open files of this machine (`ulimit -Hn`).',
    '',
  ]
}

/** The page `docs/benchmarks/ws-idle.md`. */
export function renderIdle(record: IdleRecord): string {
  const { connections, rounds, warmUpSeconds, seed } = record
  const header = [
    'tracker',
    'RSS before, MiB',
    'RSS with them, MiB',
    'bytes each',
    'still open at the end',
    'opened in, s',
  ]
  const names = record.contenders.map(({ name }) => name).filter(name => samplesOf(record, name).length > 0)
  return [
    '# What idle WebSockets cost',
    '',
    'Written by `benchmarks/ws/idle.ts`; do not edit. To repeat it, `npm run build`, then:',
    '',
    '```sh',
    record.command,
    '```',
    '',
    ...renderShortfall(record),
    `In each of ${rounds} rounds every tracker starts afresh, in an order drawn from the seed ${seed}, and`,
    `answers 64 busy connections (\`load-ws\`) for ${warmUpSeconds} s. Then ${connections} WebSockets are opened,`,
    'each from a loopback address of its own; each announces once and stays. Memory is the resident memory of the',
    'tracker’s process before the first is opened and after the last is answered, the peers in its swarms',
    'included; what the kernel keeps for a socket is not in it. Room that a tracker takes at its start for',
    'connections to come is in the memory before them. Figures are median (smallest–largest) over the rounds.',
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
