// Two pages in a real browser, each with WebTorrent's own browser bundle: one seeds a file, the other downloads it, and
// `aquatic serve ws` is all that brings them together.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { opensslMissing } from '../support/certificates.js'
import type { Owner } from '../support/child-process.js'
import { Browser, chromiumMissing } from '../support/chromium.js'
import { meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { packageRoot } from '../support/tracker-process.js'
import { describeWay, startTrackerOnWay, type Way, wayMissing } from './trackers.js'

/** Some pieces, and not a multiple of the piece length. */
const payloadBytes = 2 ** 20 + 12_345

/** An upper bound for pages that never meet; no test depends on its length. */
const deadlineMs = 120_000

/** Where the pages come from, with the payload for one of them and a place where the other leaves what it has got. */
interface Site {
  readonly url: string
  readonly payload: Buffer
  /** What was posted to `/received`. */
  received: Buffer | undefined
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function startSite(owner: Owner): Promise<Site> {
  const payload = randomBytes(payloadBytes)
  const script = 'text/javascript'
  const files: Record<string, readonly [type: string, content: string | Buffer]> = {
    '/': ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': [script, readFileSync(join(packageRoot, 'test/interop/webtorrent-page.js'))],
    '/webtorrent.min.js': [
      script,
      readFileSync(join(packageRoot, 'node_modules/webtorrent/dist/webtorrent.min.js')),
    ],
    '/payload': ['application/octet-stream', payload],
  }
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') site.received = await bodyOf(request)
    const [type, content] = files[request.url ?? ''] ?? ['text/plain', '']
    response.writeHead(200, { 'Content-Type': type }).end(content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(() => {
    server.closeAllConnections()
    server.close()
  })
  // A page from 127.0.0.1 may use all that WebTorrent needs (SHA-1 among it), as one over HTTPS.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const site: Site = { url, payload, received: undefined }
  return site
}

async function downloadInBrowser(t: TestContext, way: Way): Promise<void> {
  const { tracker, certificatePath } = await startTrackerOnWay(t, way)
  const announce = tracker.announceUrl(way.family)
  const site = await startSite(t)
  const browser = await Browser.start(t, certificatePath)
  const seeder = await browser.open(site.url)
  const leecher = await browser.open(site.url)
  const magnet = await seeder.evaluate<string>(`seed('/payload', ${JSON.stringify(announce)})`)
  assert.ok(magnet.includes(encodeURIComponent(announce)), magnet)
  const peers = await leecher.evaluate<number>(`download(${JSON.stringify(magnet)}, '/received')`)
  assert.ok(peers >= 1)
  assert.ok(site.received?.equals(site.payload), 'every byte')
  for (const page of [leecher, seeder]) await page.evaluate('leave()')

  const end = await tracker.stop()
  assert.equal(end.code, 0, end.stderr)
  const { peers: left, counters } = stoppedEventOf(end)
  assert.equal(left, 0, 'both have said goodbye')
  // The one that seeds says so too.
  assert.equal(counters['announcesCompletedIpv4'], 2)
  assert.ok(counters['responsesOfferIpv4'] >= 1)
  assert.ok(counters['responsesAnswerIpv4'] >= 1)
  assert.equal(counters['requestsInvalidIpv4'], 0)
}

for (const engine of ['native', 'node'] as const) {
  for (const scheme of ['ws', 'wss'] as const) {
    const way: Way = { scheme, engine, family: 4 }
    test(`${describeWay(way)}: one page downloads from another what it seeds`, {
      timeout: deadlineMs,
    }, async t => {
      const missing = { ...chromiumMissing(), ...(scheme === 'wss' ? opensslMissing() : {}) }
      if (meets(t, { ...missing, ...wayMissing(way) })) await downloadInBrowser(t, way)
    })
  }
}
