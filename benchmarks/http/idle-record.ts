// What the idle benchmark keeps, and what it says. Pure: no clock, no files.
import { oursName } from '../support/contenders.js'
import {
  idleColumn,
  judgeMemory,
  judgeStaying,
  renderFigures,
  type IdleRecord as SharedRecord,
  type IdleSample as SharedSample,
  samplesOf,
} from '../support/idle-record.js'
import { formatNumber, formatSpread } from '../support/markdown.js'
import { judge, type TargetResult } from '../support/run-record.js'
import { type RatioSummary, summarizeRatios } from '../support/statistics.js'

/** One tracker in one round, with microseconds per busy response before, with and after its idle connections. */
export interface IdleSample extends SharedSample {
  readonly beforeUs: number
  readonly withUs: number
  readonly afterUs: number
}

export interface IdleRecord extends SharedRecord<IdleSample> {
  /** Of each busy load. */
  readonly seconds: number
}

const bytesTarget = 2048
/** What two runs of the same load differ by on a quiet machine: less is no cost. */
const ratioTarget = 1.03

/** Processor time of a busy response beside idle connections, over the mean of before and after them. */
export function busyRatio(record: IdleRecord, contender: string): RatioSummary {
  return summarizeRatios(
    samplesOf(record, contender).map(({ beforeUs, withUs, afterUs }) => withUs / ((beforeUs + afterUs) / 2)),
  )
}

/** Every target with what this run reached. */
export function judgeIdle(record: IdleRecord): TargetResult[] {
  return [
    judgeMemory(record, bytesTarget),
    judge('ours: busy response with ÷ without them', ratioTarget, busyRatio(record, oursName).median, 3),
    judgeStaying(record),
  ]
}

/** The page `docs/benchmarks/http-idle.md`. */
export function renderIdle(record: IdleRecord): string {
  const { connections, rounds, seconds, warmUpSeconds, seed } = record
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
    ...renderFigures(record, judgeIdle(record), [
      idleColumn('µs/busy response without', 2, one => (one.beforeUs + one.afterUs) / 2),
      idleColumn('with', 2, one => one.withUs),
      { title: 'with ÷ without', show: (_, name) => formatSpread(busyRatio(record, name), 3) },
      { title: '95 % interval', show: (_, name) => formatInterval(busyRatio(record, name)) },
    ]),
  ].join('\n')
}

function formatInterval({ intervalLow, intervalHigh }: RatioSummary): string {
  return `${formatNumber(intervalLow, 3)}–${formatNumber(intervalHigh, 3)}`
}
