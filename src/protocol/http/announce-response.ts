// The answer to an announce: BEP 3 with compact peers (BEP 23 and 7), or with a list of dictionaries for `compact=0`.
//
//   d 8:complete i_e 10:downloaded i_e 11:external ip 4|16:_ 10:incomplete i_e 8:interval i_e 12:min interval i_e
//     5:peers _:_ 6:peers6 _:_ e
//
// Keys are sorted. `peers` and `peers6` are both there even if empty: uTorrent and others call an answer without
// `peers` broken, and the reference always sends both.

import { latin1Bytes } from './ascii.js'
import { writeIpv4, writeIpv6 } from './ip-text.js'
import {
  copySpan,
  createLabel,
  integerBytes,
  NO_ROOM,
  stringBytes,
  writeDecimal,
  writeEnd,
  writeInteger,
  writeLabel,
  writeStringLength,
} from './response-bytes.js'
import { bencodedHead } from './response-head.js'

const PEER_BYTES_IPV4 = 6
const PEER_BYTES_IPV6 = 18

/** What an announce is answered with. Reused. Spans lie in `peers`, which may be the output, behind the answer. */
export class HttpAnnounceAnswer {
  complete = 0
  incomplete = 0
  /** Downloads, or -1 to leave the key out. */
  downloaded = -1
  intervalSeconds = 0
  /** 0 leaves the key out. */
  minIntervalSeconds = 0
  /** The client's own address as the tracker sees it (BEP 24), 4 or 16 bytes in `externalIp`; 0 bytes leave it out. */
  externalIpBytes = 0
  readonly externalIp = new Uint8Array(16)
  /** Compact peers: 6 bytes each, IPv4. */
  peersStart = 0
  peersEnd = 0
  /** Compact peers: 18 bytes each, IPv6. */
  peers6Start = 0
  peers6End = 0
  /** False writes dictionaries. */
  compact = true
  /** The answer to HEAD: no body. */
  headOnly = false
  /** A `ConnectionWord`. */
  connection = 0
}

const COMPLETE = createLabel('d8:complete')
const DOWNLOADED = createLabel('10:downloaded')
const EXTERNAL_IP = createLabel('11:external ip')
const INCOMPLETE = createLabel('10:incomplete')
const INTERVAL = createLabel('8:interval')
const MIN_INTERVAL = createLabel('12:min interval')
const PEERS = createLabel('5:peers')
const PEERS6 = createLabel('6:peers6')
const PEER_IP = createLabel('d2:ip')
const PEER_PORT = createLabel('4:port')
const LETTER_L = latin1Bytes('l')[0]

/**
 * Writes a whole answer at `at`.
 * @param limit the answer must end at or before it
 * @param peers the bytes in which the answer's spans lie
 * @returns the end of the answer, or `NO_ROOM`
 */
export function encodeAnnounceResponse(
  out: Uint8Array,
  at: number,
  limit: number,
  answer: HttpAnnounceAnswer,
  peers: Uint8Array,
): number {
  const peersBytes = answer.compact ? compactBytes(answer) : dictionaryListBytes(answer, peers)
  const bodyBytes = countsBytes(answer) + peersBytes + 1
  const headBytes = bencodedHead.byteLength(answer.connection, bodyBytes)
  if (at + headBytes + (answer.headOnly ? 0 : bodyBytes) > limit) return NO_ROOM
  at = bencodedHead.write(out, at, answer.connection, bodyBytes)
  if (answer.headOnly) return at
  at = writeCounts(out, at, answer)
  at = answer.compact ? writeCompact(out, at, answer, peers) : writeDictionaryList(out, at, answer, peers)
  return writeEnd(out, at)
}

/** Everything before the peers. */
function countsBytes(answer: HttpAnnounceAnswer): number {
  let length = COMPLETE.length + integerBytes(answer.complete)
  if (answer.downloaded >= 0) length += DOWNLOADED.length + integerBytes(answer.downloaded)
  if (answer.externalIpBytes > 0) length += EXTERNAL_IP.length + stringBytes(answer.externalIpBytes)
  length += INCOMPLETE.length + integerBytes(answer.incomplete)
  length += INTERVAL.length + integerBytes(answer.intervalSeconds)
  if (answer.minIntervalSeconds > 0) length += MIN_INTERVAL.length + integerBytes(answer.minIntervalSeconds)
  return length
}

function writeCounts(out: Uint8Array, at: number, answer: HttpAnnounceAnswer): number {
  at = writeInteger(out, writeLabel(out, at, COMPLETE), answer.complete)
  if (answer.downloaded >= 0) at = writeInteger(out, writeLabel(out, at, DOWNLOADED), answer.downloaded)
  if (answer.externalIpBytes > 0) {
    at = writeStringLength(out, writeLabel(out, at, EXTERNAL_IP), answer.externalIpBytes)
    for (let index = 0; index < answer.externalIpBytes; index++) out[at++] = answer.externalIp[index]
  }
  at = writeInteger(out, writeLabel(out, at, INCOMPLETE), answer.incomplete)
  at = writeInteger(out, writeLabel(out, at, INTERVAL), answer.intervalSeconds)
  if (answer.minIntervalSeconds > 0) {
    at = writeInteger(out, writeLabel(out, at, MIN_INTERVAL), answer.minIntervalSeconds)
  }
  return at
}

function compactBytes({ peersStart, peersEnd, peers6Start, peers6End }: HttpAnnounceAnswer): number {
  return (
    PEERS.length + stringBytes(peersEnd - peersStart) + PEERS6.length + stringBytes(peers6End - peers6Start)
  )
}

function writeCompact(out: Uint8Array, at: number, answer: HttpAnnounceAnswer, peers: Uint8Array): number {
  const { peersStart, peersEnd, peers6Start, peers6End } = answer
  at = writeStringLength(out, writeLabel(out, at, PEERS), peersEnd - peersStart)
  at = copySpan(out, at, peers, peersStart, peersEnd)
  at = writeStringLength(out, writeLabel(out, at, PEERS6), peers6End - peers6Start)
  return copySpan(out, at, peers, peers6Start, peers6End)
}

// Dictionaries: `l d2:ip_:_ 4:port i_e e … e`, both families in one list. They have no `peer id`: the swarm keeps none,
// and clients take a peer without one. Few ask for them, so an address is simply written twice to know its length.

const addressText = new Uint8Array(48)

function dictionaryListBytes(answer: HttpAnnounceAnswer, peers: Uint8Array): number {
  let length = PEERS.length + 2
  for (let from = answer.peersStart; from < answer.peersEnd; from += PEER_BYTES_IPV4) {
    length += dictionaryBytes(writeIpv4(addressText, 0, peers, from), peers, from + 4)
  }
  for (let from = answer.peers6Start; from < answer.peers6End; from += PEER_BYTES_IPV6) {
    length += dictionaryBytes(writeIpv6(addressText, 0, peers, from), peers, from + 16)
  }
  return length
}

function dictionaryBytes(textBytes: number, peers: Uint8Array, portAt: number): number {
  return PEER_IP.length + stringBytes(textBytes) + PEER_PORT.length + integerBytes(portOf(peers, portAt)) + 1
}

function writeDictionaryList(
  out: Uint8Array,
  at: number,
  answer: HttpAnnounceAnswer,
  peers: Uint8Array,
): number {
  at = writeLabel(out, at, PEERS)
  out[at++] = LETTER_L
  for (let from = answer.peersStart; from < answer.peersEnd; from += PEER_BYTES_IPV4) {
    at = writeDictionary(out, at, writeIpv4(addressText, 0, peers, from), peers, from + 4)
  }
  for (let from = answer.peers6Start; from < answer.peers6End; from += PEER_BYTES_IPV6) {
    at = writeDictionary(out, at, writeIpv6(addressText, 0, peers, from), peers, from + 16)
  }
  return writeEnd(out, at)
}

function writeDictionary(
  out: Uint8Array,
  at: number,
  textBytes: number,
  peers: Uint8Array,
  portAt: number,
): number {
  at = writeDecimal(out, writeLabel(out, at, PEER_IP), textBytes)
  out[at++] = 0x3a // colon
  at = copySpan(out, at, addressText, 0, textBytes)
  at = writeInteger(out, writeLabel(out, at, PEER_PORT), portOf(peers, portAt))
  return writeEnd(out, at)
}

function portOf(peers: Uint8Array, at: number): number {
  return (peers[at] << 8) | peers[at + 1]
}
