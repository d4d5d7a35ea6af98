import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConnectionIds, createConnectionIdKey } from '../../../src/trackers/udp/connection-id.js'

const MAX_AGE = 120
const address = fc.array(fc.integer(), { minLength: 4, maxLength: 4 }).map(words => Int32Array.from(words))
const family = fc.constantFrom(4, 6)
const time = fc.integer({ min: 0, max: 2 ** 30 })

describe('connection ids', () => {
  it('are valid for their address as long as the limit says, and not a second longer', () => {
    const ids = new ConnectionIds(createConnectionIdKey(), MAX_AGE)
    fc.assert(
      fc.property(family, address, time, (version, source, issuedAt) => {
        ids.issue(version, source, 0, issuedAt)
        const { word0, word1 } = ids
        const validAt = (now: number): boolean => ids.isValid(word0, word1, version, source, 0, now)
        assert.ok(validAt(issuedAt))
        assert.ok(validAt(issuedAt + MAX_AGE))
        assert.ok(!validAt(issuedAt + MAX_AGE + 1))
      }),
    )
  })

  it('are worth nothing for another address, family bit or id', () => {
    const ids = new ConnectionIds(createConnectionIdKey(), MAX_AGE)
    const word = fc.integer({ min: 0, max: 3 })
    fc.assert(
      fc.property(
        family,
        address,
        time,
        word,
        fc.integer({ min: 0, max: 31 }),
        (version, source, now, at, bit) => {
          ids.issue(version, source, 0, now)
          const { word0, word1 } = ids
          const other = Int32Array.from(source)
          other[version === 4 ? 0 : at] ^= 1 << bit
          assert.ok(!ids.isValid(word0, word1, version, other, 0, now))
          assert.ok(!ids.isValid(word0, word1 ^ (1 << bit), version, source, 0, now))
          assert.ok(!ids.isValid(word0 ^ (1 << bit), word1, version, source, 0, now))
          assert.ok(!ids.isValid(word0, word1, version === 4 ? 6 : 4, source, 0, now))
        },
      ),
    )
  })

  it('are good on every worker of a run, and of no use to another run', () => {
    const key = createConnectionIdKey()
    const source = Int32Array.of(0x0100007f, 0, 0, 0)
    const issuer = new ConnectionIds(key, MAX_AGE)
    issuer.issue(4, source, 0, 7)
    assert.ok(new ConnectionIds(key, MAX_AGE).isValid(issuer.word0, issuer.word1, 4, source, 0, 7))
    const otherRun = new ConnectionIds(createConnectionIdKey(), MAX_AGE)
    assert.ok(!otherRun.isValid(issuer.word0, issuer.word1, 4, source, 0, 7))
  })

  it('from too far in the future are refused even where the hash fits', () => {
    const ids = new ConnectionIds(createConnectionIdKey(), MAX_AGE)
    const source = Int32Array.of(1, 2, 3, 4)
    ids.issue(6, source, 0, 1000)
    assert.ok(ids.isValid(ids.word0, ids.word1, 6, source, 0, 940))
    assert.ok(!ids.isValid(ids.word0, ids.word1, 6, source, 0, 939))
  })
})
