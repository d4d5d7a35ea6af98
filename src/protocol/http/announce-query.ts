// The query of an announce (BEP 3, 7, 23) as real clients write it. Nothing is allocated, nothing thrown.
//
// Of a parameter that comes more than once the last one counts, as in the reference. Unknown ones are passed over,
// among them `key`, `uploaded`, `corrupt`, `trackerid`, and the client's own idea of its address (`ip`, `ipv4`,
// `ipv6`).

import { swap16 } from '../packet-memory.js'
import { Byte, isWord, latin1Bytes } from './ascii.js'
import { QueryStatus } from './query-status.js'
import { decodeIdentifier, decodeNumber, findValueEnd, IDENTIFIER_BYTES } from './query-values.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { ampersand, equals, question, zero } = Byte

/** What an announce asks. Words hold bytes as they lie on the wire, loaded low byte first, as in `UdpRequest`. */
export class HttpAnnounceRequest {
  infoHash0 = 0
  infoHash1 = 0
  infoHash2 = 0
  infoHash3 = 0
  infoHash4 = 0
  /** Some programs announce without a peer id; nothing but the statistics misses it. The words are then 0. */
  hasPeerId = false
  peerId0 = 0
  peerId1 = 0
  peerId2 = 0
  peerId3 = 0
  peerId4 = 0
  /** The two port bytes as on the wire, loaded as a little-endian half. 0 is a port that nobody can reach. */
  wirePort = 0
  /** `left` is there and 0. An announce that does not say so is a leecher's. */
  leftIsZero = false
  /** As in BEP 15: 0 none, 1 completed, 2 started, 3 stopped. */
  event = 0
  /** Peers wanted, 0 to 65535 (more is cut to that); -1 for as many as the tracker likes to give. */
  numwant = -1
  /** Peers as bytes (BEP 23, 7); false asks for a list of dictionaries. */
  compact = true
  /** Dictionaries need no `peer id`. */
  noPeerId = false
}

/** Where the 20 bytes of info hash and peer id are put together; each thread has its own copy of this module. */
const identifierWords = new Int32Array((2 * IDENTIFIER_BYTES) / 4)
const identifierBytes = new Uint8Array(identifierWords.buffer)
const PEER_ID_WORD = IDENTIFIER_BYTES / 4

/** How far an identifier or the port came. */
const Part = { missing: 0, invalid: 1, valid: 2 } as const
let infoHashPart = 0
let peerIdPart = 0
let portPart = 0

const EVENT_COMPLETED = latin1Bytes('completed')
const EVENT_STARTED = latin1Bytes('started')
const EVENT_STOPPED = latin1Bytes('stopped')
const INFO_HASH = latin1Bytes('info_hash')
const PEER_ID = latin1Bytes('peer_id')
const PORT = latin1Bytes('port')
const LEFT = latin1Bytes('left')
const EVENT = latin1Bytes('event')
const NUMWANT = latin1Bytes('numwant')
const COMPACT = latin1Bytes('compact')
const NO_PEER_ID = latin1Bytes('no_peer_id')

/** More peers than any answer holds; small enough that reading it stays with 32-bit numbers. */
const LARGEST_NUMWANT = 0xffff
const LARGEST_PORT = 0xffff

/**
 * Decodes the query in input[start, end) into `request`.
 * @returns a `QueryStatus`; of several mistakes the first one in its order
 */
export function decodeAnnounceQuery(
  input: Uint8Array,
  start: number,
  end: number,
  request: HttpAnnounceRequest,
): number {
  clear(request)
  let at = start
  while (at < end) {
    const keyStart = at
    while (at < end && (input[at] > question || !isKeyEnd(input[at]))) at++
    // A key without `=` says nothing.
    if (at < end && input[at] === equals) at = takeParameter(input, keyStart, at, end, request)
    at++
  }
  if (infoHashPart !== Part.valid) {
    return infoHashPart === Part.missing ? QueryStatus.missingInfoHash : QueryStatus.invalidInfoHash
  }
  if (portPart !== Part.valid) {
    return portPart === Part.missing ? QueryStatus.missingPort : QueryStatus.invalidPort
  }
  if (peerIdPart === Part.invalid) return QueryStatus.invalidPeerId
  copyIdentifiers(request)
  return QueryStatus.ok
}

/**
 * `?` too: an announce URL may have a query of its own, to which the client has put another one. All three are below
 * the letters of which keys are made.
 */
function isKeyEnd(byte: number): boolean {
  return byte === equals || byte === ampersand || byte === question
}

function clear(request: HttpAnnounceRequest): void {
  infoHashPart = Part.missing
  peerIdPart = Part.missing
  portPart = Part.missing
  request.leftIsZero = false
  request.event = 0
  request.numwant = -1
  request.compact = true
  request.noPeerId = false
}

function copyIdentifiers(request: HttpAnnounceRequest): void {
  request.infoHash0 = identifierWords[0]
  request.infoHash1 = identifierWords[1]
  request.infoHash2 = identifierWords[2]
  request.infoHash3 = identifierWords[3]
  request.infoHash4 = identifierWords[4]
  request.hasPeerId = peerIdPart === Part.valid
  request.peerId0 = request.hasPeerId ? identifierWords[PEER_ID_WORD] : 0
  request.peerId1 = request.hasPeerId ? identifierWords[PEER_ID_WORD + 1] : 0
  request.peerId2 = request.hasPeerId ? identifierWords[PEER_ID_WORD + 2] : 0
  request.peerId3 = request.hasPeerId ? identifierWords[PEER_ID_WORD + 3] : 0
  request.peerId4 = request.hasPeerId ? identifierWords[PEER_ID_WORD + 4] : 0
}

/** Takes the parameter whose key lies in [keyStart, equals). @returns the end of its value */
function takeParameter(
  input: Uint8Array,
  keyStart: number,
  equals: number,
  end: number,
  request: HttpAnnounceRequest,
): number {
  const valueStart = equals + 1
  // Lengths first: they tell most keys apart without a look at their bytes.
  const keyBytes = equals - keyStart
  if (keyBytes === INFO_HASH.length && isWord(input, keyStart, equals, INFO_HASH)) {
    const valueEnd = decodeIdentifier(input, valueStart, end, identifierBytes, 0)
    infoHashPart = valueEnd > 0 ? Part.valid : Part.invalid
    return Math.abs(valueEnd)
  }
  if (keyBytes === PEER_ID.length && isWord(input, keyStart, equals, PEER_ID)) {
    const valueEnd = decodeIdentifier(input, valueStart, end, identifierBytes, IDENTIFIER_BYTES)
    peerIdPart = valueEnd > 0 ? Part.valid : Part.invalid
    return Math.abs(valueEnd)
  }
  const valueEnd = findValueEnd(input, valueStart, end)
  takeSmallParameter(input, keyStart, equals, valueEnd, request)
  return valueEnd
}

function takeSmallParameter(
  input: Uint8Array,
  keyStart: number,
  equals: number,
  valueEnd: number,
  request: HttpAnnounceRequest,
): void {
  const valueStart = equals + 1
  switch (equals - keyStart) {
    case PORT.length: // and left
      if (isWord(input, keyStart, equals, PORT)) takePort(input, valueStart, valueEnd, request)
      else if (isWord(input, keyStart, equals, LEFT)) {
        request.leftIsZero = decodeNumber(input, valueStart, valueEnd, 1) === 0
      }
      break
    case EVENT.length:
      if (isWord(input, keyStart, equals, EVENT)) request.event = eventOf(input, valueStart, valueEnd)
      break
    case NUMWANT.length: // and compact
      if (isWord(input, keyStart, equals, NUMWANT)) {
        request.numwant = decodeNumber(input, valueStart, valueEnd, LARGEST_NUMWANT)
      } else if (isWord(input, keyStart, equals, COMPACT)) {
        request.compact = !isZeroDigit(input, valueStart, valueEnd)
      }
      break
    case NO_PEER_ID.length:
      if (isWord(input, keyStart, equals, NO_PEER_ID)) {
        request.noPeerId = !isZeroDigit(input, valueStart, valueEnd)
      }
  }
}

function takePort(input: Uint8Array, start: number, end: number, request: HttpAnnounceRequest): void {
  // An empty port is one that the client does not have.
  if (start === end) {
    portPart = Part.missing
    return
  }
  const port = decodeNumber(input, start, end, LARGEST_PORT + 1)
  portPart = port >= 0 && port <= LARGEST_PORT ? Part.valid : Part.invalid
  request.wirePort = swap16(port)
}

/** Empty, blank, `empty`, `paused` (BEP 21), `update` and whatever else there is are announces without an event. */
function eventOf(input: Uint8Array, start: number, end: number): number {
  if (isWord(input, start, end, EVENT_STARTED)) return 2
  if (isWord(input, start, end, EVENT_STOPPED)) return 3
  return isWord(input, start, end, EVENT_COMPLETED) ? 1 : 0
}

function isZeroDigit(input: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && input[start] === zero
}
