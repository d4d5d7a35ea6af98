// The parts that the report of every comparison has. Pure: the same record gives the same text.
import type { LoadCounts } from './cost.js'
import { formatNumber, formatSpread, renderTable } from './markdown.js'
import type { Measurement } from './measure.js'
import {
  measuredNames,
  measurementsOf,
  type RunRecord,
  residentAfterStartMib,
  spreadOf,
  type TargetResult,
} from './run-record.js'
import { median } from './statistics.js'

/** Below this share of its core the tracker was waiting for the load generator. */
const saturatedShare = 0.95

/** Why a tracker did not have, or did not use, its whole core. */
export function coreWarnings(
  name: string,
  measurements: readonly (Measurement<LoadCounts> | undefined)[],
): string[] {
  const share = (pick: (measurement: Measurement<LoadCounts>) => number): number =>
    spreadOf(measurements, pick).median
  const used = share(measurement => measurement.coreUsed)
  if (used >= saturatedShare) return []
  const idle = share(measurement => measurement.coreIdle)
  const sentence = `${name} used only ${(used * 100).toFixed(0)} % of its core`
  // What is neither its own nor idle went to other processes, or to the host of a virtual machine.
  if (idle * 2 < 1 - used) {
    const stolen = share(measurement => measurement.coreStolen)
    return [
      `${sentence}, which was idle for ${(idle * 100).toFixed(0)} % and taken by the host for ` +
        `${(stolen * 100).toFixed(0)} %: other work ran there. Repeat on a quiet machine.`,
    ]
  }
  return [
    `${sentence}: the load generator was the limit, so its responses/s say nothing, and its batches were ` +
      'smaller and dearer than they would be at its own limit.',
  ]
}

/** µs per response of every measured contender in each round. */
export function renderRounds<Result extends LoadCounts>(record: RunRecord<Result>, load: string): string {
  const rounds = Array.from({ length: record.rounds }, (_, index) => index)
  const rows = measuredNames(record, load).map(name => {
    const measurements = measurementsOf(record, load, name)
    return [name, ...rounds.map(index => formatNumber(measurements[index]?.totalUs ?? Number.NaN, 3))]
  })
  return renderTable(['tracker', ...rounds.map(index => `round ${index + 1}`)], rows)
}

/** Memory after start and at its highest, and how soon each contender answered. */
export function renderMemory<Result extends LoadCounts>(
  record: RunRecord<Result>,
  loads: readonly { readonly name: string }[],
): string {
  const rows = record.contenders.map(({ name }) => {
    const measured = loads.map(load => measurementsOf(record, load.name, name))
    const ready = measured
      .flat()
      .flatMap(measurement => (measurement === undefined ? [] : [measurement.readyMs]))
    return [
      name,
      formatSpread(residentAfterStartMib(record, name), 1),
      ...measured.map(rounds =>
        formatSpread(
          spreadOf(rounds, one => one.peakResidentKib / 1024),
          1,
        ),
      ),
      formatNumber(median(ready), 0),
    ]
  })
  const header = [
    'tracker',
    'RSS after start, MiB',
    ...loads.map(load => `peak RSS ${load.name}, MiB`),
    'answers after, ms',
  ]
  return ['## Memory and start', '', renderTable(header, rows)].join('\n')
}

/** The table of targets. */
export function renderTargets(results: readonly TargetResult[]): string {
  const rows = results.map(({ text, bound, reached, digits, verdict }) => [
    text,
    `≤ ${bound}`,
    formatNumber(reached, digits),
    verdict === 'missed' ? '**missed**' : verdict,
  ])
  return ['## Targets', '', renderTable(['figure', 'target', 'median reached', 'verdict'], rows)].join('\n')
}

/**
 * One line per contender and way of failing, with how often: a tracker that never starts fails in every
 * round.
 */
function listFailures<Result extends LoadCounts>(record: RunRecord<Result>): string[] {
  const counts = new Map<string, number>()
  for (const sample of record.samples) {
    if (!('failure' in sample)) continue
    const text = `**${sample.contender}**, ${sample.load}: ${sample.failure.replaceAll('\n', ' ')}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => `* Failed in ${count} of ${record.rounds} rounds: ${text}`)
}

/** Versions, who was skipped and why, and what failed. */
export function renderContenders<Result extends LoadCounts>(record: RunRecord<Result>): string {
  return [
    '## Trackers',
    '',
    ...record.contenders.map(({ name, version }) => `* ${name}: ${version}`),
    ...record.absent.map(({ name, reason }) => `* Skipped: **${name}**, ${reason}`),
    ...listFailures(record),
  ].join('\n')
}

/** The machine and the shape of the run. */
export function renderEnvironment<Result extends LoadCounts>(record: RunRecord<Result>): string {
  return [
    '## Environment',
    '',
    ...record.environment.map(([label, value]) => `* ${label}: ${value}`),
    `* run: ${record.rounds} rounds of ${record.warmUpSeconds} + ${record.seconds} s per load and tracker`,
    `* seed: ${record.seed}`,
  ].join('\n')
}
