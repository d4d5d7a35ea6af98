// The exposition text of a made-up snapshot: what a running tracker does not show within a second.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createHandlingTimeMemory, handlingTimesIn } from '../../src/metrics/handling-time.js'
import { createPrometheusText, type PrometheusSources } from '../../src/metrics/prometheus.js'
import { parseMetrics, sumOf } from '../support/metrics.js'
import { sampleSnapshot } from './sample-snapshot.js'

const sourcesOf = (changes: Partial<PrometheusSources> = {}): PrometheusSources => ({
  snapshots: () => [sampleSnapshot(10, 60)],
  handlingTimes: [],
  workerRestarts: () => 3,
  reloads: () => [{ what: 'access list', updated: 4, kept: 5 }],
  certificates: () => [],
  withPeerIdPrefixes: true,
  ...changes,
})

it('has all percentiles of peers per torrent, for families that have them', async () => {
  const series = parseMetrics(await createPrometheusText(sourcesOf()).render())
  const value = (type: string) => series.get(`aquatic_peers_per_torrent{type="${type}",ip_version="4"}`)
  assert.deepEqual(
    ['min', 'p10', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'].map(value),
    [1, 1, 5, 9, 95, 99, 999, 12_345],
  )
  assert.equal(sumOf(series, 'aquatic_peers_per_torrent', 'ip_version="6"'), 0)
  assert.equal([...series.keys()].filter(key => key.startsWith('aquatic_peers_per_torrent')).length, 14)
})

it('gives absolute values, however often it is asked', async () => {
  let first = 10
  const { render } = createPrometheusText(sourcesOf({ snapshots: () => [sampleSnapshot(first, 60)] }))
  const key = 'aquatic_responses_total{type="error",ip_version="6",worker_index="0"}'
  for (first of [10, 10, 25]) {
    const series = parseMetrics(await render())
    assert.equal(series.get(key), first + 1003)
    assert.equal(series.get('aquatic_kernel_drops_total'), 17)
    assert.equal(series.get('aquatic_worker_restarts_total'), 3)
  }
})

it('forgets clients that are gone, and escapes what clients call themselves', async () => {
  const name = 'Other (a"b\\c\nd)'
  let clients = [{ client: name, count: 5 }]
  const snapshots = () => [
    {
      ...sampleSnapshot(1, 1),
      peerClients: {
        peers: 5,
        clients,
        prefixes: [{ prefixHex: '2d71423435323000', count: 5 }],
        replaced: 0,
      },
    },
  ]
  const { render } = createPrometheusText(sourcesOf({ snapshots }))
  assert.match(await render(), /^aquatic_peer_clients\{client="Other \(a\\"b\\\\c\\nd\)"\} 5$/m)
  clients = []
  assert.doesNotMatch(await render(), /^aquatic_peer_clients\{/m)
  const without = await createPrometheusText(sourcesOf({ snapshots, withPeerIdPrefixes: false })).render()
  assert.doesNotMatch(without, /aquatic_peer_id_prefixes/)
})

it('writes a histogram whose buckets grow and whose last one is the count', async () => {
  const handlingTimes = handlingTimesIn(createHandlingTimeMemory(2))
  handlingTimes[1].record(600, 2)
  handlingTimes[1].record(40_000, 1)
  const text = await createPrometheusText(sourcesOf({ handlingTimes: [handlingTimes] })).render()
  const buckets = [
    ...text.matchAll(/^aquatic_handling_seconds_bucket\{le="(.*)",worker_index="1"\} (\d+)$/gm),
  ]
  const bounds = buckets.map(([, le]) => Number(le.replace('+Inf', 'Infinity')))
  const counts = buckets.map(([, , count]) => Number(count))
  assert.deepEqual([bounds[0], bounds.at(-2), bounds.at(-1)], [1e-7, 0.01, Number.POSITIVE_INFINITY])
  for (const values of [bounds, counts])
    assert.deepEqual(
      [...values].sort((a, b) => a - b),
      values,
    )
  assert.equal(counts[bounds.indexOf(2e-7)], 0)
  assert.equal(counts[bounds.indexOf(3e-7)], 2)
  assert.equal(counts[bounds.indexOf(5e-5)], 3)
  const series = parseMetrics(text)
  assert.equal(series.get('aquatic_handling_seconds_count{worker_index="1"}'), 3)
  assert.equal(series.get('aquatic_handling_seconds_sum{worker_index="1"}'), 0.0000406)
  assert.equal(counts.at(-1), 3)
})

it('counts reloads by what was read again and by their result, several of one kind together', async () => {
  const certificate = { what: 'certificate', updated: 1, kept: 2 }
  const reloads = () => [{ what: 'access list', updated: 4, kept: 5 }, certificate, certificate]
  const text = await createPrometheusText(sourcesOf({ reloads })).render()
  assert.match(text, /^aquatic_reloads_total\{what="access_list",result="kept"\} 5$/m)
  assert.match(text, /^aquatic_reloads_total\{what="certificate",result="updated"\} 2$/m)
})

it('says when each certificate expires, and nothing where there is none', async () => {
  const validUntil = new Date('2027-01-31T00:00:00Z')
  const certificates = () => [{ path: 'a.pem', validUntil }]
  const text = await createPrometheusText(sourcesOf({ certificates })).render()
  assert.match(text, /^aquatic_certificate_expiry_timestamp_seconds\{path="a\.pem"\} 1801353600$/m)
  const without = await createPrometheusText(sourcesOf()).render()
  assert.doesNotMatch(without, /^aquatic_certificate_expiry/m)
})

it('tells several trackers apart by a label, and says once what they share', async () => {
  const handlingTimes = [createHandlingTimeMemory(1), createHandlingTimeMemory(1)].map(handlingTimesIn)
  handlingTimes[1][0].record(600, 2)
  const snapshots = () => [sampleSnapshot(10, 60), { ...sampleSnapshot(20, 60), protocol: 'http' as const }]
  const text = await createPrometheusText(sourcesOf({ snapshots, handlingTimes })).render()
  const requests = [...text.matchAll(/^aquatic_requests_total\{(.*)\}/gm)].map(([, labels]) => labels)
  assert.ok(requests.some(labels => labels.includes('protocol="udp"')))
  assert.ok(requests.some(labels => labels.includes('protocol="http"')))
  assert.equal(new Set(requests).size, requests.length)
  assert.equal([...text.matchAll(/^aquatic_peers\{ip_version="4"\}/gm)].length, 1)
  assert.equal([...text.matchAll(/^aquatic_swarm_memory_used_bytes /gm)].length, 1)
  assert.match(text, /^aquatic_handling_seconds_count\{worker_index="0",protocol="http"\} 2$/m)
})

it('says once what UDP and HTTP share, and apart from it what WebTorrent has for itself', async () => {
  const snapshots = () => [
    sampleSnapshot(1, 60),
    { ...sampleSnapshot(2, 60), protocol: 'http' as const },
    { ...sampleSnapshot(3, 60), protocol: 'ws' as const },
  ]
  const series = parseMetrics(await createPrometheusText(sourcesOf({ snapshots })).render())
  const named = (name: string) =>
    [...series.keys()].filter(key => key === name || key.startsWith(`${name}{`)).sort()
  assert.deepEqual(named('aquatic_swarm_torrents'), [
    'aquatic_swarm_torrents',
    'aquatic_swarm_torrents{protocol="ws"}',
  ])
  assert.deepEqual(named('aquatic_uptime_seconds'), ['aquatic_uptime_seconds'])
  assert.deepEqual(named('aquatic_kernel_drops_total'), [
    'aquatic_kernel_drops_total{protocol="http"}',
    'aquatic_kernel_drops_total{protocol="udp"}',
    'aquatic_kernel_drops_total{protocol="ws"}',
  ])
})
