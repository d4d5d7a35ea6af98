// Connections of the built HTTP tracker on both engines, plain and TLS: kept and closed, pipelined, split at any byte,
// limited in time and number, on a Unix socket.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { scratchDirectory } from '../support/certificates.js'
import { announceReplyOf, announceTarget, scrapeTarget } from '../support/http-announce.js'
import { exchange, HttpConnection } from '../support/http-connection.js'
import {
  allVariants,
  connectionOptions,
  placeOf,
  plainVariants,
  startHttp,
  trackerOfSuite,
} from '../support/http-variants.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { infoHash } from '../support/udp-messages.js'

let lastHash = 0
const newHash = (): Buffer => infoHash(0x4000 + lastHash++)
const requestOf = (target: string, ...headers: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, ...headers, '', ''].join('\r\n')

for (const variant of allVariants) {
  describe(`HTTP connections, ${variant.name}`, () => {
    // A request that comes byte by byte, each when the one before was read, takes as long as the machine does.
    const settings = {
      socket_workers: 1,
      'cleaning.max_request_seconds': 600,
      'cleaning.max_write_seconds': 600,
    }
    const tracker = trackerOfSuite(variant, settings, { families: [4] })
    const open = (): Promise<HttpConnection> =>
      HttpConnection.open(placeOf(tracker()), connectionOptions(variant))

    it('HTTP/1.1 is kept open until the client says close', async () => {
      const connection = await open()
      for (let port = 1; port <= 20; port++) {
        const { headers } = await connection.get(announceTarget(newHash(), { port }))
        assert.notEqual(headers.connection, 'close')
      }
      const { headers } = await connection.get('/health', 'Connection: close')
      assert.equal(headers.connection, 'close')
      assert.equal(await connection.ended(), 'ended')
      connection.close()
    })

    it('HTTP/1.0 is closed unless the client says keep-alive', async () => {
      const connection = await open()
      connection.send('GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n')
      assert.equal((await connection.answer()).headers.connection, 'keep-alive')
      connection.send('GET /health HTTP/1.0\r\n\r\n')
      assert.equal((await connection.answer()).headers.connection, 'close')
      assert.equal(await connection.ended(), 'ended')
      connection.close()
    })

    it('pipelined requests are answered in their order, those behind a close not at all', async () => {
      const connection = await open()
      const hash = newHash()
      const requests = Array.from({ length: 200 }, (_, index) =>
        requestOf(announceTarget(hash, { port: 1 + index, numwant: 0 })),
      )
      connection.send(requests.join('') + requestOf('/health', 'Connection: close') + requestOf('/health'))
      for (let index = 0; index < requests.length; index++) {
        assert.equal(announceReplyOf(await connection.answer()).incomplete, index)
      }
      assert.equal((await connection.answer()).body.toString(), 'OK')
      await connection.ended()
      assert.equal(connection.rest, '')
      connection.close()
    })

    it('a client that pipelines more than it reads is answered as it reads, and loses nothing', async () => {
      const connection = await open()
      const announce = '/announce?info_hash=pipelinedpipelinedpi&port='
      for (let port = 1; port <= 50; port++) await connection.get(announce + port)
      connection.pause()
      // As short as requests get, with answers as long as they get.
      const count = 4000
      connection.send(requestOf(`${announce}60&compact=0`).repeat(count))
      connection.send(requestOf('/health', 'Connection: close'))
      // Another client of the same worker isn't kept waiting meanwhile.
      const other = await open()
      for (let index = 0; index < 200; index++) await other.get('/health')
      other.close()
      connection.resume()
      for (let index = 0; index < count; index++) {
        const { body } = await connection.answer()
        assert.ok(body.length > 1000)
      }
      assert.equal((await connection.answer()).body.toString(), 'OK')
      assert.equal(await connection.ended(), 'ended')
      connection.close()
    })

    it('a request may be split at any byte, and come byte by byte', async () => {
      const connection = await open()
      const other = await open()
      const hash = newHash()
      const text = requestOf(announceTarget(hash, { port: 3 }), 'Host: tracker', 'X: y')
      for (let at = 1; at < text.length; at++) {
        await connection.sent(text.slice(0, at))
        // When this is answered, the same worker has read what came before.
        await other.get('/health')
        connection.send(text.slice(at))
        assert.equal(announceReplyOf(await connection.answer()).interval, 900, `split at ${at}`)
      }
      for (const byte of text) {
        await connection.sent(byte)
        await other.get('/health')
      }
      assert.equal(announceReplyOf(await connection.answer()).interval, 900)
      connection.close()
      other.close()
    })

    it('a body of a GET is passed over, whole or in pieces, and is no request', async () => {
      const connection = await open()
      const other = await open()
      const smuggled = requestOf('/robots.txt')
      const request = requestOf('/health', `Content-Length: ${smuggled.length}`) + smuggled
      connection.send(request + request)
      for (let round = 0; round < 2; round++) {
        assert.equal((await connection.answer()).body.toString(), 'OK')
      }
      await connection.sent(request.slice(0, -20))
      await other.get('/health')
      connection.send(request.slice(-20) + requestOf('/robots.txt'))
      assert.equal((await connection.answer()).body.toString(), 'OK')
      assert.match((await connection.answer()).body.toString(), /^User-agent/)
      connection.close()
      other.close()
    })

    it('a client that closes its sending side gets its answer', async () => {
      const connection = await open()
      connection.send(requestOf('/health'))
      connection.endInput()
      assert.equal((await connection.answer()).body.toString(), 'OK')
      assert.equal(await connection.ended(), 'ended')
      connection.close()
    })

    it('a client that closes its sending side after half a request is closed', async () => {
      for (const part of ['', 'GET', 'GET /health HTTP/1.1\r\nX']) {
        const connection = await open()
        if (part !== '') await connection.sent(part)
        connection.endInput()
        await connection.ended()
        assert.equal(connection.rest, '', part)
        connection.close()
      }
    })
  })
}

describe('HTTP time limits', { concurrency: true }, () => {
  for (const variant of allVariants) {
    describe(variant.name, { concurrency: true }, () => {
      // Idle connections have their own tracker: where the machine stands still for a second, those between two
      // requests are idle, too.
      const settings = {
        socket_workers: 1,
        'cleaning.max_request_seconds': 1,
        'cleaning.max_write_seconds': 1,
        'network.max_request_bytes': 65_536,
        'protocol.max_scrape_torrents': 1000,
      }
      const tracker = trackerOfSuite(variant, settings, { families: [4] })
      const open = (): Promise<HttpConnection> =>
        HttpConnection.open(placeOf(tracker()), connectionOptions(variant))
      /**
       * A connection that was served once: from then on it has time between its requests. Where the machine stands
       * still before its first word has come, it is closed like any that says nothing.
       */
      async function openServed(): Promise<HttpConnection> {
        for (;;) {
          const connection = await open()
          const isServed = await connection.get('/health').then(
            () => true,
            () => false,
          )
          if (isServed) return connection
          connection.close()
        }
      }
      const impatient = trackerOfSuite(
        variant,
        { socket_workers: 1, 'cleaning.max_connection_idle': 1 },
        { families: [4] },
      )

      it('half a request is answered with 408', async () => {
        const connection = await open()
        connection.send('GET /health HTTP/1.1\r\nX: ')
        const { status, headers } = await connection.answer()
        assert.deepEqual([status, headers.connection], [408, 'close'])
        assert.equal(await connection.ended(), 'ended')
        connection.close()
      })

      it('a head that comes byte by byte has no more time than one that stops (Slowloris)', async () => {
        const slow = await open()
        const other = await openServed()
        slow.send('GET /health HTTP/1.1\r\nX: ')
        while (slow.isOpen && slow.rest === '') {
          slow.send('a')
          await other.get('/health')
        }
        assert.equal((await slow.answer()).status, 408)
        slow.close()
        other.close()
      })

      it('a second request on a kept connection has the same limit', async () => {
        const connection = await open()
        await connection.get('/health')
        connection.send('G')
        assert.equal((await connection.answer()).status, 408)
        connection.close()
      })

      it('a connection that never says a word is closed without one', async () => {
        const connection = await open()
        await connection.ended()
        assert.equal(connection.rest, '')
        connection.close()
      })

      it('an idle connection is closed', async () => {
        const connection = await HttpConnection.open(placeOf(impatient()), connectionOptions(variant))
        await connection.get('/health')
        await connection.ended()
        assert.equal(connection.rest, '')
        connection.close()
      })

      it('a body that comes byte by byte runs out of time (Slowloris)', async () => {
        const slow = await open()
        const other = await openServed()
        slow.send(requestOf('/health', 'Content-Length: 60000'))
        assert.equal((await slow.answer()).body.toString(), 'OK')
        while (slow.isOpen) {
          slow.send('a')
          await other.get('/health')
        }
        slow.close()
        other.close()
      })

      it('a client that does not read its answers costs a slot for a while, and nobody else anything', async () => {
        const slow = await open()
        const other = await openServed()
        slow.pause()
        const hashes = Array.from({ length: 900 }, newHash)
        const request = requestOf(scrapeTarget(...hashes))
        while (slow.isOpen && slow.socket.writableLength < 4 << 20) {
          slow.send(request)
          await other.get('/health')
        }
        // It reads nothing, so only writing shows that the tracker has given it up.
        while (slow.isOpen) {
          slow.send('x')
          await other.get('/health')
        }
        slow.close()
        other.close()
      })
    })
  }
})

describe('HTTP connection limits', { concurrency: true }, () => {
  for (const variant of plainVariants) {
    describe(variant.name, { concurrency: true }, () => {
      it('keep_alive = false closes after every answer', async t => {
        const tracker = await startHttp(t, variant, { 'network.keep_alive': false }, { families: [4] })
        const connection = await HttpConnection.open(placeOf(tracker))
        const { headers } = await connection.get('/health', 'Connection: keep-alive')
        assert.equal(headers.connection, 'close')
        assert.equal(await connection.ended(), 'ended')
        connection.close()
        await tracker.stop()
      })

      it('a body that comes late ends its request: the connection is idle then, and not silent', async t => {
        const settings = { socket_workers: 1, 'cleaning.max_request_seconds': 1 }
        const tracker = await startHttp(t, variant, settings, { families: [4] })
        const place = placeOf(tracker)
        const late = await HttpConnection.open(place)
        late.send(requestOf('/health', 'Content-Length: 3'))
        await late.answer()
        await late.sent('abc')
        // Connected later, it runs out of time later.
        const silent = await HttpConnection.open(place)
        await silent.ended()
        assert.equal((await late.get('/health')).status, 200)
        for (const connection of [late, silent]) connection.close()
        assert.equal(stoppedEventOf(await tracker.stop()).counters.droppedSilent, 1)
      })

      it('max_connections: those that are open are served, further ones wait or are closed, said once', async t => {
        const settings = { socket_workers: 1, 'network.max_connections': 4 }
        const tracker = await startHttp(t, variant, settings, { families: [4] })
        const place = placeOf(tracker)
        const connections = await Promise.all(Array.from({ length: 4 }, () => HttpConnection.open(place)))
        for (const connection of connections) await connection.get('/health')
        const more = await HttpConnection.open(place)
        more.send(requestOf('/health'))
        if (variant.engine === 'node') await more.ended()
        for (const connection of connections) await connection.get('/health')
        assert.equal(more.rest, '')
        connections[0].close()
        // A slot is free as soon as the tracker has seen that.
        if (variant.engine === 'native') assert.equal((await more.answer()).body.toString(), 'OK')
        const [line] = await tracker.process.waitForLines('stdout', /all connections are taken/)
        assert.match(line, /"event":"warning"|"level":"warn"|network\.max_connections/)
        for (const connection of [...connections, more]) connection.close()
        const { stdout } = await tracker.stop()
        assert.equal(stdout.match(/all connections are taken/g)?.length, 1)
      })

      it('max_connections_per_address: one address has its share, others are served', async t => {
        const settings = { socket_workers: 1, 'network.max_connections_per_address': 2 }
        const tracker = await startHttp(t, variant, settings, { families: [4] })
        const place = placeOf(tracker)
        const two = [await HttpConnection.open(place), await HttpConnection.open(place)]
        for (const connection of two) await connection.get('/health')
        const third = await HttpConnection.open(place)
        await third.ended()
        third.close()
        const other = await HttpConnection.open(place, { from: '127.0.0.2' })
        assert.equal((await other.get('/health')).status, 200)
        two[0].close()
        // As soon as the tracker has seen that, the share has room again.
        for (let isServed = false; !isServed; ) {
          const again = await HttpConnection.open(place)
          again.send(requestOf('/health'))
          isServed = await again.answer().then(
            () => true,
            () => false,
          )
          again.close()
        }
        for (const connection of [two[1], other]) connection.close()
        const { counters } = stoppedEventOf(await tracker.stop())
        assert.ok(counters.refusedPerAddress >= 1)
      })

      it('a Unix socket is served behind a proxy, with its permissions, and removed at the end', async t => {
        const path = join(scratchDirectory(t), 'aquatic.sock')
        const settings = {
          'network.unix_socket_path': path,
          'network.unix_socket_mode': '0600',
          'network.runs_behind_reverse_proxy': true,
        }
        const tracker = await startHttp(t, variant, settings, { families: [4] })
        await tracker.process.waitForLines('stdout', /"event":"listening"/, 2)
        assert.equal(statSync(path).mode & 0o777, 0o600)
        const hash = newHash()
        for (const [port, header] of [
          [1, 'X-Forwarded-For: 192.0.2.7'],
          [2, 'X-Forwarded-For: 2001:db8::7'],
        ] as const) {
          const answer = await exchange({ path }, requestOf(announceTarget(hash, { port }), header))
          assert.equal(announceReplyOf(answer).peers.length, port - 1)
        }
        assert.equal((await exchange({ path }, requestOf('/health'))).status, 200)
        await tracker.stop()
        assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
      })
    })
  }
})
