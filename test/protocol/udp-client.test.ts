import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PacketMemory, swap32 } from '../../src/protocol/packet-memory.js'
import {
  decodeRequest,
  encodeAnnounceResponseHeader,
  encodeConnectResponse,
  encodeErrorResponse,
  encodeScrapeResponseEntry,
  encodeScrapeResponseHeader,
  RequestKind,
  UdpRequest,
} from '../../src/protocol/udp.js'
import {
  AnnounceEvent,
  AnswerKind,
  decodeAnswer,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
  isScrapeEntryPlausible,
  listsPeer,
  UdpAnswer,
} from '../../src/protocol/udp-client.js'
import { announceRequest, connectRequest, scrapeRequest } from '../support/udp-messages.js'

const AT = 128
const TRANSACTION = swap32(0x11223344)
/** 0102030405060708 as two words loaded low byte first. */
const CONNECTION = [swap32(0x01020304), swap32(0x05060708)] as const

function encoded(encode: (memory: PacketMemory) => number): Buffer {
  const memory = new PacketMemory(8192)
  memory.bytes.fill(0xee)
  const bytes = encode(memory)
  return Buffer.from(memory.bytes.slice(AT, AT + bytes))
}

function decoded(packet: Uint8Array): { kind: number; answer: UdpAnswer; memory: PacketMemory } {
  const memory = new PacketMemory(128 * 1024)
  memory.bytes.set(packet, AT)
  const answer = new UdpAnswer()
  return { kind: decodeAnswer(memory, AT, packet.length, answer), answer, memory }
}

const fromHex = (...parts: string[]): Buffer => Buffer.from(parts.join(''), 'hex')

describe('UDP requests of a client (BEP 15)', () => {
  it('writes a connect request given as hex', () => {
    const packet = encoded(memory => encodeConnectRequest(memory, AT, TRANSACTION))
    assert.deepEqual(packet, fromHex('0000041727101980', '00000000', '11223344'))
    assert.deepEqual(packet, connectRequest(0x11223344))
  })

  it('writes an announce request as the book has it, over whatever lay there before', () => {
    const infoHash = Buffer.from('000102030405060708090a0b0c0d0e0f10111213', 'hex')
    const peerId = Buffer.from('-LT0001-abcdefghijkl')
    const numbers = {
      left: 50,
      event: AnnounceEvent.started,
      key: swap32(0x0badcafe),
      numwant: 30,
      port: 6881,
    }
    const packet = encoded(memory => {
      memory.bytes.set(infoHash, AT + 16)
      memory.bytes.set(peerId, AT + 36)
      return encodeAnnounceRequest(memory, AT, ...CONNECTION, TRANSACTION, numbers)
    })
    const expected = announceRequest({
      connectionId: 0x0102030405060708n,
      transactionId: 0x11223344,
      infoHash,
      peerId,
      left: 50n,
      event: 2,
      key: 0x0badcafe,
      numwant: 30,
      port: 6881,
    })
    assert.deepEqual(packet, expected)
  })

  it('writes the head of a scrape request before its hashes', () => {
    const hashes = [Buffer.alloc(20, 1), Buffer.alloc(20, 2)]
    const packet = encoded(memory => {
      memory.bytes.set(Buffer.concat(hashes), AT + 16)
      return encodeScrapeRequest(memory, AT, ...CONNECTION, TRANSACTION, 2)
    })
    assert.deepEqual(packet, scrapeRequest(0x0102030405060708n, 0x11223344, hashes))
  })

  it('is understood by the tracker', () => {
    const any = fc.record({
      words: fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
      left: fc.integer({ min: 0, max: 0x7fff_ffff }),
      event: fc.constantFrom(AnnounceEvent.none, AnnounceEvent.completed, AnnounceEvent.stopped),
      numwant: fc.integer(),
      port: fc.integer({ min: 0, max: 65_535 }),
    })
    fc.assert(
      fc.property(any, ({ words, left, event, numwant, port }) => {
        const memory = new PacketMemory(512)
        const numbers = { left, event, key: 0, numwant, port }
        const bytes = encodeAnnounceRequest(memory, AT, words[0], words[1], words[2], numbers)
        const request = new UdpRequest()
        assert.equal(decodeRequest(memory, AT, bytes, request), RequestKind.announce)
        assert.deepEqual([request.connectionId0, request.connectionId1, request.transactionId], words)
        assert.equal(request.leftIsZero, left === 0)
        assert.equal(request.event, event)
        assert.equal(request.numwant, numwant)
        assert.equal(((request.wirePort & 0xff) << 8) | (request.wirePort >> 8), port)
      }),
    )
  })
})

describe('UDP answers as a client reads them', () => {
  it('reads a connect answer given as hex', () => {
    const { kind, answer } = decoded(fromHex('00000000', '11223344', '0102030405060708'))
    assert.equal(kind, AnswerKind.connect)
    assert.equal(answer.transactionId, TRANSACTION)
    assert.deepEqual([answer.connectionId0, answer.connectionId1], CONNECTION)
  })

  it('reads an announce answer given as hex', () => {
    const peers = ['7f0000011ae1', '7f0000021ae2']
    const { kind, answer, memory } = decoded(
      fromHex('00000001', '11223344', '00000708', '00000003', '00000004', ...peers),
    )
    assert.equal(kind, AnswerKind.announce)
    const { intervalSeconds, leechers, seeders, peersBytes } = answer
    assert.deepEqual([intervalSeconds, leechers, seeders, peersBytes], [1800, 3, 4, 12])
    const halves = (hex: string): Uint16Array => new Uint16Array(Uint8Array.from(fromHex(hex)).buffer)
    assert.equal(listsPeer(memory, AT, 12, halves(peers[0])), true)
    assert.equal(listsPeer(memory, AT, 12, halves(peers[1])), true)
    assert.equal(listsPeer(memory, AT, 12, halves('7f0000021ae1')), false)
    assert.equal(listsPeer(memory, AT, 6, halves(peers[1])), false, 'beyond the end')
    assert.equal(listsPeer(memory, AT, 11, halves(peers[1])), false, 'cut off')
  })

  it('reads a scrape answer given as hex, and finds negative counts', () => {
    const entries = ['000000010000000200000003', '0000000100000002ffffffff']
    const { kind, answer, memory } = decoded(fromHex('00000002', '11223344', ...entries))
    assert.equal(kind, AnswerKind.scrape)
    assert.equal(answer.entries, 2)
    assert.equal(isScrapeEntryPlausible(memory, AT, 0), true)
    assert.equal(isScrapeEntryPlausible(memory, AT, 1), false)
  })

  it('says where the text of an error lies', () => {
    const { kind, answer } = decoded(Buffer.concat([fromHex('00000003', '11223344'), Buffer.from('No.')]))
    assert.equal(kind, AnswerKind.error)
    assert.equal(answer.textBytes, 3)
    assert.equal(decoded(fromHex('00000003', '11223344')).answer.textBytes, 0)
  })

  it('judges truncation at every length', () => {
    const whole: [Buffer, number, (bytes: number) => boolean][] = [
      [fromHex('00000000', '11223344', '0102030405060708'), AnswerKind.connect, bytes => bytes >= 16],
      [
        fromHex('00000001', '11223344', '00000708', '00000003', '00000004', '7f0000011ae1'),
        AnswerKind.announce,
        bytes => bytes >= 20,
      ],
      [
        fromHex('00000002', '11223344', '000000010000000200000003'),
        AnswerKind.scrape,
        bytes => (bytes - 8) % 12 === 0,
      ],
      [fromHex('00000003', '11223344', '4e6f2e'), AnswerKind.error, () => true],
      [fromHex('00000004', '11223344', '4e6f2e'), AnswerKind.unknownAction, () => true],
    ]
    for (const [packet, kind, isWhole] of whole) {
      for (let bytes = 0; bytes <= packet.length; bytes++) {
        const expected = bytes < 8 ? AnswerKind.tooShort : isWhole(bytes) ? kind : AnswerKind.badLength
        assert.equal(decoded(packet.subarray(0, bytes)).kind, expected, `${kind} of ${bytes} bytes`)
      }
    }
  })

  it('reads what the tracker writes', () => {
    const count = fc.integer({ min: 0, max: 0x7fff_ffff })
    fc.assert(
      fc.property(fc.integer(), count, count, count, (transaction, first, second, third) => {
        const memory = new PacketMemory(512)
        const answer = new UdpAnswer()
        const bytes = encodeConnectResponse(memory, AT, transaction, first, second)
        assert.equal(decodeAnswer(memory, AT, bytes, answer), AnswerKind.connect)
        assert.deepEqual([answer.connectionId0, answer.connectionId1], [first, second])
        encodeAnnounceResponseHeader(memory, AT, transaction, first, second, third)
        assert.equal(decodeAnswer(memory, AT, 20 + 18, answer), AnswerKind.announce)
        assert.deepEqual([answer.intervalSeconds, answer.leechers, answer.seeders], [first, second, third])
        encodeScrapeResponseHeader(memory, AT, transaction)
        encodeScrapeResponseEntry(memory, AT, 0, first, second, third)
        assert.equal(decodeAnswer(memory, AT, 20, answer), AnswerKind.scrape)
        assert.equal(isScrapeEntryPlausible(memory, AT, 0), true)
        const errorBytes = encodeErrorResponse(memory, AT, transaction, Buffer.from('text'))
        assert.equal(decodeAnswer(memory, AT, errorBytes, answer), AnswerKind.error)
        assert.equal(answer.textBytes, 4)
        assert.equal(answer.transactionId, transaction)
      }),
    )
  })

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const { kind } = decoded(bytes)
        assert.ok(kind >= AnswerKind.badLength && kind <= AnswerKind.error)
      }),
    )
  })
})
