import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MessageAction } from '../../../src/protocol/webtorrent/request.js'
import {
  ANNOUNCE_RESPONSE_BYTES_MAX,
  beginScrapeResponse,
  encodeAnnounceResponse,
  encodeAnswer,
  encodeFailure,
  encodeOffer,
  endScrapeResponse,
  failureBytesMax,
  relayBytesMax,
  scrapeResponseBytesMax,
  writeScrapeFile,
} from '../../../src/protocol/webtorrent/responses.js'

const AT = 11
const largest = 2 ** 32 - 1
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** Writes into memory with just the promised room, and looks whether what is around it was left alone. */
function encode(room: number, write: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(AT + room + 8).fill(0xee)
  const end = write(out, AT)
  assert.ok(end <= AT + room, `${end - AT} of ${room} bytes`)
  assert.ok(out.subarray(0, AT).every(byte => byte === 0xee))
  assert.ok(out.subarray(end).every(byte => byte === 0xee))
  return Buffer.from(out.subarray(AT, end)).toString()
}

const identifier = fc.uint8Array({ minLength: 20, maxLength: 20 })
const counts = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: largest }), fc.constant(largest))
const longest = bytesOf('\x00'.repeat(20))

describe('WebTorrent responses', () => {
  it('have identifiers of all bytes, with the escapes that must be and no others', () => {
    for (let byte = 0; byte < 256; byte++) {
      const hash = new Uint8Array(20).fill(byte)
      const json = encode(ANNOUNCE_RESPONSE_BYTES_MAX, (out, at) =>
        encodeAnnounceResponse(out, at, hash, 1, 2, 120),
      )
      const expected = {
        action: 'announce',
        info_hash: textOf(hash),
        complete: 1,
        incomplete: 2,
        interval: 120,
      }
      assert.equal(json, JSON.stringify(expected))
    }
  })

  it('answer announces', () => {
    fc.assert(
      fc.property(identifier, counts, counts, counts, (hash, complete, incomplete, interval) => {
        const json = encode(ANNOUNCE_RESPONSE_BYTES_MAX, (out, at) =>
          encodeAnnounceResponse(out, at, hash, complete, incomplete, interval),
        )
        const expected = { action: 'announce', info_hash: textOf(hash), complete, incomplete, interval }
        assert.equal(json, JSON.stringify(expected))
      }),
    )
    const fullest = encode(ANNOUNCE_RESPONSE_BYTES_MAX, (out, at) =>
      encodeAnnounceResponse(out, at, longest, largest, largest, largest),
    )
    assert.equal(fullest.length, ANNOUNCE_RESPONSE_BYTES_MAX)
  })

  it('pass on offers and answers byte for byte, from and to wherever they lie', () => {
    const relayed = fc.oneof(fc.json(), fc.json({ maxDepth: 5, noUnicodeString: false }))
    const place = fc.nat(9)
    const ids = fc.tuple(identifier, identifier, identifier)
    fc.assert(
      fc.property(
        relayed,
        place,
        place,
        ids,
        fc.boolean(),
        (json, offset, view, [hash, peer, id], isShared) => {
          const payload = Buffer.from(json)
          const sourceBytes = view + offset + payload.length
          const buffer = isShared ? new SharedArrayBuffer(sourceBytes) : new ArrayBuffer(sourceBytes)
          const input = new Uint8Array(buffer, view)
          input.set(payload, offset)
          const offerIds = Buffer.concat([hash, id])
          const end = offset + payload.length
          const room = relayBytesMax(payload.length)
          const offer = encode(room, (out, at) =>
            encodeOffer(out, at, hash, peer, input, offset, end, offerIds, 20),
          )
          const answer = encode(room, (out, at) =>
            encodeAnswer(out, at, hash, peer, input, offset, end, offerIds, 20),
          )
          const start = `{"action":"announce","peer_id":${JSON.stringify(textOf(peer))}`
          const middle = `,"info_hash":${JSON.stringify(textOf(hash))}`
          const behind = `,"offer_id":${JSON.stringify(textOf(id))}}`
          const whole = Buffer.from(json).toString()
          assert.equal(offer, `${start}${middle},"offer":${whole}${behind}`)
          assert.equal(answer, `${start}${middle},"answer":${whole}${behind}`)
        },
      ),
      { numRuns: 500 },
    )
    const input = bytesOf('{}')
    const fullest = encode(relayBytesMax(2), (out, at) =>
      encodeAnswer(out, at, longest, longest, input, 0, 2, longest, 0),
    )
    assert.equal(fullest.length, relayBytesMax(2))
  })

  it('pass on what lies in the same memory', () => {
    const memory = new Uint8Array(2000)
    const json = JSON.stringify({ type: 'offer', sdp: 'x'.repeat(300) })
    const end = 1500 + Buffer.from(memory.buffer).write(json, 1500)
    const written = encodeOffer(memory, 1, longest, longest, memory, 1500, end, longest, 0)
    const parsed = JSON.parse(Buffer.from(memory.subarray(1, written)).toString()) as { offer: unknown }
    assert.deepEqual(parsed.offer, JSON.parse(json))
  })

  it('answer scrapes of any number of torrents', () => {
    const file = fc.tuple(identifier, counts, counts, counts)
    fc.assert(
      fc.property(fc.array(file, { maxLength: 6 }), files => {
        const hashes = Buffer.concat(files.map(([hash]) => hash))
        const json = encode(scrapeResponseBytesMax(files.length), (out, start) => {
          let at = beginScrapeResponse(out, start)
          for (const [index, [, complete, downloaded, incomplete]] of files.entries()) {
            at = writeScrapeFile(out, at, hashes, 20 * index, complete, downloaded, incomplete)
          }
          return endScrapeResponse(out, at)
        })
        const members = files.map(
          ([hash, complete, downloaded, incomplete]) =>
            `${JSON.stringify(textOf(hash))}:${JSON.stringify({ complete, incomplete, downloaded })}`,
        )
        assert.equal(json, `{"action":"scrape","files":{${members.join(',')}}}`)
        JSON.parse(json)
      }),
    )
  })

  it('say what failed, with the action, and with the info hash if it is known', () => {
    const reason = bytesOf('Info hash not allowed')
    const failure = (action: number, hash: Uint8Array | null): string =>
      encode(failureBytesMax(reason.length), (out, at) => encodeFailure(out, at, reason, action, hash))
    const text = { 'failure reason': 'Info hash not allowed' }
    assert.equal(failure(MessageAction.unknown, null), JSON.stringify({ ...text, action: 'announce' }))
    assert.equal(failure(MessageAction.scrape, null), JSON.stringify({ ...text, action: 'scrape' }))
    const withHash = { ...text, action: 'announce', info_hash: textOf(longest) }
    assert.equal(failure(MessageAction.announce, longest), JSON.stringify(withHash))
    assert.equal(failure(MessageAction.announce, longest).length, failureBytesMax(reason.length))
  })
})
