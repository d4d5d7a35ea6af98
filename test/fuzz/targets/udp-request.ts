// Datagrams to the UDP tracker, as the codec reads them: against DataView, with no byte read behind the datagram.

import assert from 'node:assert/strict'
import { PacketMemory, swap16, swap32 } from '../../../src/protocol/packet-memory.js'
import { decodeRequest, looksLikeAnnounce, RequestKind, UdpRequest } from '../../../src/protocol/udp.js'
import { announceRequest, connectRequest, infoHash, scrapeRequest } from '../../support/udp-messages.js'
import { type FuzzTarget, POISON_BEFORE } from '../target.js'

const BYTES_MAX = 2048
const memory = new PacketMemory(BYTES_MAX + 256)
const request = new UdpRequest()

const signedWord = (word: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(word)
  return bytes
}

/** The kind, by the book (BEP 15). */
function expectedKind(packet: Buffer): number {
  if (packet.length < 16) return RequestKind.tooShort
  const action = packet.readUInt32BE(8)
  if (action === 0) {
    return packet.readBigUInt64BE(0) === 0x41727101980n ? RequestKind.connect : RequestKind.badMagic
  }
  if (action === 1) return packet.length < 98 ? RequestKind.tooShort : RequestKind.announce
  if (action !== 2) return RequestKind.unknownAction
  if (packet.length === 16) return RequestKind.fullScrape
  return (packet.length - 16) % 20 === 0 ? RequestKind.scrape : RequestKind.brokenScrape
}

function compareAnnounce(packet: Buffer): void {
  const { infoHash0, infoHash1, infoHash2, infoHash3, infoHash4 } = request
  const hash = Int32Array.of(infoHash0, infoHash1, infoHash2, infoHash3, infoHash4)
  assert.ok(Buffer.from(hash.buffer).equals(packet.subarray(16, 36)), 'another info hash')
  assert.equal(request.leftIsZero, packet.readBigUInt64BE(64) === 0n)
  const event = packet.readUInt32BE(80)
  assert.equal(request.event, event > 3 ? 0 : event)
  assert.equal(request.numwant, packet.readInt32BE(92))
  assert.equal(swap16(request.wirePort), packet.readUInt16BE(96))
}

function decode(bytes: Uint8Array, poison: number): [number, string, boolean] {
  memory.bytes.fill(poison)
  memory.bytes.set(bytes, POISON_BEFORE)
  Object.assign(request, new UdpRequest())
  const kind = decodeRequest(memory, POISON_BEFORE, bytes.length, request)
  return [kind, JSON.stringify(request), looksLikeAnnounce(memory, POISON_BEFORE, bytes.length)]
}

function run(bytes: Uint8Array): string {
  const [kind, fields, isAnnounce] = decode(bytes, 0)
  assert.equal(
    `${decode(bytes, 0xff)}`,
    `${[kind, fields, isAnnounce]}`,
    'what lies behind the datagram counts',
  )
  const packet = Buffer.from(bytes)
  assert.equal(kind, expectedKind(packet))
  assert.equal(isAnnounce, kind === RequestKind.announce, 'the guess ahead is wrong')
  if (kind === RequestKind.announce) compareAnnounce(packet)
  if (kind === RequestKind.scrape) assert.equal(request.hashCount * 20, packet.length - 16)
  if (kind >= 0) assert.equal(swap32(request.transactionId), packet.readInt32BE(12))
  return `${kind} ${request.event} ${request.leftIsZero} ${Math.min(request.hashCount, 80)} ${request.numwant < 0}`
}

export const udpRequest: FuzzTarget = {
  name: 'udp-request',
  seeds: [
    connectRequest(0x11223344),
    announceRequest({ connectionId: 5n, transactionId: 7, event: 2, numwant: 50 }),
    announceRequest({ left: 0n, event: 1, numwant: -1, options: Buffer.from('0209/announce0000', 'latin1') }),
    announceRequest({ event: 3, port: 0 }),
    scrapeRequest(5n, 6, []),
    scrapeRequest(5n, 6, [infoHash(1), infoHash(2)]),
    scrapeRequest(
      5n,
      6,
      Array.from({ length: 74 }, (_, index) => infoHash(index)),
    ),
  ],
  dictionary: [
    Buffer.from('0000041727101980', 'hex'),
    ...[0, 1, 2, 3, 4, -1, 0x7fffffff, 0x01000000, 0x02000000].map(signedWord),
    infoHash(3),
  ],
  bytesMax: BYTES_MAX,
  run,
}
