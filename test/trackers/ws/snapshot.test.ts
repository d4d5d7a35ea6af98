// Counters of a WebTorrent worker as figures: each counter is somewhere, and each name is what the outputs say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCounterMemory } from '../../../src/metrics/counters.js'
import { createPrometheusText } from '../../../src/metrics/prometheus.js'
import type { TrackerSnapshot } from '../../../src/metrics/snapshot.js'
import { addCounts, addTraffic, webTorrentOf } from '../../../src/metrics/snapshot.js'
import { statisticsLines } from '../../../src/metrics/statistics-lines.js'
import { statisticsPage } from '../../../src/metrics/statistics-page.js'
import { StreamCounter } from '../../../src/net/stream.js'
import {
  forgetWsConnections,
  IPV6_WS_COUNTERS,
  WsCounter,
  wsCounterNames,
  wsCounters,
} from '../../../src/trackers/ws/counters.js'
import { wsWorkerSnapshot } from '../../../src/trackers/ws/snapshot.js'
import { sampleSnapshot, snapshotProblems } from '../../metrics/sample-snapshot.js'
import { parseMetrics } from '../../support/metrics.js'

const socketNames = [
  ...(['opened', 'refusedOrigin', 'refusedVersion', 'refusedRequest', 'messagesReceived'] as const),
  ...(['messagesSent', 'pingsSent', 'pongsReceived', 'closedByPeer', 'closedByServer'] as const),
  ...(['closedIdle', 'closedUnresponsive', 'closedBacklog', 'closedProtocolError'] as const),
  ...(['closedInvalidData', 'closedTooBig', 'closeTimeouts'] as const),
]

const sockets = Object.fromEntries(socketNames.map((name, index) => [name, 5000 + index])) as Record<
  (typeof socketNames)[number],
  number
>

const streams = Object.fromEntries(Object.keys(StreamCounter).map(name => [name, 0])) as Record<
  keyof typeof StreamCounter,
  number
>

/** A worker each of whose counters has a value of its own; three WebSockets over IPv4 and two over IPv6 are open. */
function numberedCounters() {
  const block = wsCounters(createCounterMemory(wsCounterNames, 1), 0)
  block.values.forEach((_, index) => {
    block.values[index] = 1001 + 10 * index
  })
  block.values[WsCounter.connectionsOpened] = block.values[WsCounter.connectionsClosed] + 3
  block.values[WsCounter.connectionsOpened + IPV6_WS_COUNTERS] =
    block.values[WsCounter.connectionsClosed + IPV6_WS_COUNTERS] + 2
  return block
}

function snapshotOf(shared: boolean): TrackerSnapshot {
  const worker = wsWorkerSnapshot(
    'ws-01',
    numberedCounters().snapshot(),
    sockets,
    shared ? null : { ...streams, accepted: 7 },
  )
  const sample = sampleSnapshot(1, 60)
  const family = (name: 'ipv4' | 'ipv6') => ({
    ...sample.families[name],
    ...addTraffic([worker.families[name]]),
  })
  return {
    ...sample,
    protocol: 'ws',
    families: { ipv4: family('ipv4'), ipv6: family('ipv6') },
    workers: [worker],
    drops: addCounts([worker.drops]),
    errors: addCounts([worker.errors]),
  }
}

/** All numbers of a document. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

test('every counter is in the snapshot', () => {
  const counters = numberedCounters()
  const found = new Set(numbersIn(wsWorkerSnapshot('ws-01', counters.snapshot(), sockets, streams)))
  const elsewhere = /^connections(Opened|Closed)|^peerIdsReplaced$/
  for (const name of wsCounterNames) {
    const value = counters.snapshot()[name]
    assert.equal(found.has(value), !elsewhere.test(name), name)
  }
  for (const name of socketNames) assert.ok(found.has(sockets[name]), name)
})

test('the snapshot is what its schema says, and says how many WebSockets are open', () => {
  for (const shared of [false, true]) {
    const snapshot = snapshotOf(shared)
    assert.deepEqual(snapshotProblems(snapshot), [])
    assert.deepEqual(webTorrentOf(snapshot)?.connections, { ipv4: 3, ipv6: 2 })
    assert.equal(snapshot.workers[0]!.connections, shared ? 5 : 7)
  }
  assert.equal(webTorrentOf(sampleSnapshot(1, 1)), null)
})

test('a worker that died has no connections', () => {
  const block = numberedCounters()
  forgetWsConnections(block)
  const { connections } = wsWorkerSnapshot('ws-01', block.snapshot(), sockets, null)
  assert.equal(connections, 0)
})

test("Prometheus gets the original's names and labels, and ours beside them", async () => {
  const { render } = createPrometheusText({
    snapshots: () => [snapshotOf(false)],
    handlingTimes: [],
    workerRestarts: () => 0,
    reloads: () => [{ what: 'access list', updated: 4, kept: 5 }],
    certificates: () => [],
    withPeerIdPrefixes: true,
  })
  const series = parseMetrics(await render())
  const value = (name: string, labels: string) => series.get(`${name}{${labels}}`)
  const { values } = numberedCounters()
  for (const [type, counter] of [
    ['announce', WsCounter.responsesAnnounce],
    ['scrape', WsCounter.responsesScrape],
    ['offer', WsCounter.responsesOffer],
    ['offer_answer', WsCounter.responsesAnswer],
    ['error', WsCounter.responsesFailure],
  ] as const) {
    assert.equal(
      value('aquatic_responses_total', `type="${type}",ip_version="4",worker_index="0"`),
      values[counter],
    )
    const ipv6 = values[counter + IPV6_WS_COUNTERS]
    assert.equal(value('aquatic_responses_total', `type="${type}",ip_version="6",worker_index="0"`), ipv6)
  }
  for (const type of ['announce', 'scrape', 'invalid']) {
    assert.ok(
      value('aquatic_requests_total', `type="${type}",ip_version="4",worker_index="0"`) !== undefined,
      type,
    )
  }
  assert.equal(value('aquatic_active_connections', 'ip_version="4",worker_index="0"'), 3)
  assert.equal(value('aquatic_active_connections', 'ip_version="6",worker_index="0"'), 2)
  for (const name of ['aquatic_peers', 'aquatic_torrents'])
    assert.ok(value(name, 'ip_version="4"') !== undefined)
  assert.ok(value('aquatic_peer_clients', 'client="QBitTorrent 4.5.2"') !== undefined)
  assert.ok(value('aquatic_peer_id_prefixes', 'prefix_hex="2d7142343532302d"') !== undefined)
  assert.equal(
    value('aquatic_offers_total', 'event="without_receiver",worker_index="0"'),
    values[WsCounter.offersWithoutReceiver],
  )
  assert.equal(
    value('aquatic_answers_total', 'event="received",worker_index="0"'),
    values[WsCounter.answersReceived],
  )
  assert.equal(value('aquatic_takeovers_total', 'worker_index="0"'), values[WsCounter.takeovers])
  assert.equal(value('aquatic_web_sockets_total', 'event="pings_sent",worker_index="0"'), sockets.pingsSent)
  assert.equal(
    value('aquatic_errors_total', 'class="closed_backlog",worker_index="0"'),
    sockets.closedBacklog,
  )
  const drops = 'aquatic_dropped_requests_total'
  assert.equal(
    value(drops, 'reason="offers_inbox_full",worker_index="0"'),
    values[WsCounter.offersDroppedFull],
  )
})

test('lines and page tell of offers, answers and WebSockets', () => {
  const snapshot = snapshotOf(false)
  const { values } = numberedCounters()
  const number = (counter: number): string => values[counter]!.toLocaleString('en-US')
  const lines = statisticsLines(snapshot).join('\n')
  assert.match(lines, /^General \(ws\):$/m)
  assert.match(lines, /^ {4}offer answer: /m)
  assert.ok(lines.includes(`  offers: received ${number(WsCounter.offersReceived)}, without receiver `))
  assert.ok(lines.includes(`  taken over by a new connection: ${number(WsCounter.takeovers)}`))
  const page = statisticsPage([snapshot])
  assert.match(page, /<th scope="row">Open WebSockets \(IPv4\)<\/th><td>3<\/td>/)
  assert.match(page, /<th scope="row">Offer answer responses \/ second<\/th>/)
  assert.ok(page.includes(`<th scope="row">Offers received</th><td>${number(WsCounter.offersReceived)}</td>`))
})
