// A soak run's record as a Markdown page. Pure: the same record gives the same page.
import { formatNumber, renderTable } from '../support/markdown.js'
import { median } from '../support/statistics.js'
import { drawGraph } from './graph.js'
import { type StreamName, streamNames } from './plan.js'
import type { Sample, Slice, SoakRecord } from './record.js'
import { type Criterion, judge, overall, type State } from './verdict.js'

/** Rows of the tables over time. The load's has fewer where its slices are long beside the run. */
const mostRows = 20
const fewestRows = 5

const words: Readonly<Record<State, string>> = {
  holds: 'holds',
  broken: '**broken**',
  undecided: 'not judged',
}

/** Seconds as `75 s`, `10 min` or `1.5 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${+(seconds / 60).toFixed(1)} min` : `${+(seconds / 3600).toFixed(2)} h`
}

interface Row {
  readonly fromSecond: number
  readonly samples: readonly Sample[]
  readonly slices: readonly Slice[]
}

/** Equal parts of the time under load; a slice belongs to the one in which its middle lies. */
function rowsOf({ plan, samples, slices }: SoakRecord, rowCount: number): Row[] {
  const length = plan.durationSeconds / rowCount
  return Array.from({ length: rowCount }, (_, index) => {
    const fromSecond = index * length
    const isIn = (second: number): boolean => second >= fromSecond && second < fromSecond + length
    return {
      fromSecond,
      samples: samples.filter(({ phase, second }) => phase === 'load' && isIn(second)),
      slices: slices.filter(({ second, endSecond }) => isIn((second + endSecond) / 2)),
    }
  })
}

function renderTracker(record: SoakRecord): string {
  const rows = rowsOf(record, mostRows).map(({ fromSecond, samples }) => {
    const show = (pick: (sample: Sample) => number, digits: number): string =>
      formatNumber(median(samples.map(pick)), digits)
    const [first, last] = [samples[0], samples.at(-1)]
    const share =
      first === undefined || last === undefined
        ? Number.NaN
        : (last.processorSeconds - first.processorSeconds) / (last.second - first.second)
    return [
      formatNumber(fromSecond / 60, 1),
      show(({ privateKib }) => privateKib / 1024, 1),
      show(({ rssKib }) => rssKib / 1024, 1),
      show(({ heapUsedBytes }) => heapUsedBytes / 2 ** 20, 1),
      show(({ swarmUsedBytes }) => swarmUsedBytes / 2 ** 20, 1),
      show(({ torrents }) => torrents, 0),
      show(({ peers }) => peers, 0),
      show(({ descriptors }) => descriptors, 0),
      show(({ threads }) => threads, 0),
      formatNumber(share * 100, 0),
      show(({ loadAverage }) => loadAverage, 1),
    ]
  })
  const header = [
    'from min',
    'memory, MiB',
    'RSS, MiB',
    'heap, MiB',
    'swarms, MiB',
    'torrents',
    'peers',
    'descriptors',
    'threads',
    'processor, %',
    'load average',
  ]
  return renderTable(header, rows)
}

function renderLoad(record: SoakRecord): string {
  const cells = (slices: readonly Slice[]): string[] => {
    const known = slices.flatMap(({ latency }) => (latency === null ? [] : [latency]))
    const seconds = slices.reduce((sum, { measuredSeconds }) => sum + measuredSeconds, 0)
    const answered = slices.reduce((sum, slice) => sum + slice.answered, 0)
    const lost = slices.reduce((sum, slice) => sum + slice.planned - slice.answered, 0)
    return [
      formatNumber(answered / seconds, 0),
      String(lost),
      formatNumber(median(known.map(({ p50Us }) => p50Us)) / 1000, 2),
      formatNumber(median(known.map(({ p99Us }) => p99Us)) / 1000, 1),
    ]
  }
  const { durationSeconds, sliceSeconds } = record.plan
  const rowCount = Math.floor(durationSeconds / (2 * sliceSeconds))
  const parts = rowsOf(record, Math.max(fewestRows, Math.min(mostRows, rowCount)))
  const rows = parts.map(({ fromSecond, slices }) => [
    formatNumber(fromSecond / 60, 1),
    ...streamNames.flatMap(name => cells(slices.filter(({ stream }) => stream === name))),
  ])
  const header = streamNames.flatMap(name => [`${name} answers/s`, 'lost', 'p50, ms', 'p99, ms'])
  return renderTable(['from min', ...header], rows)
}

const loadTexts: Readonly<Record<StreamName, string>> = {
  udp: 'UDP, 16 sockets',
  http: 'HTTP over 64 kept connections',
  'http-close': 'HTTP with a connection for each request',
  ws: 'WebTorrent over 300 connections, three offers in each announce, all answered',
}

function renderMethod({ plan }: SoakRecord): string {
  const loads = plan.streams.map(({ name, rate }) => `${loadTexts[name]}, ${rate}/s`)
  return `One process serves UDP, HTTP and WebTorrent (\`aquatic serve\`, engine native, two workers for each). For
${formatDuration(plan.durationSeconds)} it is loaded at fixed rates, with Poisson's spacing, by \`aquatic loadtest\`: ${loads.join('; ')}.
Every ${plan.sliceSeconds} s or a little less each of these ends: its clients vanish without a word, and others come, with other
torrents. Short-lived clients beside them begin, complete, and stop or vanish, over all three protocols; some break off in the
middle of a request, every third WebSocket is cut.

Peers are forgotten after ${plan.peerAgeSeconds} s, torrents are cleaned every ${plan.cleaningSeconds} s. The first ${formatDuration(plan.settleSeconds)} settle and are not
judged. Tables are for 4,096 connections, several times as many as there are. At the end all clients go, the swarm has to empty itself, and the tracker is ended by SIGTERM.

*Memory* is what the process has for itself (anonymous, shared and swapped out, of \`/proc/PID/status\`); RSS has the pages of
programs besides, which the system takes and gives as it likes. *Heap* is that of the main thread. Slopes are Theil's and Sen's.
Latencies are of announces, from the moment of sending; load and tracker share the machine's processors, and the load average
tells whether others did. Losses are of all kinds of requests, relayed offers and answers among them.`
}

function renderVerdict(criteria: readonly Criterion[]): string {
  const rows = criteria.map(({ name, state, found, limit }) => [name, words[state], found, limit])
  return renderTable(['criterion', 'verdict', 'found', 'limit'], rows)
}

function renderLives({ ending }: SoakRecord): string[] {
  const lives = ending?.lives
  if (lives === null || lives === undefined) return []
  const rows = (['udp', 'http', 'ws'] as const).map(protocol => {
    const { started, announces, answered, failed, wrong } = lives[protocol]
    return [protocol, started, announces, answered, failed, wrong].map(String)
  })
  return [
    '## Short-lived clients',
    '',
    renderTable(['protocol', 'clients', 'announces', 'answered', 'not answered', 'wrong'], rows),
    '',
    `${lives.http.abandoned} HTTP connections were left in the middle of a request; WebTorrent clients received ` +
      `${lives.ws.offersReceived} offers and ${lives.ws.answersReceived} answers.`,
    '',
    ...lives.remarks.map(([text, count]) => `* ${count} × ${text}`),
    ...(lives.remarks.length === 0 ? [] : ['']),
  ]
}

function renderErrors({ samples, slices }: SoakRecord): string[] {
  const errors = Object.entries(samples.at(-1)?.errors ?? {})
  const said = new Map<string, number>()
  for (const { stream, remarks } of slices) {
    for (const [text, count] of remarks) {
      const key = `${stream}: ${text}`
      said.set(key, (said.get(key) ?? 0) + count)
    }
  }
  const lines = [
    ...errors.map(([key, count]) => `* tracker, \`${key}\`: ${count}`),
    ...[...said].map(([text, count]) => `* load, ${text}: ${count}`),
  ]
  return ['## Errors counted', '', ...(lines.length === 0 ? ['None.'] : lines), '']
}

function renderGraphs({ samples }: SoakRecord): string {
  const loaded = samples.filter(({ phase }) => phase === 'load')
  const graph = (title: string, pick: (sample: Sample) => number, digits: number): string[] => [
    title,
    drawGraph(loaded.map(pick), value => value.toFixed(digits)),
    '',
  ]
  return [
    '```',
    ...graph('memory, MiB', ({ privateKib }) => privateKib / 1024, 0),
    ...graph('peers, thousands', ({ peers }) => peers / 1000, 0),
    ...graph('descriptors', ({ descriptors }) => descriptors, 0),
    '```',
  ].join('\n')
}

/** The page `docs/benchmarks/soak.md`. */
export function renderReport(record: SoakRecord): string {
  const criteria = judge(record)
  const state = overall(criteria)
  const counts = (wanted: State): number => criteria.filter(one => one.state === wanted).length
  return [
    `# Soak: all trackers under load for ${formatDuration(record.plan.durationSeconds)}`,
    '',
    'Written by `benchmarks/soak/run.ts`; do not edit. To repeat it:',
    '',
    '```sh',
    record.command,
    '```',
    '',
    `Verdict: ${words[state]}. Of ${criteria.length} criteria ${counts('holds')} hold, ${counts('broken')} are broken, ` +
      `${counts('undecided')} could not be judged.`,
    '',
    renderMethod(record),
    '',
    '## Verdict',
    '',
    renderVerdict(criteria),
    '',
    '## The tracker over time',
    '',
    renderTracker(record),
    '',
    renderGraphs(record),
    '',
    '## The load over time',
    '',
    renderLoad(record),
    '',
    ...renderLives(record),
    ...renderErrors(record),
    '## Environment',
    '',
    `* ours: ${record.version}`,
    ...record.environment.map(([label, value]) => `* ${label}: ${value}`),
    `* seed: ${record.plan.seed}`,
    '',
  ].join('\n')
}
