// Programs counted by peer id, whatever protocol they speak: those of UDP and HTTP in the swarm that both share, those
// of WebTorrent in its own; gone when they stop.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { httpClient } from '../support/http-announce.js'
import { engineMissing, meets } from '../support/requirement.js'
import { type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { WebTorrentClient } from '../support/web-torrent-client.js'

const protocols = ['udp', 'http', 'ws'] as const
type Programs = Readonly<Record<string, number>>

for (const engine of ['native', 'node'] as const) {
  describe(`peer clients of serve without a protocol (${engine} engine)`, () => {
    it('are counted over UDP, HTTP and WebTorrent, until they stop', async t => {
      if (!meets(t, engineMissing(engine))) return
      const settings = [
        `network.engine=${engine}`,
        'statistics.interval=1',
        'statistics.print_to_stdout=true',
        'statistics.peer_clients=true',
        ...protocols.flatMap(protocol => [
          `${protocol}.network.address_ipv4=127.0.0.1:0`,
          `${protocol}.network.use_ipv6=false`,
        ]),
      ]
      const sets = settings.flatMap(set => ['--set', set])
      const trackers = startBinary(t, ['serve', '--json', ...sets], {})
      const lines = await trackers.waitForLines('stdout', /"event":"listening"/, 3)
      const ports = Object.fromEntries(
        lines.map(line => JSON.parse(line) as Listening).map(({ protocol, port }) => [protocol, port]),
      )
      const place = (protocol: string) => ({ address: '127.0.0.1', port: ports[protocol]! })
      const udp = await UdpClient.connected(place('udp'))
      t.after(() => udp.close())
      const http = httpClient(place('http'))
      const ws = await WebTorrentClient.connect(t, `ws://127.0.0.1:${ports['ws']}`)
      const [byUdp, byHttp, byWs] = ['-qB4520-abcdefghijkl', '-TR4000-abcdefghijkl', '-WW0102-abcdefghijkl']

      /** Waits until the snapshots of a protocol tell of these programs, as those after a change do. */
      const seen = new Map<string, number>()
      const untilCounted = async (protocol: string, programs: Programs): Promise<void> => {
        for (let count = (seen.get(protocol) ?? 0) + 1; ; count++) {
          seen.set(protocol, count)
          const said = await trackers.waitForLines(
            'stdout',
            new RegExp(`"statistics","protocol":"${protocol}"`),
            count,
          )
          const { peerClients } = JSON.parse(said[count - 1]!) as TrackerSnapshot
          const found = Object.fromEntries(peerClients!.clients.map(({ client, count }) => [client, count]))
          if (
            JSON.stringify(Object.entries(found).sort()) === JSON.stringify(Object.entries(programs).sort())
          )
            return
        }
      }
      const both = { 'QBitTorrent 4.5.2': 1, 'Transmission 4.00': 1 }
      for (const number of [1, 2]) {
        await udp.announce({ infoHash: infoHash(number), peerId: Buffer.from(byUdp!) })
        await http.announce(infoHash(number), { peer_id: byHttp! })
        await ws.announced(`${number}`.repeat(20), byWs!)
      }
      await untilCounted('udp', both)
      await untilCounted('http', both)
      await untilCounted('ws', { 'WebTorrent 1.2': 1 })
      await http.announce(infoHash(1), { peer_id: byHttp!, event: 'stopped' })
      await ws.announced('1'.repeat(20), byWs!, { event: 'stopped' })
      await untilCounted('udp', { 'QBitTorrent 4.5.2': 1 })
      await untilCounted('ws', {})
      assert.equal((await trackers.stop()).code, 0)
    })
  })
}
