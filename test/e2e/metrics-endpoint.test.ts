// The Prometheus endpoint of a real tracker: its figures, its start and stop, and clients that mean no good.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { startProcess } from '../support/child-process.js'
import {
  type EndpointAddress,
  get,
  openConnection,
  parseMetrics,
  type Series,
  sumOf,
} from '../support/metrics.js'
import { engineMissing, meets } from '../support/requirement.js'
import {
  binaryArguments,
  cleanEnvironment,
  type Listening,
  packageRoot,
  startBinary,
  startTracker,
  type TrackerOptions,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'

const endpointSettings = {
  'statistics.run_prometheus_endpoint': true,
  'statistics.prometheus_endpoint_address': '127.0.0.1:0',
}

interface Watched {
  readonly tracker: TrackerProcess
  readonly endpoint: EndpointAddress
  readonly udp: EndpointAddress
}

/** A tracker on 127.0.0.1 whose endpoint answers. */
async function startWatched(t: TestContext, settings: TrackerOptions['settings'] = {}): Promise<Watched> {
  const tracker = await startTracker(t, { families: [4], settings: { ...endpointSettings, ...settings } })
  const [line] = await tracker.process.waitForLines('stdout', /"protocol":"metrics"/)
  const { address, port } = JSON.parse(line)
  return { tracker, endpoint: { address, port }, udp: { address: '127.0.0.1', port: tracker.port(4) } }
}

async function scrape(endpoint: EndpointAddress): Promise<Series> {
  const { status, body } = await get(endpoint)
  assert.equal(status, 200)
  return parseMetrics(body)
}

for (const engine of ['native', 'node'] as const) {
  describe(`metrics of a tracker on the ${engine} engine`, () => {
    it('tells what was served, by the names of the reference and by ours', async t => {
      if (!meets(t, engineMissing(engine))) return
      const settings = { 'network.engine': engine, 'statistics.peer_clients': true, socket_workers: 2 }
      const { tracker, endpoint, udp } = await startWatched(t, {
        ...settings,
        'statistics.prometheus_peer_id_prefixes': true,
      })
      const client = await UdpClient.connected(udp)
      const peerId = Buffer.from('-qB4520-abcdefghijkl')
      await client.announce({ infoHash: infoHash(1), port: 1001, left: 0n, event: 1, peerId })
      await client.announce({ infoHash: infoHash(1), port: 1002, left: 5n })
      await client.announce({ infoHash: infoHash(2), port: 1003, left: 0n })
      await client.scrape([infoHash(1)])
      await client.answersTo([Buffer.from('short')])
      client.close()

      const series = await scrape(endpoint)
      const sum = (name: string, labels?: string): number => sumOf(series, name, labels)
      assert.equal(sum('aquatic_requests_total', 'ip_version="4"'), 6)
      assert.equal(sum('aquatic_responses_total', 'type="connect"'), 2)
      assert.equal(sum('aquatic_responses_total', 'type="announce",ip_version="4"'), 3)
      assert.equal(sum('aquatic_responses_total', 'type="scrape"'), 1)
      assert.equal(sum('aquatic_responses_total', 'type="error"'), 0)
      // Payload and 54 bytes for each packet: 2 connects, 3 announces, 1 scrape, the short one.
      assert.equal(sum('aquatic_rx_bytes'), 2 * 16 + 3 * 98 + 36 + 5 + 7 * 54)
      assert.equal(series.get('aquatic_torrents{ip_version="4"}'), 2)
      assert.equal(series.get('aquatic_peers{ip_version="4"}'), 3)
      assert.equal(series.get('aquatic_seeders{ip_version="4"}'), 2)
      assert.equal(sum('aquatic_downloads_total'), 1)
      assert.equal(sum('aquatic_dropped_requests_total', 'reason="too_short"'), 1)
      assert.equal(series.get('aquatic_peer_clients{client="QBitTorrent 4.5.2"}'), 1)
      assert.equal(series.get(`aquatic_peer_id_prefixes{prefix_hex="${peerId.toString('hex', 0, 8)}"}`), 1)
      // No series for a family that is not served.
      assert.equal(sum('aquatic_requests_total', 'ip_version="6"'), 0)
      assert.ok(![...series.keys()].some(key => key.includes('ip_version="6"')))

      assert.equal(sum('aquatic_handling_seconds_count'), 7)
      assert.equal(sum('aquatic_handling_seconds_bucket', 'le="+Inf"'), 7)
      const seconds = sum('aquatic_handling_seconds_sum')
      assert.ok(seconds > 0 && seconds < 60, `${seconds} s for 7 packets`)
      assert.ok(sum('process_resident_memory_bytes') > 0)
      assert.equal((await get(endpoint, '/health')).body, 'OK')
      assert.equal((await tracker.stop()).code, 0)
    })
  })
}

function descriptorsOf({ process }: TrackerProcess): number {
  return readdirSync(`/proc/${process.pid}/fd`).length
}

describe('metrics endpoint of a tracker', () => {
  it('has every metric it exposes documented, and documents no other', async t => {
    const settings = {
      ...endpointSettings,
      'statistics.peer_clients': true,
      'statistics.prometheus_peer_id_prefixes': true,
      ...Object.fromEntries(
        ['udp', 'http', 'ws'].flatMap(protocol => [
          [`${protocol}.network.address_ipv4`, '127.0.0.1:0'],
          [`${protocol}.network.use_ipv6`, false],
        ]),
      ),
    }
    const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const trackers = startBinary(t, ['serve', '--json', ...sets], {})
    const lines = await trackers.waitForLines('stdout', /"event":"listening"/, 4)
    const endpoint = lines
      .map(line => JSON.parse(line) as Listening)
      .find(line => line.protocol === 'metrics')
    assert.ok(endpoint)
    const { body } = await get(endpoint)
    await trackers.stop()
    const page = readFileSync(`${packageRoot}docs/monitoring.md`, 'utf8')
    const rows = page.split('\n').filter(line => line.startsWith('| `'))
    const documented = rows.map(row => [...row.matchAll(/`([^`]*)`/g)][0][1])
    const exposed = [...body.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1])
    assert.deepEqual([...documented].sort(), [...exposed].sort())
    for (const match of body.matchAll(/^# TYPE (\S+) (\S+)/gm)) {
      const row = rows.find(line => line.startsWith(`| \`${match[1]}\``))
      assert.match(String(row), new RegExp(`\\| ${match[2]} `), match[1])
    }
    const dashboard = readFileSync(`${packageRoot}docs/grafana-dashboard.json`, 'utf8')
    const used = [...JSON.stringify(JSON.parse(dashboard)).matchAll(/\b((?:aquatic|process|nodejs)_\w+)/g)]
    const names = new Set(used.map(match => match[1].replace(/^(aquatic_handling_seconds)_.*/, '$1')))
    assert.ok(names.size > 10)
    assert.deepEqual(
      [...names].filter(name => !exposed.includes(name)),
      [],
    )
  })

  it('is off unless it is asked for, and with an interval of 0', async t => {
    const tracker = await startTracker(t, { families: [4] })
    const off = await tracker.stop()
    assert.doesNotMatch(off.stdout, /"metrics"/)
    const settings = { ...endpointSettings, 'statistics.interval': 0 }
    const without = await startTracker(t, { families: [4], settings })
    const { stdout } = await without.stop()
    assert.doesNotMatch(stdout, /"protocol":"metrics"/)
    assert.match(stdout, /interval is 0, so there is no Prometheus endpoint/)
  })

  it('says where it listens on stderr, and names a port that another tracker has', async t => {
    const { tracker, endpoint } = await startWatched(t)
    const args = (address: string): string[] => [
      '--set=network.address_ipv4=127.0.0.1:0',
      '--set=network.use_ipv6=false',
      '--set=statistics.run_prometheus_endpoint=true',
      `--set=statistics.prometheus_endpoint_address=${address}`,
    ]
    const run = (address: string) =>
      startProcess(t, process.execPath, binaryArguments('serve', 'udp', ...args(address)), {
        env: cleanEnvironment(),
      })
    const { code, stdout, stderr } = await run(`127.0.0.1:${endpoint.port}`).ended
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      new RegExp(`error: Cannot listen on metrics 127.0.0.1:${endpoint.port}: another program .*EADDRINUSE`),
    )
    assert.match(stderr, /try: find it with `ss -ltnp/)
    assert.equal((await get(endpoint, '/health')).body, 'OK')
    await tracker.stop()

    const alone = run('127.0.0.1:0')
    await alone.waitForLines('stderr', /^listening metrics http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    assert.equal((await alone.stop()).code, 0)
  })

  it('stops at once with connections open', async t => {
    const { tracker, endpoint } = await startWatched(t)
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openConnection(endpoint)))
    assert.equal((await tracker.stop('SIGINT')).code, 130)
    for (const socket of sockets) socket.destroy()
  })

  it('serves announces and scrapes beside a thousand connections that never read', async t => {
    const { tracker, endpoint, udp } = await startWatched(t)
    const client = await UdpClient.connected(udp)
    const before = await scrape(endpoint)
    const announces = 400
    const sockets = []
    let answered = 0
    for (let index = 0; index < 1_000; index++) {
      const socket = await openConnection(endpoint)
      sockets.push(socket)
      // A half of them ask and never read, the others never finish asking.
      socket.write(index % 2 === 0 ? 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50) : 'GET /met')
      if (index % 10 !== 0) continue
      const wave = Array.from({ length: announces / 100 }, (_, n) =>
        client.announce({ infoHash: infoHash(index), port: 1 + n }),
      )
      answered += (await Promise.all(wave)).length
    }
    assert.equal(answered, announces)
    // All of them are still open on this side.
    const during = await scrape(endpoint)
    assert.equal(sumOf(during, 'aquatic_kernel_drops_total'), 0)
    assert.ok(sumOf(during, 'process_open_fds') < 250, `${sumOf(during, 'process_open_fds')} descriptors`)
    assert.equal((await get(endpoint, '/health')).body, 'OK')
    const residentMebibytes = (series: Series): number =>
      sumOf(series, 'process_resident_memory_bytes') / 1024 ** 2
    const growth = residentMebibytes(during) - residentMebibytes(before)
    assert.ok(growth < 64, `${growth} MiB more than before`)
    for (const socket of sockets) socket.destroy()
    // Each look costs a connection of its own; that of the last one may not be closed yet.
    const descriptors = sumOf(before, 'process_open_fds')
    while (descriptorsOf(tracker) > descriptors) await get(endpoint, '/health')
    client.close()
    const { code, stdout } = await tracker.stop()
    assert.equal(code, 0)
    assert.equal(stdout.match(/"event":"warning"/g)?.length, 1)
    assert.match(stdout, /"event":"warning","text":"the Prometheus endpoint had more than 128 connections/)
    const stopped = JSON.parse(stdout.trim().split('\n').at(-1) as string)
    assert.equal(stopped.responses, announces + 1)
    assert.equal(stopped.peers, announces)
  })
})
