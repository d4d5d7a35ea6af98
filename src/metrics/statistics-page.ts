// A snapshot as an HTML page with the reference's headings and tables. Complete in itself: no script, nothing fetched.

import { mebibytes, megabits, percentileLabels, wholeNumber, words } from './figures.js'
import {
  type Counts,
  connectionsOf,
  type FamilyRates,
  type FamilySnapshot,
  sumCounts,
  type TrackerSnapshot,
  trafficOfWorker,
  type WebTorrentFigures,
  type WorkerSnapshot,
  webTorrentOf,
} from './snapshot.js'

const style = `
      body { font-family: arial, sans-serif; font-size: 16px; }
      table { border-collapse: collapse; }
      caption { caption-side: bottom; padding-top: 0.5rem; }
      th, td { padding: 0.5rem 2rem; border: 1px solid #ccc; }
      th { background-color: #eee; text-align: left; }
      td { text-align: right; }`

/** The whole page: one tracker, or all of a process, of which there is at least one. */
export function statisticsPage(snapshots: readonly TrackerSnapshot[]): string {
  const [{ time }] = snapshots
  const protocolName = snapshots.map(protocolNameOf).join(' and ')
  const body = ['<h1>BitTorrent tracker statistics</h1>', `<p>Updated: ${rfc2822(time)} (UTC)</p>`]
  for (const snapshot of snapshots) {
    const { families, rates } = snapshot
    const suffix = snapshots.length > 1 ? ` (${protocolNameOf(snapshot)})` : ''
    body.push(
      ...familyPart(`IPv4${suffix}`, families.ipv4, rates?.families.ipv4),
      ...familyPart(`IPv6${suffix}`, families.ipv6, rates?.families.ipv6),
      `<h2>Tracker${suffix}</h2>`,
      table(['', ''], trackerRows(snapshot)),
      `<h2>Workers${suffix}</h2>`,
      table(workerHeadings, snapshot.workers.map(workerRow), 'Since the start.'),
    )
  }
  body.push(...peerClientsParts(snapshots))
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${protocolName} BitTorrent tracker statistics</title>
    <style>${style}
    </style>
  </head>
  <body>
${body.join('\n')}
  </body>
</html>
`
}

function protocolNameOf({ protocol }: TrackerSnapshot): string {
  return protocol === 'ws' ? 'WebTorrent' : protocol.toUpperCase()
}

/** One list for each swarm: trackers that share one have the same list. */
function peerClientsParts(snapshots: readonly TrackerSnapshot[]): string[] {
  const lists = new Set(snapshots.map(({ peerClients }) => peerClients).filter(list => list !== null))
  return [...lists].flatMap(list => {
    const names = snapshots.filter(({ peerClients }) => peerClients === list).map(protocolNameOf)
    const suffix = lists.size > 1 ? ` (${names.join(' and ')})` : ''
    const rows = list.clients.map(({ client, count }) => [client, wholeNumber(count)])
    return [`<h2>Peer clients${suffix}</h2>`, table(['Client', 'Count'], rows)]
  })
}

function familyPart(title: string, family: FamilySnapshot, rates: FamilyRates | undefined): string[] {
  if (!family.isServed) return []
  const perSecond = (type: string): string => wholeNumber(rates?.responsesPerSecond[type] ?? 0)
  const rows = [
    ['Number of torrents', wholeNumber(family.torrents)],
    ['Number of peers', wholeNumber(family.peers)],
    ['Number of seeders', wholeNumber(family.seeders)],
    ['Number of leechers', wholeNumber(family.leechers)],
    ['Number of downloads', wholeNumber(family.downloads)],
    ['Requests / second', wholeNumber(rates?.requestsPerSecond ?? 0)],
    ['Total responses / second', perSecond('total')],
    ...Object.keys(family.responses).map(type => [
      `${capital(words(type))} responses / second`,
      perSecond(type),
    ]),
    ['Bandwidth (RX)', `${megabits(rates?.receivedBitsPerSecond ?? 0)} mbit/s`],
    ['Bandwidth (TX)', `${megabits(rates?.sentBitsPerSecond ?? 0)} mbit/s`],
    ...Object.entries(family.requests).map(([type, count]) => [
      `${capital(words(type))} requests`,
      wholeNumber(count),
    ]),
    ...Object.entries(family.responses).map(([type, count]) => [
      `${capital(words(type))} responses`,
      wholeNumber(count),
    ]),
    ['Received', mebibytes(family.bytesReceived)],
    ['Sent', mebibytes(family.bytesSent)],
  ]
  return [`<h2>${title}</h2>`, table(['', ''], rows), ...percentilePart(family)]
}

function percentilePart({ peersPerTorrent }: FamilySnapshot): string[] {
  if (peersPerTorrent === null) return []
  const rows = percentileLabels.map(([key, label]) => [label, wholeNumber(peersPerTorrent[key])])
  return ['<h3>Peers per torrent</h3>', table(['Percentile', 'Peers'], rows, 'As of the last cleaning.')]
}

function webTorrentRows({ connections, offers, answers, takeovers, sockets }: WebTorrentFigures): string[][] {
  const counted = (what: string, counts: Counts): string[][] =>
    Object.entries(counts).map(([name, count]) => [`${what} ${words(name)}`, wholeNumber(count)])
  return [
    ['Open WebSockets (IPv4)', wholeNumber(connections.ipv4)],
    ['Open WebSockets (IPv6)', wholeNumber(connections.ipv6)],
    ...counted('Offers', offers),
    ...counted('Answers', answers),
    ['Peer ids taken over by a new connection', wholeNumber(takeovers)],
    ...counted('WebSockets:', sockets),
  ]
}

function trackerRows({ drops, errors, ...snapshot }: TrackerSnapshot): string[][] {
  const counted = (counts: Counts): string[][] =>
    Object.entries(counts).map(([name, count]) => [capital(words(name)), wholeNumber(count)])
  const { swarm, cleaning, scrapeExports } = snapshot
  const connections = connectionsOf(snapshot)
  const webTorrent = webTorrentOf(snapshot)
  return [
    ['Uptime', `${wholeNumber(snapshot.uptimeSeconds)} s`],
    ['Access list entries', wholeNumber(snapshot.accessList.entries)],
    ...(connections === null ? [] : [['Open connections', wholeNumber(connections)]]),
    ...(webTorrent === null ? [] : webTorrentRows(webTorrent)),
    ['Dropped requests', wholeNumber(sumCounts(drops))],
    ...counted(drops),
    ['Lost in the kernel', wholeNumber(snapshot.kernelDrops)],
    ...counted(errors),
    ['Swarm memory used', mebibytes(swarm.usedBytes)],
    ['Swarm memory touched', mebibytes(swarm.touchedBytes)],
    ['Swarm memory limit', mebibytes(swarm.limitBytes)],
    ['Resident memory', mebibytes(snapshot.process.rssBytes)],
    ['Cleanings', wholeNumber(cleaning.rounds)],
    ['Last cleaning', `${cleaning.lastDurationMs.toFixed(1)} ms`],
    ['Longest cleaning step', `${cleaning.longestStepMs.toFixed(1)} ms`],
    ...(scrapeExports === null
      ? []
      : [
          ['Scrape exports written', wholeNumber(scrapeExports.written)],
          ['Scrape exports failed', wholeNumber(scrapeExports.failed)],
        ]),
  ]
}

const workerHeadings = ['Worker', 'Requests', 'Responses', 'Received', 'Sent', 'Dropped', 'Errors']

function workerRow(worker: WorkerSnapshot): string[] {
  const { requests, responses, bytesReceived, bytesSent } = trafficOfWorker(worker)
  return [
    worker.name,
    wholeNumber(sumCounts(requests)),
    wholeNumber(sumCounts(responses)),
    mebibytes(bytesReceived),
    mebibytes(bytesSent),
    wholeNumber(sumCounts(worker.drops)),
    wholeNumber(sumCounts(worker.errors)),
  ]
}

/** All cells are text and escaped here: client names come from clients. */
function table(headings: readonly string[], rows: readonly (readonly string[])[], caption = ''): string {
  const head = headings.some(heading => heading !== '')
    ? [`<thead><tr>${headings.map(heading => `<th>${escaped(heading)}</th>`).join('')}</tr></thead>`]
    : []
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map(cell => `<td>${escaped(cell)}</td>`).join('')
    return `<tr><th scope="row">${escaped(first)}</th>${cells}</tr>`
  })
  const below = caption === '' ? [] : [`<caption>${escaped(caption)}</caption>`]
  return ['<table>', ...below, ...head, '<tbody>', ...body, '</tbody>', '</table>'].join('\n')
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** `Mon, 05 Jan 2026 12:00:00 +0000` */
function rfc2822(isoTime: string): string {
  return new Date(isoTime).toUTCString().replace('GMT', '+0000')
}
