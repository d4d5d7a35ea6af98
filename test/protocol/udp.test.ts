import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PacketMemory, swap16, swap32 } from '../../src/protocol/packet-memory.js'
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
import { announceRequest, connectRequest, infoHash, scrapeRequest } from '../support/udp-messages.js'

const SLOT = 128

function decode(packet: Uint8Array, offset = SLOT): { kind: number; request: UdpRequest } {
  const memory = new PacketMemory(8192)
  memory.bytes.set(packet, offset)
  const request = new UdpRequest()
  return { kind: decodeRequest(memory, offset, packet.length, request), request }
}

const wire = (word: number): string => (swap32(word) >>> 0).toString(16)

describe('UDP requests (BEP 15)', () => {
  it('reads a connect request given as hex', () => {
    const { kind, request } = decode(Buffer.from('00000417271019800000000011223344', 'hex'))
    assert.equal(kind, RequestKind.connect)
    assert.equal(wire(request.transactionId), '11223344')
  })

  it('refuses another magic number', () => {
    assert.equal(decode(connectRequest(1, 0x41727101981n)).kind, RequestKind.badMagic)
    assert.equal(decode(connectRequest(1, 0x1041727101980n)).kind, RequestKind.badMagic)
  })

  it('reads an announce request given as hex', () => {
    const packet = Buffer.from(
      [
        '0102030405060708', // connection id
        '00000001', // announce
        'cafebabe', // transaction id
        '000102030405060708090a0b0c0d0e0f10111213', // info hash
        '2d5452333030302d6162636465666768696a6b6c', // peer id
        '0000000000000005', // downloaded
        '0000000000000000', // left
        '0000000000000007', // uploaded
        '00000002', // started
        '7f000001', // ip
        '99999999', // key
        '00000032', // num_want
        '1ae1', // port 6881
      ].join(''),
      'hex',
    )
    const { kind, request } = decode(packet)
    assert.equal(kind, RequestKind.announce)
    assert.equal(wire(request.connectionId0), '1020304')
    assert.equal(wire(request.connectionId1), '5060708')
    assert.equal(wire(request.transactionId), 'cafebabe')
    assert.equal(wire(request.infoHash0), '10203')
    assert.equal(wire(request.infoHash4), '10111213')
    assert.equal(request.leftIsZero, true)
    assert.equal(request.event, 2)
    assert.equal(request.numwant, 50)
    assert.equal(swap16(request.wirePort), 6881)
  })

  it('takes event 4 (paused) and unknown events for plain announces', () => {
    const eventOf = (event: number): number => decode(announceRequest({ event })).request.event
    assert.deepEqual([0, 1, 2, 3, 4, 5, 0x7fffffff, -1].map(eventOf), [0, 1, 2, 3, 0, 0, 0, 0])
  })

  it('reads what any client writes', () => {
    fc.assert(
      fc.property(
        fc.record({
          connectionId: fc.bigInt(0n, 2n ** 64n - 1n),
          transactionId: fc.integer(),
          infoHash: fc.uint8Array({ minLength: 20, maxLength: 20 }),
          left: fc.bigInt(0n, 2n ** 64n - 1n),
          event: fc.integer({ min: 0, max: 3 }),
          numwant: fc.integer(),
          port: fc.integer({ min: 0, max: 65535 }),
          options: fc.uint8Array({ maxLength: 300 }),
        }),
        fields => {
          const packet = announceRequest(fields)
          const { kind, request } = decode(packet)
          assert.equal(kind, RequestKind.announce)
          const words = [request.connectionId0, request.connectionId1, request.transactionId]
          assert.deepEqual(
            words.map(swap32),
            [0, 4, 12].map(at => packet.readInt32BE(at)),
          )
          const hash = [
            request.infoHash0,
            request.infoHash1,
            request.infoHash2,
            request.infoHash3,
            request.infoHash4,
          ]
          assert.deepEqual(new Uint8Array(Int32Array.from(hash).buffer), Uint8Array.from(fields.infoHash))
          assert.equal(request.leftIsZero, fields.left === 0n)
          assert.equal(request.event, fields.event)
          assert.equal(request.numwant, fields.numwant)
          assert.equal(swap16(request.wirePort), fields.port)
        },
      ),
    )
  })

  it('knows every length: shorter than its layout is too short, longer is read', () => {
    const announce = announceRequest({ options: Buffer.alloc(2048 - 98) })
    for (let length = 0; length <= 2048; length++) {
      const { kind } = decode(announce.subarray(0, length))
      assert.equal(kind, length < 98 ? RequestKind.tooShort : RequestKind.announce, `length ${length}`)
      const connect = Buffer.concat([connectRequest(1), Buffer.alloc(2048)]).subarray(0, length)
      assert.equal(decode(connect).kind, length < 16 ? RequestKind.tooShort : RequestKind.connect)
      const scrape = Buffer.concat([scrapeRequest(1n, 1, []), Buffer.alloc(2048)]).subarray(0, length)
      const expected =
        length < 16
          ? RequestKind.tooShort
          : length === 16
            ? RequestKind.fullScrape
            : (length - 16) % 20 === 0
              ? RequestKind.scrape
              : RequestKind.brokenScrape
      assert.equal(decode(scrape).kind, expected, `scrape of ${length} bytes`)
    }
  })

  it('counts the hashes of a scrape', () => {
    const hashes = Array.from({ length: 71 }, (_, index) => infoHash(index))
    const { kind, request } = decode(scrapeRequest(5n, 6, hashes))
    assert.equal(kind, RequestKind.scrape)
    assert.equal(request.hashCount, 71)
  })

  it('gives a kind for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), bytes => {
        const { kind } = decode(bytes)
        assert.ok(kind >= RequestKind.unknownAction && kind <= RequestKind.brokenScrape, `${kind}`)
      }),
    )
  })

  it('refuses every action but 0, 1 and 2', () => {
    fc.assert(
      fc.property(
        fc.integer().filter(action => action < 0 || action > 2),
        action => {
          assert.equal(decode(connectRequest(1, 0x41727101980n, action)).kind, RequestKind.unknownAction)
        },
      ),
    )
  })
})

describe('UDP responses (BEP 15)', () => {
  const hexOf = (memory: PacketMemory, length: number): string =>
    Buffer.from(memory.bytes.subarray(SLOT, SLOT + length)).toString('hex')

  it('writes connect, announce, scrape and error as the BEP lays them out', () => {
    const memory = new PacketMemory(1024)
    const transaction = swap32(0x11223344)
    const length = encodeConnectResponse(memory, SLOT, transaction, swap32(0x01020304), swap32(0x05060708))
    assert.equal(hexOf(memory, length), '00000000112233440102030405060708')

    encodeAnnounceResponseHeader(memory, SLOT, transaction, 900, 3, 70000)
    assert.equal(hexOf(memory, 20), '0000000111223344000003840000000300011170')

    encodeScrapeResponseHeader(memory, SLOT, transaction)
    encodeScrapeResponseEntry(memory, SLOT, 0, 1, 2, 3)
    encodeScrapeResponseEntry(memory, SLOT, 1, 4, 5, 6)
    assert.equal(hexOf(memory, 32), '0000000211223344000000010000000200000003000000040000000500000006')

    const text = Buffer.from('no')
    assert.equal(hexOf(memory, encodeErrorResponse(memory, SLOT, transaction, text)), '00000003112233446e6f')
  })
})
