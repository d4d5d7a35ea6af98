import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeAnnounceQuery, HttpAnnounceRequest } from '../../../src/protocol/http/announce-query.js'
import {
  AnnounceToSend,
  HttpRequestEncoder,
  type HttpRequestTerms,
  writePercentEncoded,
} from '../../../src/protocol/http/announce-request.js'
import { QueryStatus } from '../../../src/protocol/http/query-status.js'

const terms: HttpRequestTerms = {
  hostName: 'tracker.example',
  port: 6969,
  isTls: false,
  path: '/announce',
  scrapePath: '/scrape',
  numwant: 30,
  userAgent: 'test',
}

const infoHash = Buffer.from('00ff20412d2e5f7e25262b3d7f80c0ffee0a0d61', 'hex')
const peerId = Buffer.from('-LT0001-abcdefghijkl', 'latin1')
const identifiers = Buffer.concat([infoHash, peerId])
const toSend = Object.assign(new AnnounceToSend(), { port: 6881, left: 5, event: 2 })

function announce(change: Partial<HttpRequestTerms>, sent: AnnounceToSend = toSend, closes = false): string {
  const encoder = new HttpRequestEncoder({ ...terms, ...change })
  const out = Buffer.alloc(encoder.bytesMax(1), '#')
  return out.toString('latin1', 3, encoder.announce(out, 3, identifiers, sent, closes))
}

describe('HTTP requests as a load generator asks', () => {
  it('announces', () => {
    assert.equal(
      announce({}),
      'GET /announce?info_hash=%00%FF%20A-._~%25%26%2B%3D%7F%80%C0%FF%EE%0A%0Da&peer_id=-LT0001-abcdefghijkl' +
        '&port=6881&uploaded=0&downloaded=0&compact=1&numwant=30&left=5&event=started HTTP/1.1\r\n' +
        'Host: tracker.example:6969\r\nUser-Agent: test\r\n\r\n',
    )
  })

  it('ask for the connection to be closed, and for no number of peers', () => {
    const text = announce({ numwant: -1 }, Object.assign(new AnnounceToSend(), { port: 1 }), true)
    assert.match(text, /&compact=1&left=0 HTTP\/1\.1\r\n/)
    assert.match(text, /\r\nConnection: close\r\n\r\n$/)
  })

  it('name the host as it is named in a URL', () => {
    assert.match(announce({ hostName: '::1' }), /\r\nHost: \[::1\]:6969\r\n/)
    assert.match(announce({ port: 80 }), /\r\nHost: tracker\.example\r\n/)
    assert.match(announce({ port: 443, isTls: true }), /\r\nHost: tracker\.example\r\n/)
    assert.match(announce({ port: 443 }), /\r\nHost: tracker\.example:443\r\n/)
  })

  it('keep the query that a path has', () => {
    assert.match(announce({ path: '/announce?key=1' }), /^GET \/announce\?key=1&info_hash=/)
  })

  it('scrapes', () => {
    const encoder = new HttpRequestEncoder({ ...terms, scrapePath: '/s/scrape?k' })
    const hashes = Buffer.concat([infoHash, Buffer.alloc(20, 'b')])
    const out = Buffer.alloc(encoder.bytesMax(2))
    const end = encoder.scrape(out, 0, hashes, 2, false)
    assert.ok(
      out
        .toString('latin1', 0, end)
        .startsWith(
          'GET /s/scrape?k&info_hash=%00%FF%20A-._~%25%26%2B%3D%7F%80%C0%FF%EE%0A%0Da' +
            `&info_hash=${'b'.repeat(20)} HTTP/1.1\r\nHost: `,
        ),
    )
  })

  it('have room for the longest', () => {
    const encoder = new HttpRequestEncoder(terms)
    const out = new Uint8Array(encoder.bytesMax(10))
    const longest = Object.assign(new AnnounceToSend(), {
      port: 65_535,
      left: Number.MAX_SAFE_INTEGER,
      event: 1,
    })
    assert.ok(encoder.announce(out, 0, new Uint8Array(40), longest, true) <= encoder.bytesMax(0))
    assert.ok(encoder.scrape(out, 0, new Uint8Array(200), 10, true) <= out.length)
  })

  it('are read by our own tracker as they were meant', () => {
    const encoder = new HttpRequestEncoder(terms)
    const out = new Uint8Array(encoder.bytesMax(1))
    const bytes = fc.uint8Array({ minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: 1, max: 65_535 }),
        fc.nat(),
        fc.nat(3),
        (ids, port, left, event) => {
          const sent = Object.assign(new AnnounceToSend(), { port, left, event })
          const end = encoder.announceTarget(out, 0, ids, sent)
          const request = new HttpAnnounceRequest()
          const query = Buffer.from(out).indexOf('?') + 1
          assert.equal(decodeAnnounceQuery(out, query, end, request), QueryStatus.ok)
          const words = Int32Array.of(
            ...[
              request.infoHash0,
              request.infoHash1,
              request.infoHash2,
              request.infoHash3,
              request.infoHash4,
            ],
            ...[request.peerId0, request.peerId1, request.peerId2, request.peerId3, request.peerId4],
          )
          assert.deepEqual(new Uint8Array(words.buffer), ids)
          const { wirePort, leftIsZero, event: read, numwant, compact } = request
          const swapped = ((wirePort & 255) << 8) | (wirePort >> 8)
          assert.deepEqual([swapped, leftIsZero, read, numwant, compact], [port, left === 0, event, 30, true])
        },
      ),
    )
  })

  it('encode bytes as decodeURIComponent reads them', () => {
    const out = Buffer.alloc(60)
    for (let byte = 0; byte < 128; byte++) {
      const end = writePercentEncoded(out, 0, Uint8Array.of(byte), 0, 1)
      assert.equal(decodeURIComponent(out.toString('latin1', 0, end)), String.fromCharCode(byte))
    }
  })
})
