// A run's record as a Markdown page. Pure: the same record gives the same page.
import { oursName } from '../support/contenders.js'
import { renderCosts, spreadColumn, sumColumn, warningNotes } from '../support/cost-table.js'
import { formatNumber, formatSpread, renderTable } from '../support/markdown.js'
import {
  coreWarnings,
  renderContenders,
  renderEnvironment,
  renderMemory,
  renderTargets,
} from '../support/report-parts.js'
import { measuredNames, measurementsOf, spreadOf, sumOf } from '../support/run-record.js'
import { pairedRatios, summarizeRatios } from '../support/statistics.js'
import { canTake, nginxName, oursNodeName } from './contenders.js'
import { advise, judgeTargets, type RunRecord, ratioTargets } from './record.js'
import { type Load, loads } from './yardstick.js'

/** Ticks of 10 ms resolve less than this to more than 2 %. */
const leastUsedSeconds = 0.5

/** Who sends what a load sends. */
const clients: Readonly<Record<Load['name'], string>> = {
  keep: 'a proxy or a few busy clients that keep their connections, HTTP',
  close: 'BitTorrent clients, a connection for each announce, HTTP',
  'tls-keep': 'a few busy clients that keep their connections, HTTPS',
  'tls-full': 'BitTorrent clients, a connection for each announce, HTTPS, no session kept',
  'tls-new': 'the same, asked by the client of the next row',
  'tls-resumed': 'the same with the session of the last announce kept',
}

function isOneAtATime(load: Load): boolean {
  return load.program === 'handshake-load' || load.name === 'tls-full'
}

/** What makes the figures of one load doubtful. */
export function loadWarnings(record: RunRecord, load: Load): string[] {
  const warnings: string[] = []
  for (const name of measuredNames(record, load.name)) {
    const measurements = measurementsOf(record, load.name, name)
    // One connection at a time leaves every tracker waiting: that is what this load is, not a doubt.
    if (!isOneAtATime(load)) warnings.push(...coreWarnings(name, measurements))
    const usedSeconds = spreadOf(measurements, one => (one.totalUs * one.load.responses) / 1e6).median
    if (usedSeconds < leastUsedSeconds) {
      warnings.push(
        `${name} used ${usedSeconds.toFixed(2)} s of its core for ` +
          `${spreadOf(measurements, one => one.load.responsesPerSecond).median.toFixed(0)} responses/s: it ` +
          'answers late rather than dearly, and its µs/response are coarse.',
      )
    }
    const failed = sumOf(measurements, one => one.load.failed)
    const responses = sumOf(measurements, one => one.load.responses)
    if (failed > responses / 1000) warnings.push(`${name} failed ${failed} times in ${responses} responses.`)
    const resumed = spreadOf(measurements, one => one.load.resumedShare ?? Number.NaN).median
    if (load.name === 'tls-resumed' && !(resumed > 0.99))
      warnings.push(`${name} resumed only ${(resumed * 100).toFixed(0)} % of the handshakes.`)
  }
  return warnings
}

function renderLoad(record: RunRecord, load: Load): string {
  return renderCosts(record, load, {
    contender: 'tracker',
    unit: 'response',
    rate: 'responses/s',
    digits: 2,
    targets: ratioTargets,
    columns: [
      spreadColumn('peers/announce', 1, one => one.load.peersPerAnnounce),
      {
        title: 'bytes/response',
        show: rounds => formatNumber(spreadOf(rounds, one => one.load.bytesPerResponse).median, 0),
      },
      sumColumn('failed', one => one.load.failed),
    ],
    notes: [
      ...record.contenders
        .filter(({ name }) => !canTake(name, load))
        .map(({ name }) => `${name} does not speak this.`),
      ...warningNotes(loadWarnings(record, load)),
    ],
  })
}

/** What resuming saves each tracker, under the one client that does both. */
function renderResumption(record: RunRecord): string[] {
  const costs = (load: Load['name'], name: string): (number | undefined)[] =>
    measurementsOf(record, load, name).map(one => one?.totalUs)
  const rows = measuredNames(record, 'tls-resumed').map(name => {
    const ratio = summarizeRatios(pairedRatios(costs('tls-resumed', name), costs('tls-new', name)))
    const show = (load: Load['name']): string =>
      formatSpread(
        spreadOf(measurementsOf(record, load, name), one => one.totalUs),
        1,
      )
    const interval = `${formatNumber(ratio.intervalLow, 3)}–${formatNumber(ratio.intervalHigh, 3)}`
    return [name, show('tls-new'), show('tls-resumed'), formatSpread(ratio, 3), interval]
  })
  if (rows.length === 0) return []
  const header = ['tracker', 'full, µs', 'resumed, µs', 'resumed ÷ full', '95 % interval']
  return ['## Resumed beside full handshakes', '', renderTable(header, rows), '']
}

function renderAdvice(record: RunRecord): string {
  const rows = advise(record).map(({ load, costsUs, use }) => [
    clients[load],
    ...[oursName, oursNodeName, nginxName].map(way => formatNumber(costsUs[way as keyof typeof costsUs], 1)),
    use.length === 0 ? '–' : use.join(' or '),
  ])
  return [
    '## What to use when',
    '',
    'Median µs of processor time per response, the proxy’s included; ways within 10 % of the cheapest are',
    'named with it. A proxy costs more than it takes off the tracker wherever `ours` is named alone: then it',
    'is worth having only for what else it does (one port for several services, its own log, certificates).',
    '',
    renderTable(['who asks', oursName, oursNodeName, nginxName, 'cheapest'], rows),
  ].join('\n')
}

function renderMethod({ rounds, seconds, warmUpSeconds, seed }: RunRecord): string {
  return `Each of the ${rounds} rounds starts every tracker afresh for each load, in an order drawn from the
seed ${seed}. The tracker answers for ${warmUpSeconds} s unmeasured (all alike: compilers, caches and tables
warm up). Then ${seconds} s are measured: user and system time of all threads of all processes of the tracker
(\`/proc/PID/stat\`), over the responses that the load generator counted. Tracker and load generator are
pinned to a core each; the two threads of aquatic_http, and nginx and ours, share the tracker's core and
count together.

The generators are the yardstick's \`load-http\` and \`load-tls\`; resumed handshakes, which it does not
make, are made by \`benchmarks/http/handshake-load.ts\`. It asks more slowly, which leaves the tracker's
caches cold and every response dearer: resumed handshakes are compared with full ones of the same client
(\`tls-new\`), never with those of \`load-tls\` (\`tls-full\`). Every announce asks for 30 peers of one of 100,000
torrents. Settings: one worker, IPv4 on the loopback address, everything else the default, except that
chihaya and nginx are told to keep connections. \`node:http\` (\`node:https\` under TLS) is
\`benchmarks/http/minimal-server.ts\`: it reads the announce and answers all alike with 30 peers, without
a swarm. A tracker that answers faster has taken in more announces, so its swarms and answers are larger:
peers and bytes are those of some announces after the load. opentracker lists the announcing peer too and
has an allow list of the 100,000 torrents. One certificate for all: ECDSA P-256, self-signed.

With a handshake for each request the generator has one connection at a time and works about as much as the
tracker, so the tracker's core is idle part of the time, and responses/s say nothing there.

Figures are median (smallest–largest) over the rounds. \`ours ÷ it\` pairs the rounds; the interval is
Student's, on the logarithms. Compare only within one run: machines differ and drift.`
}

/** The page `docs/benchmarks/http.md`. */
export function renderReport(record: RunRecord): string {
  const run = loads.filter(load => record.loads.includes(load.name))
  return [
    '# What one HTTP response costs',
    '',
    'Written by `benchmarks/http/run.ts`; do not edit. To repeat it, `npm run build`, then:',
    '',
    '```sh',
    record.command,
    '# what idle connections cost',
    'node dist/benchmarks/http/idle.js',
    '```',
    '',
    renderMethod(record),
    '',
    renderTargets(judgeTargets(record)),
    '',
    renderAdvice(record),
    '',
    ...run.flatMap(load => [renderLoad(record, load), '']),
    ...renderResumption(record),
    renderMemory(record, run),
    '',
    renderContenders(record),
    '',
    renderEnvironment(record),
    '',
  ].join('\n')
}
