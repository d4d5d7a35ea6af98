// Real BitTorrent programs move a file, and find each other only through this tracker.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import Client, { type ScrapeResult } from 'bittorrent-tracker/client'
import { opensslMissing } from '../support/certificates.js'
import { meets } from '../support/requirement.js'
import type { TrackerProcess } from '../support/tracker-process.js'
import { missing, startAria2, startLibtorrent, startTransmission } from './clients.js'
import { prepareTransfer, type Transfer } from './torrent.js'
import { describeWay, startTrackerOnWay, type Way, wayMissing } from './trackers.js'

async function assertArrived({ checksum, source, target }: Transfer): Promise<void> {
  assert.equal(await checksum(target), await checksum(source))
}

async function prepare(t: TestContext, way: Way): Promise<{ tracker: TrackerProcess; transfer: Transfer }> {
  const { tracker, certificatePath } = await startTrackerOnWay(t, way)
  return { tracker, transfer: await prepareTransfer(t, tracker.announceUrl(way.family), certificatePath) }
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

async function libtorrentToAria2(t: TestContext, way: Way): Promise<void> {
  const { tracker, transfer } = await prepare(t, way)
  const seed = startLibtorrent(t, transfer, transfer.source, way.family)
  await seed.waitForLines('stdout', /"announced", "request": "started"/)
  const download = startAria2(t, transfer)
  const { code } = await download.waitForEnd()
  assert.equal(code, 0, download.describe())
  await assertArrived(transfer)
  seed.endInput()
  await seed.waitForEnd()
  await tracker.stop()
}

async function transmissionToAria2(t: TestContext, way: Way): Promise<void> {
  const { tracker, transfer } = await prepare(t, way)
  const seed = await startTransmission(t, transfer, transfer.source, way.family)
  const download = startAria2(t, transfer)
  const { code } = await download.waitForEnd()
  assert.equal(code, 0, download.describe())
  await assertArrived(transfer)
  await seed.stop()
  await tracker.stop()
}

async function libtorrentToTransmission(t: TestContext, way: Way): Promise<void> {
  const { tracker, transfer } = await prepare(t, way)
  const download = await startTransmission(t, transfer, transfer.target, way.family)
  const seed = startLibtorrent(t, transfer, transfer.source, way.family)
  await download.waitForLines('stderr', /State changed from "Incomplete" to "Complete"/)
  // Ending writes out what is still in memory.
  await download.stop()
  await assertArrived(transfer)
  seed.endInput()
  await seed.waitForEnd()
  await tracker.stop()
}

async function libtorrentToLibtorrent(t: TestContext, way: Way): Promise<void> {
  const { tracker, transfer } = await prepare(t, way)
  const seed = startLibtorrent(t, transfer, transfer.source, way.family)
  await seed.waitForLines('stdout', /"announced", "request": "started"/)
  const download = startLibtorrent(t, transfer, transfer.target, way.family)
  // The answer to the completed download is the last thing that the counts below depend on.
  await download.waitForLines('stdout', /"announced", "request": "completed"/)
  assert.ok(download.hasSaid(/"request": "started", "peers": 1/), download.describe())
  await assertArrived(transfer)
  const isCounted = way.family === 4 && way.scheme !== 'https'
  if (isCounted) {
    const { complete, incomplete, downloaded } = await scrape(tracker.announceUrl(4), transfer.infoHash)
    assert.deepEqual({ complete, incomplete, downloaded }, { complete: 2, incomplete: 0, downloaded: 1 })
  }
  for (const peer of [seed, download]) {
    peer.endInput()
    assert.equal((await peer.waitForEnd()).code, 0, peer.describe())
    assert.ok(peer.hasSaid(/"request": "stopped"/), peer.describe())
  }
  if (isCounted) {
    const { complete, incomplete } = await scrape(tracker.announceUrl(4), transfer.infoHash)
    assert.deepEqual({ complete, incomplete }, { complete: 0, incomplete: 0 })
  }
  const { code, stderr } = await tracker.stop()
  assert.equal(code, 0, stderr)
}

const pairs = {
  'aria2 downloads from libtorrent': {
    run: libtorrentToAria2,
    needs: { ...missing.aria2, ...missing.libtorrent },
  },
  'aria2 downloads from transmission': {
    run: transmissionToAria2,
    needs: { ...missing.aria2, ...missing.transmission },
  },
  'transmission downloads from libtorrent': {
    run: libtorrentToTransmission,
    needs: { ...missing.transmission, ...missing.libtorrent },
  },
  'libtorrent downloads from libtorrent': { run: libtorrentToLibtorrent, needs: missing.libtorrent },
} as const

type PairName = keyof typeof pairs
const allPairs = Object.keys(pairs) as readonly PairName[]

/** The UDP clients of aria2 and Transmission can't reach `[::1]`. What the node engine does with HTTP, TLS shows. */
function pairsOf({ scheme, engine, family }: Way): readonly PairName[] {
  if (scheme === 'udp' && family === 6) return ['libtorrent downloads from libtorrent']
  if (scheme === 'http' && engine === 'node') return ['aria2 downloads from libtorrent']
  return allPairs
}

const ways: readonly Way[] = (['native', 'node'] as const).flatMap(engine =>
  (['udp', 'http', 'https'] as const).flatMap(scheme =>
    ([4, 6] as const).map(family => ({ scheme, engine, family })),
  ),
)

// All at once: the programs spend their time waiting for each other (transmission lets a peer download after 10 s).
describe('two programs and this tracker', { concurrency: true }, () => {
  for (const way of ways) {
    for (const name of pairsOf(way)) {
      const { run, needs } = pairs[name]
      test(`${describeWay(way)}: ${name}`, async t => {
        const noOpenssl = way.scheme === 'https' ? opensslMissing() : {}
        if (meets(t, { ...wayMissing(way), ...needs, ...noOpenssl })) await run(t, way)
      })
    }
  }
})
