import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressBytes, canonicaliseAddress } from '../../src/net/address.js'

const hex = (address: string): string => Buffer.from(addressBytes(address)).toString('hex')

describe('address bytes', () => {
  it('reads IPv4 and every spelling of IPv6', () => {
    assert.equal(hex('192.0.2.1'), 'c0000201')
    assert.equal(hex('::'), '00'.repeat(16))
    assert.equal(hex('::1'), `${'00'.repeat(15)}01`)
    assert.equal(hex('2001:db8::ff00:42:8329'), '20010db8000000000000ff0000428329')
    assert.equal(hex('2001:db8:1:2:3:4:5:6'), '20010db8000100020003000400050006')
    assert.equal(hex('fe80::1%eth0'), `fe80${'00'.repeat(13)}01`)
    assert.equal(hex('1::'), `0001${'00'.repeat(14)}`)
    assert.equal(hex('::ffff:192.0.2.1'), `${'00'.repeat(10)}ffffc0000201`)
    assert.equal(hex('64:ff9b::192.0.2.33'), `0064ff9b${'00'.repeat(8)}c0000221`)
  })

  it('refuses what is no address', () => {
    for (const text of ['', 'localhost', '1.2.3', '::1::', '1.2.3.4.5', '12345::']) {
      assert.throws(() => addressBytes(text), /not an IP address/)
    }
  })

  it('reads back any IPv6 address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes => {
        const hextets = Array.from({ length: 8 }, (_, index) =>
          ((bytes[index * 2] << 8) | bytes[index * 2 + 1]).toString(16),
        )
        // The shortest spelling, as the runtime's URL parser writes it.
        const short = new URL(`http://[${hextets.join(':')}]/`).hostname.slice(1, -1)
        assert.deepEqual([...addressBytes(hextets.join(':'))], [...bytes])
        assert.deepEqual([...addressBytes(short)], [...bytes])
      }),
    )
  })
})

describe('canonical addresses', () => {
  const wordsOf = (address: string): Int32Array =>
    new Int32Array(Uint8Array.from(addressBytes(address)).buffer)

  it('make IPv4 of an IPv4-mapped address, and leave others alone', () => {
    const mapped = wordsOf('::ffff:192.0.2.7')
    assert.equal(canonicaliseAddress(mapped, 0), 4)
    assert.deepEqual([...mapped], [...wordsOf('192.0.2.7'), 0, 0, 0])
    for (const address of ['::1', '::', '2001:db8::1', '::fffe:1.2.3.4', '1::ffff:1.2.3.4']) {
      const words = wordsOf(address)
      assert.equal(canonicaliseAddress(words, 0), 6)
      assert.deepEqual([...words], [...wordsOf(address)])
    }
  })
})
