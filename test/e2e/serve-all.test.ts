// `aquatic serve` without a protocol: UDP and HTTP on one swarm, WebTorrent on its own, in one process; HTTP and
// WebTorrent on one port.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { scratchDirectory, scratchFile } from '../config/scratch.js'
import { documentProblems, snapshotProblems } from '../metrics/sample-snapshot.js'
import { type BencodeDictionary, decodeBencode } from '../support/bencode.js'
import type { RunningProcess } from '../support/child-process.js'
import { get, parseMetrics, sumOf } from '../support/metrics.js'
import { engineMissing, meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, refusalOf, WebTorrentClient } from '../support/web-torrent-client.js'

interface Trackers {
  readonly process: RunningProcess
  listening(protocol: string): Listening
}

async function serve(
  t: TestContext,
  settings: Readonly<Record<string, string>>,
  count = 3,
  environment: NodeJS.ProcessEnv = {},
): Promise<Trackers> {
  const all = {
    'udp.network.address_ipv4': '127.0.0.1:0',
    'udp.network.use_ipv6': 'false',
    'http.network.address_ipv4': '127.0.0.1:0',
    'http.network.use_ipv6': 'false',
    'ws.network.address_ipv4': '127.0.0.1:0',
    'ws.network.use_ipv6': 'false',
    ...settings,
  }
  const sets = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const process = startBinary(t, ['serve', '--json', ...sets], { environment })
  const lines = await process.waitForLines('stdout', /"event":"listening"/, count)
  const listening = lines.map(line => JSON.parse(line) as Listening)
  return {
    process,
    listening: protocol => {
      const found = listening.find(line => line.protocol === protocol)
      assert.ok(found, lines.join(' '))
      return found
    },
  }
}

function webTorrentClient(t: TestContext, trackers: Trackers): Promise<WebTorrentClient> {
  return WebTorrentClient.connect(t, `ws://127.0.0.1:${trackers.listening('ws').port}`)
}

/** The bytes of a string of a dictionary. */
function bytesOf(dictionary: BencodeDictionary, key: string): Buffer {
  return Buffer.from(dictionary[key] as string, 'latin1')
}

async function announceOverHttp(tracker: Listening, hash: Buffer, port: number): Promise<BencodeDictionary> {
  const escaped = [...hash].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  const query = `info_hash=${escaped}&peer_id=-XX0001-abcdefghijkl&port=${port}&left=1&compact=1`
  const answer = await fetch(`http://127.0.0.1:${tracker.port}/announce?${query}`)
  return decodeBencode(new Uint8Array(await answer.arrayBuffer())) as BencodeDictionary
}

/** `127.0.0.1:6881` */
function peersOf(compact: Buffer): string[] {
  return Array.from({ length: compact.length / 6 }, (_, index) => {
    const peer = compact.subarray(index * 6, index * 6 + 6)
    return `${[...peer.subarray(0, 4)].join('.')}:${peer.readUInt16BE(4)}`
  })
}

describe('serve without a protocol', () => {
  for (const engine of ['native', 'node'] as const) {
    it(`lets clients of UDP and HTTP find each other (${engine} engine)`, async t => {
      if (!meets(t, { ...engineMissing(engine) })) return
      const trackers = await serve(t, { 'network.engine': engine })
      const client = await UdpClient.connected(trackers.listening('udp'))
      t.after(() => client.close())
      const hash = infoHash(7)
      assert.equal((await client.announce({ infoHash: hash, port: 6001 })).peers.length, 0)
      const seen = await announceOverHttp(trackers.listening('http'), hash, 6002)
      assert.deepEqual(peersOf(bytesOf(seen, 'peers')), ['127.0.0.1:6001'])
      const { peers } = await client.announce({ infoHash: hash, port: 6001 })
      assert.deepEqual(peers, ['127.0.0.1:6002'])
      const { code } = await trackers.process.stop('SIGTERM')
      assert.equal(code, 0)
    })
  }

  for (const engine of ['native', 'node'] as const) {
    it(`serves HTTP and WebTorrent on one port, each with its own swarm (${engine} engine)`, async t => {
      if (!meets(t, { ...engineMissing(engine) })) return
      const trackers = await serve(t, { 'network.engine': engine, 'http.socket_workers': '2' })
      const [http, ws] = [trackers.listening('http'), trackers.listening('ws')]
      assert.deepEqual([http.port, http.workers], [ws.port, ws.workers])
      const hash = Buffer.from('x'.repeat(20))
      const clients = await Promise.all(Array.from({ length: 8 }, () => webTorrentClient(t, trackers)))
      for (const [index, client] of clients.entries()) {
        assert.deepEqual(await client.counts(hash.toString(), identifier(`p${index}`)), [0, index + 1])
        const seen = await announceOverHttp(http, hash, 6000 + index)
        assert.deepEqual([seen['complete'], seen['incomplete']], [0, index], 'nobody of WebTorrent')
      }
      const offers = clients.slice(1).map((_, index) => ({ offer_id: identifier(`${index}`), offer: {} }))
      await clients[0].announced(hash.toString(), identifier('p0'), { offers })
      const received = await Promise.all(clients.slice(1).map(client => client.next()))
      assert.equal(new Set(received.map(({ offer_id }) => offer_id)).size, offers.length)
      // Plain requests are HTTP's.
      const page = await fetch(`http://127.0.0.1:${http.port}/`)
      assert.match(await page.text(), /BitTorrent tracker/)
      const end = await trackers.process.stop('SIGTERM')
      assert.deepEqual([end.code, end.stderr], [0, ''])
      const { counters } = stoppedEventOf(end)
      assert.equal(counters['requestsAnnounceIpv4'], 17)
      assert.equal(counters['responsesOfferIpv4'], offers.length)
    })

    it(`keeps them apart where they have different addresses (${engine} engine)`, async t => {
      if (!meets(t, { ...engineMissing(engine) })) return
      const trackers = await serve(
        t,
        {
          'network.engine': engine,
          'udp.enabled': 'false',
          'http.network.address_ipv4': '127.0.0.2:0',
        },
        2,
      )
      const [http, ws] = [trackers.listening('http'), trackers.listening('ws')]
      assert.deepEqual([http.address, ws.address], ['127.0.0.2', '127.0.0.1'])
      assert.deepEqual(
        await (await webTorrentClient(t, trackers)).counts('x'.repeat(20), identifier('a')),
        [0, 1],
      )
      // Where only HTTP is served, a request for an upgrade is one like others.
      const refusal = await refusalOf(t, `ws://127.0.0.2:${http.port}/health`)
      assert.deepEqual(refusal, { status: 200, body: 'OK' })
      assert.equal((await fetch(`http://127.0.0.1:${ws.port}/announce?info_hash=x`)).status, 426)
    })
  }

  it('has memory for WebTorrent beside that of the others', async t => {
    const trackers = await serve(
      t,
      {
        'swarm.memory_limit': `${64 * 1024 ** 2}`,
        'ws.swarm.memory_limit': `${16 * 1024 ** 2}`,
        'statistics.run_prometheus_endpoint': 'true',
        'statistics.prometheus_endpoint_address': '127.0.0.1:0',
      },
      4,
    )
    const series = parseMetrics((await get(trackers.listening('metrics'))).body)
    const shared = series.get('aquatic_swarm_memory_limit_bytes') ?? 0
    const own = series.get('aquatic_swarm_memory_limit_bytes{protocol="ws"}') ?? 0
    assert.ok(own > 8 * 1024 ** 2 && own <= 16 * 1024 ** 2, `${own}`)
    assert.ok(shared > 32 * 1024 ** 2 && shared <= 64 * 1024 ** 2, `${shared}`)
  })

  it('has one page, one list of snapshots and one metrics endpoint', async t => {
    const directory = scratchDirectory(t)
    const trackers = await serve(
      t,
      {
        'statistics.interval': '1',
        'statistics.write_json_to_file': 'true',
        'statistics.json_file_path': join(directory, 's.json'),
        'statistics.write_html_to_file': 'true',
        'statistics.html_file_path': join(directory, 's.html'),
        'statistics.print_to_stdout': 'true',
        'statistics.run_prometheus_endpoint': 'true',
        'statistics.prometheus_endpoint_address': '127.0.0.1:0',
      },
      4,
    )
    await announceOverHttp(trackers.listening('http'), infoHash(1), 1)
    const client = await webTorrentClient(t, trackers)
    for (const peer of ['one', 'two']) await client.announced('x'.repeat(20), identifier(peer))
    await trackers.process.waitForLines(
      'stdout',
      /"event":"statistics","protocol":"ws".*"requests":\{"announce":2/,
    )
    const snapshots = JSON.parse(readFileSync(join(directory, 's.json'), 'utf8')) as TrackerSnapshot[]
    assert.deepEqual(
      snapshots.map(({ protocol }) => protocol),
      ['udp', 'http', 'ws'],
    )
    assert.deepEqual(documentProblems(snapshots), [])
    for (const snapshot of snapshots) assert.deepEqual(snapshotProblems(snapshot), [])
    assert.match(
      readFileSync(join(directory, 's.html'), 'utf8'),
      /IPv4 \(UDP\)[\s\S]*IPv4 \(HTTP\)[\s\S]*IPv4 \(WebTorrent\)/,
    )
    const series = parseMetrics((await get(trackers.listening('metrics'))).body)
    assert.equal(sumOf(series, 'aquatic_requests_total', 'protocol="http"'), 1)
    assert.equal(sumOf(series, 'aquatic_requests_total', 'protocol="udp"'), 0)
    assert.equal(series.get('aquatic_peers{ip_version="4"}'), 1, 'the swarm is shared, and said once')
    assert.equal(sumOf(series, 'aquatic_peers', 'protocol="ws"'), 2)
    assert.equal(sumOf(series, 'aquatic_requests_total', 'protocol="ws"'), 2)
    assert.equal(sumOf(series, 'aquatic_active_connections', 'protocol="ws"'), 1)
    await trackers.process.stop('SIGTERM')
  })

  it('reads one file with a part for each protocol, and names keys as they stand there', async t => {
    const file = scratchFile(
      t,
      `[http]
enabled = false

[ws]
enabled = false

[udp.network]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
`,
    )
    const process = startBinary(t, ['serve', '--json', '--config', file], {})
    const [line] = await process.waitForLines('stdout', /"event":"listening"/)
    assert.equal((JSON.parse(line) as Listening).protocol, 'udp')
    assert.equal((await process.stop('SIGTERM')).code, 0)
    const none = startBinary(
      t,
      ['serve', '--set', 'udp.network.use_ipv4=false', '--set', 'udp.network.use_ipv6=false'],
      {},
    )
    const end = await none.waitForEnd()
    assert.equal(end.code, 2)
    assert.match(none.describe(), /udp\.network\.use_ipv4 and udp\.network\.use_ipv6 are both false/)
  })

  it('says which variables of a single tracker it does not read, after the address', async t => {
    const environment = {
      AQUATIC_UDP__NETWORK__ADDRESS_IPV4: '127.0.0.1:1',
      AQUATIC_HTTP__NETWORK__ENGINE: 'node',
      AQUATIC_WS__NO_SUCH__KEY: '1',
      AQUATIC_SERVE__UDP__SOCKET_WORKERS: '1',
      // What Kubernetes sets for a service.
      AQUATIC_SERVE_PORT: 'tcp://10.0.0.1:3000',
      AQUATIC_UDP_SERVICE_HOST: '10.0.0.1',
    }
    const trackers = await serve(t, {}, 3, environment)
    assert.notEqual(trackers.listening('udp').port, 1)
    const { code, stdout } = await trackers.process.stop()
    assert.equal(code, 0)
    assert.match(stdout, /^\{"event":"listening"/)
    const warnings = stdout.match(/"event":"warning","text":"[^"]*/g)?.map(line => line.split('"').at(-1))
    const start = 'has no effect, as aquatic serve does not read it'
    assert.deepEqual(warnings, [
      `AQUATIC_UDP__NETWORK__ADDRESS_IPV4 ${start}. Set AQUATIC_SERVE__UDP__NETWORK__ADDRESS_IPV4`,
      `AQUATIC_HTTP__NETWORK__ENGINE ${start}. Set AQUATIC_SERVE__NETWORK__ENGINE`,
      `AQUATIC_WS__NO_SUCH__KEY ${start}. Set a key of \`aquatic config explain serve\`: names begin with AQUATIC_SERVE__`,
    ])
  })
})
