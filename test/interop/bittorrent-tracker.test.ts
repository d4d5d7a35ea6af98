// The npm package bittorrent-tracker, an independent client, against the built binary: start, scrape, complete, stop.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import Client, { type ScrapeResult } from 'bittorrent-tracker/client'
import { opensslMissing } from '../support/certificates.js'
import { meets } from '../support/requirement.js'
import { type Family, loopback } from '../support/tracker-process.js'
import { describeWay, startTrackerOnWay, type Way, wayMissing } from './trackers.js'

type Update = { readonly complete: number; readonly incomplete: number }

type Swarm = { readonly update: Update; readonly peers: readonly string[] }

/** One peer of the swarm: the client, with its events turned into answers. */
class Peer {
  readonly address: string
  readonly client: Client
  private peers: string[] = []

  constructor(t: TestContext, announce: string, infoHash: Buffer, family: Family, port: number) {
    const peerId = Buffer.concat([Buffer.from('-TS0001-'), randomBytes(12)])
    this.client = new Client({ infoHash, peerId, announce, port, wrtc: false })
    this.client.on('peer', (address: string) => this.peers.push(address))
    this.address = `${loopback[family]}:${port}`
    t.after(() => new Promise<void>(resolve => this.client.destroy(resolve)))
  }

  /** What the tracker answers to one announce. The client emits the peers in the same tick as the counts. */
  async announce(send: (client: Client) => void): Promise<Swarm> {
    this.peers = []
    const [{ complete, incomplete }] = await this.answer('update', () => send(this.client))
    return { update: { complete, incomplete }, peers: this.peers }
  }

  async scrape(): Promise<Pick<ScrapeResult, 'complete' | 'incomplete' | 'downloaded'>> {
    const [{ complete, incomplete, downloaded }] = await this.answer('scrape', () => this.client.scrape())
    return { complete, incomplete, downloaded }
  }

  /** The client reports everything that goes wrong, a timeout too, as a `warning`: that ends the wait. */
  private async answer(event: 'update' | 'scrape', send: () => void): Promise<ScrapeResult[]> {
    const stop = new AbortController()
    const warning = once(this.client, 'warning', { signal: stop.signal }).then(([error]) =>
      Promise.reject(error),
    )
    const answer = once(this.client, event, { signal: stop.signal }) as Promise<ScrapeResult[]>
    send()
    try {
      return await Promise.race([answer, warning])
    } finally {
      stop.abort()
      await Promise.allSettled([answer, warning])
    }
  }
}

/**
 * The client at 11.2.3 opens its sockets as `udp4` and splits peers at 6 bytes, so `udp://[::1]:port` ends in a failed
 * name look-up. Only the socket and the splitting are replaced here; every byte sent is still the client's own.
 */
function speakIpv6(t: TestContext): void {
  const createSocket = dgram.createSocket.bind(dgram)
  const lookup: dgram.SocketOptions['lookup'] = (hostname, _options, done) =>
    done(null, hostname.replace(/^\[(.*)\]$/, '$1'), 6)
  t.mock.method(dgram, 'createSocket', () => createSocket({ type: 'udp6', lookup }))
  const clientRequire = createRequire(import.meta.resolve('bittorrent-tracker/client'))
  const compact = clientRequire('compact2string')
  t.mock.method(compact, 'multi', compact.multi6)
}

/**
 * The client's HTTP is node's own `fetch`, to which it passes nothing about certificates; a process reads which ones it
 * trusts only at its start.
 */
function acceptAnyCertificate(t: TestContext): void {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  })
}

async function startOn(t: TestContext, way: Way) {
  const { tracker } = await startTrackerOnWay(t, way)
  assert.equal(tracker.listening[0]?.engine, way.engine)
  assert.equal(tracker.listening[0]?.protocol, way.scheme)
  if (way.scheme === 'https') acceptAnyCertificate(t)
  if (way.scheme === 'udp' && way.family === 6) speakIpv6(t)
  return tracker
}

async function meetInASwarm(t: TestContext, way: Way): Promise<void> {
  const tracker = await startOn(t, way)
  const { family } = way
  const infoHash = randomBytes(20)
  const seeder = new Peer(t, tracker.announceUrl(family), infoHash, family, 50_001)
  const leecher = new Peer(t, tracker.announceUrl(family), infoHash, family, 50_002)

  assert.deepEqual(await seeder.scrape(), { complete: 0, incomplete: 0, downloaded: 0 }, 'an unknown torrent')
  // Answers to announces count the others; scrapes count everybody.
  assert.deepEqual(await seeder.announce(client => client.start({ left: 0 })), {
    update: { complete: 0, incomplete: 0 },
    peers: [],
  })
  assert.deepEqual(await leecher.announce(client => client.start({ left: 4096 })), {
    update: { complete: 1, incomplete: 0 },
    peers: [seeder.address],
  })
  assert.deepEqual(await seeder.announce(client => client.update({ left: 0 })), {
    update: { complete: 0, incomplete: 1 },
    peers: [leecher.address],
  })
  assert.deepEqual(await seeder.scrape(), { complete: 1, incomplete: 1, downloaded: 0 })

  // Without `left`, complete() sends 2^64 - 1 over UDP (-1 as a signed number) and 16384 over HTTP, with the event
  // `completed`: still a finished download.
  const completed = await leecher.announce(client => client.complete())
  assert.deepEqual(completed.update, { complete: 1, incomplete: 0 })
  assert.deepEqual(await seeder.scrape(), { complete: 2, incomplete: 0, downloaded: 1 })

  const left = await seeder.announce(client => client.stop({ left: 0 }))
  assert.deepEqual(left.update, { complete: 1, incomplete: 0 })
  assert.deepEqual(await leecher.scrape(), { complete: 1, incomplete: 0, downloaded: 1 })
  await leecher.announce(client => client.stop({ left: 0 }))
  const { complete, incomplete } = await leecher.scrape()
  assert.deepEqual({ complete, incomplete }, { complete: 0, incomplete: 0 })

  const { code, stderr } = await tracker.stop('SIGTERM')
  assert.equal(code, 0, stderr)
}

async function scrapeMany(t: TestContext, way: Way): Promise<void> {
  const tracker = await startOn(t, way)
  const infoHashes = Array.from({ length: 70 }, () => randomBytes(20))
  const known = infoHashes[41]!
  const peer = new Peer(t, tracker.announceUrl(way.family), known, way.family, 50_003)
  await peer.announce(client => client.start({ left: 1 }))
  const results: ScrapeResult[] = []
  await new Promise<void>((resolve, reject) => {
    peer.client.once('warning', reject)
    peer.client.on('scrape', (result: ScrapeResult) => {
      if (results.push(result) === infoHashes.length) resolve()
    })
    peer.client.scrape({ infoHash: infoHashes })
  })
  // Over HTTP they are the keys of a dictionary, which are sorted by their bytes (BEP 3).
  const order = way.scheme === 'udp' ? infoHashes : infoHashes.toSorted(Buffer.compare)
  for (const [index, { infoHash: shown, complete, incomplete, downloaded }] of results.entries()) {
    // The client at 11.2.3 writes the keys of that dictionary as hexadecimal digits twice.
    const infoHash = way.scheme === 'udp' ? shown : Buffer.from(shown, 'hex').toString()
    assert.equal(infoHash, order[index]?.toString('hex'))
    assert.deepEqual([complete, incomplete, downloaded], [0, infoHash === known.toString('hex') ? 1 : 0, 0])
  }
}

for (const engine of ['native', 'node'] as const) {
  for (const scheme of ['udp', 'http', 'https'] as const) {
    const needs = scheme === 'https' ? opensslMissing() : {}

    for (const family of [4, 6] as const) {
      const way: Way = { scheme, engine, family }
      test(`${describeWay(way)}: two clients meet, and their counts follow them`, async t => {
        if (meets(t, { ...wayMissing(way), ...needs })) await meetInASwarm(t, way)
      })
    }

    const way: Way = { scheme, engine, family: 4 }
    test(`${describeWay(way)}: one scrape of 70 torrents is answered in order`, async t => {
      if (meets(t, { ...wayMissing(way), ...needs })) await scrapeMany(t, way)
    })
  }
}
