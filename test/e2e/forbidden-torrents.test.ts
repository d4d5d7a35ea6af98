// A torrent with peers that the access list comes to forbid: zeros in the scrapes of every protocol from one reload on,
// and the same counts as before when it is allowed again.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { getRequest, httpClient, scrapeReplyOf, scrapeTarget } from '../support/http-announce.js'
import { engineMissing, meets } from '../support/requirement.js'
import { type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'

const [first, second] = ['a'.repeat(20), 'b'.repeat(20)]
const hashes = [first, second].map(text => Buffer.from(text))
const forbidding = `${hashes[0].toString('hex')}\n`

for (const engine of ['native', 'node'] as const) {
  describe(`a forbidden torrent (${engine} engine)`, () => {
    it('has no peers in scrapes over UDP, HTTP and WebTorrent, and is as it was when it is allowed', async t => {
      if (!meets(t, engineMissing(engine))) return
      const list = join(scratchDirectory(t), 'list.txt')
      writeFileSync(list, '')
      const settings = {
        'network.engine': engine,
        'access_list.mode': 'deny',
        'access_list.path': list,
        ...Object.fromEntries(
          ['udp', 'http', 'ws'].flatMap(protocol => [
            [`${protocol}.network.address_ipv4`, '127.0.0.1:0'],
            [`${protocol}.network.use_ipv6`, 'false'],
          ]),
        ),
      }
      const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
      const trackers = startBinary(t, ['serve', '--json', ...sets], {})
      const lines = await trackers.waitForLines('stdout', /"event":"listening"/, 3)
      const listening = lines.map(line => JSON.parse(line) as Listening)
      const portOf = (wanted: string): number =>
        listening.find(({ protocol }) => protocol === wanted)?.port ?? assert.fail(wanted)
      const place = (protocol: string) => ({ address: '127.0.0.1', port: portOf(protocol) })
      const udp = await UdpClient.connected(place('udp'))
      t.after(() => udp.close())
      const http = httpClient(place('http'))
      const ws = await WebTorrentClient.connect(t, `ws://127.0.0.1:${portOf('ws')}`)
      for (const hash of hashes) await udp.announce({ infoHash: hash, port: 1, event: 1, left: 0n })
      for (const hash of [first, second]) await ws.announced(hash, identifier('one'), { left: 0 })

      /** Seeders of both torrents over each protocol. */
      const seeders = async (): Promise<Record<string, readonly unknown[]>> => {
        const overUdp = await udp.scrape(hashes)
        const overHttp = scrapeReplyOf(await http.request(getRequest(scrapeTarget(...hashes))))
        ws.send({ action: 'scrape', info_hash: [first, second] })
        const { files } = await ws.next()
        return {
          udp: overUdp.map(counts => counts.seeders),
          http: hashes.map(hash => overHttp[hash.toString('hex')][0]),
          ws: [first, second].map(hash => files?.[hash]?.['complete']),
        }
      }
      const reload = async (text: string, count: number): Promise<void> => {
        writeFileSync(list, text)
        trackers.signal('SIGHUP')
        await trackers.waitForLines('stdout', /"access list updated/, count)
      }
      const all = { udp: [1, 1], http: [1, 1], ws: [1, 1] }
      assert.deepEqual(await seeders(), all)
      await reload(forbidding, 1)
      assert.deepEqual(await seeders(), { udp: [0, 1], http: [0, 1], ws: [0, 1] })
      // Downloads too, which outlive peers.
      assert.deepEqual(await http.counts(hashes[0]), [0, 0, 0])
      await reload('', 2)
      assert.deepEqual(await seeders(), all)
      assert.deepEqual(await http.counts(hashes[0]), [1, 0, 1])
      assert.equal((await trackers.stop('SIGTERM')).code, 0)
    })
  })
}
