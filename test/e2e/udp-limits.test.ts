// Time limits, memory limits, access lists, floods and failures of the built UDP tracker.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startProcess } from '../support/child-process.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { cleanEnvironment, startTracker, type TrackerProcess } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { announceRequest, connectRequest, infoHash, scrapeRequest } from '../support/udp-messages.js'

type Settings = Record<string, string | number | boolean>

async function startIpv4(
  t: TestContext,
  settings: Settings,
): Promise<{ tracker: TrackerProcess; client: UdpClient }> {
  const tracker = await startTracker(t, { families: [4], settings })
  const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
  t.after(() => client.close())
  return { tracker, client }
}

describe('UDP tracker limits', () => {
  it('forgets peers and torrents that stopped announcing', async t => {
    const { tracker, client } = await startIpv4(t, {
      'cleaning.max_peer_age': 1,
      'cleaning.torrent_cleaning_interval': 1,
      'protocol.peer_announce_interval': 1,
    })
    await client.announce({ infoHash: infoHash(1), left: 0n })
    for (;;) {
      const [{ seeders }] = await client.scrape([infoHash(1)])
      if (seeders === 0) break
      await client.connect()
    }
    const { torrents, peers } = stoppedEventOf(await tracker.stop())
    assert.deepEqual({ torrents, peers }, { torrents: 0, peers: 0 })
  })

  for (const engine of ['native', 'node']) {
    it(`lets connection ids grow old (${engine})`, async t => {
      const { tracker, client } = await startIpv4(t, {
        'cleaning.max_connection_age': 1,
        'network.engine': engine,
      })
      const announce = (): Buffer => client.announcePacket({ infoHash: infoHash(1) })
      // Within three seconds the id is more than a second old and no longer answered; a new one is.
      while ((await client.answersTo([announce()])).length > 0);
      // Unless the machine stands still for so long between two packets that it has grown old, too.
      do await client.connect()
      while ((await client.answersTo([announce()])).length === 0)
      const { counters } = stoppedEventOf(await tracker.stop())
      assert.ok(counters.droppedInvalidConnectionId >= 1)
    })
  }

  it('keeps its hands off the neighbours with the smallest answers', async t => {
    const { client } = await startIpv4(t, {
      'protocol.max_response_peers': 1,
      'protocol.max_scrape_torrents': 1,
    })
    const hash = infoHash(1)
    for (let port = 1; port <= 20; port++) {
      const { leechers, peers } = await client.announce({ infoHash: hash, port, numwant: 5 })
      assert.deepEqual([leechers, peers.length], [port - 1, Math.min(1, port - 1)])
    }
    assert.deepEqual(await client.scrape([hash, infoHash(2)]), [{ seeders: 0, downloads: 0, leechers: 20 }])
  })

  for (const [mode, listed, other] of [
    ['allow', 1, 3],
    ['deny', 3, 1],
  ] as const) {
    it(`serves by an access list (${mode})`, async t => {
      const directory = mkdtempSync(join(tmpdir(), 'aquatic-'))
      t.after(() => rmSync(directory, { recursive: true }))
      const path = join(directory, 'list.txt')
      writeFileSync(path, `# a comment\n\n${infoHash(1).toString('hex').toUpperCase()}\n`)
      const { tracker, client } = await startIpv4(t, { 'access_list.mode': mode, 'access_list.path': path })
      const announce = (hash: Buffer): Promise<Buffer> =>
        client.request(client.announcePacket({ infoHash: hash }))
      assert.equal((await announce(infoHash(1))).readInt32BE(0), listed)
      assert.equal((await announce(infoHash(2))).readInt32BE(0), other)
      const refused = await announce(infoHash(mode === 'allow' ? 2 : 1))
      assert.equal(refused.subarray(8).toString(), 'Info hash not allowed')
      const { counters, torrents } = stoppedEventOf(await tracker.stop())
      assert.equal(counters.announcesRefusedByAccessList, 2)
      assert.equal(torrents, 1)
    })
  }

  it('names the line of a bad access list and does not start', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'list.txt')
    writeFileSync(path, `${infoHash(1).toString('hex')}\nnot a hash\n`)
    const settings = { 'access_list.mode': 'allow', 'access_list.path': path }
    await assert.rejects(startTracker(t, { families: [4], settings }), /AQ_ACCESS_LIST.*list\.txt:2/)
  })

  it('refuses new torrents at the memory limit and serves those it knows', async t => {
    const { tracker, client } = await startIpv4(t, { 'swarm.memory_limit': 2 ** 20 })
    const first = await client.announce({ infoHash: infoHash(0), left: 0n })
    assert.equal(first.action, 1)
    let stored = 1
    for (; ; stored++) {
      const answer = await client.request(client.announcePacket({ infoHash: infoHash(stored) }))
      if (answer.readInt32BE(0) === 1) continue
      assert.equal(answer.subarray(8).toString(), 'Tracker is full, try again later')
      break
    }
    const again = await client.announce({ infoHash: infoHash(0), port: 6881, left: 0n })
    assert.deepEqual([again.action, again.peers], [1, []])
    assert.deepEqual(await client.scrape([infoHash(0)]), [{ seeders: 1, downloads: 0, leechers: 0 }])
    const { counters, torrents } = stoppedEventOf(await tracker.stop())
    assert.equal(counters.announcesRefusedByMemoryLimit, 1)
    assert.equal(torrents, stored)
  })

  for (const engine of ['native', 'node']) {
    it(`survives floods and rubbish, and counts every packet once (${engine})`, async t => {
      const { tracker, client } = await startIpv4(t, { 'network.engine': engine, socket_workers: 1 })
      const seed = randomBytes(4).readUInt32LE()
      t.diagnostic(`seed ${seed}`)
      let state = seed
      const random = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state % below
      }
      const rubbish = (): Buffer => {
        const bytes = Buffer.from(Array.from({ length: random(300) }, () => random(256)))
        switch (random(6)) {
          case 0:
            return connectRequest(random(1000))
          case 1:
            return announceRequest({
              connectionId: client.connectionId,
              numwant: random(5) - 2,
              event: random(9) - 2,
            })
          case 2:
            return Buffer.concat([scrapeRequest(client.connectionId, 1, []), bytes])
          case 3:
            return announceRequest({ connectionId: 1n, options: bytes })
          case 4:
            return Buffer.concat([connectRequest(1, client.connectionId, random(4)), bytes])
          default:
            return bytes
        }
      }
      let sent = 1
      // In groups that fit into the socket's buffer: the connect at the end of each says that it was read.
      for (let group = 0; group < 100; group++) {
        await client.answersTo(Array.from({ length: 100 }, rubbish))
        sent += 101
      }
      const { counters, requests, responses, dropped, kernelDrops } = stoppedEventOf(await tracker.stop())
      assert.equal(kernelDrops, 0)
      const notRequests = dropped - counters.droppedInvalidConnectionId
      assert.equal(requests + notRequests, sent)
      assert.equal(responses, requests - counters.droppedInvalidConnectionId)
      for (const name of ['droppedTooShort', 'droppedUnknownAction', 'droppedInvalidConnectionId']) {
        assert.ok(counters[name] > 0, name)
      }
    })
  }

  it('ends with 1 and the name of a worker whose socket is lost for good', async t => {
    const fixture = fileURLToPath(new URL('../fixtures/tracker-losing-its-socket.js', import.meta.url))
    const { code, stdout, stderr } = await startProcess(t, process.execPath, [fixture], {
      env: cleanEnvironment(),
    }).ended
    assert.equal(code, 1)
    assert.match(stderr, /AQ_WORKER_FAILED Worker socket-01 keeps failing: recvmmsg failed: (EBADF|ENOTSOCK)/)
    const restarts = stdout.split('\n').filter(line => line.includes('"event":"worker-restarted"'))
    assert.equal(restarts.length, 5)
    assert.match(restarts[0], /"worker":"socket-01","reason":"recvmmsg failed: (EBADF|ENOTSOCK)"/)
  })
})
