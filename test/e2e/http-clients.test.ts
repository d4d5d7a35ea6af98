// What real clients do, one test for each habit, against the built tracker on both engines. The habits that the codec
// alone decides are in test/protocol/http/client-quirks.test.ts as well.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { scratchDirectory } from '../support/certificates.js'
import {
  announceReplyOf,
  announceTarget,
  dictionaryOf,
  escaped,
  failureOf,
  getRequest,
  type HttpClient,
  httpClient,
  type Query,
  scrapeReplyOf,
  scrapeTarget,
} from '../support/http-announce.js'
import { exchange, HttpConnection } from '../support/http-connection.js'
import { placeOf, plainVariants, startHttp, trackerOfSuite } from '../support/http-variants.js'
import { hasIpv6Loopback } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

const HUGE_LEFT = ['18446744073709551615', '9223372036854775807', '16384', '9'.repeat(100)]
const skipIpv6 = { skip: hasIpv6Loopback() ? false : 'this machine has no ::1' }

let lastHash = 0
const newHash = (): Buffer => infoHash(0x3000 + lastHash++)

for (const variant of plainVariants) {
  describe(`clients of the HTTP tracker, ${variant.name}`, () => {
    const tracker = trackerOfSuite(variant)
    const client = (family: 4 | 6 = 4): HttpClient => httpClient(placeOf(tracker(), family))
    /** An announce by its very request line and headers. */
    const announceLine = async (line: string, ...headers: readonly string[]) =>
      announceReplyOf(await client().request([line, ...headers, '', ''].join('\r\n')))

    it('event=paused on every announce of a partial seed: a leecher, and no seeder unless left=0', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 1, event: 'paused', left: 500 })
      await client().announce(hash, { port: 2, event: 'paused', left: 0 })
      assert.deepEqual(await client().counts(hash), [1, 1, 0])
    })

    it('event=, event=empty and unknown events are none', async () => {
      const hash = newHash()
      const events = ['', 'empty', 'update', 'junk', 'Stopped', '%20', '%', '4']
      for (const [index, event] of events.entries()) {
        const { incomplete } = await client().announce(hash, { port: 1 + index, event })
        assert.equal(incomplete, index, event)
      }
      assert.deepEqual(await client().counts(hash), [0, events.length, 0])
    })

    it('no event, no left, or &left& without = is a leecher', async () => {
      const hash = newHash()
      const ends = ['', '&left', '&left&event', '&left=', '&left=null', '&left=undefined', '&left=-1']
      for (const [index, end] of ends.entries()) {
        const target = `/announce?info_hash=${escaped(hash)}&port=${1 + index}${end}`
        announceReplyOf(await client().request(getRequest(target)))
      }
      assert.deepEqual(await client().counts(hash), [0, ends.length, 0])
    })

    it('completed with something left, or without left, is a seeder, and stays one until it stops', async () => {
      for (const left of [...HUGE_LEFT, '', 'null']) {
        const hash = newHash()
        await client().announce(hash, { event: 'started', left: 100 })
        assert.deepEqual(await client().counts(hash), [0, 1, 0], left)
        await client().announce(hash, { event: 'completed', left })
        assert.deepEqual(await client().counts(hash), [1, 0, 1], left)
        await client().announce(hash, { left: 16_384 })
        await client().announce(hash, { event: 'completed', left })
        assert.deepEqual(await client().counts(hash), [1, 0, 1], 'a seeder still, counted once')
        await client().announce(hash, { event: 'stopped', left })
        await client().announce(hash, { event: 'started', left: 100 })
        assert.deepEqual(await client().counts(hash), [0, 1, 1], 'begun anew')
      }
    })

    it('left may be as huge as a magnet link makes it: a leecher', async () => {
      const hash = newHash()
      for (const [index, left] of HUGE_LEFT.entries())
        await client().announce(hash, { port: 1 + index, left })
      assert.deepEqual(await client().counts(hash), [0, HUGE_LEFT.length, 0])
    })

    it('numwant=-1 gets the default, 0 none (also on stopped), a million the most there is', async () => {
      const hash = newHash()
      for (let port = 1; port <= 55; port++) await client().announce(hash, { port })
      const peers = async (query: Query): Promise<number> =>
        (await client().announce(hash, { port: 1, ...query })).peers.length
      assert.equal(await peers({ numwant: -1 }), 50)
      assert.equal(await peers({ numwant: '' }), 50)
      assert.equal(await peers({ numwant: 1_000_000 }), 50)
      assert.equal(await peers({ numwant: 0 }), 0)
      assert.equal(await peers({ numwant: 0, event: 'stopped' }), 0)
    })

    it('compact absent is compact, also with no_peer_id; compact=0 gets dictionaries without ids', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 1 })
      assert.deepEqual((await client().announce(hash, { port: 2, no_peer_id: 1 })).peers, ['127.0.0.1:1'])
      const target = announceTarget(hash, { port: 2, compact: 0, no_peer_id: 1 })
      const { peers } = dictionaryOf(await client().request(getRequest(target)))
      assert.deepEqual(peers, [{ ip: '127.0.0.1', port: 1 }])
    })

    it("extra and repeated parameters are passed over; ip= doesn't make somebody else of a client", async () => {
      const hash = newHash()
      const extra =
        '&corrupt=0&redundant=5&key=%zz&supportcrypto=1&requirecrypto=1&trackerid=a=b&ip=6.6.6.6&ip=x' +
        '&ipv4=1.2.3.4:5&ipv6=%5B::1%5D:6&ipv6=&uploaded=-1&downloaded=18446744073709551616&port=8'
      announceReplyOf(await client().request(getRequest(announceTarget(hash, { port: 7 }) + extra)))
      assert.deepEqual((await client().announce(hash, { port: 9 })).peers, ['127.0.0.1:8'])
    })

    it('raw characters stand for themselves in a hash, + too', async () => {
      const raw = `+,/;<>:?=@!$'()*~[]"`
      const hash = Buffer.from(raw, 'latin1')
      await announceLine(`GET /announce?info_hash=${raw}&peer_id=${raw}&port=1 HTTP/1.1`)
      assert.deepEqual(await client().counts(hash), [0, 1, 0])
      const bytes = Buffer.from('007f80a0c3a9fffeadb0b1b2b3b4b5b6b7b8b9ba', 'hex')
      const bare = `${escaped(bytes.subarray(0, 1))}${bytes.subarray(1).toString('latin1')}`
      await announceLine(`GET /announce?info_hash=${bare}&port=1 HTTP/1.1`)
      assert.deepEqual(await client().counts(bytes), [0, 1, 0])
    })

    it('escapes in lower and upper case, and unescaped ASCII, name the same torrent', async () => {
      const hash = Buffer.from('a2a155375492abcdef0061626364656667686970', 'hex')
      const lower = escaped(hash)
      const mixed = '%a2%a1U7T%92%ab%CD%eF%00abcdefghip'
      for (const [index, spelling] of [lower, lower.toUpperCase(), mixed].entries()) {
        const { incomplete } = await announceLine(
          `GET /announce?info_hash=${spelling}&port=${index + 1} HTTP/1.1`,
        )
        assert.equal(incomplete, index, spelling)
      }
    })

    it('`announce ?info_hash=` with a space, //announce, a trailing slash', async () => {
      const hash = newHash()
      for (const [index, path] of ['/announce ', '//announce', '/announce/'].entries()) {
        await announceLine(`GET ${path}?info_hash=${escaped(hash)}&port=${1 + index} HTTP/1.0`)
      }
      assert.deepEqual(await client().counts(hash), [0, 3, 0])
    })

    it('an announce URL with ?passkey= merges with the client’s own query', async () => {
      const hash = newHash()
      for (const [index, joint] of ['?', '&', '&&'].entries()) {
        const query = `info_hash=${escaped(hash)}&port=${1 + index}`
        await announceLine(`GET /announce?passkey=0123456789abcdef${joint}${query} HTTP/1.1`)
      }
      assert.deepEqual(await client().counts(hash), [0, 3, 0])
    })

    it('port=0 is answered and never listed, with every event; its stop is answered too', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 1 })
      for (const event of ['started', '', 'completed', 'stopped']) {
        const { peers } = await client().announce(hash, { port: 0, event, left: 0 }, '127.0.0.5')
        assert.deepEqual(peers, ['127.0.0.1:1'], event)
      }
      assert.deepEqual(await client().counts(hash), [0, 1, 0])
    })

    it('nobody needs a User-Agent', async () => {
      await announceLine(`GET ${announceTarget(newHash())} HTTP/1.1`, 'Host: tracker')
    })

    it('libtorrent’s headers, 64 of them, and 16 KB of them are read', async () => {
      const target = announceTarget(newHash())
      const usual = ['Host: tracker:80', 'User-Agent: qBittorrent/4.6.2', 'Accept-Encoding: gzip']
      await announceLine(`GET ${target} HTTP/1.1`, ...usual, 'Connection: close')
      const many = Array.from({ length: 64 }, (_, index) => `X-Header-${index}: ${index}`)
      await announceLine(`GET ${target} HTTP/1.1`, ...many)
      const line = `GET ${target} HTTP/1.1`
      const filler = `X-Filler: ${'v'.repeat(16_384 - line.length - 2 - 'X-Filler: '.length - 4)}`
      assert.equal([line, filler, '', ''].join('\r\n').length, 16_384)
      await announceLine(line, filler)
      const { status } = await client().request([line, `${filler}v`, '', ''].join('\r\n'))
      assert.equal(status, 431, 'one byte more')
    })

    it('HTTP/1.0 without Host is answered with 200 and closed', async () => {
      const connection = await HttpConnection.open(placeOf(tracker()))
      connection.send(`GET ${announceTarget(newHash())} HTTP/1.0\r\n\r\n`)
      assert.equal(announceReplyOf(await connection.answer()).interval, 900)
      assert.equal(await connection.ended(), 'ended')
      connection.close()
    })

    it('answers are never chunked: a Content-Length, and no bytes behind the dictionary', async () => {
      const connection = await HttpConnection.open(placeOf(tracker()))
      for (const event of ['started', '', 'stopped']) {
        const answer = await connection.get(announceTarget(newHash(), { event }))
        dictionaryOf(answer)
        assert.equal(connection.rest, '', event)
      }
      connection.close()
    })

    it('gzip is not answered to announces that would accept it', async () => {
      const request = getRequest(announceTarget(newHash()), 'Accept-Encoding: gzip, deflate, br')
      const { headers, body } = await client().request(request)
      assert.equal(headers['content-encoding'], undefined)
      assert.equal(body[0], 'd'.charCodeAt(0))
    })

    it('failures are 200 with a failure reason, and the interval that libtorrent honours', async () => {
      for (const target of ['/announce', '/announce?info_hash=short&port=1', '/scrape']) {
        const { status, body } = await client().request(getRequest(target))
        assert.equal(status, 200)
        assert.match(body.toString(), /^d14:failure reason\d+:.*8:intervali900e/)
      }
    })

    it('peers is always there, also without peers, and on stopped', async () => {
      for (const event of ['', 'started', 'completed', 'stopped', 'paused']) {
        const { body } = await client().request(getRequest(announceTarget(newHash(), { event })))
        assert.match(body.toString('latin1'), /5:peers0:6:peers60:e$/, event)
      }
    })

    it('stopped is answered in full, and the peer forgotten', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 1, left: 0 })
      await client().announce(hash, { port: 2 })
      const reply = await client().announce(hash, { port: 2, event: 'stopped' })
      assert.deepEqual(reply.peers, ['127.0.0.1:1'])
      assert.deepEqual([reply.interval, reply.complete], [900, 1])
      assert.deepEqual(await client().counts(hash), [1, 0, 0])
    })

    it('stopped for a torrent that nobody knows is answered in full', async () => {
      const { interval, peers } = await client().announce(newHash(), { event: 'stopped' })
      assert.deepEqual([interval, peers], [900, []])
    })

    it('keys are sorted in every kind of answer', async () => {
      const hash = newHash()
      await client().announce(hash, { port: 1 })
      const targets = [announceTarget(hash), announceTarget(hash, { compact: 0 }), scrapeTarget(hash)]
      // The reader of these tests insists on it.
      for (const target of [...targets, '/announce']) {
        dictionaryOf(await client().request(getRequest(target)))
      }
    })

    it(
      'two announces of one client, IPv4 and IPv6: both are listed, neither is refused',
      skipIpv6,
      async () => {
        const hash = newHash()
        const key = 'A1B2C3D4'
        for (let round = 0; round < 2; round++) {
          for (const family of [4, 6] as const) await client(family).announce(hash, { key, event: 'started' })
        }
        const { peers, peers6 } = await client().announce(hash, { port: 2 })
        assert.deepEqual([peers.length, peers6.length], [1, 1])
      },
    )

    it('two hashes of one torrent (v1 and v2) are two torrents, announced at once', async () => {
      const [first, second] = [newHash(), newHash()]
      const connection = await HttpConnection.open(placeOf(tracker()))
      for (const hash of [first, second]) await connection.get(announceTarget(hash, { event: 'started' }))
      connection.close()
      for (const hash of [first, second]) assert.deepEqual(await client().counts(hash), [0, 1, 0])
    })

    it('nobody announces too fast: started again right after a magnet link got its metadata', async () => {
      const hash = newHash()
      for (const [left, event] of [
        [16_384, 'started'],
        [1_000_000, 'started'],
        [900_000, ''],
        [0, 'completed'],
      ] as const) {
        assert.equal((await client().announce(hash, { left, event })).interval, 900)
      }
      assert.deepEqual(await client().counts(hash), [1, 0, 1])
    })

    it('a scrape URL made by replacing the first or the last `announce`', async () => {
      const hash = newHash()
      await client().announce(hash)
      const query = scrapeTarget(hash).split('?')[1]
      for (const path of ['/scrape/KEY', '/KEY/scrape', '/scrape.php', '/scrape/announce']) {
        const reply = scrapeReplyOf(await client().request(getRequest(`${path}?${query}`)))
        assert.deepEqual(reply[hash.toString('hex')], [0, 1, 0], path)
      }
    })

    it("newTrackon's probe: no event, left=0, port 6881 → compact peers, an interval of 5 minutes to 3 hours", async () => {
      const hash = newHash()
      const query = 'peer_id=-qB4250-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=0&compact=1'
      const request = getRequest(`/announce?info_hash=${escaped(hash)}&${query}`, 'Accept-Encoding: gzip')
      const { interval, minInterval, peers } = announceReplyOf(await client().request(request))
      assert.ok(interval >= 300 && interval <= 10_800)
      assert.ok(Number(minInterval) <= interval)
      assert.deepEqual(peers, [])
      const without = getRequest(`/announce?info_hash=${escaped(hash)}&${query.replace('&compact=1', '')}`)
      assert.deepEqual(announceReplyOf(await client().request(without)).peers, [])
    })

    it(
      'an IPv4-mapped address never shows: IPv4 clients of a dual-stack socket are IPv4',
      skipIpv6,
      async t => {
        const settings = {
          'network.use_ipv4': false,
          'network.address_ipv6': '[::]:0',
          'network.set_only_ipv6': false,
        }
        const dual = await startHttp(t, variant, settings, { families: [6] })
        const port = dual.port(6)
        const [over4, over6] = ['127.0.0.1', '::1'].map(address => httpClient({ address, port }))
        const hash = newHash()
        const { externalIp } = await over4.announce(hash, { port: 4 })
        assert.equal(externalIp, '7f000001')
        const { peers, peers6 } = await over6.announce(hash, { port: 6 })
        assert.deepEqual([peers, peers6], [['127.0.0.1:4'], []])
        const dictionaries = getRequest(announceTarget(hash, { port: 6, compact: 0 }))
        const answer = await exchange({ address: '::1', port }, dictionaries)
        assert.deepEqual(dictionaryOf(answer).peers, [{ ip: '127.0.0.1', port: 4 }])
        await dual.stop()
      },
    )

    it('a hash that the list does not allow is refused with a reason, and stays unknown', async t => {
      const path = join(scratchDirectory(t), 'list.txt')
      const [allowed, other] = [newHash(), newHash()]
      writeFileSync(path, `${allowed.toString('hex')}\n`)
      const settings = { 'access_list.mode': 'allow', 'access_list.path': path }
      const listed = await startHttp(t, variant, settings, { families: [4] })
      const place = placeOf(listed)
      await httpClient(place).announce(allowed)
      const refused = await exchange(place, getRequest(announceTarget(other)))
      assert.deepEqual(failureOf(refused), {
        'failure reason': 'Info hash not allowed',
        interval: 900,
        'retry in': 'never',
      })
      const reply = scrapeReplyOf(await exchange(place, getRequest(scrapeTarget(allowed, other))))
      assert.deepEqual(reply, { [allowed.toString('hex')]: [0, 1, 0], [other.toString('hex')]: [0, 0, 0] })
      await listed.stop()
    })
  })
}
