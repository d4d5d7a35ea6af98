// What the benchmark of idle WebSockets keeps, and what it says. Pure: no clock, no files.
import {
  idleColumn,
  judgeMemory,
  judgeStaying,
  renderFigures,
  type IdleRecord as SharedRecord,
  type IdleSample as SharedSample,
} from '../support/idle-record.js'
import type { TargetResult } from '../support/run-record.js'

/** One tracker in one round. */
export interface IdleSample extends SharedSample {
  readonly openingSeconds: number
}

export type IdleRecord = SharedRecord<IdleSample>

const bytesTarget = 4096
/** What the issue that asked for this tracker wants them measured at. */
const connectionsWanted = 50_000

/** Both targets with what this run reached. */
export function judgeIdle(record: IdleRecord): TargetResult[] {
  return [judgeMemory(record, bytesTarget), judgeStaying(record)]
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
    ...renderFigures(record, judgeIdle(record), [idleColumn('opened in, s', 1, one => one.openingSeconds)]),
  ].join('\n')
}
