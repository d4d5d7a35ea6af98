// Lines of the scrape export, byte by byte, and where its temporary file lies.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { temporaryPathOf } from '../../src/trackers/scrape-export.js'
import { SCRAPE_LINE_BYTES_MAX, writeScrapeLine } from '../../src/trackers/scrape-line.js'

/** The line as text, written into the middle of other bytes. */
function lineOf(ipVersion: 4 | 6, infoHash: Uint8Array, seeders: number, leechers: number): string {
  const words = new Int32Array(Uint8Array.from(infoHash).buffer)
  const out = new Uint8Array(3 + SCRAPE_LINE_BYTES_MAX).fill(0x2a)
  const [hash0, hash1, hash2, hash3, hash4] = words
  const end = writeScrapeLine(out, 3, ipVersion, hash0, hash1, hash2, hash3, hash4, seeders, leechers)
  assert.deepEqual([...out.subarray(0, 3)], [0x2a, 0x2a, 0x2a])
  assert.ok(out.subarray(end).every(byte => byte === 0x2a))
  return Buffer.from(out.subarray(3, end)).toString('latin1')
}

describe('scrape export line', () => {
  it('is that of the reference', () => {
    const infoHash = Buffer.from('00112233445566778899aabbccddeeff01f23e4d', 'hex')
    assert.equal(lineOf(4, infoHash, 0, 10), '4 00112233445566778899aabbccddeeff01f23e4d 0 10\n')
    assert.equal(lineOf(6, infoHash, 1_234_567, 9), '6 00112233445566778899aabbccddeeff01f23e4d 1234567 9\n')
    const longest = lineOf(4, infoHash, 4_294_967_295, 4_294_967_295)
    assert.equal(longest.length, SCRAPE_LINE_BYTES_MAX)
  })

  it('is right for every hash and count', () => {
    const infoHashes = fc.uint8Array({ minLength: 20, maxLength: 20 })
    const counts = fc.oneof(fc.nat(), fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000))
    fc.assert(
      fc.property(infoHashes, counts, counts, (infoHash, seeders, leechers) => {
        const hex = Buffer.from(infoHash).toString('hex')
        assert.equal(lineOf(6, infoHash, seeders, leechers), `6 ${hex} ${seeders} ${leechers}\n`)
      }),
    )
  })
})

describe('temporary file of the scrape export', () => {
  it('has the extension tmp, and is never the file itself', () => {
    const cases = {
      './udp-scrape-export.txt': 'udp-scrape-export.tmp',
      '/var/lib/export.tar.gz': '/var/lib/export.tar.tmp',
      'a.b/export': 'a.b/export.tmp',
      '/a/.export': '/a/.export.tmp',
      '/a/export.tmp': '/a/export.tmp.tmp',
      './export.tmp': './export.tmp.tmp',
    }
    for (const [path, temporaryPath] of Object.entries(cases)) {
      assert.equal(temporaryPathOf(path), temporaryPath)
    }
  })
})
