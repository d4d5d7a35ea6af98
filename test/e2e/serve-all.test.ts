// `aquatic serve` without a protocol: UDP and HTTP in one process, on one swarm.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { scratchDirectory, scratchFile } from '../config/scratch.js'
import { snapshotProblems } from '../metrics/sample-snapshot.js'
import { type BencodeDictionary, decodeBencode } from '../support/bencode.js'
import type { RunningProcess } from '../support/child-process.js'
import { get, parseMetrics, sumOf } from '../support/metrics.js'
import { engineMissing, meets } from '../support/requirement.js'
import { type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'

interface Trackers {
  readonly process: RunningProcess
  listening(protocol: string): Listening
}

async function serve(
  t: TestContext,
  settings: Readonly<Record<string, string>>,
  count = 3,
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
  const process = startBinary(t, ['serve', '--json', ...sets], {})
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
    await trackers.process.waitForLines(
      'stdout',
      /"event":"statistics","protocol":"http".*"requests":\{"announce":1/,
    )
    const snapshots = JSON.parse(readFileSync(join(directory, 's.json'), 'utf8')) as TrackerSnapshot[]
    assert.deepEqual(
      snapshots.map(({ protocol }) => protocol),
      ['udp', 'http', 'ws'],
    )
    for (const snapshot of snapshots) assert.deepEqual(snapshotProblems(snapshot), [])
    assert.match(readFileSync(join(directory, 's.html'), 'utf8'), /IPv4 \(UDP\)[\s\S]*IPv4 \(HTTP\)/)
    const series = parseMetrics((await get(trackers.listening('metrics'))).body)
    assert.equal(sumOf(series, 'aquatic_requests_total', 'protocol="http"'), 1)
    assert.equal(sumOf(series, 'aquatic_requests_total', 'protocol="udp"'), 0)
    assert.equal(sumOf(series, 'aquatic_peers'), 1, 'the swarm is shared, and said once')
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
})
