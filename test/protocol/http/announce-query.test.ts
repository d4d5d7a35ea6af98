import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { QueryStatus, queryFailureTexts } from '../../../src/protocol/http/query-status.js'
import { type PlainAnnounce, readAnnounceQuery, sampleHash } from './requests.js'

const hash = 'info_hash=aaaaaaaaaaaaaaaaaaaa'
const read = (rest: string): PlainAnnounce => readAnnounceQuery(`${hash}&port=6881${rest}`)
const statusOf = (query: string): number => readAnnounceQuery(query).status

/** Escapes a byte as RFC 3986 allows: always, with either case, or not where it need not be. */
function escapeByte(byte: number, style: number): string {
  const isPlain = byte > 0x20 && byte < 0x100 && byte !== 0x25 && byte !== 0x26
  if (style === 0 && isPlain) return String.fromCharCode(byte)
  const digits = byte.toString(16).padStart(2, '0')
  return `%${style === 1 ? digits : digits.toUpperCase()}`
}

describe('HTTP announce queries: identifiers', () => {
  it('reads any 20 bytes in any escaping', () => {
    const identifier = fc.uint8Array({ minLength: 20, maxLength: 20 })
    const styles = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 20, maxLength: 20 })
    const escapeAll = (bytes: Uint8Array, kinds: number[]): string =>
      Array.from(bytes, (byte, index) => escapeByte(byte, kinds[index]!)).join('')
    fc.assert(
      fc.property(identifier, styles, identifier, styles, (infoHash, hashStyles, peerId, peerIdStyles) => {
        const query = `info_hash=${escapeAll(infoHash, hashStyles)}&port=1&peer_id=${escapeAll(peerId, peerIdStyles)}`
        const found = readAnnounceQuery(query)
        assert.equal(found.status, QueryStatus.ok)
        assert.deepEqual(Buffer.from(found.infoHash!, 'latin1'), Buffer.from(infoHash))
        assert.deepEqual(Buffer.from(found.peerId!, 'latin1'), Buffer.from(peerId))
      }),
    )
  })

  it('wants exactly 20 bytes without a broken escape', () => {
    const broken = ['', 'a'.repeat(19), 'a'.repeat(21), '%61'.repeat(21), `${'a'.repeat(19)}%`]
    broken.push(`${'a'.repeat(19)}%6`, `${'a'.repeat(19)}%g1`, `${'a'.repeat(19)}%1g`, `%%${'a'.repeat(18)}`)
    broken.push('a'.repeat(10_000))
    for (const value of broken) {
      assert.equal(statusOf(`info_hash=${value}&port=1`), QueryStatus.invalidInfoHash, value)
      assert.equal(statusOf(`port=1&info_hash=${value}`), QueryStatus.invalidInfoHash, value)
      assert.equal(statusOf(`${hash}&port=1&peer_id=${value}`), QueryStatus.invalidPeerId, value)
    }
  })

  it('does without a peer id, and forgets the one before', () => {
    assert.equal(read('&peer_id=bbbbbbbbbbbbbbbbbbbb').peerId, 'b'.repeat(20))
    assert.equal(read('').peerId, '')
  })

  it('names the first mistake in the order hash, port, peer id', () => {
    assert.equal(statusOf(''), QueryStatus.missingInfoHash)
    assert.equal(statusOf('port=x&peer_id=x'), QueryStatus.missingInfoHash)
    assert.equal(statusOf(hash), QueryStatus.missingPort)
    assert.equal(statusOf(`${hash}&port=&peer_id=x`), QueryStatus.missingPort)
    for (const port of ['x', '-1', '65536', '99999999999', '1 ', '1.5', '+1']) {
      assert.equal(statusOf(`${hash}&port=${port}&peer_id=x`), QueryStatus.invalidPort, port)
    }
  })

  it('has a text for every failure', () => {
    assert.equal(queryFailureTexts.length, Object.keys(QueryStatus).length)
    const texts = queryFailureTexts.map(bytes => Buffer.from(bytes).toString('latin1'))
    assert.equal(texts[QueryStatus.missingInfoHash], 'Missing info_hash')
    assert.equal(texts[QueryStatus.invalidPeerId], 'Invalid peer_id')
  })
})

describe('HTTP announce queries: parameters', () => {
  it('reads all of an announce', () => {
    const found = read('&peer_id=bbbbbbbbbbbbbbbbbbbb&left=0&event=stopped&numwant=7&compact=0&no_peer_id=1')
    assert.deepEqual(found, {
      status: 0,
      infoHash: 'a'.repeat(20),
      peerId: 'b'.repeat(20),
      port: 6881,
      leftIsZero: true,
      event: 3,
      numwant: 7,
      compact: false,
      noPeerId: true,
    })
  })

  it('starts from the defaults at each announce', () => {
    read('&left=0&event=stopped&numwant=7&compact=0&no_peer_id=1')
    const { leftIsZero, event, numwant, compact, noPeerId } = read('')
    assert.deepEqual([leftIsZero, event, numwant, compact, noPeerId], [false, 0, -1, true, false])
  })

  it('lets the last of a repeated parameter count', () => {
    const other = `${hash}&port=1&left=0&info_hash=cccccccccccccccccccc&port=2&left=5&event=started&event=`
    const found = readAnnounceQuery(other)
    assert.deepEqual([found.infoHash![0], found.port, found.leftIsZero, found.event], ['c', 2, false, 0])
    assert.equal(statusOf(`${hash}&port=1&info_hash=x`), QueryStatus.invalidInfoHash)
    assert.equal(statusOf(`info_hash=x&port=x&${hash}&port=1`), QueryStatus.ok)
  })

  it('passes over empty pairs, unknown keys and keys that only begin alike', () => {
    const query = `&&=&==&info_has=x&info_hashes=x&Port=1&porta=1&ports&left0=1&${hash}&&port=5&&`
    assert.equal(readAnnounceQuery(query).port, 5)
    assert.equal(read('&uploaded==5&=0&left=0').leftIsZero, true)
  })

  it('reads numbers up to any length', () => {
    assert.equal(read('&left=000000000000000000000000').leftIsZero, true)
    for (const left of ['00000000000000000000000001', '18446744073709551616000', '-0', '0x0', '0 ', '0.0']) {
      assert.equal(read(`&left=${left}`).leftIsZero, false, left)
    }
    assert.equal(read(`&numwant=${'9'.repeat(500)}`).numwant, 65_535)
    assert.equal(read('&numwant=65535').numwant, 65_535)
    assert.equal(readAnnounceQuery(`${hash}&port=00000065535`).port, 65_535)
  })

  it('is total: every cut of a query gives a status', () => {
    const query = `info_hash=${[...sampleHash].map(byte => escapeByte(byte, 1)).join('')}&port=6881&left=0`
    for (let cut = 0; cut <= query.length; cut++) {
      const status = statusOf(query.slice(0, cut))
      const hashEnd = query.indexOf('&')
      const expected =
        cut < 'info_hash='.length
          ? QueryStatus.missingInfoHash
          : cut < hashEnd
            ? QueryStatus.invalidInfoHash
            : cut <= query.indexOf('6881')
              ? QueryStatus.missingPort
              : QueryStatus.ok
      assert.equal(status, expected, query.slice(0, cut))
    }
  })
})
