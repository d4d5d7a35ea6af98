// Statistics and metrics of the running HTTP tracker: what its clients did is what it writes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { snapshotProblems } from '../metrics/sample-snapshot.js'
import { scratchDirectory } from '../support/certificates.js'
import { announceTarget, getRequest, scrapeTarget } from '../support/http-announce.js'
import { exchange, HttpConnection, type HttpPlace } from '../support/http-connection.js'
import { connectionOptions, placeOf, plainVariants, startHttp } from '../support/http-variants.js'
import { get, parseMetrics, type Series, sumOf } from '../support/metrics.js'
import type { TrackerProcess } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

/**
 * The snapshot after the first one that the test is content with, as told on stdout, one every second: that one may
 * have been taken while the last of what it counts was being counted, by one worker after the other.
 */
async function snapshotWhere(
  { process }: TrackerProcess,
  isContent: (snapshot: TrackerSnapshot) => boolean,
): Promise<TrackerSnapshot> {
  for (let count = 1; ; count++) {
    const lines = await process.waitForLines('stdout', /"event":"statistics"/, count)
    if (!isContent(JSON.parse(lines[count - 1]))) continue
    const next = await process.waitForLines('stdout', /"event":"statistics"/, count + 1)
    const { event: _, ...snapshot } = JSON.parse(next[count])
    return snapshot
  }
}

/** Two torrents with three peers, a download, a scrape, a page, and one of each mistake. Bytes of all requests. */
async function visit(place: HttpPlace): Promise<number> {
  const requests = [
    getRequest(announceTarget(infoHash(1), { port: 1, left: 0 })),
    getRequest(announceTarget(infoHash(1), { port: 2, event: 'completed' })),
    getRequest(announceTarget(infoHash(2), { port: 3 })),
    getRequest(scrapeTarget(infoHash(1))),
    getRequest('/health'),
    getRequest('/announce?port=1'),
    getRequest('/scrape'),
    getRequest('/none'),
    'POST / HTTP/1.1\r\n\r\n',
    'nonsense\r\n',
  ]
  for (const request of requests) await exchange(place, request)
  return requests.reduce((sum, { length }) => sum + length, 0)
}

for (const variant of plainVariants) {
  describe(`statistics of serve http, ${variant.name}`, () => {
    it('count what clients did, at once and exactly, by the schema, as JSON, page and lines', async t => {
      const directory = scratchDirectory(t)
      const json = join(directory, 'statistics.json')
      const html = join(directory, 'statistics.html')
      const tracker = await startHttp(
        t,
        variant,
        {
          socket_workers: 2,
          'statistics.interval': 1,
          'statistics.print_to_stdout': true,
          'statistics.peer_clients': true,
          'statistics.write_json_to_file': true,
          'statistics.json_file_path': json,
          'statistics.write_html_to_file': true,
          'statistics.html_file_path': html,
        },
        { families: [4] },
      )
      const held = await HttpConnection.open(placeOf(tracker))
      await held.get('/robots.txt')
      const bytes = await visit(placeOf(tracker))
      const snapshot = await snapshotWhere(
        tracker,
        ({ errors, workers }) =>
          errors.badRequest === 1 && workers.reduce((sum, worker) => sum + worker.connections!, 0) === 1,
      )
      assert.deepEqual(snapshotProblems(snapshot), [])
      const { ipv4, ipv6 } = snapshot.families
      assert.equal(snapshot.protocol, 'http')
      assert.deepEqual(ipv4.requests, { announce: 4, scrape: 2, other: 2 })
      assert.deepEqual(ipv4.responses, { announce: 3, scrape: 1, error: 5, page: 2 })
      assert.deepEqual([ipv4.torrents, ipv4.peers, ipv4.seeders, ipv4.leechers], [2, 3, 2, 1])
      assert.deepEqual([ipv4.downloads, ipv4.isServed, ipv6.isServed], [1, true, false])
      assert.equal(ipv4.bytesReceived, bytes + 'GET /robots.txt HTTP/1.1\r\nHost: tracker\r\n\r\n'.length)
      const { badQuery, fullScrape, notFound, methodNotAllowed, badRequest } = snapshot.errors
      assert.deepEqual([badQuery, fullScrape, notFound, methodNotAllowed, badRequest], [1, 1, 1, 1, 1])
      assert.ok(Object.values(snapshot.drops).every(count => count === 0))
      assert.equal(snapshot.peerClients?.peers, 1)
      const written = JSON.parse(readFileSync(json, 'utf8'))
      assert.deepEqual(snapshotProblems(written), [])
      assert.deepEqual(written.families.ipv4.requests, ipv4.requests)
      const page = readFileSync(html, 'utf8')
      assert.match(page, /<title>HTTP BitTorrent tracker statistics<\/title>/)
      assert.match(page, /Open connections<\/th><td>1<\/td>/)
      assert.match(page, /Number of peers<\/th><td>3<\/td>/)
      held.close()
      await snapshotWhere(tracker, ({ workers }) => workers.every(({ connections }) => connections === 0))
      await tracker.stop()
    })

    it('Prometheus reads them by the names of the reference', async t => {
      const settings = {
        socket_workers: 2,
        'statistics.run_prometheus_endpoint': true,
        'statistics.prometheus_endpoint_address': '127.0.0.1:0',
      }
      const tracker = await startHttp(t, variant, settings, { families: [4] })
      const [line] = await tracker.process.waitForLines('stdout', /"protocol":"metrics"/)
      const endpoint = JSON.parse(line) as { address: string; port: number }
      const scrape = async (): Promise<Series> => parseMetrics((await get(endpoint)).body)
      const held = [
        await HttpConnection.open(placeOf(tracker), connectionOptions(variant)),
        await HttpConnection.open(placeOf(tracker), connectionOptions(variant)),
      ]
      for (const connection of held) await connection.get('/robots.txt')
      await visit(placeOf(tracker))
      let series = await scrape()
      // Figures may be a second old.
      while (sumOf(series, 'aquatic_errors_total', 'class="bad_request"') === 0) series = await scrape()
      const sum = (name: string, labels?: string): number => sumOf(series, name, labels)
      assert.equal(sum('aquatic_requests_total', 'type="announce",ip_version="4"'), 4)
      assert.equal(sum('aquatic_requests_total', 'type="scrape"'), 2)
      assert.equal(sum('aquatic_responses_total', 'type="announce"'), 3)
      assert.equal(sum('aquatic_responses_total', 'type="scrape"'), 1)
      assert.equal(sum('aquatic_responses_total', 'type="error"'), 5)
      assert.equal(series.get('aquatic_torrents{ip_version="4"}'), 2)
      assert.equal(series.get('aquatic_peers{ip_version="4"}'), 3)
      assert.equal(sum('aquatic_downloads_total'), 1)
      assert.equal(sum('aquatic_handling_seconds_count'), 12)
      while (sumOf(series, 'aquatic_active_connections') !== 2) series = await scrape()
      assert.ok(series.has('aquatic_active_connections{worker_index="0"}'))
      for (const connection of held) connection.close()
      while (sumOf(series, 'aquatic_active_connections') !== 0) series = await scrape()
      await tracker.stop()
    })
  })
}
