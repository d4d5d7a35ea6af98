// Sockets that a service manager opened for all trackers of one process: each takes its kind, and what nobody takes is
// named once.

import assert from 'node:assert/strict'
import { openSync } from 'node:fs'
import { describe, it } from 'node:test'
import { closeStreamListener, openTcpListener } from '../../src/net/native/stream-listener.js'
import { closeUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { httpClient } from '../support/http-announce.js'
import { engineMissing, meets } from '../support/requirement.js'
import { type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'

const address = { address: '127.0.0.1', port: 0 }
const portOf = (bound: object): number => (bound as { port: number }).port

for (const engine of ['native', 'node'] as const) {
  describe(`socket activation of serve without a protocol (${engine} engine)`, () => {
    for (const isShared of [true, false]) {
      it(`UDP and ${isShared ? 'one listener of HTTP and WebTorrent' : 'HTTP'} take theirs`, async t => {
        if (!meets(t, engineMissing('native'))) return
        const buffers = { receiveBufferBytes: 0, sendBufferBytes: 0, answerBytesMax: 1000 }
        const udp = openUdpSocket({ onlyIpv6: true, ...buffers, address })
        const tcp = openTcpListener({ protocol: 'test', backlog: 100, onlyIpv6: true, address })
        const file = openSync('/dev/null', 'r')
        t.after(() => {
          closeUdpSocket(udp)
          closeStreamListener(tcp)
        })
        const settings = [`network.engine=${engine}`, 'udp.socket_workers=1', 'http.socket_workers=1']
        if (!isShared) settings.push('ws.network.address_ipv4=127.0.0.1:0', 'ws.network.use_ipv6=false')
        const sets = settings.flatMap(set => ['--set', set])
        const environment = { LISTEN_FDNAMES: 'datagrams:web:nothing' }
        const passSockets = [udp.fd, tcp.fd, file]
        const trackers = startBinary(t, ['serve', '--json', ...sets], { passSockets, environment })
        const lines = await trackers.waitForLines('stdout', /"event":"listening"/, 3)
        const ports = Object.fromEntries(
          lines.map(line => JSON.parse(line) as Listening).map(({ protocol, port }) => [protocol, port]),
        )
        assert.deepEqual([ports['udp'], ports['http']], [udp.address.port, portOf(tcp.address)])
        assert.equal(ports['ws'] === ports['http'], isShared)
        const client = await UdpClient.connected({ ...address, port: udp.address.port })
        await client.announce({ infoHash: infoHash(1), port: 1 })
        client.close()
        for (let index = 0; index < 8; index++) {
          const { incomplete } = await httpClient({ ...address, port: ports['http']! }).announce(infoHash(1))
          assert.ok(incomplete >= 1, 'the peer of UDP')
          const ws = await WebTorrentClient.connect(t, `ws://127.0.0.1:${ports['ws']}`)
          assert.deepEqual(await ws.counts('x'.repeat(20), identifier(`p${index}`)), [0, index + 1])
        }
        const { code, stdout } = await trackers.stop('SIGTERM')
        assert.equal(code, 0)
        const unused = stdout.split('\n').filter(line => line.includes('was passed in but'))
        assert.equal(unused.length, 1, unused.join('\n'))
        assert.match(
          unused[0]!,
          /descriptor 5 \(nothing\) was passed in but is no UDP socket and no TCP or Unix stream socket that listens/,
        )
      })
    }
  })
}
