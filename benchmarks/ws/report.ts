// A run's record as a Markdown page. Pure: the same record gives the same page.
import { renderCosts, spreadColumn, warningNotes } from '../support/cost-table.js'
import {
  coreWarnings,
  renderContenders,
  renderEnvironment,
  renderMemory,
  renderTargets,
} from '../support/report-parts.js'
import { measuredNames, measurementsOf, sumOf } from '../support/run-record.js'
import { type Load, loads } from './loads.js'
import type { Measurement } from './measure.js'
import { offersPerAnnounce, peersPerTorrent } from './messages.js'
import { judgeTargets, type RunRecord, ratioTargets } from './record.js'

function hasOffers(load: Load): boolean {
  return load.program === 'offers-load'
}

/** Offers and answers that arrived, of those that each announce should bring about; 0 to 1. */
function relayedShare({ load: { relay } }: Measurement): number {
  if (relay === undefined) return Number.NaN
  return (relay.offers + relay.answers) / (2 * offersPerAnnounce * relay.announces)
}

/** What makes the figures of one load doubtful. */
export function loadWarnings(record: RunRecord, load: Load): string[] {
  const warnings: string[] = []
  for (const name of measuredNames(record, load.name)) {
    const measurements = measurementsOf(record, load.name, name)
    warnings.push(...coreWarnings(name, measurements))
    const failed = sumOf(measurements, one => one.load.failed)
    if (failed > 0) warnings.push(`${name} answered ${failed} times with a failure.`)
    const announces = sumOf(measurements, one => one.load.relay?.announces ?? 0)
    const unanswered = sumOf(measurements, one => one.load.relay?.unanswered ?? 0)
    if (unanswered > announces / 100) {
      warnings.push(
        `${name} left ${unanswered} of ${announces} announces without a response or one of its answers: ` +
          'it loses messages, or is late.',
      )
    }
  }
  return warnings
}

function renderLoad(record: RunRecord, load: Load): string {
  const unit = hasOffers(load) ? 'relayed message' : 'announce'
  return renderCosts(record, load, {
    contender: 'tracker',
    unit,
    rate: `${unit}s/s`,
    digits: 2,
    targets: ratioTargets,
    columns: hasOffers(load) ? [spreadColumn('arrived, %', 1, one => relayedShare(one) * 100)] : [],
    notes: warningNotes(loadWarnings(record, load)),
  })
}

function renderMethod({ rounds, seconds, warmUpSeconds, seed }: RunRecord): string {
  return `Each of the ${rounds} rounds starts every tracker afresh for each load, in an order drawn from the
seed ${seed}. The tracker works for ${warmUpSeconds} s unmeasured (all alike: compilers, caches and tables
warm up). Then ${seconds} s are measured: user and system time of all threads of the tracker
(\`/proc/PID/stat\`), over the announces that were answered or, with offers, over the offers and answers that
arrived. Tracker and load generator are pinned to a core each; the two threads of aquatic_ws share the
tracker's core and count together.

Announces without offers are made by the yardstick's \`load-ws\` and \`load-tls\`, one at a time on each
connection. Offers are made by \`benchmarks/ws/offers-load.ts\`: peers in torrents of ${peersPerTorrent} announce
${offersPerAnnounce} offers each, 64 of them at a time and each in turn; who gets an offer answers it; who has
its ${offersPerAnnounce} answers and its response makes room for the next. Descriptions are those of Chrome for a
data channel, offers of 1.2 kB and answers of 0.9 kB; an announce fits the largest frame that aquatic_ws takes by
default. Each offer is counted by the peer that receives it, each answer by the peer that made the offer;
\`arrived\` is their share of all that the announces of those seconds could bring about (a little more than
all, where those under way at the start weigh more). Responses to announces are not counted, but their cost
is in.

Settings: one worker, IPv4 on the loopback address, everything else the default. \`ws\` is
\`benchmarks/ws/minimal-server.ts\`, on \`node:http\` or under TLS on \`node:https\`: it parses every message and
passes offers and answers on, without checks, limits and expiry. bittorrent-tracker is its own server with
WebTorrent alone, under TLS behind \`node:https\`. One certificate for all: ECDSA P-256, self-signed.

Figures are median (smallest–largest) over the rounds. \`ours ÷ it\` pairs the rounds; the interval is
Student's, on the logarithms. Compare only within one run: machines differ and drift.`
}

/** The page `docs/benchmarks/ws.md`. */
export function renderReport(record: RunRecord): string {
  const run = loads.filter(load => record.loads.includes(load.name))
  return [
    '# What one WebTorrent message costs',
    '',
    'Written by `benchmarks/ws/run.ts`; do not edit. To repeat it, `npm run build`, then:',
    '',
    '```sh',
    record.command,
    '# what idle connections cost',
    'node dist/benchmarks/ws/idle.js',
    '```',
    '',
    renderMethod(record),
    '',
    renderTargets(judgeTargets(record)),
    '',
    ...run.flatMap(load => [renderLoad(record, load), '']),
    renderMemory(record, run),
    '',
    renderContenders(record),
    '',
    renderEnvironment(record),
    '',
  ].join('\n')
}
