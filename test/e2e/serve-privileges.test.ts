// `[privileges]` of all trackers in one process: the step comes once, after the sockets of all of them and of both
// address families are bound, and every one of them answers after it. Needs root, as CI has it.

import assert from 'node:assert/strict'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { numberOf } from '../../src/config/machine/accounts.js'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { httpClient } from '../support/http-announce.js'
import { get } from '../support/metrics.js'
import { asArguments, assertDropped, drop, isRoot, scratchRoot } from '../support/privileges.js'
import { hasIpv6Loopback, type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'

const accountNumber = (file: string, name: string): number =>
  numberOf(readFileSync(file, 'utf8'), name) ?? assert.fail(name)

describe('privileges of serve without a protocol', () => {
  it('everything that is loaded late works below the new root directory: metrics, page, document, export, stop', async t => {
    if (!isRoot(t)) return
    const root = scratchRoot(t)
    chownSync(root, accountNumber('/etc/passwd', 'nobody'), accountNumber('/etc/group', 'nogroup'))
    const list = join(root, 'list.txt')
    writeFileSync(list, infoHash(9).toString('hex'))
    const settings = {
      ...drop({ chroot_path: root }),
      'network.engine': 'native',
      'cleaning.torrent_cleaning_interval': 1,
      'statistics.interval': 1,
      'statistics.print_to_stdout': true,
      'statistics.peer_clients': true,
      'statistics.torrent_peer_histograms': true,
      'statistics.run_prometheus_endpoint': true,
      'statistics.prometheus_endpoint_address': '127.0.0.1:0',
      'statistics.write_html_to_file': true,
      'statistics.html_file_path': 'made/page.html',
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': 'made/statistics.json',
      'scrape_exports.enable_scrape_exports': true,
      'scrape_exports.frequency': 1,
      'scrape_exports.path': '/export.txt',
      'access_list.mode': 'deny',
      'access_list.path': list,
      ...Object.fromEntries(
        ['udp', 'http', 'ws'].flatMap(protocol => [
          [`${protocol}.network.address_ipv4`, '127.0.0.1:0'],
          [`${protocol}.network.use_ipv6`, false],
        ]),
      ),
    }
    const trackers = startBinary(t, ['serve', '--json', ...asArguments(settings)], {})
    const lines = await trackers.waitForLines('stdout', /"event":"listening"/, 4)
    const listening = lines.map(line => JSON.parse(line) as Listening)
    const of = (wanted: string): Listening => listening.find(({ protocol }) => protocol === wanted)!
    const client = await UdpClient.connected(of('udp'))
    await client.announce({ infoHash: infoHash(1), port: 1 })
    client.close()
    const { status, body } = await get(of('metrics'))
    assert.equal(status, 200)
    assert.match(body, /^aquatic_peers\{ip_version="4"\} 1$/m)
    // The same path, sought below the new root directory.
    trackers.signal('SIGHUP')
    await trackers.waitForLines(
      'stdout',
      /access list not updated, the old one is kept: .*: there is no such file\./,
    )
    await trackers.waitForLines('stdout', /"statistics","protocol":"udp".*"scrapeExports":\{"written":[2-9]/)
    assert.match(readFileSync(join(root, 'made/page.html'), 'utf8'), /BitTorrent tracker statistics/)
    const snapshots: TrackerSnapshot[] = JSON.parse(readFileSync(join(root, 'made/statistics.json'), 'utf8'))
    assert.equal(snapshots.length, 3)
    assert.ok(
      snapshots.every(({ process }) => process.rssBytes > 1e7),
      'resident memory is known without /proc',
    )
    assert.equal(readFileSync(join(root, 'export.txt'), 'utf8'), `4 ${infoHash(1).toString('hex')} 0 1\n`)
    const { code, stdout, stderr } = await trackers.stop('SIGTERM')
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stdout.match(/"event":"warning"/g)?.length, 1, 'only that about the list')
  })

  it('all threads lose theirs once, with three trackers and both address families, and all answer', async t => {
    if (!isRoot(t)) return
    const root = scratchRoot(t)
    const protocols = ['udp', 'http', 'ws']
    const families = hasIpv6Loopback() ? [4, 6] : [4]
    const settings: Record<string, string | boolean | number> = {
      ...drop({ chroot_path: root }),
      'network.engine': 'native',
    }
    for (const protocol of protocols) {
      settings[`${protocol}.network.address_ipv4`] = '127.0.0.1:0'
      settings[`${protocol}.network.address_ipv6`] = '[::1]:0'
      settings[`${protocol}.network.use_ipv6`] = families.length === 2
      settings[`${protocol}.socket_workers`] = 2
    }
    const trackers = startBinary(t, ['serve', '--json', ...asArguments(settings)], {})
    const count = protocols.length * families.length
    const lines = await trackers.waitForLines('stdout', /"event":"listening"/, count)
    assertDropped({ process: trackers }, root)
    for (const line of lines) await assertAnswers(JSON.parse(line) as Listening)
    const { code, stdout, stderr } = await trackers.stop('SIGTERM')
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stdout.match(/privileges dropped/g)?.length, 1)

    /** Of one address, with a swarm for itself. */
    async function assertAnswers({ protocol, address, port }: Listening): Promise<void> {
      const host = address.includes(':') ? `[${address}]` : address
      const torrent = protocols.indexOf(protocol) * 2 + (address.includes(':') ? 1 : 0)
      if (protocol === 'udp') {
        const client = await UdpClient.connected({ address, port })
        assert.equal((await client.announce({ infoHash: infoHash(torrent), port: 1 })).leechers, 0)
        client.close()
      } else if (protocol === 'http') {
        const { incomplete } = await httpClient({ address, port }).announce(infoHash(torrent))
        assert.equal(incomplete, 0)
      } else {
        const client = await WebTorrentClient.connect(t, `ws://${host}:${port}`)
        assert.deepEqual(await client.counts('x'.repeat(20), identifier(host)), [0, torrent - 3])
      }
    }
  })
})
