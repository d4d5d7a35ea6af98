// Scrapes of everything, over real sockets: what is in them, who gets one, and that nobody waits for their readers.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { canRun } from '../support/child-process.js'
import { engineMissing, meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { startTracker, type TrackerProcess } from '../support/tracker-process.js'

type Engine = 'native' | 'node'
type Transport = 'plain' | 'tls'

const kinds = (['native', 'node'] as const).flatMap(engine =>
  (['plain', 'tls'] as const).map(transport => ({ engine, transport })),
)

/** Enough for an answer that no socket's buffers take whole. */
const MANY_TORRENTS = 150_000

function missing(engine: Engine, transport: Transport): Readonly<Record<string, boolean>> {
  return { ...engineMissing(engine), ...(transport === 'tls' ? opensslMissing() : {}) }
}

class Service {
  private constructor(
    readonly tracker: TrackerProcess,
    private readonly transport: Transport,
  ) {}

  static async start(
    t: TestContext,
    engine: Engine,
    transport: Transport,
    settings: Readonly<Record<string, string | number | boolean>> = {},
  ): Promise<Service> {
    const certificate =
      transport === 'plain'
        ? undefined
        : makeCertificate(scratchDirectory(t), 'test', { commonName: 'localhost' })
    const tracker = await startTracker(t, {
      protocol: 'http',
      families: [4],
      settings: {
        'network.engine': engine,
        'protocol.full_scrape': 'on',
        socket_workers: 1,
        ...(certificate === undefined
          ? {}
          : {
              'network.enable_tls': true,
              'network.tls_certificate_path': certificate.certificatePath,
              'network.tls_private_key_path': certificate.keyPath,
            }),
        ...settings,
      },
    })
    return new Service(tracker, transport)
  }

  /** A connection from an address of its own: 127.0.0.`host`. */
  async connect(t: TestContext, host: number): Promise<Connection> {
    const options = { host: '127.0.0.1', port: this.tracker.port(4), localAddress: `127.0.0.${host}` }
    const raw = connectPlain({ ...options, allowHalfOpen: true, noDelay: true })
    t.after(() => raw.destroy())
    await once(raw, 'connect')
    if (this.transport === 'plain') return new Connection(raw, raw)
    const secured = connectTls({ socket: raw, rejectUnauthorized: false })
    await once(secured, 'secureConnect')
    return new Connection(secured, raw)
  }

  /** The whole answer to one request. */
  async ask(t: TestContext, host: number, request: string): Promise<Answer> {
    const connection = await this.connect(t, host)
    connection.socket.write(request)
    return connection.answer()
  }

  /** Announces torrents [0, count), every third as a seeder, on one connection. */
  async fill(t: TestContext, count: number): Promise<void> {
    const connection = await this.connect(t, 1)
    const ended = once(connection.socket.resume(), 'end')
    for (let first = 0; first < count; first += 1000) {
      const requests = Array.from({ length: Math.min(1000, count - first) }, (_, index) =>
        announceOf(first + index),
      )
      if (!connection.socket.write(requests.join(''))) await once(connection.socket, 'drain')
    }
    connection.socket.write('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
    // The last request is answered behind all others.
    await ended
    connection.raw.destroy()
  }
}

interface Answer {
  readonly head: string
  readonly body: Buffer
}

class Connection {
  private readonly chunks: Buffer[] = []

  constructor(
    readonly socket: Socket,
    /** Below TLS. */
    readonly raw: Socket,
  ) {
    socket.on('error', () => undefined)
    raw.on('error', () => undefined)
  }

  /** Everything up to the end of the connection. */
  async answer(): Promise<Answer> {
    this.socket.on('data', (chunk: Buffer) => this.chunks.push(chunk))
    await once(this.socket, 'end')
    this.socket.end()
    const all = Buffer.concat(this.chunks)
    const headEnd = all.indexOf('\r\n\r\n') + 4
    return { head: all.subarray(0, headEnd).toString('latin1'), body: all.subarray(headEnd) }
  }

  /** Asks on a connection that stays open: a small page, or an announce. */
  async roundTrip(request: string): Promise<string> {
    this.socket.write(request)
    const [chunk] = (await once(this.socket, 'data')) as [Buffer]
    return chunk.toString('latin1')
  }
}

function hashOf(torrent: number): string {
  return torrent.toString(16).padStart(20, '-')
}

function announceOf(torrent: number): string {
  const left = torrent % 3 === 0 ? 0 : 1
  const query = `info_hash=${hashOf(torrent)}&peer_id=-XX0001-123456789012&port=6881&left=${left}&numwant=0`
  return `GET /announce?${query} HTTP/1.1\r\n\r\n`
}

const fullScrape = (headers = '', version = '1.1', method = 'GET'): string =>
  `${method} /scrape HTTP/${version}\r\n${headers}\r\n`
const PAGE = 'GET /health HTTP/1.1\r\n\r\n'
const GZIP = 'Accept-Encoding: deflate, gzip;q=0.8\r\n'

/** Counts by info hash. Keys may come in any order, but each once. */
function filesOf(body: Buffer): Map<string, string> {
  const text = body.toString('latin1')
  assert.ok(text.startsWith('d5:filesd') && text.endsWith('ee'), `${text.slice(0, 40)} … ${text.slice(-40)}`)
  const files = new Map<string, string>()
  const file = /20:(.{20})d8:completei(\d+)e10:downloadedi(\d+)e10:incompletei(\d+)ee/sy
  file.lastIndex = 'd5:filesd'.length
  while (file.lastIndex < text.length - 2) {
    const at = file.lastIndex
    const match = file.exec(text)
    assert.ok(match !== null, `no file at ${at}: ${text.slice(at, at + 100)}`)
    assert.ok(!files.has(match[1]), `${match[1]} is there twice`)
    files.set(match[1], match.slice(2).join('/'))
  }
  return files
}

function expectedFiles(count: number): Map<string, string> {
  return new Map(
    Array.from({ length: count }, (_, torrent) => [hashOf(torrent), torrent % 3 === 0 ? '1/0/0' : '0/0/1']),
  )
}

function assertFiles(body: Buffer, count: number): void {
  const files = filesOf(body)
  const expected = expectedFiles(count)
  assert.equal(files.size, count)
  for (const [hash, counts] of expected) assert.equal(files.get(hash), counts)
}

for (const { engine, transport } of kinds) {
  describe(`full scrapes, ${engine} engine, ${transport}`, () => {
    it('names what was announced, to HTTP/1.1 and HTTP/1.0, plain and as gzip', async t => {
      if (!meets(t, missing(engine, transport))) return
      const service = await Service.start(t, engine, transport)
      const empty = await service.ask(t, 2, fullScrape())
      assert.equal(empty.body.toString(), 'd5:filesdee')
      const emptyGzip = await service.ask(t, 3, fullScrape(GZIP))
      assert.equal(gunzipSync(emptyGzip.body).toString(), 'd5:filesdee')
      await service.fill(t, 5000)
      for (const [index, version] of ['1.1', '1.0'].entries()) {
        const plain = await service.ask(t, 10 + index, fullScrape('', version))
        assert.match(plain.head, /^HTTP\/1.1 200 OK\r\n/)
        assert.match(plain.head, /\r\nConnection: close\r\n/)
        assert.doesNotMatch(plain.head, /Content-Length|Transfer-Encoding|Content-Encoding/)
        assertFiles(plain.body, 5000)
        const refusing = await service.ask(
          t,
          20 + index,
          fullScrape('Accept-Encoding: gzip;q=0\r\n', version),
        )
        assertFiles(refusing.body, 5000)
        const gzip = await service.ask(t, 30 + index, fullScrape(GZIP, version))
        assert.match(gzip.head, /\r\nContent-Encoding: gzip\r\n/)
        assert.ok(gzip.body.length < plain.body.length / 2)
        assertFiles(gunzipSync(gzip.body), 5000)
      }
      const { counters } = stoppedEventOf(await service.tracker.stop())
      assert.equal(counters['fullScrapes'], 8)
    })

    it('answers HEAD with the head, and does not count it', async t => {
      if (!meets(t, missing(engine, transport))) return
      const service = await Service.start(t, engine, transport)
      await service.fill(t, 10)
      for (const headers of ['', GZIP]) {
        const { head, body } = await service.ask(t, 2, fullScrape(headers, '1.1', 'HEAD'))
        assert.match(head, /^HTTP\/1.1 200 OK\r\n/)
        assert.equal(head.includes('Content-Encoding: gzip'), headers === GZIP)
        assert.equal(body.length, 0)
      }
      const get = await service.ask(t, 2, fullScrape())
      assertFiles(get.body, 10)
      const early = await service.ask(t, 2, fullScrape('Connection: close\r\n', '1.1', 'HEAD'))
      assert.match(early.head, /\r\nContent-Length: \d+\r\n/)
      assert.equal(early.body.length, 0)
    })

    it('comes behind the answers before it, is the last, and waits for a half-closed client', async t => {
      if (!meets(t, missing(engine, transport))) return
      const service = await Service.start(t, engine, transport)
      await service.fill(t, 1000)
      const connection = await service.connect(t, 2)
      connection.socket.end(`${PAGE}${fullScrape()}${announceOf(5000)}`)
      const { head, body } = await connection.answer()
      assert.match(head, /Content-Length/)
      const scrapeAt = body.indexOf('HTTP/1.1 200 OK')
      const answer = body.subarray(scrapeAt)
      assertFiles(answer.subarray(answer.indexOf('\r\n\r\n') + 4), 1000)
    })

    it('refuses an address within the interval, until when it says', async t => {
      if (!meets(t, missing(engine, transport))) return
      const service = await Service.start(t, engine, transport, { 'protocol.full_scrape_interval': 400 })
      await service.fill(t, 1)
      await service.ask(t, 2, fullScrape())
      const { body } = await service.ask(t, 2, fullScrape('Connection: close\r\n'))
      assert.match(
        body.toString(),
        /^d14:failure reason34:You had a full scrape not long ago8:intervali900e8:retry ini7ee$/,
      )
      const other = await service.ask(t, 3, fullScrape())
      assertFiles(other.body, 1)
      const { counters } = stoppedEventOf(await service.tracker.stop())
      assert.equal(counters['fullScrapes'], 2)
      assert.equal(counters['fullScrapesEarly'], 1)
    })

    it('lets nobody wait for slow readers, of whom it has four, and forgets those that leave', async t => {
      if (!meets(t, missing(engine, transport))) return
      const service = await Service.start(t, engine, transport, { 'cleaning.max_write_seconds': 100 })
      await service.fill(t, MANY_TORRENTS)
      const readers: Connection[] = []
      for (let host = 10; host < 14; host++) {
        const reader = await service.connect(t, host)
        reader.socket.write(fullScrape(host === 13 ? GZIP : ''))
        // The head shows that it is under way; then nothing is read any more.
        await once(reader.socket, 'readable')
        readers.push(reader)
      }
      const other = await service.connect(t, 1)
      for (let torrent = 0; torrent < 200; torrent++) {
        assert.match(await other.roundTrip(announceOf(torrent)), /8:complete/)
      }
      const busy = fullScrape('Connection: close\r\n')
      assert.match(
        (await service.ask(t, 20, busy)).body.toString(),
        /^d14:failure reason35:Too many full scrapes at the moment8:intervali900e8:retry ini1ee$/,
      )
      readers[0].raw.resetAndDestroy()
      readers[1].raw.destroy()
      // As soon as the tracker has noticed, there is a place again, for one that was refused too.
      let answer = await service.ask(t, 20, busy)
      while (answer.head.includes('Content-Length')) answer = await service.ask(t, 20, busy)
      assertFiles(answer.body, MANY_TORRENTS)
      const slow = await readers[2].answer()
      assertFiles(slow.body, MANY_TORRENTS)
      const gzip = await readers[3].answer()
      assertFiles(gunzipSync(gzip.body), MANY_TORRENTS)
      const { counters } = stoppedEventOf(await service.tracker.stop())
      assert.equal(counters['fullScrapes'], 5)
    })
  })
}

for (const engine of ['native', 'node'] as const) {
  describe(`full scrapes, ${engine} engine`, () => {
    it('are refused unless they are turned on', async t => {
      if (!meets(t, engineMissing(engine))) return
      const service = await Service.start(t, engine, 'plain', { 'protocol.full_scrape': 'off' })
      const { body } = await service.ask(t, 2, fullScrape('Connection: close\r\n'))
      assert.match(body.toString(), /Full scrapes are not allowed.*8:retry in5:nevere$/)
    })

    it('leave out what the access list refuses by now', async t => {
      if (!meets(t, engineMissing(engine))) return
      const list = join(scratchDirectory(t), 'deny')
      writeFileSync(list, '')
      const service = await Service.start(t, engine, 'plain', {
        'access_list.mode': 'deny',
        'access_list.path': list,
      })
      await service.fill(t, 20)
      writeFileSync(list, `${Buffer.from(hashOf(7)).toString('hex')}\n`)
      service.tracker.process.signal('SIGHUP')
      await service.tracker.process.waitForLines('stdout', /access list updated/, 1)
      const files = filesOf((await service.ask(t, 2, fullScrape())).body)
      const expected = expectedFiles(20)
      expected.delete(hashOf(7))
      assert.deepEqual(new Map([...files].sort()), new Map([...expected].sort()))
    })

    it('are read by curl, as gzip', async t => {
      if (!meets(t, { ...engineMissing(engine), 'curl is not installed': !canRun('curl', ['--version']) }))
        return
      const service = await Service.start(t, engine, 'plain')
      await service.fill(t, 3000)
      const url = `http://127.0.0.1:${service.tracker.port(4)}/scrape`
      const body = execFileSync('curl', ['-sf', '--compressed', '--interface', '127.0.0.9', url])
      assertFiles(body, 3000)
    })
  })
}

describe('full scrapes, several workers', () => {
  it('give an address one for all of them', async t => {
    if (!meets(t, engineMissing('native'))) return
    const service = await Service.start(t, 'native', 'plain', { socket_workers: 3 })
    await service.fill(t, 10)
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => service.ask(t, 2, fullScrape('Connection: close\r\n'))),
    )
    assert.equal(answers.filter(({ head }) => !head.includes('Content-Length')).length, 1)
  })
})
