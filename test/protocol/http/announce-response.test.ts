import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeAnnounceResponse, HttpAnnounceAnswer } from '../../../src/protocol/http/announce-response.js'
import { ConnectionWord } from '../../../src/protocol/http/response-head.js'
import { parseAnswer, parseBencoded, writeAnswer } from './answers.js'

const peersV4 = Buffer.from('7f0000011ae1c0000202ffff', 'hex')
const peersV6 = Buffer.from('20010db80000000000000000000000011ae1', 'hex')
const peers = Buffer.concat([peersV4, peersV6])

function answerWith(fields: Partial<HttpAnnounceAnswer>): HttpAnnounceAnswer {
  return Object.assign(new HttpAnnounceAnswer(), fields)
}

const withPeers = { peersStart: 0, peersEnd: 12, peers6Start: 12, peers6End: 30 }

function encode(fields: Partial<HttpAnnounceAnswer>, from: Uint8Array = peers): Uint8Array {
  return writeAnswer((out, at, limit) => encodeAnnounceResponse(out, at, limit, answerWith(fields), from))!
}

describe('HTTP announce answers', () => {
  it('are written as BEP 3, 7, 23 and 24 lay them out', () => {
    const answer = answerWith({
      complete: 5,
      incomplete: 12,
      downloaded: 345,
      intervalSeconds: 1800,
      minIntervalSeconds: 60,
      externalIpBytes: 4,
      ...withPeers,
    })
    answer.externalIp.set([1, 2, 3, 4])
    const bytes = writeAnswer((out, at, limit) => encodeAnnounceResponse(out, at, limit, answer, peers))!
    const body =
      'd8:completei5e10:downloadedi345e11:external ip4:\x01\x02\x03\x0410:incompletei12e8:intervali1800e' +
      `12:min intervali60e5:peers12:${peersV4.toString('latin1')}6:peers618:${peersV6.toString('latin1')}e`
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`
    assert.equal(Buffer.from(bytes).toString('latin1'), head + body)
  })

  it('leave out what is not there, but never the peers', () => {
    assert.deepEqual(parseBencoded(encode({ intervalSeconds: 120 })), {
      complete: 0,
      incomplete: 0,
      interval: 120,
      peers: '',
      peers6: '',
    })
  })

  it('say for any numbers and peers what was put into them', () => {
    const count = fc.oneof(fc.nat(), fc.nat(2000), fc.maxSafeNat())
    fc.assert(
      fc.property(
        fc.record({
          complete: count,
          incomplete: count,
          downloaded: fc.oneof(fc.constant(-1), count),
          intervalSeconds: count,
          minIntervalSeconds: count,
          externalIpBytes: fc.constantFrom(0, 4, 16),
          connection: fc.constantFrom(0, 1, 2),
        }),
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(10),
        fc.nat(10),
        (fields, noise, ipv4Peers, ipv6Peers) => {
          const all = Buffer.concat([noise, Buffer.alloc(ipv4Peers * 6, 4), Buffer.alloc(ipv6Peers * 18, 6)])
          const ends = { peersStart: noise.length, peersEnd: noise.length + ipv4Peers * 6 }
          const spans = { ...ends, peers6Start: ends.peersEnd, peers6End: all.length }
          const found = parseBencoded(encode({ ...fields, ...spans }, all))
          assert.deepEqual(found, {
            complete: fields.complete,
            incomplete: fields.incomplete,
            ...(fields.downloaded >= 0 && { downloaded: fields.downloaded }),
            interval: fields.intervalSeconds,
            ...(fields.minIntervalSeconds > 0 && { 'min interval': fields.minIntervalSeconds }),
            ...(fields.externalIpBytes > 0 && { 'external ip': '\0'.repeat(fields.externalIpBytes) }),
            peers: '\x04'.repeat(ipv4Peers * 6),
            peers6: '\x06'.repeat(ipv6Peers * 18),
          })
        },
      ),
    )
  })

  it('take peers that lie behind them in the same bytes', () => {
    const out = new Uint8Array(4096)
    out.set(peers, 2000)
    const fields = { peersStart: 2000, peersEnd: 2012, peers6Start: 2012, peers6End: 2030 }
    const end = encodeAnnounceResponse(out, 5, 2000, answerWith(fields), out)
    assert.deepEqual(out.slice(5, end), encode(withPeers))
  })

  it('list dictionaries for compact=0: both families, sorted keys, no peer ids', () => {
    const found = parseBencoded(encode({ intervalSeconds: 9, compact: false, ...withPeers }))
    assert.deepEqual(found['peers'], [
      { ip: '127.0.0.1', port: 6881 },
      { ip: '192.0.2.2', port: 65_535 },
      { ip: '2001:db8::1', port: 6881 },
    ])
    assert.ok(!('peers6' in found))
    assert.deepEqual(parseBencoded(encode({ compact: false }))['peers'], [])
  })

  it('have the same head and no body for HEAD', () => {
    for (const compact of [true, false]) {
      const { body, headers } = parseAnswer(encode({ ...withPeers, compact }))
      const head = parseAnswer(encode({ ...withPeers, compact, headOnly: true }), true)
      assert.equal(headers['content-length'], String(body.length))
      assert.deepEqual(head.headers, headers)
    }
  })

  it('say what becomes of the connection', () => {
    const connectionOf = (connection: number): string | undefined =>
      parseAnswer(encode({ connection })).headers['connection']
    assert.equal(connectionOf(ConnectionWord.none), undefined)
    assert.equal(connectionOf(ConnectionWord.close), 'close')
    assert.equal(connectionOf(ConnectionWord.keepAlive), 'keep-alive')
  })

  it('are written whole or not at all', () => {
    for (const fields of [withPeers, { ...withPeers, compact: false }, { ...withPeers, headOnly: true }]) {
      const bytes = encode(fields).length
      for (let limit = 0; limit <= bytes; limit++) {
        const found = writeAnswer(
          (out, at, end) => encodeAnnounceResponse(out, at, end, answerWith(fields), peers),
          limit,
        )
        assert.equal(found?.length, limit < bytes ? undefined : bytes)
      }
    }
  })
})
