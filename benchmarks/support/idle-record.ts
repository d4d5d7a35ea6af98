// What a benchmark of idle connections keeps, and what all of them say of it. Pure: no clock, no files.
import { oursName } from './contenders.js'
import type { EnvironmentEntry } from './environment.js'
import { formatSpread, renderTable } from './markdown.js'
import { renderTargets } from './report-parts.js'
import { judge, type TargetResult } from './run-record.js'
import { type Spread, spread } from './statistics.js'

/** One tracker in one round: resident memory around the opening. */
export interface IdleSample {
  readonly round: number
  readonly contender: string
  readonly residentBeforeKib: number
  readonly residentWithKib: number
  /** How many of the connections were still open at the end. */
  readonly left: number
}

export interface IdleRecord<Sample extends IdleSample> {
  readonly command: string
  readonly environment: readonly EnvironmentEntry[]
  readonly rounds: number
  readonly warmUpSeconds: number
  readonly seed: number
  readonly connections: number
  readonly contenders: readonly { readonly name: string; readonly version: string }[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
  readonly failures: readonly IdleFailure[]
  readonly samples: readonly Sample[]
}

export interface IdleFailure {
  readonly round: number
  readonly contender: string
  readonly failure: string
}

export function samplesOf<Sample extends IdleSample>(
  record: IdleRecord<Sample>,
  contender: string,
): Sample[] {
  return record.samples.filter(sample => sample.contender === contender)
}

/** Bytes of resident memory that one idle connection added in a round. */
export function bytesEachIn(sample: IdleSample, connections: number): number {
  return ((sample.residentWithKib - sample.residentBeforeKib) * 1024) / connections
}

/** Bytes of resident memory that each idle connection added. */
export function bytesEach<Sample extends IdleSample>(record: IdleRecord<Sample>, contender: string): Spread {
  return spread(samplesOf(record, contender).map(sample => bytesEachIn(sample, record.connections)))
}

/** The target of memory, of which the median decides. @param bytesTarget the most bytes */
export function judgeMemory<Sample extends IdleSample>(
  record: IdleRecord<Sample>,
  bytesTarget: number,
): TargetResult {
  const text = `ours: bytes of process memory per idle connection, ${record.connections} of them`
  return judge(text, bytesTarget, bytesEach(record, oursName).median, 0)
}

/** The target that all stay open, of which the worst round decides. */
export function judgeStaying<Sample extends IdleSample>(record: IdleRecord<Sample>): TargetResult {
  const closed = samplesOf(record, oursName).map(({ left }) => record.connections - left)
  const most = closed.length === 0 ? Number.NaN : Math.max(...closed)
  return judge('ours: idle connections that did not stay open', 0, most, 0)
}

/** Column by column what a protocol measures besides memory. */
export interface IdleColumn<Sample extends IdleSample> {
  readonly title: string
  readonly show: (record: IdleRecord<Sample>, contender: string) => string
}

/** Median and range of a figure over the rounds. */
export function idleColumn<Sample extends IdleSample>(
  title: string,
  digits: number,
  pick: (sample: Sample) => number,
): IdleColumn<Sample> {
  const show = (record: IdleRecord<Sample>, contender: string): string =>
    formatSpread(spread(samplesOf(record, contender).map(pick)), digits)
  return { title, show }
}

/** The page from its targets on. @param columns what comes behind the memory */
export function renderFigures<Sample extends IdleSample>(
  record: IdleRecord<Sample>,
  targets: readonly TargetResult[],
  columns: readonly IdleColumn<Sample>[],
): string[] {
  const names = record.contenders.map(({ name }) => name).filter(name => samplesOf(record, name).length > 0)
  const all: readonly IdleColumn<Sample>[] = [
    { title: 'tracker', show: (_record, contender) => contender },
    idleColumn('RSS before, MiB', 1, one => one.residentBeforeKib / 1024),
    idleColumn('RSS with them, MiB', 1, one => one.residentWithKib / 1024),
    { title: 'bytes each', show: (_record, contender) => formatSpread(bytesEach(record, contender), 0) },
    idleColumn('still open at the end', 0, one => one.left),
    ...columns,
  ]
  return [
    renderTargets(targets),
    '',
    '## Figures',
    '',
    renderTable(
      all.map(({ title }) => title),
      names.map(name => all.map(({ show }) => show(record, name))),
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
  ]
}
