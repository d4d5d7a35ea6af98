// A run's record as a Markdown page. Pure: the same record gives the same page.
import { oursName } from '../support/contenders.js'
import { renderCosts, spreadColumn, sumColumn, warningNotes } from '../support/cost-table.js'
import {
  coreWarnings,
  renderContenders,
  renderEnvironment,
  renderMemory,
  renderTargets,
} from '../support/report-parts.js'
import { measuredNames, measurementsOf, spreadOf, sumOf } from '../support/run-record.js'
import { floorName, maxResponsePeers } from './contenders.js'
import { judgeTargets, type RunRecord, ratioTargets } from './record.js'
import { type Load, loads } from './yardstick.js'

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

function renderLoad(record: RunRecord, load: Load): string {
  return renderCosts(record, load, {
    contender: 'tracker',
    unit: 'response',
    rate: 'responses/s',
    digits: 3,
    targets: ratioTargets,
    columns: [
      spreadColumn('peers/announce', 1, one => one.load.peersPerAnnounce),
      sumColumn('lost', one => one.load.lost),
    ],
    notes: warningNotes(loadWarnings(record, load.name)),
  })
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
    renderTargets(judgeTargets(record)),
    '',
    ...loads.flatMap(load => [renderLoad(record, load), '']),
    renderMemory(record, loads),
    '',
    renderContenders(record),
    '',
    renderEnvironment(record),
    '',
  ].join('\n')
}
