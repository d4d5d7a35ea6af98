// Statistics of the running UDP tracker: what its clients did is what it writes.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { scratchDirectory } from '../config/scratch.js'
import { snapshotProblems } from '../metrics/sample-snapshot.js'
import { startProcess } from '../support/child-process.js'
import {
  binaryArguments,
  cleanEnvironment,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'

/**
 * The snapshot after the first one that the test is content with, as told on stdout, one every second: that one may
 * have been taken while the last of what it counts was being counted.
 */
async function snapshotWhere(
  { process }: TrackerProcess,
  isContent: (snapshot: TrackerSnapshot) => boolean,
): Promise<TrackerSnapshot> {
  for (let count = 1; ; count++) {
    const lines = await process.waitForLines('stdout', /"event":"statistics"/, count)
    if (!isContent(JSON.parse(lines[count - 1]))) continue
    const next = await process.waitForLines('stdout', /"event":"statistics"/, count + 1)
    const { event, ...snapshot } = JSON.parse(next[count])
    assert.equal(event, 'statistics')
    return snapshot
  }
}

const requestsOf = ({ families }: TrackerSnapshot): number =>
  Object.values(families.ipv4.requests).reduce((sum, count) => sum + count, 0)

interface Scene {
  readonly tracker: TrackerProcess
  readonly client: UdpClient
  readonly directory: string
}

async function start(t: TestContext, settings: Record<string, string | number | boolean>): Promise<Scene> {
  const directory = scratchDirectory(t)
  const tracker = await startTracker(t, {
    families: [4],
    settings: {
      socket_workers: 2,
      'statistics.interval': 1,
      'statistics.print_to_stdout': true,
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': join(directory, 'out/statistics.json'),
      'statistics.write_html_to_file': true,
      'statistics.html_file_path': join(directory, 'out/statistics.html'),
      ...settings,
    },
  })
  const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
  t.after(() => client.close())
  return { tracker, client, directory }
}

for (const engine of ['native', 'node']) {
  describe(`statistics of serve udp (${engine})`, () => {
    it('counts what clients did, at once and exactly', async t => {
      const { tracker, client, directory } = await start(t, { 'network.engine': engine })
      await client.announce({ infoHash: infoHash(1), port: 1, left: 0n })
      await client.announce({ infoHash: infoHash(1), port: 2, event: 1 })
      await client.announce({ infoHash: infoHash(2), port: 3 })
      await client.scrape([infoHash(1)])
      await client.answersTo([Buffer.alloc(3)])
      const snapshot = await snapshotWhere(tracker, found => requestsOf(found) === 6)
      assert.deepEqual(snapshotProblems(snapshot), [])
      const { ipv4, ipv6 } = snapshot.families
      assert.deepEqual(ipv4.requests, { connect: 2, announce: 3, scrape: 1 })
      assert.deepEqual(ipv4.responses, { connect: 2, announce: 3, scrape: 1, error: 0 })
      // Announces are 98 bytes, a connect 16, a scrape of one hash 36, and 3 bytes of nothing.
      assert.equal(ipv4.bytesReceived, 2 * 16 + 3 * 98 + 36 + 3)
      assert.equal(ipv4.linkBytesReceived, ipv4.bytesReceived + 7 * 54)
      assert.equal(ipv4.bytesSent, 2 * 16 + 3 * 20 + 6 + 20)
      assert.deepEqual([ipv4.torrents, ipv4.peers, ipv4.seeders, ipv4.leechers], [2, 3, 2, 1])
      assert.deepEqual([ipv4.downloads, ipv4.isServed, ipv6.isServed], [1, true, false])
      assert.equal(snapshot.drops.tooShort, 1)
      assert.equal(snapshot.peerClients, null)
      const ofWorkers = snapshot.workers.map(({ families }) => families.ipv4.requests.announce)
      assert.equal(
        ofWorkers.reduce((sum, count) => sum + count, 0),
        3,
      )
      const written = JSON.parse(readFileSync(join(directory, 'out/statistics.json'), 'utf8'))
      assert.deepEqual(snapshotProblems(written), [])
      assert.deepEqual(written.families.ipv4.requests, ipv4.requests)
      assert.match(
        readFileSync(join(directory, 'out/statistics.html'), 'utf8'),
        /Number of peers<\/th><td>3<\/td>/,
      )
      await tracker.stop()
      assert.deepEqual(readdirSync(join(directory, 'out')).sort(), ['statistics.html', 'statistics.json'])
    })

    it('counts programs by peer id, once for each peer id, until it stops', async t => {
      const { tracker, client } = await start(t, {
        'network.engine': engine,
        'statistics.peer_clients': true,
      })
      const peerId = Buffer.from('-qB4520-abcdefghijkl')
      await client.announce({ infoHash: infoHash(1), peerId })
      await client.announce({ infoHash: infoHash(2), peerId })
      await client.announce({ infoHash: infoHash(1), peerId: Buffer.from('-TR4000-abcdefghijkl'), port: 2 })
      const before = await snapshotWhere(tracker, found => requestsOf(found) === 4)
      assert.deepEqual(before.peerClients, {
        peers: 2,
        clients: [
          { client: 'QBitTorrent 4.5.2', count: 1 },
          { client: 'Transmission 4.00', count: 1 },
        ],
        prefixes: [
          { prefixHex: '2d5452343030302d', count: 1 },
          { prefixHex: '2d7142343532302d', count: 1 },
        ],
        replaced: 0,
      })
      await client.announce({ infoHash: infoHash(1), peerId, event: 3 })
      const after = await snapshotWhere(tracker, found => requestsOf(found) === 5)
      assert.deepEqual(after.peerClients?.clients, [{ client: 'Transmission 4.00', count: 1 }])
      await tracker.stop()
    })
  })
}

describe('statistics of serve udp', () => {
  it('knows peers per torrent after a cleaning, and how long it took', async t => {
    const { tracker, client } = await start(t, {
      'statistics.torrent_peer_histograms': true,
      'cleaning.torrent_cleaning_interval': 1,
    })
    for (let port = 1; port <= 3; port++) await client.announce({ infoHash: infoHash(1), port })
    await client.announce({ infoHash: infoHash(2), port: 1 })
    const snapshot = await snapshotWhere(
      tracker,
      ({ families }) =>
        families.ipv4.peersPerTorrent?.torrents === 2 && families.ipv4.peersPerTorrent.max === 3,
    )
    const { min, p50, p60, p999 } = snapshot.families.ipv4.peersPerTorrent ?? {}
    assert.deepEqual([min, p50, p60, p999], [1, 1, 3, 3])
    assert.equal(snapshot.families.ipv6.peersPerTorrent, null)
    assert.ok(snapshot.cleaning.rounds >= 1 && snapshot.cleaning.longestStepMs > 0)
    await tracker.stop()
  })

  it("go to stderr as lines, and serve on when a file can't be written", async t => {
    const settings = {
      'network.address_ipv4': '127.0.0.1:0',
      'network.use_ipv6': false,
      'statistics.interval': 1,
      'statistics.print_to_stdout': true,
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': '/dev/null/statistics.json',
    }
    const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const child = startProcess(t, process.execPath, binaryArguments('serve', 'udp', ...sets), {
      env: cleanEnvironment(),
    })
    const [line] = await child.waitForLines('stderr', /^listening udp/)
    const client = await UdpClient.connected({
      address: '127.0.0.1',
      port: Number(/:(\d+) /.exec(line)?.[1]),
    })
    await client.announce({ infoHash: infoHash(1) })
    client.close()
    await child.waitForLines('stderr', /^ {2}peers: +1$/)
    await child.waitForLines('stderr', /^ {2}access list entries: 0$/, 3)
    const { stdout, stderr } = await child.stop()
    assert.equal(stdout, '')
    assert.equal(stderr.match(/warn .*can't be written to \/dev\/null\/statistics\.json/g)?.length, 1)
  })

  it('and the export fail on a full disk and on paths that are no files, each said once', async t => {
    const directory = scratchDirectory(t)
    const device = join(directory, 'device.txt')
    symlinkSync('/dev/full', device)
    const settings = {
      'network.address_ipv4': '127.0.0.1:0',
      'network.use_ipv6': false,
      'cleaning.torrent_cleaning_interval': 1,
      'statistics.interval': 1,
      'statistics.print_to_stdout': true,
      'statistics.write_html_to_file': true,
      'statistics.html_file_path': join(directory, 'page.html'),
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': device,
      'scrape_exports.enable_scrape_exports': true,
      'scrape_exports.frequency': 1,
      'scrape_exports.path': device,
    }
    const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    // A page is longer than the 512 bytes that a file may have: to the tracker the disk is full.
    const command = ['-c', 'ulimit -f 1 && exec "$@"', 'sh', process.execPath]
    const child = startProcess(t, 'sh', [...command, ...binaryArguments('serve', 'udp', ...sets)], {
      env: cleanEnvironment(),
    })
    const [line] = await child.waitForLines('stderr', /^listening udp/)
    const port = Number(/:(\d+) /.exec(line)?.[1])
    const client = await UdpClient.connected({ address: '127.0.0.1', port })
    for (let round = 1; round <= 3; round++) {
      await client.announce({ infoHash: infoHash(round) })
      await child.waitForLines('stderr', /^ {2}access list entries: 0$/, round)
    }
    client.close()
    // The export has times of its own.
    await child.waitForLines('stderr', / warn /, 3)
    const { code, stderr } = await child.stop()
    assert.equal(code, 0)
    const warnings = stderr.split('\n').filter(text => / warn /.test(text))
    const expected = [
      /statistics can't be written to .*page\.html \(EFBIG: file too large/,
      /statistics can't be written to .*device\.txt \(.*device\.txt is a device, not a regular file\)/,
      /the scrape export can't be written to .*device\.txt \(.*device\.txt is a device, not a regular file\)/,
    ]
    for (const pattern of expected)
      assert.equal(warnings.filter(text => pattern.test(text)).length, 1, `${pattern}`)
    assert.equal(warnings.length, expected.length)
    assert.deepEqual(readdirSync(directory), ['device.txt'])
  })
})
