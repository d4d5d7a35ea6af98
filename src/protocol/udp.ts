// The UDP tracker protocol (BEP 15, with BEP 41 options accepted and 18-byte IPv6 peers of BEP 7): bytes only.
// Decoding never throws and copies every field out, so an answer may be written over its request.
//
//   connect   0 magic 8 · 8 action 0 · 12 transaction
//   announce  0 connection id 8 · 8 action 1 · 12 transaction · 16 info hash 20 · 36 peer id 20 · 56 downloaded 8 ·
//             64 left 8 · 72 uploaded 8 · 80 event · 84 ip · 88 key · 92 num_want · 96 port 2 · 98 options (BEP 41)
//   scrape    0 connection id 8 · 8 action 2 · 12 transaction · 16 info hashes, 20 each

import { type PacketMemory, swap32 } from './packet-memory.js'

/** Lengths and offsets in bytes. A const enum: V8 would load constants of another module at each use. */
export const enum UdpBytes {
  connectRequest = 16,
  announceRequest = 98,
  announceInfoHashOffset = 16,
  announcePeerIdOffset = 36,
  scrapeHeader = 16,
  infoHash = 20,
  connectResponse = 16,
  announceResponseHeader = 20,
  scrapeResponseHeader = 8,
  scrapeResponseEntry = 12,
  peerIpv4 = 6,
  peerIpv6 = 18,
}

/** What a datagram turned out to be. Negative: nothing that can be answered. */
export const enum RequestKind {
  connect = 0,
  announce = 1,
  scrape = 2,
  /** A scrape without a hash: asks for everything. */
  fullScrape = 3,
  /** A scrape whose hashes are not a multiple of 20 bytes. */
  brokenScrape = 4,
  tooShort = -1,
  badMagic = -2,
  unknownAction = -3,
}

/** The fields of one request. Connection id, transaction id and hash are raw words, as they lie on the wire. */
export class UdpRequest {
  connectionId0 = 0
  connectionId1 = 0
  transactionId = 0
  infoHash0 = 0
  infoHash1 = 0
  infoHash2 = 0
  infoHash3 = 0
  infoHash4 = 0
  /** `left == 0`. */
  leftIsZero = false
  /** 0 none, 1 completed, 2 started, 3 stopped; 4 (paused) and unknown events read as 0. */
  event = 0
  /** As sent, signed: -1 means "as many as you like to give". */
  numwant = 0
  /** The two port bytes, loaded as a little-endian half. */
  wirePort = 0
  /** Hashes in a scrape; the first lies 16 bytes into the packet. */
  hashCount = 0
}

// 0x41727101980, the protocol's magic, as two words loaded low byte first.
const MAGIC_WORD_0 = swap32(0x417)
const MAGIC_WORD_1 = swap32(0x27101980)
const ACTION_CONNECT = 0
const ACTION_ANNOUNCE = swap32(1)
const ACTION_SCRAPE = swap32(2)
const ACTION_ERROR = swap32(3)
const LAST_KNOWN_EVENT = 3

/**
 * Reads the datagram of `lengthBytes` at `offset` (a multiple of four) into `request`.
 * @returns a `RequestKind`
 */
export function decodeRequest(
  memory: PacketMemory,
  offset: number,
  lengthBytes: number,
  request: UdpRequest,
): number {
  if (lengthBytes < UdpBytes.connectRequest) return RequestKind.tooShort
  const words = memory.words
  const base = offset >> 2
  request.connectionId0 = words[base]
  request.connectionId1 = words[base + 1]
  const action = words[base + 2]
  request.transactionId = words[base + 3]
  if (action === ACTION_ANNOUNCE) return decodeAnnounce(memory, offset, lengthBytes, request)
  if (action === ACTION_CONNECT) {
    const isConnect = request.connectionId0 === MAGIC_WORD_0 && request.connectionId1 === MAGIC_WORD_1
    return isConnect ? RequestKind.connect : RequestKind.badMagic
  }
  if (action !== ACTION_SCRAPE) return RequestKind.unknownAction
  const hashBytes = lengthBytes - UdpBytes.scrapeHeader
  if (hashBytes === 0) return RequestKind.fullScrape
  if (hashBytes % UdpBytes.infoHash !== 0) return RequestKind.brokenScrape
  request.hashCount = (hashBytes / UdpBytes.infoHash) | 0
  return RequestKind.scrape
}

/** Whether `decodeRequest` will find an announce, decided by action and length alone. */
export function looksLikeAnnounce(memory: PacketMemory, offset: number, lengthBytes: number): boolean {
  return memory.words[(offset >> 2) + 2] === ACTION_ANNOUNCE && lengthBytes >= UdpBytes.announceRequest
}

function decodeAnnounce(
  memory: PacketMemory,
  offset: number,
  lengthBytes: number,
  request: UdpRequest,
): number {
  if (lengthBytes < UdpBytes.announceRequest) return RequestKind.tooShort
  const words = memory.words
  const base = offset >> 2
  request.infoHash0 = words[base + 4]
  request.infoHash1 = words[base + 5]
  request.infoHash2 = words[base + 6]
  request.infoHash3 = words[base + 7]
  request.infoHash4 = words[base + 8]
  request.leftIsZero = (words[base + 16] | words[base + 17]) === 0
  const event = swap32(words[base + 20])
  request.event = event >= 0 && event <= LAST_KNOWN_EVENT ? event : 0
  request.numwant = swap32(words[base + 23])
  request.wirePort = memory.halves[(offset >> 1) + 48]
  return RequestKind.announce
}

/** Writes a connect response at `offset`. @returns its length in bytes */
export function encodeConnectResponse(
  memory: PacketMemory,
  offset: number,
  transactionId: number,
  connectionId0: number,
  connectionId1: number,
): number {
  const words = memory.words
  const base = offset >> 2
  words[base] = ACTION_CONNECT
  words[base + 1] = transactionId
  words[base + 2] = connectionId0
  words[base + 3] = connectionId1
  return UdpBytes.connectResponse
}

/** Writes the first 20 bytes of an announce response; the compact peers follow them. */
export function encodeAnnounceResponseHeader(
  memory: PacketMemory,
  offset: number,
  transactionId: number,
  intervalSeconds: number,
  leechers: number,
  seeders: number,
): void {
  const words = memory.words
  const base = offset >> 2
  words[base] = ACTION_ANNOUNCE
  words[base + 1] = transactionId
  words[base + 2] = swap32(intervalSeconds)
  words[base + 3] = swap32(leechers)
  words[base + 4] = swap32(seeders)
}

/** Writes the first 8 bytes of a scrape response. */
export function encodeScrapeResponseHeader(
  memory: PacketMemory,
  offset: number,
  transactionId: number,
): void {
  memory.words[offset >> 2] = ACTION_SCRAPE
  memory.words[(offset >> 2) + 1] = transactionId
}

/**
 * Writes entry `index` of a scrape response that starts at `offset`. Entry i ends at byte 20 + 12 i, before hash i + 1
 * of a request in the same place (byte 36 + 20 i): written in order, no hash is overwritten before it is read.
 */
export function encodeScrapeResponseEntry(
  memory: PacketMemory,
  offset: number,
  index: number,
  seeders: number,
  downloads: number,
  leechers: number,
): void {
  const base = ((offset + UdpBytes.scrapeResponseHeader) >> 2) + index * 3
  memory.words[base] = swap32(seeders)
  memory.words[base + 1] = swap32(downloads)
  memory.words[base + 2] = swap32(leechers)
}

/** Writes an error response with `text` (bytes, no terminator). @returns its length in bytes */
export function encodeErrorResponse(
  memory: PacketMemory,
  offset: number,
  transactionId: number,
  text: Uint8Array,
): number {
  memory.words[offset >> 2] = ACTION_ERROR
  memory.words[(offset >> 2) + 1] = transactionId
  memory.bytes.set(text, offset + 8)
  return 8 + text.length
}
