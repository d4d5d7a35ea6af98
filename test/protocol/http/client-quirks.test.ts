// What real clients do, one test for each habit that the codec decides; the tracker decides the rest (what `completed`
// without `left` does to the swarm, min interval, which answers are compressed).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeAnnounceResponse, HttpAnnounceAnswer } from '../../../src/protocol/http/announce-response.js'
import { encodeFailureResponse, HttpFailureAnswer } from '../../../src/protocol/http/failure-response.js'
import { IpAddress, parseIp } from '../../../src/protocol/http/ip-text.js'
import { QueryStatus, queryFailureTexts } from '../../../src/protocol/http/query-status.js'
import { parseAnswer, parseBencoded, writeAnswer } from './answers.js'
import {
  HeadReader,
  latin1,
  type PlainAnnounce,
  type PlainHead,
  qBittorrentAnnounce,
  readAnnounceQuery,
  readTarget,
  sampleHash,
  transmissionAnnounce,
} from './requests.js'

const reader = new HeadReader()
const hash = 'info_hash=aaaaaaaaaaaaaaaaaaaa'

/** A whole request line, through head, target and query. */
function announce(
  line: string,
  ...headers: string[]
): PlainHead & { announce: PlainAnnounce; route: string } {
  const head = reader.read(latin1([line, ...headers, '', ''].join('\r\n')))
  assert.equal(head.status, 1, line)
  const { route, query } = readTarget(head.target!)
  return { ...head, route, announce: readAnnounceQuery(query) }
}

const withQuery = (rest: string): PlainAnnounce => {
  const found = announce(
    `GET /announce?${hash}&peer_id=bbbbbbbbbbbbbbbbbbbb&port=6881${rest} HTTP/1.1`,
  ).announce
  assert.equal(found.status, QueryStatus.ok, rest)
  return found
}

function answerOf(fields: Partial<HttpAnnounceAnswer>): Uint8Array {
  const answer = Object.assign(new HttpAnnounceAnswer(), fields)
  return writeAnswer((out, at, limit) => encodeAnnounceResponse(out, at, limit, answer, new Uint8Array(60)))!
}

describe('HTTP clients: requests', () => {
  it('qBittorrent and Transmission are read as they write', () => {
    const read = (text: string): PlainAnnounce =>
      readAnnounceQuery(readTarget(reader.read(latin1(text)).target!).query)
    const qBittorrent = read(qBittorrentAnnounce)
    assert.deepEqual(qBittorrent, {
      status: 0,
      infoHash: sampleHash.toString('latin1'),
      peerId: '-qB4620-abcdefghijkl',
      port: 6881,
      leftIsZero: false,
      event: 2,
      numwant: 200,
      compact: true,
      noPeerId: true,
    })
    const transmission = read(transmissionAnnounce)
    assert.equal(transmission.infoHash, qBittorrent.infoHash!)
    assert.deepEqual([transmission.leftIsZero, transmission.event], [true, 1])
  })

  it('event=paused on every announce of a partial seed is none, and no seeder unless left is 0', () => {
    const { event, leftIsZero } = withQuery('&event=paused&left=5')
    assert.deepEqual([event, leftIsZero], [0, false])
    assert.equal(withQuery('&event=paused&left=0').leftIsZero, true)
  })

  it('event empty, `empty`, blank, update or unknown is none', () => {
    for (const event of ['', 'empty', ' ', '%20', 'update', 'junk', 'Started', 'started2', 'STOPPED', '2']) {
      assert.equal(withQuery(`&event=${event}`).event, 0, event)
    }
    assert.deepEqual(
      ['completed', 'started', 'stopped'].map(event => withQuery(`&event=${event}`).event),
      [1, 2, 3],
    )
  })

  it('no event, no left, or &left& without = is a leecher', () => {
    for (const rest of [
      '',
      '&left',
      '&left&event',
      '&left=',
      '&left=&x=1',
      '&left=null',
      '&left=undefined',
    ]) {
      const { event, leftIsZero } = withQuery(rest)
      assert.deepEqual([event, leftIsZero], [0, false], rest)
    }
  })

  it('event=completed with left not 0 or absent is told from one with left=0', () => {
    const seen = ['', '&left=16384', '&left=18446744073709551615', '&left=0'].map(left => {
      const { event, leftIsZero } = withQuery(`&event=completed${left}`)
      return [event, leftIsZero]
    })
    assert.deepEqual(seen, [
      [1, false],
      [1, false],
      [1, false],
      [1, true],
    ])
  })

  it('left may be huge', () => {
    for (const left of ['18446744073709551615', '9223372036854775807', '16384', '9'.repeat(300)]) {
      assert.equal(withQuery(`&left=${left}`).leftIsZero, false)
    }
  })

  it('numwant=-1 or junk is the default, 0 is none, a million is cut', () => {
    const numwantOf = (text: string): number => withQuery(`&numwant=${text}`).numwant!
    assert.deepEqual(['-1', '', 'x', '-5', '1.5'].map(numwantOf), [-1, -1, -1, -1, -1])
    assert.deepEqual(['0', '1', '1000000', '99999999999'].map(numwantOf), [0, 1, 65_535, 65_535])
    assert.equal(withQuery('').numwant, -1)
  })

  it('compact absent or 1 is compact, 0 asks for dictionaries, with no_peer_id without ids', () => {
    const seen = ['', '&compact=1', '&compact', '&compact=', '&compact=2', '&compact=0'].map(
      rest => withQuery(rest).compact,
    )
    assert.deepEqual(seen, [true, true, true, true, true, false])
    assert.equal(withQuery('&compact=0&no_peer_id=1').noPeerId, true)
    assert.equal(withQuery('&compact=0&no_peer_id=0').noPeerId, false)
  })

  it('extra and repeated parameters are passed over', () => {
    const extra =
      '&corrupt=0&redundant=5&key=%zz&supportcrypto=1&requirecrypto=1&trackerid=a=b&ip=6.6.6.6&ip=x' +
      '&ipv4=1.2.3.4:5&ipv6=%5B::1%5D:6&ipv6=&uploaded=-1&downloaded=18446744073709551616'
    assert.deepEqual(withQuery(extra), withQuery(''))
  })

  it('raw + , / ; < > : and ? are bytes of a hash; + stays +', () => {
    const raw = `+,/;<>:?=@!$'()*~[]"`
    assert.equal(raw.length, 20)
    const found = announce(`GET /announce?info_hash=${raw}&peer_id=${raw}&port=1 HTTP/1.1`).announce
    assert.deepEqual([found.infoHash, found.peerId, found.port], [raw, raw, 1])
    const bytes = '\x7f\x80\xa0\xc3\xa9\xff\xfe\xad\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb'
    assert.equal(announce(`GET /announce?info_hash=${bytes}&port=1 HTTP/1.1`).announce.infoHash, bytes)
  })

  it('escapes come in lower and upper case beside unescaped ASCII', () => {
    const found = announce('GET /announce?info_hash=%a2%a1U7T%A2%fF%Ffabcdefghijkl&port=1 HTTP/1.1')
    assert.equal(found.announce.infoHash, '\xa2\xa1U7T\xa2\xff\xffabcdefghijkl')
  })

  it('`announce ?info_hash=` with a space, a space in the query, //announce and a trailing slash', () => {
    for (const path of ['/announce ', '//announce', '/announce/', '///announce// ', ' /announce']) {
      const found = announce(`GET ${path}?${hash}&port=1 HTTP/1.0`)
      assert.deepEqual([found.route, found.announce.status], ['announce', QueryStatus.ok], path)
    }
    const spaced = announce('GET /announce?info_hash=aaaaa aaaaa HTTP/ aa&port=7 HTTP/1.0')
    assert.deepEqual([spaced.announce.infoHash, spaced.announce.port], ['aaaaa aaaaa HTTP/ aa', 7])
  })

  it('an announce URL with ?passkey= keeps its query beside the client’s', () => {
    for (const joint of ['?', '&', '&&', '?&']) {
      const found = announce(`GET /announce?passkey=x${joint}${hash}&port=1 HTTP/1.1`)
      assert.equal(found.announce.status, QueryStatus.ok, joint)
    }
  })

  it('port=0 is accepted, with and without stopped', () => {
    assert.equal(announce(`GET /announce?${hash}&port=0&event=stopped HTTP/1.1`).announce.event, 3)
    assert.equal(announce(`GET /announce?${hash}&port=0 HTTP/1.1`).announce.port, 0)
  })

  it('a request may come without User-Agent, or without any header', () => {
    assert.equal(announce(`GET /announce?${hash}&port=1 HTTP/1.1`).announce.status, QueryStatus.ok)
  })

  it('sixty headers and eight kilobytes of them are read', () => {
    const headers = Array.from({ length: 60 }, (_, index) => `X-Header-${index}: ${'v'.repeat(120)}`)
    assert.ok(headers.join('\r\n').length > 8000)
    assert.equal(announce(`GET /announce?${hash}&port=1 HTTP/1.1`, ...headers).route, 'announce')
  })

  it('HTTP/1.0 without Host is answered, and closed', () => {
    assert.equal(announce(`GET /announce?${hash}&port=1 HTTP/1.0`).keepAlive, false)
  })

  it('HEAD can be told from GET, so that it registers no peer', () => {
    assert.equal(announce(`HEAD /announce?${hash}&port=1 HTTP/1.1`).method, 2)
  })

  it('a scrape URL made by replacing the first or the last `announce`', () => {
    const scrapes = ['/scrape/KEY', '/KEY/scrape', '/scrape.php', '/scrape/announce']
    assert.deepEqual(
      scrapes.map(path => readTarget(path).route),
      ['scrape', 'scrape', 'scrape', 'scrape'],
    )
    assert.equal(readTarget('/announce/scrape').route, 'announce')
  })

  it('two announces for two hashes of one torrent (BEP 52 cut to 20 bytes) are two announces', () => {
    const cut = '%ab'.repeat(20)
    assert.equal(readAnnounceQuery(`info_hash=${cut}&port=1`).infoHash, '\xab'.repeat(20))
    assert.equal(
      readAnnounceQuery(`info_hash=${'%ab'.repeat(32)}&port=1`).status,
      QueryStatus.invalidInfoHash,
    )
  })

  it("newTrackon's probe without event, left=0, port 6881", () => {
    const found = withQuery('&uploaded=0&downloaded=0&left=0&compact=1')
    assert.deepEqual([found.event, found.leftIsZero, found.compact, found.numwant], [0, true, true, -1])
  })
})

describe('HTTP clients: answers', () => {
  it('are never chunked: an exact Content-Length, and no byte behind the dictionary', () => {
    const { headers, body } = parseAnswer(answerOf({ peersEnd: 12 }))
    assert.equal(headers['content-length'], String(body.length))
    assert.ok(!('transfer-encoding' in headers))
    assert.equal(body.at(-1), 0x65)
    parseBencoded(answerOf({ peersEnd: 12 }))
  })

  it('are not compressed', () => {
    assert.ok(!('content-encoding' in parseAnswer(answerOf({})).headers))
  })

  it('of failures are status 200 with a failure reason and an interval', () => {
    const text = queryFailureTexts[QueryStatus.invalidPort]!
    const failure = Object.assign(new HttpFailureAnswer(), { intervalSeconds: 1800 })
    const bytes = writeAnswer((out, at, limit) => encodeFailureResponse(out, at, limit, text, failure))!
    assert.deepEqual(parseBencoded(bytes), { 'failure reason': 'Invalid port', interval: 1800 })
  })

  it('always have peers, and all the rest, for stopped and without peers too', () => {
    const found = parseBencoded(answerOf({ intervalSeconds: 900 }))
    assert.deepEqual(Object.keys(found), ['complete', 'incomplete', 'interval', 'peers', 'peers6'])
  })

  it('have sorted keys, which the strict reader of these tests insists on', () => {
    const fields = { downloaded: 1, externalIpBytes: 4, minIntervalSeconds: 9, peersEnd: 6, peers6End: 18 }
    assert.equal(Object.keys(parseBencoded(answerOf(fields))).length, 8)
    assert.equal(Object.keys(parseBencoded(answerOf({ ...fields, compact: false }))).length, 7)
  })

  it('name no IPv4-mapped address: it is unmapped before it gets to the swarm', () => {
    const address = new IpAddress()
    parseIp(latin1('::ffff:192.0.2.1'), 0, 16, address)
    address.unmap()
    assert.equal(address.family, 4)
  })
})
