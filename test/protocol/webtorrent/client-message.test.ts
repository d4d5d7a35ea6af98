import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { latin1Bytes } from '../../../src/protocol/http/ascii.js'
import {
  TrackerMessage,
  TrackerMessageKind,
  TrackerMessageReader,
} from '../../../src/protocol/webtorrent/client-message.js'
import { MessageAction } from '../../../src/protocol/webtorrent/request.js'
import {
  beginScrapeResponse,
  encodeAnnounceResponse,
  encodeAnswer,
  encodeFailure,
  encodeOffer,
  endScrapeResponse,
  writeScrapeFile,
} from '../../../src/protocol/webtorrent/responses.js'
import { infoHash, offerIdOf, otherPeerId, peerId, sdp } from './messages.js'

const SCRAPE_TORRENTS = 3
const reader = new TrackerMessageReader()
const message = new TrackerMessage(SCRAPE_TORRENTS)
const hash = latin1Bytes(infoHash)
const peer = latin1Bytes(peerId)

interface Plain {
  kind: number
  action?: number
  infoHash?: string
  peerId?: string
  offerId?: string
  counts?: readonly number[]
  sdp?: string
  failure?: string
  files?: readonly (readonly [hash: string, complete: number, incomplete: number])[]
  filesInvalid?: number
}

/** What was found as plain values, without what is not there. */
function read(text: string | Uint8Array): Plain {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const input = new Uint8Array(bytes.length + 10).fill(0x22)
  input.set(bytes, 1)
  const kind = reader.read(input, 1, 1 + bytes.length, message)
  const textOf = (start: number, end: number): string => Buffer.from(input.slice(start, end)).toString()
  const idOf = (from: Uint8Array, at = 0): string => Buffer.from(from.slice(at, at + 20)).toString('latin1')
  const { complete, incomplete, interval, files, filesInvalid } = message
  const kept = Math.min(files, SCRAPE_TORRENTS)
  return {
    kind,
    ...(message.action === MessageAction.unknown ? {} : { action: message.action }),
    ...(message.hasInfoHash ? { infoHash: idOf(message.infoHash) } : {}),
    ...(message.hasPeerId ? { peerId: idOf(message.peerId) } : {}),
    ...(message.hasOfferId ? { offerId: idOf(message.offerId) } : {}),
    ...(complete >= 0 || incomplete >= 0 || interval >= 0
      ? { counts: [complete, incomplete, interval] }
      : {}),
    ...(message.sdpEnd > 0 ? { sdp: textOf(message.sdpStart, message.sdpEnd) } : {}),
    ...(message.failureEnd > 0 ? { failure: textOf(message.failureStart, message.failureEnd) } : {}),
    ...(files > 0
      ? {
          files: Array.from({ length: kept }, (_, index) => [
            idOf(message.fileHashes, index * 20),
            message.fileComplete[index]!,
            message.fileIncomplete[index]!,
          ]),
        }
      : {}),
    ...(filesInvalid > 0 ? { filesInvalid } : {}),
  }
}

/** As it stands in JSON. */
const escaped = JSON.stringify(sdp).slice(1, -1)

const offer = { type: 'offer', sdp }
const examples = {
  announce: { action: 'announce', interval: 120, info_hash: infoHash, complete: 3, incomplete: 4 },
  offer: { action: 'announce', offer, offer_id: offerIdOf(1), peer_id: peerId, info_hash: infoHash },
  answer: {
    ...{ action: 'announce', answer: { sdp, type: 'answer' } },
    ...{ offer_id: offerIdOf(1), peer_id: peerId, info_hash: infoHash },
  },
  failure: { action: 'announce', 'failure reason': 'no "room"', info_hash: infoHash },
  scrape: {
    action: 'scrape',
    files: { [infoHash]: { complete: 1, incomplete: 2, downloaded: 3 } },
    flags: { min_request_interval: 120 },
  },
}

const ids = { infoHash, peerId, offerId: offerIdOf(1) }
const found: Record<keyof typeof examples, Plain> = {
  announce: {
    kind: TrackerMessageKind.announceResponse,
    action: MessageAction.announce,
    infoHash,
    counts: [3, 4, 120],
  },
  offer: { kind: TrackerMessageKind.offer, action: MessageAction.announce, ...ids, sdp: escaped },
  answer: { kind: TrackerMessageKind.answer, action: MessageAction.announce, ...ids, sdp: escaped },
  failure: {
    kind: TrackerMessageKind.failure,
    action: MessageAction.announce,
    infoHash,
    failure: 'no \\"room\\"',
  },
  scrape: {
    kind: TrackerMessageKind.scrapeResponse,
    action: MessageAction.scrape,
    files: [[infoHash, 1, 2]],
  },
}

describe('messages of a tracker', () => {
  it('are read from JSON of any program', () => {
    for (const name of Object.keys(examples) as (keyof typeof examples)[]) {
      assert.deepEqual(read(JSON.stringify(examples[name])), found[name], name)
      assert.deepEqual(read(JSON.stringify(examples[name], null, '\t')), found[name], `${name}, spaced`)
    }
  })

  it('are read as our own tracker writes them', () => {
    const out = new Uint8Array(2000)
    const payload = Buffer.from(JSON.stringify(offer))
    const offerId = latin1Bytes(offerIdOf(1))
    let end = encodeAnnounceResponse(out, 0, hash, 3, 4, 120)
    assert.deepEqual(read(out.subarray(0, end)), found.announce)
    end = encodeOffer(out, 0, hash, peer, payload, 0, payload.length, offerId, 0)
    assert.deepEqual(read(out.subarray(0, end)), found.offer)
    end = encodeAnswer(out, 0, hash, peer, payload, 0, payload.length, offerId, 0)
    assert.deepEqual(read(out.subarray(0, end)), found.answer)
    end = encodeFailure(out, 0, latin1Bytes('no room'), MessageAction.announce, hash)
    assert.deepEqual(read(out.subarray(0, end)), { ...found.failure, failure: 'no room' })
    end = beginScrapeResponse(out, 0)
    end = writeScrapeFile(out, end, hash, 0, 1, 3, 2)
    end = endScrapeResponse(out, writeScrapeFile(out, end, latin1Bytes(otherPeerId), 0, 5, 6, 7))
    const files = [
      [infoHash, 1, 2],
      [otherPeerId, 5, 7],
    ] as const
    assert.deepEqual(read(out.subarray(0, end)), { ...found.scrape, files })
  })

  it('are told apart by their members, in any order', () => {
    const names = fc.constantFrom(...(Object.keys(examples) as (keyof typeof examples)[]))
    const order = fc.array(fc.nat(), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(names, order, fc.jsonValue(), (name, keys, extra) => {
        const members = [...Object.entries(examples[name]), ['something else', extra]]
          .map((member, index) => ({ member, key: keys[index]! }))
          .sort((left, right) => left.key - right.key)
          .map(({ member }) => member)
        const text = JSON.stringify(Object.fromEntries(members))
        assert.deepEqual(read(text), found[name], text)
      }),
    )
  })

  it('are malformed where something is missing that makes them what they are', () => {
    const { action, complete, ...rest } = examples.announce
    assert.equal(read(JSON.stringify({ action })).kind, TrackerMessageKind.malformed)
    assert.equal(read(JSON.stringify({ action, complete })).kind, TrackerMessageKind.malformed)
    assert.equal(read(JSON.stringify({ ...rest, complete })).kind, TrackerMessageKind.announceResponse)
    const { offer_id, ...offerRest } = examples.offer
    assert.equal(read(JSON.stringify(offerRest)).kind, TrackerMessageKind.malformed)
    assert.equal(
      read(JSON.stringify({ ...offerRest, offer_id: `${offer_id}x` })).kind,
      TrackerMessageKind.malformed,
    )
    for (const text of ['', 'null', '[]', '1', '"x"', '{}', '{"a":1}', `${JSON.stringify(rest)}x`]) {
      assert.equal(read(text).kind, TrackerMessageKind.malformed, text)
    }
    const deep = `${'['.repeat(17)}${']'.repeat(17)}`
    assert.equal(read(`{"failure reason":"x","y":${deep}}`).kind, TrackerMessageKind.malformed)
  })

  it('have numbers that are whole, or none', () => {
    const countsOf = (json: string): readonly number[] | undefined =>
      read(`{"info_hash":${JSON.stringify(infoHash)},"interval":7,"complete":${json}}`).counts
    assert.deepEqual(countsOf('0'), [0, -1, 7])
    assert.deepEqual(countsOf('9007199254740991'), [9007199254740991, -1, 7])
    for (const json of ['-1', '1.5', '1e3', '"1"', 'null', '9007199254740993000', '[]']) {
      assert.deepEqual(countsOf(json), [-1, -1, 7], json)
    }
  })

  it('have as many scraped torrents as there is room for, and the others are counted', () => {
    const file = { complete: 1, incomplete: 1 }
    const names = Array.from({ length: 5 }, (_, index) => offerIdOf(index))
    const files = Object.fromEntries(names.map(name => [name, file]))
    assert.deepEqual(read(JSON.stringify({ files })), {
      kind: TrackerMessageKind.scrapeResponse,
      files: names.slice(0, 3).map(name => [name, 1, 1]),
    })
    assert.equal(message.files, 5)
    const wrong = { short: file, [infoHash]: { complete: 1 }, [otherPeerId]: null, [peerId]: file }
    assert.deepEqual(read(JSON.stringify({ files: wrong })), {
      ...{ kind: TrackerMessageKind.scrapeResponse, files: [[peerId, 1, 1]], filesInvalid: 3 },
    })
    assert.equal(read('{"files":{}}').kind, TrackerMessageKind.scrapeResponse)
    assert.equal(read('{"files":null}').kind, TrackerMessageKind.malformed)
  })

  it('are malformed wherever they are cut off', () => {
    for (const example of Object.values(examples)) {
      const bytes = Buffer.from(JSON.stringify(example))
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(read(bytes.subarray(0, length)).kind, TrackerMessageKind.malformed, String(length))
      }
    }
  })

  it('are malformed or read, whatever the bytes are, as JSON.parse says', () => {
    const isJson = (bytes: Uint8Array): boolean => {
      try {
        JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
        return true
      } catch (error) {
        assert.ok(error instanceof Error)
        return false
      }
    }
    const texts = Object.values(examples).map(example => Buffer.from(JSON.stringify(example)))
    const change = fc.record({ text: fc.nat(texts.length - 1), at: fc.nat(600), byte: fc.nat(255) })
    fc.assert(
      fc.property(change, ({ text, at, byte }) => {
        const bytes = Uint8Array.from(texts[text]!)
        bytes[at % bytes.length] = byte
        const { kind } = read(bytes)
        if (!isJson(bytes)) assert.equal(kind, TrackerMessageKind.malformed)
      }),
      { numRuns: 3000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => read(bytes).kind >= 0))
  })
})
