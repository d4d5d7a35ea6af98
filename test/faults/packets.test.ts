// A network that loses, doubles and reorders datagrams: clients that ask again are served, each peer is there once, and
// the tracker's counts are those of the datagrams that reached it.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { stoppedEventOf } from '../support/stopped-event.js'
import { startTracker } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { connectRequest, infoHash, scrapeRequest } from '../support/udp-messages.js'
import { insist, type Place } from './service.js'
import { type PacketFaults, UdpProxy } from './udp-proxy.js'
import { assertAsBefore, underLoad } from './under-load.js'

const badNetwork: PacketFaults = { lost: 0.2, doubled: 0.15, overtaken: 0.15 }
const hash = infoHash(0xfe00_0001)
const COMPLETED = 1

/** An upper bound against waiting forever; no test passes by it. */
const PATIENCE_MS = 120_000

/** Clients that take all their requests through the network at the same time, and insist on each answer. */
async function announceThrough(t: TestContext, place: Place, clients: number): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const announce = async (_: unknown, index: number): Promise<void> => {
    const client = await UdpClient.open(place)
    t.after(() => client.close())
    const connected = await insist(client, connectRequest(client.nextTransactionId()), signal)
    client.connectionId = connected.readBigUInt64BE(8)
    const peerId = Buffer.from(`-XX0000-${String(index).padStart(12, '0')}`)
    for (const [left, event] of [
      [1n, 2],
      [0n, COMPLETED],
      [0n, 0],
    ] as const) {
      const packet = client.announcePacket({ infoHash: hash, port: 1 + index, peerId, left, event })
      assert.equal((await insist(client, packet, signal)).readInt32BE(0), 1)
    }
    const scrape = scrapeRequest(client.connectionId, client.nextTransactionId(), [hash])
    assert.equal((await insist(client, scrape, signal)).readInt32BE(0), 2)
  }
  await Promise.all(Array.from({ length: clients }, announce))
}

describe('a network that loses, doubles and reorders datagrams', () => {
  it('takes no peer away and keeps nobody else from service', async t => {
    const aftermath = await underLoad(t, { protocols: ['udp'] }, async tracker => {
      const proxy = await UdpProxy.open(t, tracker.place('udp'), badNetwork, 1)
      await announceThrough(t, proxy.place, 50)
      assert.ok(proxy.lost > 0 && proxy.doubled > 0 && proxy.overtaken > 0)
    })
    assertAsBefore(t, aftermath)
  })

  for (const engine of ['native', 'node']) {
    it(`leaves each peer once and a count for each datagram (${engine} engine)`, async t => {
      const settings = { 'network.engine': engine, socket_workers: 1 }
      const tracker = await startTracker(t, { families: [4], settings })
      const place = { address: '127.0.0.1', port: tracker.port(4) }
      const proxy = await UdpProxy.open(t, place, badNetwork, 2)
      const clients = 100
      await announceThrough(t, proxy.place, clients)
      // From now on nothing comes to the tracker but what was sent to it before, and what follows here.
      proxy.close()
      const direct = await UdpClient.open(place)
      t.after(() => direct.close())
      const signal = AbortSignal.timeout(PATIENCE_MS)
      const connected = await insist(direct, connectRequest(direct.nextTransactionId()), signal)
      direct.connectionId = connected.readBigUInt64BE(8)
      const [{ seeders, leechers, downloads }] = await direct.scrape([hash])
      assert.deepEqual(
        { seeders, leechers, downloads },
        { seeders: clients, leechers: 0, downloads: clients },
      )
      const { requests, responses, dropped, kernelDrops, peers } = stoppedEventOf(await tracker.stop())
      t.diagnostic(JSON.stringify({ ...proxy, requests }))
      // The scrape of `direct` was the last one, so all before it were read, or had found no room while the tracker did
      // not get to read: those the kernel has counted.
      assert.equal(requests + kernelDrops, proxy.toTracker + direct.sent)
      assert.deepEqual({ responses, dropped, peers }, { responses: requests, dropped: 0, peers: clients })
    })
  }
})
