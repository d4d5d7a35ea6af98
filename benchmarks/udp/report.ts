// A run's record as a Markdown page. Pure: the same record gives the same page.
import { formatNumber, formatSpread, renderTable } from '../support/markdown.js'
import { median } from '../support/statistics.js'
import { floorName, maxResponsePeers, oursName } from './contenders.js'
import type { Measurement } from './measure.js'
import {
  judgeTargets,
  measurementsOf,
  type RunRecord,
  ratioOfOurs,
  ratioTarget,
  residentAfterStartMib,
  spreadOf,
} from './record.js'
import { type Load, loads } from './yardstick.js'

/** Below this share of its core the tracker was waiting for the load generator. */
const saturatedShare = 0.95

function measuredNames(record: RunRecord, load: string): string[] {
  const names = record.contenders.map(contender => contender.name)
  return names.filter(name =>
    measurementsOf(record, load, name).some(measurement => measurement !== undefined),
  )
}

function sumOf(
  measurements: readonly (Measurement | undefined)[],
  pick: (measurement: Measurement) => number,
): number {
  return measurements.reduce(
    (sum, measurement) => sum + (measurement === undefined ? 0 : pick(measurement)),
    0,
  )
}

/** Why a tracker did not have, or did not use, its whole core. */
function coreWarnings(name: string, measurements: readonly (Measurement | undefined)[]): string[] {
  const share = (pick: (measurement: Measurement) => number): number => spreadOf(measurements, pick).median
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

/** What makes the figures of one load doubtful: a load generator at its limit, errors, losses. */
export function loadWarnings(record: RunRecord, load: string): string[] {
  const warnings: string[] = []
  const ours = measurementsOf(record, load, oursName)
  const oursPeers = spreadOf(ours, measurement => measurement.load.peersPerAnnounce).median
  for (const name of measuredNames(record, load)) {
    const measurements = measurementsOf(record, load, name)
    warnings.push(...coreWarnings(name, measurements))
    const peers = spreadOf(measurements, measurement => measurement.load.peersPerAnnounce).median
    if (name !== floorName && Math.abs(peers - oursPeers) > Math.max(1.5, oursPeers / 4)) {
      warnings.push(
        `${name} returned ${peers.toFixed(1)} peers per announce, ours ${oursPeers.toFixed(1)}: ` +
          'not the same work.',
      )
    }
    const errors = sumOf(measurements, measurement => measurement.load.errors)
    if (errors > 0) warnings.push(`${name} answered ${errors} requests with an error.`)
    const lost = sumOf(measurements, measurement => measurement.load.lost)
    const responses = sumOf(measurements, measurement => measurement.load.responses)
    if (lost > responses / 1000)
      warnings.push(`${name} left ${lost} requests unanswered: it paid for some of them.`)
  }
  return warnings
}

function costRow(record: RunRecord, load: string, name: string): string[] {
  const measurements = measurementsOf(record, load, name)
  const show = (digits: number, pick: (measurement: Measurement) => number): string =>
    formatSpread(spreadOf(measurements, pick), digits)
  const ratio = ratioOfOurs(record, load, name)
  const isOurs = name === oursName
  const interval = `${formatNumber(ratio.intervalLow, 3)}–${formatNumber(ratio.intervalHigh, 3)}`
  const target = ratioTarget(load, name)
  return [
    name,
    show(3, measurement => measurement.totalUs),
    show(3, measurement => measurement.userUs),
    show(3, measurement => measurement.systemUs),
    isOurs ? '' : formatSpread(ratio, 3),
    isOurs || Number.isNaN(ratio.intervalLow) ? '' : interval,
    target === undefined ? '' : `≤ ${target.toFixed(2)}`,
    show(0, measurement => measurement.load.responsesPerSecond),
    show(1, measurement => measurement.load.peersPerAnnounce),
    String(sumOf(measurements, measurement => measurement.load.lost)),
    show(0, measurement => measurement.coreUsed * 100),
  ]
}

function renderLoad(record: RunRecord, load: Load): string {
  const names = measuredNames(record, load.name)
  const header = [
    'tracker',
    'µs/response',
    'user',
    'system',
    'ours ÷ it',
    '95 % interval',
    'target',
    'responses/s',
    'peers/announce',
    'lost',
    'core used, %',
  ]
  const rounds = Array.from({ length: record.rounds }, (_, index) => index)
  const perRound = names.map(name => {
    const measurements = measurementsOf(record, load.name, name)
    return [name, ...rounds.map(index => formatNumber(measurements[index]?.totalUs ?? Number.NaN, 3))]
  })
  return [
    `## ${load.title}`,
    '',
    renderTable(
      header,
      names.map(name => costRow(record, load.name, name)),
    ),
    '',
    ...loadWarnings(record, load.name).flatMap(warning => [`**Warning:** ${warning}`, '']),
    'µs/response in each round:',
    '',
    renderTable(['tracker', ...rounds.map(index => `round ${index + 1}`)], perRound),
  ].join('\n')
}

function renderMemory(record: RunRecord): string {
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

function renderTargets(record: RunRecord): string {
  const rows = judgeTargets(record).map(({ text, bound, reached, digits, verdict }) => [
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
function listFailures(record: RunRecord): string[] {
  const counts = new Map<string, number>()
  for (const sample of record.samples) {
    if (!('failure' in sample)) continue
    const text = `**${sample.contender}**, ${sample.load}: ${sample.failure.replaceAll('\n', ' ')}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => `* Failed in ${count} of ${record.rounds} rounds: ${text}`)
}

function renderContenders(record: RunRecord): string {
  return [
    '## Trackers',
    '',
    ...record.contenders.map(({ name, version }) => `* ${name}: ${version}`),
    ...record.absent.map(({ name, reason }) => `* Skipped: **${name}**, ${reason}`),
    ...listFailures(record),
  ].join('\n')
}

function renderMethod({ rounds, seconds, warmUpSeconds, seed }: RunRecord): string {
  return `Each of the ${rounds} rounds starts every tracker afresh for each load, in an order drawn from the
seed ${seed}. The tracker answers for ${warmUpSeconds} s unmeasured (all alike: compilers, caches and tables
warm up). Then ${seconds} s are measured: user and system time of the tracker's process, all its threads
(\`/proc/PID/stat\`), over the responses that the yardstick's \`load-udp\` counted. Tracker and load generator
are pinned to a core each.

Settings are equal: one worker, IPv4 on the loopback address, at most ${maxResponsePeers} peers in a response,
everything else the default. \`null-udp\` keeps no state: it is what the system calls alone cost (with 20
peers in every announce response). opentracker lists the announcing peer too, so it has about one peer more
per announce; its allow list of 100,000 torrents is part of its memory. A faster tracker has taken in more
announces, so its swarms are larger.

Figures are median (smallest–largest) over the rounds. \`ours ÷ it\` pairs the rounds; the interval is
Student's, on the logarithms. Compare only within one run: machines differ and drift.`
}

/** The page `docs/benchmarks/udp.md`. */
export function renderReport(record: RunRecord): string {
  return [
    '# What one UDP response costs',
    '',
    'Written by `benchmarks/udp/run.ts`; do not edit. To repeat it, `npm run build`, then:',
    '',
    '```sh',
    record.command,
    '# no garbage collection in a steady minute; where the user time goes',
    'node dist/benchmarks/udp/steady.js',
    'node dist/benchmarks/udp/profile.js',
    '```',
    '',
    renderMethod(record),
    '',
    renderTargets(record),
    '',
    ...loads.flatMap(load => [renderLoad(record, load), '']),
    renderMemory(record),
    '',
    renderContenders(record),
    '',
    '## Environment',
    '',
    ...record.environment.map(([label, value]) => `* ${label}: ${value}`),
    `* run: ${record.rounds} rounds of ${record.warmUpSeconds} + ${record.seconds} s per load and tracker`,
    `* seed: ${record.seed}`,
    '',
  ].join('\n')
}
