// A snapshot as lines for people, in the shape of the reference's output; what the reference does not tell follows.

import { mebibytes, megabits, percentileLabels, wholeNumber, words } from './figures.js'
import {
  type Counts,
  connectionsOf,
  type FamilySnapshot,
  sumCounts,
  type TrackerSnapshot,
  trafficOfWorker,
  webTorrentOf,
} from './snapshot.js'

/** @returns lines without their ends */
export function statisticsLines(snapshot: TrackerSnapshot): string[] {
  const { families, swarm, rates, cleaning } = snapshot
  return [
    snapshot.protocol === 'udp' ? 'General:' : `General (${snapshot.protocol}):`,
    `  access list entries: ${wholeNumber(snapshot.accessList.entries)}`,
    ...(families.ipv4.isServed ? familyLines('IPv4', families.ipv4, rates?.families.ipv4) : []),
    ...(families.ipv6.isServed ? familyLines('IPv6', families.ipv6, rates?.families.ipv6) : []),
    'Tracker:',
    ...connectionLines(snapshot),
    `  dropped${countsText(snapshot.drops)}`,
    `  lost in the kernel: ${wholeNumber(snapshot.kernelDrops)}`,
    `  refused, cut or not sent${countsText(snapshot.errors)}`,
    `  swarm memory: ${mebibytes(swarm.usedBytes)} used, ${mebibytes(swarm.touchedBytes)} touched, ` +
      `${mebibytes(swarm.limitBytes)} limit`,
    `  process: ${mebibytes(snapshot.process.rssBytes)} resident, ` +
      `${snapshot.process.cpuUserSeconds.toFixed(1)} s user, ${snapshot.process.cpuSystemSeconds.toFixed(1)} s system`,
    `  cleaning: ${wholeNumber(cleaning.rounds)} rounds, last ${cleaning.lastDurationMs.toFixed(1)} ms, ` +
      `longest step ${cleaning.longestStepMs.toFixed(1)} ms`,
    ...exportLines(snapshot),
    ...workerLines(snapshot),
    ...clientLines(snapshot),
  ]
}

function exportLines({ scrapeExports }: TrackerSnapshot): string[] {
  if (scrapeExports === null) return []
  const { written, failed } = scrapeExports
  return [`  scrape exports: ${wholeNumber(written)} written, ${wholeNumber(failed)} failed`]
}

/** What each worker did since the start; nothing where one did all. */
function workerLines({ workers }: TrackerSnapshot): string[] {
  if (workers.length === 1) return []
  const lines = workers.map(worker => {
    const { requests, responses } = trafficOfWorker(worker)
    const counts = [
      `${wholeNumber(sumCounts(requests))} requests`,
      `${wholeNumber(sumCounts(responses))} responses`,
      `${wholeNumber(sumCounts(worker.drops))} dropped`,
      `${wholeNumber(sumCounts(worker.errors))} refused, cut or not sent`,
    ]
    return `  ${worker.name}: ${counts.join(', ')}`
  })
  return ['Workers (since the start):', ...lines]
}

function connectionLines(snapshot: TrackerSnapshot): string[] {
  const connections = connectionsOf(snapshot)
  const webTorrent = webTorrentOf(snapshot)
  const lines = connections === null ? [] : [`  connections: ${wholeNumber(connections)}`]
  if (webTorrent === null) return lines
  const { offers, answers, takeovers, sockets } = webTorrent
  return [
    ...lines,
    `  offers${detailText(offers)}`,
    `  answers${detailText(answers)}`,
    `  sockets${detailText(sockets)}`,
    `  taken over by a new connection: ${wholeNumber(takeovers)}`,
  ]
}

type Rates = NonNullable<TrackerSnapshot['rates']>['families']['ipv4']

function familyLines(title: string, family: FamilySnapshot, rates: Rates | undefined): string[] {
  const [received, sent] = [rates?.receivedBitsPerSecond ?? 0, rates?.sentBitsPerSecond ?? 0]
  const row = (label: string, value: number): string =>
    `${label.padEnd(22)} ${wholeNumber(value).padStart(10)}`
  return [
    `${title}:`,
    `  bandwidth: ${megabits(received).padStart(7)} Mbit/s in, ${megabits(sent).padStart(7)} Mbit/s out`,
    row('  requests/second:', rates?.requestsPerSecond ?? 0),
    '  responses/second',
    row('    total:', rates?.responsesPerSecond.total ?? 0),
    ...Object.keys(family.responses).map(type =>
      row(`    ${words(type)}:`, rates?.responsesPerSecond[type] ?? 0),
    ),
    row('  torrents:', family.torrents),
    row('  peers:', family.peers),
    row('  seeders:', family.seeders),
    row('  leechers:', family.leechers),
    row('  downloads:', family.downloads),
    `  requests${countsText(family.requests)}`,
    `  received: ${mebibytes(family.bytesReceived)}, sent: ${mebibytes(family.bytesSent)}`,
    ...percentileLines(family, row),
  ]
}

function percentileLines(
  { peersPerTorrent }: FamilySnapshot,
  row: (label: string, value: number) => string,
): string[] {
  if (peersPerTorrent === null) return []
  return [
    '  peers per torrent (as of the last cleaning)',
    ...percentileLabels.map(([key, label]) => row(`    ${label}:`, peersPerTorrent[key])),
  ]
}

/** `: 12 (too short 2, bad magic 10)` */
function countsText(counts: Counts): string {
  const total = sumCounts(counts)
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  const detail = parts.map(([name, count]) => `${words(name)} ${wholeNumber(count)}`).join(', ')
  return `: ${wholeNumber(total)}${detail === '' ? '' : ` (${detail})`}`
}

/** `: received 12, without receiver 3`; counters that don't add up to anything. */
function detailText(counts: Counts): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  const detail = parts.map(([name, count]) => `${words(name)} ${wholeNumber(count)}`).join(', ')
  return `: ${detail === '' ? 'none' : detail}`
}

/** The whole list is in page and JSON; a screen shows the head of it. */
const CLIENT_LINES_MAX = 10

function clientLines({ peerClients }: TrackerSnapshot): string[] {
  if (peerClients === null) return []
  const lines = peerClients.clients
    .slice(0, CLIENT_LINES_MAX)
    .map(({ client, count }) => `  ${client}: ${wholeNumber(count)}`)
  return ['Peer clients:', ...lines]
}
