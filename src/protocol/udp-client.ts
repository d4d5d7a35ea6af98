// The UDP tracker protocol (BEP 15) as its clients speak it: requests written, answers read. Bytes only; the tracker's
// side is udp.ts.
//
//   connect answer   0 action 0 · 4 transaction · 8 connection id 8
//   announce answer  0 action 1 · 4 transaction · 8 interval · 12 leechers · 16 seeders · 20 peers, 6 bytes each
//                    over IPv4 and 18 over IPv6 (BEP 7)
//   scrape answer    0 action 2 · 4 transaction · 8 entries of 12: seeders · completed · leechers
//   error answer     0 action 3 · 4 transaction · 8 text to the end

import { type PacketMemory, swap16, swap32 } from './packet-memory.js'
import { UdpBytes } from './udp.js'

const MAGIC_WORD_0 = swap32(0x417)
const MAGIC_WORD_1 = swap32(0x27101980)
const ACTION_CONNECT = 0
const ACTION_ANNOUNCE = swap32(1)
const ACTION_SCRAPE = swap32(2)
const ACTION_ERROR = swap32(3)

/** Lengths in bytes. */
export const enum UdpAnswerBytes {
  /** Action and transaction id: what every answer has. */
  header = 8,
  connect = 16,
  announceHeader = 20,
  scrapeEntry = 12,
}

/** Events of an announce. */
export const enum AnnounceEvent {
  none = 0,
  completed = 1,
  started = 2,
  stopped = 3,
}

/** Writes a connect request at `offset` (a multiple of four). @returns its length in bytes */
export function encodeConnectRequest(memory: PacketMemory, offset: number, transactionId: number): number {
  const words = memory.words
  const base = offset >> 2
  words[base] = MAGIC_WORD_0
  words[base + 1] = MAGIC_WORD_1
  words[base + 2] = ACTION_CONNECT
  words[base + 3] = transactionId
  return UdpBytes.connectRequest
}

/** The numbers of an announce that are not identifiers. */
export interface AnnounceNumbers {
  /** Bytes, below 2^31. */
  readonly left: number
  readonly event: AnnounceEvent
  readonly key: number
  /** -1: as many as the tracker likes. */
  readonly numwant: number
  readonly port: number
}

/**
 * Writes an announce request at `offset` but for its info hash and peer id, which belong at bytes
 * `UdpBytes.announceInfoHashOffset` and `announcePeerIdOffset`. Connection and transaction id are words as they lie on
 * the wire. Downloaded and uploaded bytes are 0, the address is that of the datagram.
 * @returns its length in bytes
 */
export function encodeAnnounceRequest(
  memory: PacketMemory,
  offset: number,
  connectionId0: number,
  connectionId1: number,
  transactionId: number,
  numbers: AnnounceNumbers,
): number {
  const words = memory.words
  const base = offset >> 2
  words[base] = connectionId0
  words[base + 1] = connectionId1
  words[base + 2] = ACTION_ANNOUNCE
  words[base + 3] = transactionId
  words[base + 14] = 0
  words[base + 15] = 0
  words[base + 16] = 0
  words[base + 17] = swap32(numbers.left)
  words[base + 18] = 0
  words[base + 19] = 0
  words[base + 20] = swap32(numbers.event)
  words[base + 21] = 0
  words[base + 22] = numbers.key
  words[base + 23] = swap32(numbers.numwant)
  memory.halves[(offset >> 1) + 48] = swap16(numbers.port)
  return UdpBytes.announceRequest
}

/**
 * Writes the first 16 bytes of a scrape request; the info hashes, 20 bytes each, follow them.
 * @returns the length of the request in bytes
 */
export function encodeScrapeRequest(
  memory: PacketMemory,
  offset: number,
  connectionId0: number,
  connectionId1: number,
  transactionId: number,
  hashes: number,
): number {
  const words = memory.words
  const base = offset >> 2
  words[base] = connectionId0
  words[base + 1] = connectionId1
  words[base + 2] = ACTION_SCRAPE
  words[base + 3] = transactionId
  return UdpBytes.scrapeHeader + hashes * UdpBytes.infoHash
}

/** What a datagram turned out to be. */
export const enum AnswerKind {
  connect = 0,
  announce = 1,
  scrape = 2,
  error = 3,
  /** Shorter than a transaction id reaches: it can't be told whose answer it is. */
  tooShort = -1,
  /** Has a transaction id, but is of no known action. */
  unknownAction = -2,
  /** Has a transaction id, but not the length that its action needs. */
  badLength = -3,
}

/** The fields of one answer. Transaction and connection id are words as they lie on the wire. */
export class UdpAnswer {
  transactionId = 0
  connectionId0 = 0
  connectionId1 = 0
  intervalSeconds = 0
  leechers = 0
  seeders = 0
  /** Bytes of compact peers, from byte 20 on. */
  peersBytes = 0
  /** Entries of a scrape answer, from byte 8 on. */
  entries = 0
  /** Bytes of an error's text, from byte 8 on. */
  textBytes = 0
}

/**
 * Reads the datagram of `lengthBytes` at `offset` (a multiple of four) into `answer`; total and without allocation.
 * Whether `peersBytes` are whole peers depends on the family, which is the caller's to know.
 * @returns an `AnswerKind`; from `AnswerKind.tooShort` nothing has been read, otherwise at least the transaction id
 */
export function decodeAnswer(
  memory: PacketMemory,
  offset: number,
  lengthBytes: number,
  answer: UdpAnswer,
): number {
  if (lengthBytes < UdpAnswerBytes.header) return AnswerKind.tooShort
  const words = memory.words
  const base = offset >> 2
  const action = words[base]
  answer.transactionId = words[base + 1]
  if (action === ACTION_CONNECT) {
    if (lengthBytes < UdpAnswerBytes.connect) return AnswerKind.badLength
    answer.connectionId0 = words[base + 2]
    answer.connectionId1 = words[base + 3]
    return AnswerKind.connect
  }
  if (action === ACTION_ANNOUNCE) {
    if (lengthBytes < UdpAnswerBytes.announceHeader) return AnswerKind.badLength
    answer.intervalSeconds = swap32(words[base + 2])
    answer.leechers = swap32(words[base + 3])
    answer.seeders = swap32(words[base + 4])
    answer.peersBytes = lengthBytes - UdpAnswerBytes.announceHeader
    return AnswerKind.announce
  }
  if (action === ACTION_SCRAPE) {
    const entriesBytes = lengthBytes - UdpAnswerBytes.header
    if (entriesBytes % UdpAnswerBytes.scrapeEntry !== 0) return AnswerKind.badLength
    answer.entries = (entriesBytes / UdpAnswerBytes.scrapeEntry) | 0
    return AnswerKind.scrape
  }
  if (action !== ACTION_ERROR) return AnswerKind.unknownAction
  answer.textBytes = lengthBytes - UdpAnswerBytes.header
  return AnswerKind.error
}

/** Whether all three counts of entry `index` of a scrape answer at `offset` are 0 or more. */
export function isScrapeEntryPlausible(memory: PacketMemory, offset: number, index: number): boolean {
  const words = memory.words
  const base = ((offset + UdpAnswerBytes.header) >> 2) + index * 3
  return (swap32(words[base]) | swap32(words[base + 1]) | swap32(words[base + 2])) >= 0
}

/**
 * Whether an announce answer at `offset` lists an address and port.
 * @param peer the 6 or 18 bytes looked for, as halves loaded low byte first
 */
export function listsPeer(
  memory: PacketMemory,
  offset: number,
  peersBytes: number,
  peer: Uint16Array,
): boolean {
  const halves = memory.halves
  const start = (offset + UdpAnswerBytes.announceHeader) >> 1
  const stride = peer.length
  const end = start + (peersBytes >> 1)
  for (let at = start; at + stride <= end; at += stride) {
    let same = 0
    while (same < stride && halves[at + same] === peer[same]) same++
    if (same === stride) return true
  }
  return false
}
