// Names and labels that others rely on: dashboards made for the reference, and ours.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { createHandlingTimeMemory, handlingTimesIn } from '../../src/metrics/handling-time.js'
import { createPrometheusText } from '../../src/metrics/prometheus.js'
import { parseMetrics } from '../support/metrics.js'
import { packageRoot } from '../support/tracker-process.js'
import { sampleSnapshot } from './sample-snapshot.js'

/** What aquatic's UDP tracker exports: type, labels, and the values of `type` where there are some. */
const reference: Record<string, [type: string, labels: string, types?: string]> = {
  aquatic_requests_total: ['counter', 'ip_version worker_index'],
  aquatic_responses_total: ['counter', 'type ip_version worker_index', 'connect announce scrape error'],
  aquatic_rx_bytes: ['counter', 'ip_version worker_index'],
  aquatic_tx_bytes: ['counter', 'ip_version worker_index'],
  aquatic_torrents: ['gauge', 'ip_version'],
  aquatic_peers: ['gauge', 'ip_version'],
  aquatic_peers_per_torrent: [
    'gauge',
    'type ip_version',
    'min p10 p20 p30 p40 p50 p60 p70 p80 p90 p99 p999 max',
  ],
  aquatic_peer_clients: ['gauge', 'client'],
  aquatic_peer_id_prefixes: ['gauge', 'prefix_hex'],
}

const render = (): Promise<string> =>
  createPrometheusText({
    snapshots: () => [sampleSnapshot(10, 60)],
    handlingTimes: [handlingTimesIn(createHandlingTimeMemory(1))],
    workerRestarts: () => 0,
    reloads: () => [{ what: 'access list', updated: 4, kept: 5 }],
    certificates: () => [],
    withPeerIdPrefixes: true,
  }).render()

/** Label names and values of every series of a metric. */
function labelsOf(text: string, name: string): Record<string, string>[] {
  return [...parseMetrics(text).keys()]
    .filter(key => key === name || key.startsWith(`${name}{`))
    .map(key =>
      Object.fromEntries([...key.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])),
    )
}

it('exports every metric of the reference with its type and labels', async () => {
  const text = await render()
  for (const [name, [type, labels, types]] of Object.entries(reference)) {
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'))
    const series = labelsOf(text, name)
    assert.ok(series.length > 0, `${name} has no series`)
    for (const found of series) assert.deepEqual(Object.keys(found).sort(), labels.split(' ').sort(), name)
    for (const { ip_version, worker_index, prefix_hex } of series) {
      assert.match(ip_version ?? '4', /^[46]$/, name)
      assert.match(worker_index ?? '0', /^0$/, name)
      assert.match(prefix_hex ?? '0'.repeat(16), /^[0-9a-f]{16}$/, name)
    }
    const found = new Set(series.map(({ type: value }) => value))
    for (const value of types?.split(' ') ?? []) assert.ok(found.has(value), `${name} has no type="${value}"`)
  }
})

it('exports every metric and label that the dashboard asks for', async () => {
  const text = await render()
  const dashboard = JSON.parse(readFileSync(`${packageRoot}docs/grafana-dashboard.json`, 'utf8'))
  const targets: { expr: string; legendFormat: string }[] = dashboard.panels.flatMap(
    (panel: { targets?: unknown[]; panels?: { targets?: unknown[] }[] }) => [
      ...(panel.targets ?? []),
      ...(panel.panels ?? []).flatMap(inner => inner.targets ?? []),
    ],
  )
  assert.ok(targets.length > 20)
  for (const { expr, legendFormat } of targets) {
    const metrics = [...expr.matchAll(/\b(\w+)\{([^}]*)\}/g)]
    assert.ok(metrics.length > 0, expr)
    const grouped = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(match => match[1].split(', '))
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1])
    for (const [, name, selector] of metrics) {
      const selected = [...selector.matchAll(/(\w+)(?:=~|=|!=|!~)"/g)].map(match => match[1])
      const series = labelsOf(text, name)
      assert.ok(series.length > 0, `${name} is not exported: ${expr}`)
      // Prometheus itself adds the label `instance`.
      const wanted = [...grouped, ...shown, ...selected].filter(label => label !== 'instance')
      for (const label of wanted)
        assert.ok(Object.hasOwn(series[0], label), `${name} has no ${label}: ${expr}`)
    }
  }
})
