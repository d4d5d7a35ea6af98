// Client names from peer ids: the reference's own examples, its rules one by one, and anything else.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clientOfPeerId, PEER_ID_PREFIX_BYTES } from '../../src/protocol/peer-id.js'

const nameOf = (beginning: string): string => clientOfPeerId(beginning.padEnd(20, '\0')).name

describe('clientOfPeerId', () => {
  for (const [beginning, name] of [
    ['-lt1234-k/asdh3', 'lt (rakshasa) 1.23.4'],
    ['-LT1234-k/asdh3', 'lt (rasterbar) 1.23.4'],
    ['-DE123s-k/asdh3', 'Deluge 1.2.3 stable'],
    ['-DE123r-k/asdh3', 'Deluge 1.2.3 rc'],
    ['-UT123A-k/asdh3', 'µTorrent 1.2.3 alpha'],
    ['-UT3550-', 'µTorrent 3.5.50'],
    ['-UM123b-', 'µTorrent Mac 1.2.3 beta'],
    ['-UE123D-', 'µTorrent Emb. 1.2.3 dev'],
    ['-UW123x-', 'µTorrent Web 1.2.3x'],
    ['-BT7109-', 'BitTorrent 7.1.09'],
    ['-AZ5760-', 'Vuze 5.7.6.0'],
    ['-qB4520-', 'QBitTorrent 4.5.2'],
    ['-TR0005-', 'Transmission 0.5'],
    ['-TR0012-k/asdh3', 'Transmission 0.12'],
    ['-TR1212-k/asdh3', 'Transmission 1.21'],
    ['-WW0102-k/asdh3', 'WebTorrent 1.2'],
    ['-WW1302-k/asdh3', 'WebTorrent 13.2'],
    ['-WD1324-k/asdh3', 'WebTorrent Desktop 13.24'],
    ['M1-2-3--k/asdh3', 'Mainline 1.2.3'],
    ['M1-23-4-k/asdh3', 'Mainline 1.23.4'],
    ['M------- ', 'Mainline -.-.-'],
    ['M123456-', 'Other (M) (123456)'],
    ['T1-2-3--', 'Other (T) (1-2-3-)'],
    ['-XX1234-', 'Other (XX) (1234)'],
    ['-qB4520', 'QBitTorrent 4.5.2'],
    ['-qB45G0-', 'Other (-qB45G0)'],
    ['S3-k/asdh3', 'Other (S3)'],
    ['a-b-c-/', 'Other (a-b-c)'],
    ['abcdefgh', 'Other'],
    ['-\0', 'Other'],
    ['', 'Other'],
  ]) {
    it(`${JSON.stringify(beginning)} is ${name}`, () => assert.equal(nameOf(beginning), name))
  }

  it('says truly whether the first 8 bytes decide', () => {
    const bytes = fc.array(fc.constantFrom(...'-M-qB0123\0z'), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const peerId = first.join('')
        const { name, isDecidedByPrefix } = clientOfPeerId(peerId)
        const other = peerId.slice(0, PEER_ID_PREFIX_BYTES) + second.join('').slice(PEER_ID_PREFIX_BYTES)
        if (isDecidedByPrefix) assert.equal(clientOfPeerId(other).name, name)
      }),
      { numRuns: 2000 },
    )
  })
})
