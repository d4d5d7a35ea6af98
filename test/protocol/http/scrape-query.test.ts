import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QueryStatus } from '../../../src/protocol/http/query-status.js'
import { readScrapeQuery } from './requests.js'

const escapeAll = (bytes: Uint8Array): string =>
  `%${Buffer.from(bytes).toString('hex').match(/../g)!.join('%')}`
const queryOf = (hashes: readonly Uint8Array[]): string =>
  hashes.map(bytes => `info_hash=${escapeAll(bytes)}`).join('&')

test('sorts the hashes of a scrape by their bytes and drops repeated ones', () => {
  // Few values, so that hashes share long beginnings and repeat.
  const bytes = fc
    .uint8Array({ minLength: 20, maxLength: 20, max: 255 })
    .map(all => all.map(byte => byte & 0x81))
  fc.assert(
    fc.property(
      fc.array(fc.oneof(bytes, fc.uint8Array({ minLength: 20, maxLength: 20 })), { minLength: 1 }),
      hashes => {
        const found = readScrapeQuery(queryOf(hashes), 600)
        const expected = [...new Set(hashes.map(hash => Buffer.from(hash).toString('latin1')))].sort()
        assert.deepEqual(found, { status: QueryStatus.ok, hashes: expected, total: hashes.length, cut: 0 })
      },
    ),
  )
})

test('answers the first ones up to the limit, and says how many were cut', () => {
  const hashes = [5, 4, 4, 3, 2].map(byte => new Uint8Array(20).fill(byte))
  const counts = (limit: number): unknown[] => {
    const { hashes: kept, total, cut } = readScrapeQuery(queryOf(hashes), limit)
    return [kept!.map(hash => hash.charCodeAt(0)), total, cut]
  }
  assert.deepEqual(counts(5), [[2, 3, 4, 5], 5, 0])
  assert.deepEqual(counts(4), [[3, 4, 5], 5, 1])
  assert.deepEqual(counts(1), [[5], 5, 4])
})

test('sorts as many hashes as a head holds', () => {
  const hashes = Array.from({ length: 529 }, (_, index) => {
    const bytes = Buffer.alloc(20, 7)
    bytes.writeUInt32LE(Math.imul(index, 0x9e3779b1) >>> 0, 3)
    return bytes
  })
  const found = readScrapeQuery(queryOf(hashes), 529).hashes
  assert.deepEqual(found, hashes.map(bytes => bytes.toString('latin1')).sort())
})

test('tells a request for everything from a broken one', () => {
  assert.equal(readScrapeQuery('', 5).status, QueryStatus.missingInfoHash)
  assert.equal(readScrapeQuery('info_hash&port=1&infohash=x', 5).status, QueryStatus.missingInfoHash)
  assert.equal(
    readScrapeQuery(`info_hash=${'a'.repeat(20)}&info_hash=b`, 5).status,
    QueryStatus.invalidInfoHash,
  )
  // Broken hashes beyond the limit are as bad.
  const beyond = `info_hash=${'a'.repeat(20)}&info_hash=%zz`
  assert.equal(readScrapeQuery(beyond, 1).status, QueryStatus.invalidInfoHash)
})

test('finds hashes behind the own query of the scrape URL', () => {
  const found = readScrapeQuery(`passkey=x?info_hash=${'a?b+'.repeat(5)}`, 5)
  assert.deepEqual(found.hashes, ['a?b+'.repeat(5)])
})
