import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { latin1Bytes } from '../../../src/protocol/http/ascii.js'
import {
  offerJson,
  readAnswerStamp,
  STAMP_WORDS,
} from '../../../src/protocol/webtorrent/client-descriptions.js'
import {
  ANSWER_BYTES_MAX,
  announceBytesMax,
  beginAnnounce,
  encodeAnswerRequest,
  encodeScrapeRequest,
  endAnnounce,
  endAnnounceWithOffers,
  scrapeBytesMax,
} from '../../../src/protocol/webtorrent/client-requests.js'
import { MessageAction, MessageEvent, MessageStatus } from '../../../src/protocol/webtorrent/request.js'
import { infoHash, limits, MessageReader, nothingFound, offerIdOf, otherPeerId, peerId } from './messages.js'

const reader = new MessageReader({ ...limits, maxOfferBytes: 2000 })
const identifier = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 20, maxLength: 20 })
const textOf = (bytes: ArrayLike<number>): string => Buffer.from(Array.from(bytes)).toString('latin1')
const hash = latin1Bytes(infoHash)
const peer = latin1Bytes(peerId)

/** An announce with as many offers as there are ids. */
function announce(
  hashBytes: Uint8Array,
  peerBytes: Uint8Array,
  event: number,
  left: number,
  numwant: number,
  offerIds: readonly string[],
): Uint8Array {
  const out = new Uint8Array(1 + announceBytesMax(offerIds.length))
  const at = beginAnnounce(out, 1, hashBytes, 0, peerBytes, 0, event, left, numwant)
  const ids = latin1Bytes(offerIds.join(''))
  const end =
    offerIds.length === 0 ? endAnnounce(out, at) : endAnnounceWithOffers(out, at, ids, offerIds.length)
  return out.subarray(1, end)
}

const identity = { infoHash, peerId }

describe('messages of a WebTorrent client', () => {
  it('are announces as the tracker reads them', () => {
    for (const [event, name] of [
      [MessageEvent.none, undefined],
      [MessageEvent.started, 'started'],
      [MessageEvent.completed, 'completed'],
      [MessageEvent.stopped, 'stopped'],
    ] as const) {
      const message = announce(hash, peer, event, 1000, 10, [])
      assert.deepEqual(reader.read(message), {
        ...{ ...nothingFound, ...identity, status: MessageStatus.announce, action: MessageAction.announce },
        ...{ event, numwant: 10 },
      })
      assert.deepEqual(JSON.parse(Buffer.from(message).toString()), {
        ...{ action: 'announce', info_hash: infoHash, peer_id: peerId, numwant: 10 },
        ...{ uploaded: 0, downloaded: 0, left: 1000, ...(name === undefined ? {} : { event: name }) },
      })
    }
    const seeder = reader.read(announce(hash, peer, MessageEvent.none, 0, -1, []))
    assert.deepEqual([seeder.isSeeder, seeder.numwant], [true, -1])
  })

  it('are offers of the weight of real ones', () => {
    const ids = [offerIdOf(0), offerIdOf(1), offerIdOf(2)]
    const read = reader.read(announce(hash, peer, MessageEvent.none, 1, 3, ids))
    const offer = Buffer.from(offerJson).toString()
    assert.deepEqual(
      read.offers,
      ids.map(id => [offer, id]),
    )
    assert.deepEqual([read.offersDropped, read.offersOmitted], [0, 0])
    const { type, sdp } = JSON.parse(offer) as { type: string; sdp: string }
    assert.equal(type, 'offer')
    assert.match(sdp, /^v=0\r\no=- \d+ 2 IN IP4 127\.0\.0\.1\r\n(?:[a-z]=.*\r\n)+$/)
    assert.ok(offerJson.length > 1000 && offerJson.length < 1500)
  })

  it('are answers with a stamp that is read from what is relayed', () => {
    const out = new Uint8Array(1 + ANSWER_BYTES_MAX)
    const stamp = Int32Array.of(0x0123_4567, -1, 0, 0x89ab_cdef | 0)
    const offerId = latin1Bytes(offerIdOf(7))
    const toPeer = latin1Bytes(otherPeerId)
    const end = encodeAnswerRequest(out, 1, hash, 0, peer, 0, toPeer, offerId, stamp)
    const read = reader.read(out.subarray(1, end))
    assert.equal(read.status, MessageStatus.announce)
    assert.deepEqual([read.infoHash, read.peerId], [infoHash, peerId])
    assert.deepEqual([read.toPeerId, read.offerId], [otherPeerId, offerIdOf(7)])
    const { type, sdp } = JSON.parse(read.answer ?? '') as { type: string; sdp: string }
    assert.equal(type, 'answer')
    assert.match(sdp, /a=ice-pwd:01234567ffffffff0000000089abcdef\r\n/)
    // As it stands in JSON, from the first character on.
    const text = Buffer.from(JSON.stringify(sdp).slice(1, -1))
    const found = new Int32Array(STAMP_WORDS)
    assert.equal(readAnswerStamp(text, 0, text.length, found), true)
    assert.deepEqual(found, stamp)
    for (let length = 0; length < text.indexOf('89abcdef') + 8; length++) {
      assert.equal(readAnswerStamp(text, 0, length, found), false, String(length))
    }
    text.write('x', text.indexOf('01234567'))
    assert.equal(readAnswerStamp(text, 0, text.length, found), false)
  })

  it('are scrapes', () => {
    const out = new Uint8Array(1 + scrapeBytesMax(2))
    const end = encodeScrapeRequest(out, 1, latin1Bytes(infoHash + otherPeerId), 2)
    assert.deepEqual(reader.read(out.subarray(1, end)), {
      ...{ ...nothingFound, status: MessageStatus.scrape, action: MessageAction.scrape },
      scrape: [infoHash, otherPeerId],
    })
  })

  it('come through with any identifiers, and in the room that is said', () => {
    fc.assert(
      fc.property(identifier, identifier, fc.array(identifier, { maxLength: 3 }), (first, second, ids) => {
        const hashBytes = Uint8Array.from(first)
        const peerBytes = Uint8Array.from(second)
        const message = announce(
          hashBytes,
          peerBytes,
          MessageEvent.completed,
          2 ** 32,
          65_535,
          ids.map(textOf),
        )
        assert.ok(message.length <= announceBytesMax(ids.length))
        const read = reader.read(message)
        assert.deepEqual([read.infoHash, read.peerId], [textOf(first), textOf(second)])
        assert.deepEqual(
          read.offers.map(([, id]) => id),
          ids.map(textOf),
        )
        const out = new Uint8Array(ANSWER_BYTES_MAX)
        const stamp = new Int32Array(STAMP_WORDS)
        const end = encodeAnswerRequest(out, 0, hashBytes, 0, peerBytes, 0, peerBytes, hashBytes, stamp)
        const answer = reader.read(out.subarray(0, end))
        assert.deepEqual([answer.toPeerId, answer.offerId], [textOf(second), textOf(first)])
      }),
    )
  })
})
