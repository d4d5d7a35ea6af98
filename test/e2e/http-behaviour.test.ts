// What a client sees of the built HTTP tracker, the same on both engines, plain and over TLS: the protocols of
// BEP 3, 7, 21, 23, 24, 31 and 48.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  announceReplyOf,
  announceTarget,
  dictionaryOf,
  failureOf,
  getRequest,
  type HttpClient,
  httpClient,
  type Query,
  scrapeReplyOf,
  scrapeTarget,
} from '../support/http-announce.js'
import { exchange, HttpConnection } from '../support/http-connection.js'
import { allVariants, connectionOptions, placeOf, trackerOfSuite } from '../support/http-variants.js'
import { hasIpv6Loopback } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

const MAX_PEERS = 50
const MAX_SCRAPE = 100
const LOOPBACK_6 = '0'.repeat(31).concat('1')

let lastHash = 0
const newHash = (): Buffer => infoHash(0x2000 + lastHash++)

for (const variant of allVariants) {
  describe(`HTTP tracker, ${variant.name}`, () => {
    const tracker = trackerOfSuite(variant, { socket_workers: 2 })
    const client = (family: 4 | 6 = 4): HttpClient =>
      httpClient(placeOf(tracker(), family), connectionOptions(variant))

    it('BEP 3: lists the peers of a torrent to each other, with interval and counts', async () => {
      const hash = newHash()
      const first = await client().announce(hash, { port: 1001, left: 0, event: 'started' })
      assert.deepEqual([first.interval, first.peers, first.complete, first.incomplete], [900, [], 0, 0])
      const second = await client().announce(hash, { port: 1002, event: 'started' })
      assert.deepEqual([second.peers, second.complete, second.incomplete], [['127.0.0.1:1001'], 1, 0])
      assert.deepEqual(await client().counts(hash), [1, 1, 0])
    })

    it('BEP 3: answers are a dictionary with sorted keys, its exact length, and nothing behind it', async () => {
      const answer = await client().request(getRequest(announceTarget(newHash())))
      assert.deepEqual(Object.keys(dictionaryOf(answer)), [
        ...['complete', 'downloaded', 'external ip', 'incomplete', 'interval', 'min interval'],
        ...['peers', 'peers6'],
      ])
      assert.equal(answer.headers['content-length'], String(answer.body.length))
      const connection = await HttpConnection.open(placeOf(tracker()), connectionOptions(variant))
      connection.send(getRequest(announceTarget(newHash())))
      await connection.answer()
      assert.equal(await connection.ended(), 'ended')
      assert.equal(connection.rest, '')
      connection.close()
    })

    it('BEP 7: peers and peers6 come in one reply from one swarm', { skip: !hasIpv6Loopback() }, async () => {
      const hash = newHash()
      await client(4).announce(hash, { port: 41 })
      await client(6).announce(hash, { port: 61, left: 0 })
      const over4 = await client(4).announce(hash, { port: 42 })
      assert.deepEqual([over4.peers, over4.peers6], [['127.0.0.1:41'], [`${LOOPBACK_6}:61`]])
      assert.deepEqual([over4.complete, over4.incomplete], [1, 1])
      const over6 = await client(6).announce(hash, { port: 62 })
      assert.deepEqual(
        [over6.peers.toSorted(), over6.peers6],
        [['127.0.0.1:41', '127.0.0.1:42'], [`${LOOPBACK_6}:61`]],
      )
      assert.deepEqual(await client().counts(hash), [1, 3, 0])
    })

    it('BEP 7: peers of both families together are at most those asked for', async () => {
      if (!hasIpv6Loopback()) return
      const hash = newHash()
      for (let port = 1; port <= 4; port++) {
        await client(4).announce(hash, { port })
        await client(6).announce(hash, { port })
      }
      const { peers, peers6 } = await client(6).announce(hash, { port: 9, numwant: 6 })
      assert.deepEqual([peers.length, peers6.length], [2, 4])
    })

    it('BEP 21: paused is no event, and its sender a seeder only with nothing left', async () => {
      const hash = newHash()
      for (let round = 0; round < 2; round++) await client().announce(hash, { event: 'paused', left: 77 })
      assert.deepEqual(await client().counts(hash), [0, 1, 0])
      await client().announce(hash, { event: 'paused', left: 0 })
      assert.deepEqual(await client().counts(hash), [1, 0, 0])
    })

    it('BEP 23: compact absent or 1 is compact, 0 is dictionaries, with or without no_peer_id', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 51 })
      for (const query of [{}, { compact: 1 }] as Query[]) {
        assert.deepEqual((await client().announce(hash, { port: 52, ...query })).peers, ['127.0.0.1:51'])
      }
      for (const query of [{ compact: 0 }, { compact: 0, no_peer_id: 1 }] as Query[]) {
        const answer = await client().request(getRequest(announceTarget(hash, { port: 52, ...query })))
        const { peers, peers6 } = dictionaryOf(answer)
        assert.deepEqual([peers, peers6], [[{ ip: '127.0.0.1', port: 51 }], undefined])
      }
      if (!hasIpv6Loopback()) return
      const answer = await client(6).request(getRequest(announceTarget(hash, { port: 53, compact: 0 })))
      const { peers } = dictionaryOf(answer)
      assert.deepEqual(peers, [
        { ip: '127.0.0.1', port: 51 },
        { ip: '127.0.0.1', port: 52 },
      ])
      const seen = dictionaryOf(
        await client(4).request(getRequest(announceTarget(hash, { port: 54, compact: 0 }))),
      )
      assert.equal((seen.peers as unknown[]).length, 3)
      assert.ok((seen.peers as { ip: string }[]).some(({ ip }) => ip === '::1'))
    })

    it('BEP 24: external ip is the address that the client has here', async () => {
      const { externalIp } = await client().announce(newHash(), {}, '127.0.0.9')
      assert.equal(externalIp, '7f000009')
      if (!hasIpv6Loopback()) return
      assert.equal((await client(6).announce(newHash())).externalIp, LOOPBACK_6)
    })

    it('BEP 31: a refusal says when to come back: never', async () => {
      const { 'retry in': retryIn } = failureOf(await client().request(getRequest('/announce?port=1')))
      assert.equal(retryIn, 'never')
    })

    it('BEP 48: scrapes 1 to 100 hashes, unknown ones as zeros, and leaves the rest out', async () => {
      const known = newHash()
      await client().announce(known, { left: 0, event: 'completed' })
      await client().announce(known, { port: 2 })
      const one = scrapeReplyOf(await client().request(getRequest(scrapeTarget(known))))
      assert.deepEqual(one, { [known.toString('hex')]: [1, 1, 1] })
      const unknown = newHash()
      const two = scrapeReplyOf(await client().request(getRequest(scrapeTarget(unknown, known))))
      assert.deepEqual(two[unknown.toString('hex')], [0, 0, 0])
      assert.deepEqual(two[known.toString('hex')], [1, 1, 1])
      const many = Array.from({ length: MAX_SCRAPE + 5 }, newHash)
      const cut = scrapeReplyOf(await client().request(getRequest(scrapeTarget(...many))))
      assert.equal(Object.keys(cut).length, MAX_SCRAPE)
    })

    it('BEP 48: a scrape without info_hash is refused with a reason', async () => {
      for (const target of ['/scrape', '/scrape?', '/scrape?x=1']) {
        const { 'failure reason': reason } = failureOf(await client().request(getRequest(target)))
        assert.equal(reason, 'Full scrapes are not allowed')
      }
    })

    it('gives exactly the peers asked for: -1, 0, 1, many, more than there are', async () => {
      const hash = newHash()
      const connection = await HttpConnection.open(placeOf(tracker()), connectionOptions(variant))
      for (let port = 2001; port <= 2000 + MAX_PEERS + 10; port++) {
        await connection.get(announceTarget(hash, { port }))
      }
      for (const [numwant, expected] of [
        [-1, MAX_PEERS],
        [0, 0],
        [1, 1],
        [7, 7],
        [MAX_PEERS, MAX_PEERS],
        [1_000_000, MAX_PEERS],
      ]) {
        const { peers } = announceReplyOf(await connection.get(announceTarget(hash, { port: 2001, numwant })))
        assert.equal(peers.length, expected, `numwant ${numwant}`)
        assert.equal(new Set(peers).size, expected, 'all distinct')
        assert.ok(!peers.includes('127.0.0.1:2001'), 'never the announcer')
      }
      connection.close()
    })

    it('knows a peer by address and announced port', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 5000 })
      await client().announce(hash, { port: 5000, left: 0 })
      const { peers } = await client().announce(hash, { port: 5000 }, '127.0.0.2')
      assert.deepEqual(peers, ['127.0.0.1:5000'])
      assert.deepEqual(await client().counts(hash), [1, 1, 0])
    })

    it('refusals are status 200 with a failure reason, and an interval', async () => {
      for (const [query, reason] of [
        ['port=1&peer_id=-XX0000-abcdefghijkl', 'Missing info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaa&port=1', 'Invalid info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaaa&port=1', 'Invalid info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaa%&port=1', 'Invalid info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaa%4&port=1', 'Invalid info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaa%zz&port=1', 'Invalid info_hash'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaa', 'Missing port'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaa&port=', 'Missing port'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaa&port=65536', 'Invalid port'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaa&port=-1', 'Invalid port'],
        ['info_hash=aaaaaaaaaaaaaaaaaaaa&port=1&peer_id=%', 'Invalid peer_id'],
        ['', 'Missing info_hash'],
      ]) {
        const failure = failureOf(await client().request(getRequest(`/announce?${query}`)))
        const expected = { 'failure reason': reason, interval: 900, 'retry in': 'never' }
        assert.deepEqual(failure, expected, query)
      }
    })

    it('HEAD gets the head of the answer alone, and registers nobody', async () => {
      const hash = newHash()
      const place = placeOf(tracker())
      const options = { ...connectionOptions(variant), toHead: true }
      for (const event of ['', 'started', 'completed', 'stopped']) {
        const target = announceTarget(hash, { port: 7, event })
        const answer = await exchange(place, `HEAD ${target} HTTP/1.1\r\n\r\n`, options)
        assert.equal(answer.status, 200)
        assert.ok(Number(answer.headers['content-length']) > 0)
      }
      assert.deepEqual(await client().counts(hash), [0, 0, 0])
      await client().announce(hash, { port: 7 })
      const stop = announceTarget(hash, { port: 7, event: 'stopped' })
      await exchange(place, `HEAD ${stop} HTTP/1.1\r\n\r\n`, options)
      assert.deepEqual(await client().counts(hash), [0, 1, 0], 'nor does it remove somebody')
      const connection = await HttpConnection.open(place, connectionOptions(variant))
      connection.send(`HEAD ${stop} HTTP/1.1\r\n\r\n`)
      await connection.answer(true)
      assert.equal((await connection.get('/health')).body.toString(), 'OK', 'no body was in between')
      connection.close()
    })

    it('serves /announce and /scrape with a key, in odd spellings, and behind a whole URL', async () => {
      const hash = newHash()
      const query = announceTarget(hash, { port: 1 }).split('?')[1]
      const paths = [
        ...['/announce', '//announce', '/announce/', '/announce//', '/announce.php', '/announce/KEY'],
        ...['/KEY/announce', '/announce/KEY/', '/announce ', '/announce?passkey=abc&', 'announce'],
        'http://tracker:80/announce',
      ]
      for (const path of paths) {
        const target = path.includes('?') ? path + query : `${path}?${query}`
        assert.equal(announceReplyOf(await client().request(getRequest(target))).interval, 900, path)
      }
      const hashes = scrapeTarget(hash).split('?')[1]
      for (const path of ['/scrape', '/scrape/KEY', '/KEY/scrape', '/scrape.php', '//scrape/']) {
        const reply = scrapeReplyOf(await client().request(getRequest(`${path}?${hashes}`)))
        assert.deepEqual(reply[hash.toString('hex')], [0, 1, 0], path)
      }
    })

    it('has a landing line, /health and robots.txt', async () => {
      for (const [path, text] of [
        ['/', /^aquatic .*\/announce.*\/scrape.*\n$/],
        ['/health', /^OK$/],
        ['/robots.txt', /^User-agent: \*\nDisallow: \/\n$/],
      ] as const) {
        const answer = await client().request(getRequest(path))
        assert.equal(answer.status, 200)
        assert.match(answer.body.toString(), text)
        assert.match(answer.headers['content-type'], /^text\/plain/)
      }
    })

    it('answers 404 for unknown paths and 405 for other methods', async () => {
      for (const path of [
        '/announcer',
        '/announce/a/b',
        '/stats',
        '/metrics',
        '/favicon.ico',
        '/%61nnounce',
      ]) {
        const { status, body } = await client().request(getRequest(path))
        assert.deepEqual([status, body.toString()], [404, 'Not Found\n'], path)
      }
      for (const method of ['POST', 'PUT', 'OPTIONS', 'DELETE', 'get', 'TRACE']) {
        const { status, headers } = await client().request(
          `${method} ${announceTarget(newHash())} HTTP/1.1\r\n\r\n`,
        )
        assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method)
      }
    })

    it('answers 414, 431 and 413 to what is too large, and closes', async () => {
      const long = 'x'.repeat(17_000)
      for (const [request, expected] of [
        [`GET /announce?${long} HTTP/1.1\r\n\r\n`, 414],
        [`GET / HTTP/1.1\r\nX: ${long}\r\n\r\n`, 431],
        [`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(129)}\r\n`, 431],
        [`GET / HTTP/1.1\r\nContent-Length: 16385\r\n\r\n`, 413],
        [`GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n`, 413],
      ] as const) {
        const connection = await HttpConnection.open(placeOf(tracker()), connectionOptions(variant))
        connection.send(request)
        const { status, headers } = await connection.answer()
        assert.deepEqual([status, headers.connection], [expected, 'close'])
        assert.equal(await connection.ended(), 'ended')
        connection.close()
      }
    })
  })
}
