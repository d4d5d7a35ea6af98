// Clients of the built HTTP tracker that mean no good, on both engines: what is no request, what could be two requests,
// endless ones, connections broken off in every state. Afterwards nothing is left of them.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { before, describe, it } from 'node:test'
import {
  announceReplyOf,
  announceTarget,
  failureOf,
  getRequest,
  scrapeTarget,
} from '../support/http-announce.js'
import { HttpConnection, type HttpPlace } from '../support/http-connection.js'
import { allVariants, connectionOptions, placeOf, trackerOfSuite } from '../support/http-variants.js'
import { openFiles, residentBytes } from '../support/proc-status.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { infoHash } from '../support/udp-messages.js'

const request = getRequest('/health')
const kept = request.replace('Connection: close\r\n', '')
const MAX_REQUEST_BYTES = 16_384
const RESET_ROUNDS = 30
/** What a process may have more after a thousand connections than before: its heap breathes. */
const BREATHING_BYTES = 40 << 20

for (const variant of allVariants) {
  describe(`bad input to the HTTP tracker, ${variant.name}`, () => {
    const tracker = trackerOfSuite(variant, { socket_workers: 1 }, { families: [4] })
    const place = (): HttpPlace => placeOf(tracker())
    const open = (): Promise<HttpConnection> => HttpConnection.open(place(), connectionOptions(variant))
    const pid = (): number => tracker().process.pid!
    let filesBefore = 0
    let bytesBefore = 0
    before(async () => {
      const first = await open()
      await first.get('/health')
      first.close()
      await until(() => true)
      filesBefore = openFiles(pid())
      bytesBefore = residentBytes(pid())
    })
    /** Asks the tracker, which is served all the time, until it is as expected. */
    async function until(isSo: () => boolean): Promise<void> {
      do {
        const connection = await open()
        connection.send(request)
        assert.equal((await connection.answer()).body.toString(), 'OK')
        assert.equal(await connection.ended(), 'ended')
        connection.close()
      } while (!isSo())
    }

    /** Sends bytes and reads everything that comes back until the tracker closes. */
    async function allAnswers(bytes: string | Buffer): Promise<number[]> {
      const connection = await open()
      connection.send(bytes)
      const statuses: number[] = []
      await connection.ended()
      while (connection.rest !== '') statuses.push((await connection.answer()).status)
      connection.close()
      return statuses
    }

    it('answers 400 to what is no request, and closes', async () => {
      for (const bytes of [
        '\0',
        '\0\0\0\0 / HTTP/1.1\r\n\r\n',
        'GET /\0 HTTP/1.1\r\n\r\n',
        'GET / HTTP/1.1\r\nX: \0\r\n\r\n',
        'GET / HTTP/1.1\r\nX\0: y\r\n\r\n',
        'GET / HTTP/1.1\r\n: y\r\n\r\n',
        'GET / HTTP/1.1\r\nX y\r\n\r\n',
        'GET / HTTP/1.1\r\nX : y\r\n\r\n',
        'GET / HTTP/1.1\r\nX: y\r\n z\r\n\r\n',
        'GET / HTTP/1.1\rX: y\r\n\r\n',
        'GET / HTTP/1.1 \r\n\r\n',
        'GET / http/1.1\r\n\r\n',
        'GET  HTTP/1.1\r\n\r\n',
        'GET /\r\n\r\n',
        '\r\r\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        'SSH-2.0-OpenSSH_9.6\r\n',
        'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe\r\n',
      ]) {
        assert.deepEqual(await allAnswers(bytes), [400], JSON.stringify(bytes))
      }
      assert.deepEqual(await allAnswers('GET / HTTP/2.0\r\n\r\n'), [505])
      assert.deepEqual(await allAnswers('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), [505])
    })

    it('never reads two requests where another program might read one (smuggling)', async () => {
      const hidden = getRequest('/robots.txt')
      for (const [headers, expected] of [
        [['Content-Length: 5', 'Content-Length: 6'], 400],
        [['Content-Length: 5, 6'], 400],
        [['Content-Length: +5'], 400],
        [['Content-Length: -1'], 400],
        [['Content-Length: 0x5'], 400],
        [['Content-Length: 5 5'], 400],
        [['Content-Length:'], 400],
        [['Transfer-Encoding: chunked', 'Content-Length: 5'], 400],
        [['Content-Length: 5', 'transfer-encoding: identity'], 400],
        [['Transfer-Encoding: chunked'], 411],
        [['Transfer-Encoding: xchunked'], 411],
        [['Transfer-Encoding:'], 411],
      ] as const) {
        const bytes = ['GET /health HTTP/1.1', ...headers, '', `0\r\n\r\n${hidden}`].join('\r\n')
        assert.deepEqual(await allAnswers(bytes), [expected], headers.join())
      }
      const same = [
        'GET /health HTTP/1.1',
        'Content-Length: 5',
        'Content-Length: 5',
        '',
        `0\r\n\r\n${hidden}`,
      ]
      assert.deepEqual(await allAnswers(same.join('\r\n')), [200, 200], 'the same length twice is one')
      const post = `POST /announce HTTP/1.1\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`
      assert.deepEqual(await allAnswers(post), [405], 'a body of another method is no request')
    })

    it('answers cut and wild escapes with a reason, whatever they are cut from', async () => {
      const connection = await open()
      for (const cut of ['%', '%4', '%zz', '%%', '%0', '%-1', '%\xff\xff']) {
        for (const target of [
          `/announce?info_hash=aaaaaaaaaaaaaaaaaaa${cut}&port=1`,
          `/announce?port=1&info_hash=${cut}`,
          `/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=1&peer_id=${cut}`,
          `/scrape?info_hash=${cut}`,
        ]) {
          failureOf(await connection.get(target))
        }
        announceReplyOf(await connection.get(`${announceTarget(infoHash(1))}&key=${cut}&event=${cut}`))
      }
      assert.equal((await connection.get('/%')).status, 404)
      connection.close()
    })

    it('answers a header of a gigabyte as soon as it is too long, and reads no more of it', async () => {
      for (const [start, expected] of [
        ['GET /health HTTP/1.1\r\nX: ', 431],
        ['GET /', 414],
      ] as const) {
        const connection = await open()
        const piece = Buffer.alloc(65_536, 'x')
        connection.send(start)
        await connection.sent(piece)
        assert.equal((await connection.answer()).status, expected)
        let sentBytes = piece.length
        while (connection.isOpen && sentBytes < 2 ** 30) {
          await connection.sent(piece)
          sentBytes += piece.length
        }
        assert.ok(sentBytes < 2 ** 26, `${sentBytes} bytes were taken`)
        connection.close()
      }
    })

    it('connections broken off in every state leave nothing behind', async () => {
      const announce = announceTarget(infoHash(1))
      const hashes = Array.from({ length: 90 }, (_, index) => infoHash(index))
      const large = getRequest(scrapeTarget(...hashes)).replace('Connection: close\r\n', '')
      const states: ((connection: HttpConnection) => Promise<unknown> | unknown)[] = [
        () => undefined,
        connection => connection.sent('GET'),
        connection => connection.sent(`GET ${announce} HTTP/1.1\r\n`),
        connection => connection.send(getRequest(announce)),
        connection => connection.get(announce),
        connection => connection.sent('GET / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc'),
        // The answers to these don't fit into the socket: some are kept.
        connection => {
          connection.pause()
          return connection.sent(large.repeat(200))
        },
        connection => connection.sent(Buffer.alloc(MAX_REQUEST_BYTES * 4, 'x')),
        connection => connection.endInput(),
        async connection => {
          await connection.sent(kept)
          connection.endInput()
        },
      ]
      for (let round = 0; round < RESET_ROUNDS; round++) {
        for (const [index, enter] of states.entries()) {
          const connection = await open()
          const entered = Promise.resolve(enter(connection)).catch(() => undefined)
          // What does not fit into the sockets is never sent.
          if (index !== 6) await entered
          if (round % 2 === 0) connection.reset()
          else connection.close()
        }
      }
      await until(() => openFiles(pid()) <= filesBefore)
    })

    it('connections broken off before, in and behind their handshake leave nothing behind', async () => {
      const { address, port } = place() as { address: string; port: number }
      for (let round = 0; round < RESET_ROUNDS; round++) {
        for (const bytes of ['', '\x16', '\x16\x03\x01\x00\x05hello', 'GET / HTTP/1.1\r\n\r\n']) {
          await new Promise<void>(resolve => {
            const socket = connect({ host: address, port }, () => {
              socket.write(Buffer.from(bytes, 'latin1'), () => {
                if (round % 2 === 0) socket.resetAndDestroy()
                else socket.destroy()
              })
            })
            socket.on('error', () => undefined)
            socket.on('close', () => resolve())
          })
        }
      }
      await until(() => openFiles(pid()) <= filesBefore)
    })

    it('and after all that files and memory are back where they were', async () => {
      await until(() => openFiles(pid()) <= filesBefore)
      assert.ok(residentBytes(pid()) < bytesBefore + BREATHING_BYTES)
      const { counters } = stoppedEventOf(await tracker().stop())
      assert.equal(counters.handshakesTimedOut, 0, 'those who leave during a handshake are gone at once')
      assert.equal(counters.endedServerClosed, 0)
    })
  })
}
