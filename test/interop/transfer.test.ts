// Real BitTorrent programs move a file, and find each other only through this tracker.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import Client, { type ScrapeResult } from 'bittorrent-tracker/client'
import { engineMissing, meets } from '../support/requirement.js'
import {
  type Family,
  hasIpv6Loopback,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { missing, startAria2, startLibtorrent, startTransmission } from './clients.js'
import { prepareTransfer, type Transfer } from './torrent.js'

async function assertArrived({ checksum, source, target }: Transfer): Promise<void> {
  assert.equal(await checksum(target), await checksum(source))
}

async function prepare(
  t: TestContext,
  engine: 'native' | 'node',
  family: Family,
): Promise<{ tracker: TrackerProcess; transfer: Transfer }> {
  const tracker = await startTracker(t, { families: [family], settings: { 'network.engine': engine } })
  return { tracker, transfer: await prepareTransfer(t, tracker.announceUrl(family)) }
}

/** What the tracker counts, asked by a third program over IPv4. */
function scrape(announce: string, infoHash: Buffer): Promise<ScrapeResult> {
  return new Promise((resolve, reject) => {
    const client = new Client({ infoHash, peerId: Buffer.alloc(20, 'x'), announce, port: 1, wrtc: false })
    client.once('warning', reject)
    client.once('scrape', resolve)
    client.scrape()
  })
}

async function libtorrentToAria2(t: TestContext, engine: 'native' | 'node'): Promise<void> {
  const { tracker, transfer } = await prepare(t, engine, 4)
  const seed = startLibtorrent(t, transfer, transfer.source, 4)
  await seed.waitForLines('stdout', /"announced", "request": "started"/)
  const download = startAria2(t, transfer)
  const { code } = await download.waitForEnd()
  assert.equal(code, 0, download.describe())
  await assertArrived(transfer)
  seed.endInput()
  await seed.waitForEnd()
  await tracker.stop()
}

async function transmissionToAria2(t: TestContext, engine: 'native' | 'node'): Promise<void> {
  const { tracker, transfer } = await prepare(t, engine, 4)
  const seed = await startTransmission(t, transfer, transfer.source)
  const download = startAria2(t, transfer)
  const { code } = await download.waitForEnd()
  assert.equal(code, 0, download.describe())
  await assertArrived(transfer)
  await seed.stop()
  await tracker.stop()
}

async function libtorrentToTransmission(t: TestContext, engine: 'native' | 'node'): Promise<void> {
  const { tracker, transfer } = await prepare(t, engine, 4)
  const download = await startTransmission(t, transfer, transfer.target)
  const seed = startLibtorrent(t, transfer, transfer.source, 4)
  await download.waitForLines('stderr', /State changed from "Incomplete" to "Complete"/)
  // Ending writes out what is still in memory.
  await download.stop()
  await assertArrived(transfer)
  seed.endInput()
  await seed.waitForEnd()
  await tracker.stop()
}

async function libtorrentToLibtorrent(
  t: TestContext,
  engine: 'native' | 'node',
  family: Family,
): Promise<void> {
  const { tracker, transfer } = await prepare(t, engine, family)
  const seed = startLibtorrent(t, transfer, transfer.source, family)
  await seed.waitForLines('stdout', /"announced", "request": "started"/)
  const download = startLibtorrent(t, transfer, transfer.target, family)
  // The answer to the completed download is the last thing that the counts below depend on.
  await download.waitForLines('stdout', /"announced", "request": "completed"/)
  assert.ok(download.hasSaid(/"request": "started", "peers": 1/), download.describe())
  await assertArrived(transfer)
  if (family === 4) {
    const { complete, incomplete, downloaded } = await scrape(tracker.announceUrl(4), transfer.infoHash)
    assert.deepEqual({ complete, incomplete, downloaded }, { complete: 2, incomplete: 0, downloaded: 1 })
  }
  for (const peer of [seed, download]) {
    peer.endInput()
    assert.equal((await peer.waitForEnd()).code, 0, peer.describe())
    assert.ok(peer.hasSaid(/"request": "stopped"/), peer.describe())
  }
  if (family === 4) {
    const { complete, incomplete } = await scrape(tracker.announceUrl(4), transfer.infoHash)
    assert.deepEqual({ complete, incomplete }, { complete: 0, incomplete: 0 })
  }
  const { code, stderr } = await tracker.stop()
  assert.equal(code, 0, stderr)
}

// All at once: the programs spend their time waiting for each other (transmission lets a peer download after 10 s).
describe('two programs and this tracker', { concurrency: true }, () => {
  for (const engine of ['native', 'node'] as const) {
    test(`${engine} engine: aria2 downloads from libtorrent over IPv4`, async t => {
      const needs = { ...engineMissing(engine), ...missing.aria2, ...missing.libtorrent }
      if (meets(t, needs)) await libtorrentToAria2(t, engine)
    })

    test(`${engine} engine: aria2 downloads from transmission over IPv4`, async t => {
      const needs = { ...engineMissing(engine), ...missing.aria2, ...missing.transmission }
      if (meets(t, needs)) await transmissionToAria2(t, engine)
    })

    test(`${engine} engine: transmission downloads from libtorrent over IPv4`, async t => {
      const needs = { ...engineMissing(engine), ...missing.transmission, ...missing.libtorrent }
      if (meets(t, needs)) await libtorrentToTransmission(t, engine)
    })

    for (const family of [4, 6] as const) {
      test(`${engine} engine: libtorrent downloads from libtorrent over IPv${family}`, async t => {
        const noIpv6 = { 'this machine has no ::1': family === 6 && !hasIpv6Loopback() }
        const needs = { ...engineMissing(engine), ...missing.libtorrent, ...noIpv6 }
        if (meets(t, needs)) await libtorrentToLibtorrent(t, engine, family)
      })
    }
  }
})
