// What the tracker sends in the WebTorrent protocol, as JSON text: one WebSocket text frame each. Members come in the
// order of the reference. Each message names its `action`, without which clients close the connection, and the info
// hash if one is known, without which they pass over it.
//
// Encoders write at a position and return the end. `…BytesMax` says how much room they need at most.

import { latin1Bytes } from '../http/ascii.js'
import { writeBytes, writeDecimal } from '../http/response-bytes.js'
import { IDENTIFIER_BYTES } from './identifier.js'
import { JsonByte } from './json-scanner.js'
import { MessageAction } from './request.js'
import { copyBytes } from './word-view.js'

/** A control character takes six bytes: `\u0000`. */
export const IDENTIFIER_JSON_BYTES_MAX = 2 + 6 * IDENTIFIER_BYTES
/** Whole numbers up to 2^32. */
const NUMBER_BYTES_MAX = 10

const hexDigits = latin1Bytes('0123456789abcdef')
/** The letter of a short escape for each byte, `u` for those without one, 0 for what needs no escape. */
const escapeLetters = new Uint8Array(256)
escapeLetters.fill(JsonByte.letterU, 0, JsonByte.space)
for (const [byte, letter] of ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt']) {
  escapeLetters[byte.charCodeAt(0)] = letter.charCodeAt(0)
}

/** Writes from[start, start + 20) as a JSON string: UTF-8, and only the escapes that must be. */
export function writeIdentifier(out: Uint8Array, at: number, from: Uint8Array, start: number): number {
  out[at++] = JsonByte.quote
  for (let index = start; index < start + IDENTIFIER_BYTES; index++) {
    const byte = from[index]
    const letter = escapeLetters[byte]
    if (byte >= 0x80) {
      out[at++] = 0xc0 | (byte >>> 6)
      out[at++] = 0x80 | (byte & 0x3f)
    } else if (letter === 0) out[at++] = byte
    else {
      out[at++] = JsonByte.backslash
      out[at++] = letter
      if (letter === JsonByte.letterU) {
        out[at++] = JsonByte.zero
        out[at++] = JsonByte.zero
        out[at++] = hexDigits[byte >>> 4]
        out[at++] = hexDigits[byte & 15]
      }
    }
  }
  out[at++] = JsonByte.quote
  return at
}

function writeClosingBrace(out: Uint8Array, at: number): number {
  out[at] = JsonByte.braceClose
  return at + 1
}

const ANNOUNCE_INFO_HASH = latin1Bytes('{"action":"announce","info_hash":')
const AND_COMPLETE = latin1Bytes(',"complete":')
const AND_INCOMPLETE = latin1Bytes(',"incomplete":')
const AND_INTERVAL = latin1Bytes(',"interval":')

export const ANNOUNCE_RESPONSE_BYTES_MAX =
  ANNOUNCE_INFO_HASH.length +
  IDENTIFIER_JSON_BYTES_MAX +
  AND_COMPLETE.length +
  AND_INCOMPLETE.length +
  AND_INTERVAL.length +
  3 * NUMBER_BYTES_MAX +
  1

/** @param interval until the next announce, in seconds */
export function encodeAnnounceResponse(
  out: Uint8Array,
  at: number,
  infoHash: Uint8Array,
  complete: number,
  incomplete: number,
  interval: number,
): number {
  at = writeIdentifier(out, writeBytes(out, at, ANNOUNCE_INFO_HASH), infoHash, 0)
  at = writeDecimal(out, writeBytes(out, at, AND_COMPLETE), complete)
  at = writeDecimal(out, writeBytes(out, at, AND_INCOMPLETE), incomplete)
  at = writeDecimal(out, writeBytes(out, at, AND_INTERVAL), interval)
  return writeClosingBrace(out, at)
}

const ANNOUNCE_PEER_ID = latin1Bytes('{"action":"announce","peer_id":')
const AND_INFO_HASH = latin1Bytes(',"info_hash":')
const AND_OFFER = latin1Bytes(',"offer":')
const AND_ANSWER = latin1Bytes(',"answer":')
const AND_OFFER_ID = latin1Bytes(',"offer_id":')

const RELAY_FRAME_BYTES_MAX =
  ANNOUNCE_PEER_ID.length +
  AND_INFO_HASH.length +
  AND_ANSWER.length +
  AND_OFFER_ID.length +
  3 * IDENTIFIER_JSON_BYTES_MAX +
  1

/** Room for `encodeOffer` and `encodeAnswer`. @param relayedBytes length of the offer's or answer's JSON */
export function relayBytesMax(relayedBytes: number): number {
  return RELAY_FRAME_BYTES_MAX + relayedBytes
}

/**
 * Passes on input[offerStart, offerEnd), JSON as the decoder has found it, byte for byte.
 * @param peerId of the peer that offers
 * @param offerIdAt where the offer's id starts in `offerIds`
 */
export function encodeOffer(
  out: Uint8Array,
  at: number,
  infoHash: Uint8Array,
  peerId: Uint8Array,
  input: Uint8Array,
  offerStart: number,
  offerEnd: number,
  offerIds: Uint8Array,
  offerIdAt: number,
): number {
  at = writeRelayBeginning(out, at, infoHash, peerId)
  at = copyBytes(out, writeBytes(out, at, AND_OFFER), input, offerStart, offerEnd)
  return writeRelayEnd(out, at, offerIds, offerIdAt)
}

/** As `encodeOffer`, for an answer. @param peerId of the peer that answers */
export function encodeAnswer(
  out: Uint8Array,
  at: number,
  infoHash: Uint8Array,
  peerId: Uint8Array,
  input: Uint8Array,
  answerStart: number,
  answerEnd: number,
  offerIds: Uint8Array,
  offerIdAt: number,
): number {
  at = writeRelayBeginning(out, at, infoHash, peerId)
  at = copyBytes(out, writeBytes(out, at, AND_ANSWER), input, answerStart, answerEnd)
  return writeRelayEnd(out, at, offerIds, offerIdAt)
}

function writeRelayBeginning(out: Uint8Array, at: number, infoHash: Uint8Array, peerId: Uint8Array): number {
  at = writeIdentifier(out, writeBytes(out, at, ANNOUNCE_PEER_ID), peerId, 0)
  return writeIdentifier(out, writeBytes(out, at, AND_INFO_HASH), infoHash, 0)
}

function writeRelayEnd(out: Uint8Array, at: number, offerIds: Uint8Array, offerIdAt: number): number {
  at = writeIdentifier(out, writeBytes(out, at, AND_OFFER_ID), offerIds, offerIdAt)
  return writeClosingBrace(out, at)
}

const SCRAPE_FILES = latin1Bytes('{"action":"scrape","files":{')
const FILE_COMPLETE = latin1Bytes(':{"complete":')
const AND_DOWNLOADED = latin1Bytes(',"downloaded":')

/** With the comma in front of it and the brace behind. */
const SCRAPE_FILE_BYTES_MAX =
  IDENTIFIER_JSON_BYTES_MAX +
  FILE_COMPLETE.length +
  AND_INCOMPLETE.length +
  AND_DOWNLOADED.length +
  3 * NUMBER_BYTES_MAX +
  2

/** Room for a whole answer to a scrape. @param torrents how often `writeScrapeFile` will be called */
export function scrapeResponseBytesMax(torrents: number): number {
  return SCRAPE_FILES.length + torrents * SCRAPE_FILE_BYTES_MAX + 2
}

/** The beginning of an answer to a scrape, which is followed by any number of files and the end. */
export function beginScrapeResponse(out: Uint8Array, at: number): number {
  return writeBytes(out, at, SCRAPE_FILES)
}

/** One torrent's counts. `at` must be where the beginning or another file has ended; hashes[hashAt, hashAt + 20). */
export function writeScrapeFile(
  out: Uint8Array,
  at: number,
  hashes: Uint8Array,
  hashAt: number,
  complete: number,
  downloaded: number,
  incomplete: number,
): number {
  if (out[at - 1] === JsonByte.braceClose) out[at++] = JsonByte.comma
  at = writeIdentifier(out, at, hashes, hashAt)
  at = writeDecimal(out, writeBytes(out, at, FILE_COMPLETE), complete)
  at = writeDecimal(out, writeBytes(out, at, AND_INCOMPLETE), incomplete)
  at = writeDecimal(out, writeBytes(out, at, AND_DOWNLOADED), downloaded)
  return writeClosingBrace(out, at)
}

export function endScrapeResponse(out: Uint8Array, at: number): number {
  return writeClosingBrace(out, writeClosingBrace(out, at))
}

const FAILURE_REASON = latin1Bytes('{"failure reason":"')
const AND_ACTION_ANNOUNCE = latin1Bytes('","action":"announce"')
const AND_ACTION_SCRAPE = latin1Bytes('","action":"scrape"')

/** Room for `encodeFailure`. @param reasonBytes length of the reason */
export function failureBytesMax(reasonBytes: number): number {
  return (
    FAILURE_REASON.length +
    reasonBytes +
    AND_ACTION_ANNOUNCE.length +
    AND_INFO_HASH.length +
    IDENTIFIER_JSON_BYTES_MAX +
    1
  )
}

/**
 * @param reason printable ASCII without quotes and backslashes: it is written as it is
 * @param action a `MessageAction`; an unknown one is answered as an announce
 * @param infoHash null if the message had none
 */
export function encodeFailure(
  out: Uint8Array,
  at: number,
  reason: Uint8Array,
  action: number,
  infoHash: Uint8Array | null,
): number {
  at = writeBytes(out, writeBytes(out, at, FAILURE_REASON), reason)
  at = writeBytes(out, at, action === MessageAction.scrape ? AND_ACTION_SCRAPE : AND_ACTION_ANNOUNCE)
  if (infoHash !== null) at = writeIdentifier(out, writeBytes(out, at, AND_INFO_HASH), infoHash, 0)
  return writeClosingBrace(out, at)
}
