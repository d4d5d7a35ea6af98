import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpConfig, httpTable } from '../../src/config/http.js'
import { defaultConfig, loadConfig } from '../../src/config/load.js'
import { printConfig } from '../../src/config/print.js'
import { entriesOf } from '../../src/config/schema.js'
import { problemsOf } from './problems.js'
import { dataFile, scratchFile } from './scratch.js'

const defaults = defaultConfig(httpTable)

/** What differs from our defaults in a file with the original's. */
const original = {
  socketWorkers: 1,
  protocol: { ...defaults.protocol, peerAnnounceInterval: 120 },
}

test('a complete file of release 0.9.0 loads unchanged', async () => {
  const { config, notices } = await loadConfig(httpTable, { file: dataFile('http-released-0.9.0.toml') })
  const expected: HttpConfig = { ...defaults, ...original, network: { ...defaults.network, useIpv6: false } }
  assert.deepEqual(config, expected)
  assert.deepEqual(notices, [])
})

test('a complete file of the development version loads unchanged', async () => {
  const { config, notices } = await loadConfig(httpTable, { file: dataFile('http-development.toml') })
  assert.deepEqual(config, { ...defaults, ...original })
  assert.deepEqual(notices, [])
})

test('[metrics] means the same keys of [statistics]', async t => {
  const text = '[metrics]\nrun_prometheus_endpoint = true\nprometheus_endpoint_address = "[::1]:9001"\n'
  const file = scratchFile(t, text)
  const { config, origins } = await loadConfig(httpTable, { file })
  const { runPrometheusEndpoint, prometheusEndpointAddress } = config.statistics
  assert.deepEqual([runPrometheusEndpoint, prometheusEndpointAddress.port], [true, 9001])
  assert.deepEqual(origins.get('statistics.run_prometheus_endpoint'), {
    kind: 'file',
    file,
    line: 2,
    column: 1,
  })
  const later = await loadConfig(httpTable, { file, set: ['statistics.run_prometheus_endpoint=false'] })
  assert.equal(later.config.statistics.runPrometheusEndpoint, false)
  const env = { AQUATIC_HTTP__METRICS__PROMETHEUS_ENDPOINT_ADDRESS: '127.0.0.1:9' }
  assert.equal(
    (await loadConfig(httpTable, { file, env })).config.statistics.prometheusEndpointAddress.port,
    9,
  )
})

test('[metrics] is not written', async () => {
  assert.doesNotMatch(printConfig(httpTable, defaults), /metrics\]|swarm_workers|connection_cleaning/)
  assert.ok(!('metrics' in defaults))
})

test('keys of both generations in one file are problems, all of them named', async t => {
  const file = scratchFile(
    t,
    '[network]\nuse_ipv6 = false\naddress = "0.0.0.0:1"\n[statistics]\nrun_prometheus_endpoint = true\n' +
      'prometheus_endpoint_address = "0.0.0.0:9"\n[metrics]\nrun_prometheus_endpoint = true\n' +
      'prometheus_endpoint_address = "0.0.0.0:9"\n',
  )
  const mixed = (key: string): string =>
    `metrics.${key} is a key of aquatic 0.9 and must not be mixed with statistics.${key}. Remove metrics.${key}.`
  assert.deepEqual(await problemsOf(httpTable, { file }), [
    `${file}:3:1: network.address is a key of aquatic 0.9 and must not be mixed with network.use_ipv6. ` +
      'Remove network.address.',
    `${file}:8:1: ${mixed('run_prometheus_endpoint')}`,
    `${file}:9:1: ${mixed('prometheus_endpoint_address')}`,
  ])
})

test('each key without effect is named with the reason once it is changed', async () => {
  const set = ['swarm_workers=0', 'metrics.torrent_count_update_interval=3']
  set.push('cleaning.connection_cleaning_interval=1', 'metrics.run_prometheus_endpoint=true')
  const { notices } = await loadConfig(httpTable, { set })
  assert.deepEqual(
    notices.map(notice => /^(\S+) has no effect: .+\. \(--set \1\)$/.exec(notice)?.[1] ?? notice).sort(),
    ['cleaning.connection_cleaning_interval', 'metrics.torrent_count_update_interval', 'swarm_workers'],
  )
})

test('all problems are told at once, with their places', async t => {
  const file = scratchFile(
    t,
    [
      'swarm_workers = -1',
      '[network]',
      'unix_socket_mode = "0777"',
      'tls_certificate_path = "a\\u0000b"',
      'reverse_proxy_ip_header_format = "first_address"',
      '[metrics]',
      'port = 9000',
      '[statistic]',
    ].join('\n'),
  )
  const set = ['network.enable_tls=true', 'cleaning.max_request_seconds=0']
  const problems = await problemsOf(httpTable, { file, set })
  assert.deepEqual(
    problems.map(line => line.replace(file, 'F').replace(/(but must be|without|Keys of) .*/, '$1 …')),
    [
      'F:1:1: swarm_workers is -1, but must be …',
      'F:3:1: network.unix_socket_mode is "0777", but must be …',
      'F:4:1: network.tls_certificate_path is "a\\u0000b", but must be …',
      'F:5:1: network.reverse_proxy_ip_header_format is "first_address", but must be …',
      'F:7:1: unknown key metrics.port. Keys of …',
      'F:8:2: unknown section [statistic]. Did you mean [statistics]?',
      '--set cleaning.max_request_seconds: cleaning.max_request_seconds is 0, but must be …',
    ],
    'rules wait until each value is known: tls_certificate_path is not',
  )
})

test('limits of ranges are accepted and one beyond is not', async () => {
  const limits = [
    ['protocol.max_peers', 1, 5000],
    ['protocol.max_scrape_torrents', 1, 10_000],
    ['network.max_request_bytes', 2048, 65_536],
    ['network.max_connections', 1, 1_000_000],
    ['network.tcp_backlog', 1, 65_535],
    ['cleaning.max_request_seconds', 1, 3600],
  ] as const
  for (const [key, min, max] of limits) {
    for (const value of [min, max]) await loadConfig(httpTable, { set: [`${key}=${value}`] })
    for (const value of [-1, max + 1]) {
      assert.equal((await problemsOf(httpTable, { set: [`${key}=${value}`] })).length, 1, `${key} = ${value}`)
    }
  }
})

test('every leaf says what it is for in whole sentences', () => {
  for (const { dotted, leaf } of entriesOf(httpTable).values()) {
    assert.match(leaf.doc.trim(), /^["A-Z][\s\S]{10,}/, dotted)
    if (leaf.noEffect !== undefined) assert.match(leaf.noEffect, /^[a-z].*\.$/, dotted)
  }
})

test('the types of the config object follow from the table', () => {
  const format: 'last_address' | 'hops' | 'forwarded' = defaults.network.reverseProxyIpHeaderFormat
  const port: number = defaults.network.addressIpv4.port
  const exportPath: string = defaults.scrapeExports.path
  // @ts-expect-error Sections of older files are no part of the object.
  const metrics: unknown = defaults.metrics
  // @ts-expect-error Keys of older files above the first section are not either.
  const swarmWorkers: unknown = defaults.swarmWorkers
  assert.deepEqual(
    [format, port, exportPath, metrics, swarmWorkers],
    ['last_address', 3000, './http-scrape-export.txt', undefined, undefined],
  )
})
