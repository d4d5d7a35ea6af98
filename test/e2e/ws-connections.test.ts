// The built WebTorrent tracker and its connections: what plain requests are answered with, who may connect, and what
// happens to those who say nothing, too much, or read too little.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { ClientOptions } from 'ws'
import { scratchDirectory } from '../support/certificates.js'
import { exchange } from '../support/http-connection.js'
import {
  allVariants,
  connectionOptions,
  placeOf,
  plainVariants,
  type Settings,
  startHttp,
  type Variant,
} from '../support/http-variants.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { startTracker, type TrackerProcess } from '../support/tracker-process.js'
import { identifier, refusalOf, socketUrl, WebTorrentClient } from '../support/web-torrent-client.js'

const hash = identifier('torrent')

const startWs = (t: TestContext, variant: Variant, settings: Settings = {}): Promise<TrackerProcess> =>
  startHttp(t, variant, settings, { protocol: 'ws', families: [4] })

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: tracker\r\n\r\n`

for (const variant of allVariants) {
  describe(`plain requests of serve ws, ${variant.name}`, () => {
    const ask = (tracker: TrackerProcess, path: string) =>
      exchange(placeOf(tracker), get(path), connectionOptions(variant))

    it('are answered with short pages, and with 426 where a client of HTTP would announce', async t => {
      const tracker = await startWs(t, variant)
      const root = await ask(tracker, '/')
      assert.equal(root.status, 200)
      assert.match(root.body.toString(), /WebTorrent/)
      const health = await ask(tracker, '/health')
      assert.deepEqual([health.status, health.body.toString()], [200, 'OK'])
      assert.match((await ask(tracker, '/robots.txt')).body.toString(), /Disallow: \//)
      const announce = await ask(tracker, '/announce?info_hash=x')
      assert.equal(announce.status, 426)
      assert.equal(announce.headers['upgrade'], 'websocket')
      assert.equal((await ask(tracker, '/nothing')).status, 404)
    })

    it('lead to where the operator wants them, and find no health check where he wants none', async t => {
      const tracker = await startWs(t, variant, {
        'network.redirect': 'https://example.org/about',
        'network.enable_http_health_checks': false,
      })
      const root = await ask(tracker, '/')
      assert.deepEqual([root.status, root.headers['location']], [302, 'https://example.org/about'])
      assert.equal((await ask(tracker, '/health')).status, 404)
    })
  })

  describe(`connections of serve ws, ${variant.name}`, () => {
    it('are for pages of the sites that may have them, and for programs of none', async t => {
      const allowed = await startWs(t, variant, { 'network.allowed_origins': 'https://good.example' })
      const url = socketUrl(allowed, variant)
      const good = await WebTorrentClient.connect(t, url, { origin: 'https://good.example' })
      assert.deepEqual(await good.counts(hash, identifier('good')), [0, 1])
      assert.equal((await refusalOf(t, url, { origin: 'https://other.example' })).status, 403)
      const denied = await startWs(t, variant, { 'network.denied_origins': 'https://bad.example' })
      assert.equal(
        (await refusalOf(t, socketUrl(denied, variant), { origin: 'https://bad.example' })).status,
        403,
      )
      const program = await WebTorrentClient.connect(t, socketUrl(denied, variant))
      assert.deepEqual(await program.counts(hash, identifier('program')), [0, 1])
      const { counters } = stoppedEventOf(await denied.stop())
      assert.equal(counters['refusedOrigin'], 1)
    })

    it('end with 1009 at a message that is too long, and not at one that just fits', async t => {
      const tracker = await startWs(t, variant, { 'network.websocket_max_message_size': 2048 })
      const client = await WebTorrentClient.connect(t, socketUrl(tracker, variant))
      const fits = JSON.stringify({ action: 'scrape', info_hash: 'x'.repeat(20) })
      client.send(fits.padEnd(2048))
      assert.equal((await client.next()).action, 'scrape')
      client.send(fits.padEnd(2049))
      assert.equal((await client.ended()).code, 1009)
    })

    it('end when nothing was asked for too long, whatever pings say', async t => {
      const tracker = await startWs(t, variant, {
        'cleaning.max_connection_idle': 2,
        'cleaning.ping_interval': 1,
        'protocol.peer_announce_interval': 1,
      })
      const client = await WebTorrentClient.connect(t, socketUrl(tracker, variant))
      await client.announced(hash, identifier('idle'))
      const { code, reason } = await client.ended()
      assert.deepEqual([code, reason], [1001, 'idle for too long'])
    })
  })

  describe(`a client of serve ws that does not read, ${variant.name}`, () => {
    it('is closed, counted, and costs the others nothing', async t => {
      const tracker = await startWs(t, variant, {
        socket_workers: 1,
        'network.websocket_max_backlog_bytes': 65_536,
        'cleaning.max_write_seconds': 2,
      })
      const url = socketUrl(tracker, variant)
      const [deaf, talker] = [await WebTorrentClient.connect(t, url), await WebTorrentClient.connect(t, url)]
      await deaf.announced(hash, identifier('deaf'))
      deaf.socket.pause()
      const offers = [{ offer_id: identifier('offer'), offer: { type: 'offer', sdp: 'x'.repeat(16_000) } }]
      // The kernel takes some megabytes before anything is kept; then there is some time for the close frame.
      let peers = 2
      while (peers > 1) {
        const { incomplete } = await talker.announced(hash, identifier('talker'), { offers })
        peers = incomplete ?? 0
      }
      const { counters } = stoppedEventOf(await tracker.stop())
      assert.equal(counters['closedBacklog'], 1)
      deaf.socket.resume()
      await deaf.ended()
    })
  })
}

for (const variant of plainVariants) {
  describe(`limits and proxies of serve ws, ${variant.name}`, () => {
    it('refuses more connections of an address than it may have', async t => {
      const tracker = await startWs(t, variant, {
        socket_workers: 1,
        'network.max_connections_per_address': 2,
      })
      const url = socketUrl(tracker, variant)
      const first = await WebTorrentClient.connect(t, url)
      await WebTorrentClient.connect(t, url)
      await assert.rejects(WebTorrentClient.connect(t, url), /hang up|ECONNRESET/)
      await WebTorrentClient.connect(t, url, { localAddress: '127.0.0.2' })
      await first.close()
      // Its place is free when its slot is, which may be later than its end.
      for (;;) {
        const next = await WebTorrentClient.connect(t, url).catch(() => undefined)
        if (next !== undefined) break
      }
    })

    it('knows clients by what a reverse proxy says of them, over TCP and a Unix socket', async t => {
      const path = join(scratchDirectory(t), 'ws.sock')
      const tracker = await startWs(t, variant, {
        'network.runs_behind_reverse_proxy': true,
        'network.unix_socket_path': path,
      })
      const from = (address: string): ClientOptions => ({ headers: { 'X-Forwarded-For': address } })
      const url = socketUrl(tracker, variant)
      const [page, again, stranger] = [
        await WebTorrentClient.connect(t, url, from('192.0.2.1')),
        await WebTorrentClient.connect(t, `ws+unix://${path}:/`, from('::ffff:192.0.2.1')),
        await WebTorrentClient.connect(t, url, from('192.0.2.2')),
      ]
      await page.announced(hash, identifier('page'))
      assert.deepEqual(await again.counts(hash, identifier('page')), [0, 1])
      assert.ok((await stranger.announced(hash, identifier('page')))['failure reason'])
      assert.equal((await refusalOf(t, url)).status, 400)
      const { counters } = stoppedEventOf(await tracker.stop())
      assert.deepEqual(
        [counters['takeovers'], counters['foreignPeerIds'], counters['failuresProxyHeaderMissing']],
        [1, 1, 1],
      )
    })

    it('knows clients by the PROXY protocol', async t => {
      const tracker = await startWs(t, variant, { 'network.proxy_protocol': 'required' })
      const from = (address: string): ClientOptions => ({
        createConnection: () => {
          const socket = connectSocket({ host: '127.0.0.1', port: tracker.port(4) })
          socket.write(`PROXY TCP4 ${address} 192.0.2.254 4660 80\r\n`)
          return socket
        },
      })
      const url = socketUrl(tracker, variant)
      const [page, again, stranger] = [
        await WebTorrentClient.connect(t, url, from('192.0.2.1')),
        await WebTorrentClient.connect(t, url, from('192.0.2.1')),
        await WebTorrentClient.connect(t, url, from('192.0.2.2')),
      ]
      await page.announced(hash, identifier('page'))
      assert.deepEqual(await again.counts(hash, identifier('page')), [0, 1])
      assert.ok((await stranger.announced(hash, identifier('page')))['failure reason'])
    })

    it('reads on where the first frame came with the request, and answers no request after it', async t => {
      const tracker = await startWs(t, variant)
      const socket = connectSocket({ host: '127.0.0.1', port: tracker.port(4) })
      t.after(() => socket.destroy())
      const request = [
        'GET /announce HTTP/1.1',
        'Host: tracker',
        'Connection: keep-alive, Upgrade',
        'Upgrade: WebSocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]
      const text = Buffer.from('{"action":"scrape","info_hash":[]}')
      const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text])
      socket.write(Buffer.concat([Buffer.from(`${request.join('\r\n')}\r\n\r\n`), frame]))
      let received = ''
      while (!received.includes('"scrape"')) {
        const [chunk] = (await once(socket, 'data')) as [Buffer]
        received += chunk.toString('latin1')
      }
      assert.match(received, /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
      // What would be a request is no frame that a client may send.
      socket.write(get('/health'))
      await once(socket, 'end')
    })
  })
}

it('expires offers that nobody answered in time', async t => {
  const tracker = await startTracker(t, {
    protocol: 'ws',
    families: [4],
    settings: { 'cleaning.max_offer_age': 1, 'cleaning.ping_interval': 3 },
  })
  const url = socketUrl(tracker, { tls: false })
  const [one, two] = [await WebTorrentClient.connect(t, url), await WebTorrentClient.connect(t, url)]
  await two.announced(hash, identifier('two'))
  await one.announced(hash, identifier('one'), {
    offers: [{ offer_id: identifier('o'), offer: { type: 'offer', sdp: '' } }],
  })
  await two.next()
  // A ping comes after three seconds of silence, well after the end of the offer.
  await two.pinged(1)
  const answer = { answer: { type: 'answer', sdp: '' }, offer_id: identifier('o') }
  two.announce(hash, identifier('two'), { ...answer, to_peer_id: identifier('one') })
  assert.match((await two.next())['failure reason'] ?? '', /It may have expired/)
})
