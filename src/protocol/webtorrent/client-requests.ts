// What a WebTorrent client sends, as JSON text: one WebSocket text frame each. Members come as bittorrent-tracker's
// client has them, `event` only where something has happened.
//
// Encoders write at a position and return the end. `…BytesMax` says how much room they need at most.

import { latin1Bytes } from '../http/ascii.js'
import { writeBytes, writeDecimal } from '../http/response-bytes.js'
import { ANSWER_JSON_BYTES, offerJson, writeAnswerDescription } from './client-descriptions.js'
import { IDENTIFIER_BYTES } from './identifier.js'
import { JsonByte } from './json-scanner.js'
import { MessageEvent } from './request.js'
import { IDENTIFIER_JSON_BYTES_MAX, writeIdentifier } from './responses.js'
import { copyBytes } from './word-view.js'

const ANNOUNCE = latin1Bytes('{"action":"announce","info_hash":')
const AND_PEER_ID = latin1Bytes(',"peer_id":')
const AND_NUMWANT = latin1Bytes(',"numwant":')
const AND_LEFT = latin1Bytes(',"uploaded":0,"downloaded":0,"left":')
/** In the order of `MessageEvent`. */
const events = ['', ',"event":"completed"', ',"event":"started"', ',"event":"stopped"'].map(latin1Bytes)
const AND_OFFERS = latin1Bytes(',"offers":[')
const OFFER = latin1Bytes('{"offer":')
const AND_OFFER_ID = latin1Bytes(',"offer_id":')
const AND_TO_PEER_ID = latin1Bytes(',"to_peer_id":')
const AND_ANSWER = latin1Bytes(',"answer":')
const SCRAPE = latin1Bytes('{"action":"scrape","info_hash":[')

/** Whole numbers up to 2^32. */
const NUMBER_BYTES_MAX = 10
const OFFER_BYTES_MAX =
  1 + OFFER.length + offerJson.length + AND_OFFER_ID.length + IDENTIFIER_JSON_BYTES_MAX + 1

/** Room for an announce with so many offers. */
export function announceBytesMax(offers: number): number {
  const names = ANNOUNCE.length + AND_PEER_ID.length + AND_NUMWANT.length + AND_LEFT.length
  const event = events[MessageEvent.completed].length
  const values = 2 * IDENTIFIER_JSON_BYTES_MAX + 2 * NUMBER_BYTES_MAX
  return names + event + values + AND_OFFERS.length + offers * OFFER_BYTES_MAX + 2
}

/** Room for an answer. */
export const ANSWER_BYTES_MAX: number =
  ANNOUNCE.length +
  AND_PEER_ID.length +
  AND_TO_PEER_ID.length +
  AND_OFFER_ID.length +
  AND_ANSWER.length +
  4 * IDENTIFIER_JSON_BYTES_MAX +
  ANSWER_JSON_BYTES +
  1

/** Room for a scrape of so many torrents. */
export function scrapeBytesMax(torrents: number): number {
  return SCRAPE.length + torrents * (IDENTIFIER_JSON_BYTES_MAX + 1) + 2
}

/**
 * Writes an announce but for its end: offers may follow.
 * @param hashAt where the 20 bytes of the info hash lie in `hashes`; the same for the peer id
 * @param event a `MessageEvent`
 * @param numwant -1 for none
 */
export function beginAnnounce(
  out: Uint8Array,
  at: number,
  hashes: Uint8Array,
  hashAt: number,
  peerIds: Uint8Array,
  peerAt: number,
  event: number,
  left: number,
  numwant: number,
): number {
  at = writePeer(out, at, hashes, hashAt, peerIds, peerAt)
  if (numwant >= 0) at = writeDecimal(out, writeBytes(out, at, AND_NUMWANT), numwant)
  at = writeDecimal(out, writeBytes(out, at, AND_LEFT), left)
  return writeBytes(out, at, events[event])
}

/** The end of an announce without offers. */
export function endAnnounce(out: Uint8Array, at: number): number {
  out[at] = JsonByte.braceClose
  return at + 1
}

/** Adds offers to an announce, one for each id of 20 bytes in `offerIds`, and ends it. @param count at least 1 */
export function endAnnounceWithOffers(
  out: Uint8Array,
  at: number,
  offerIds: Uint8Array,
  count: number,
): number {
  at = writeBytes(out, at, AND_OFFERS)
  for (let offer = 0; offer < count; offer++) {
    if (offer > 0) out[at++] = JsonByte.comma
    at = copyBytes(out, writeBytes(out, at, OFFER), offerJson, 0, offerJson.length)
    at = writeIdentifier(out, writeBytes(out, at, AND_OFFER_ID), offerIds, offer * IDENTIFIER_BYTES)
    out[at++] = JsonByte.braceClose
  }
  out[at++] = JsonByte.bracketClose
  return endAnnounce(out, at)
}

/**
 * Writes the answer to an offer.
 * @param toPeerId of the peer that offered
 * @param stamp see client-descriptions.ts
 */
export function encodeAnswerRequest(
  out: Uint8Array,
  at: number,
  hashes: Uint8Array,
  hashAt: number,
  peerIds: Uint8Array,
  peerAt: number,
  toPeerId: Uint8Array,
  offerId: Uint8Array,
  stamp: Int32Array,
): number {
  at = writePeer(out, at, hashes, hashAt, peerIds, peerAt)
  at = writeIdentifier(out, writeBytes(out, at, AND_TO_PEER_ID), toPeerId, 0)
  at = writeIdentifier(out, writeBytes(out, at, AND_OFFER_ID), offerId, 0)
  return endAnnounce(out, writeAnswerDescription(out, writeBytes(out, at, AND_ANSWER), stamp))
}

/** Writes a scrape of the first `count` of `hashes`, at least one. */
export function encodeScrapeRequest(out: Uint8Array, at: number, hashes: Uint8Array, count: number): number {
  at = writeBytes(out, at, SCRAPE)
  for (let torrent = 0; torrent < count; torrent++) {
    if (torrent > 0) out[at++] = JsonByte.comma
    at = writeIdentifier(out, at, hashes, torrent * IDENTIFIER_BYTES)
  }
  out[at++] = JsonByte.bracketClose
  return endAnnounce(out, at)
}

function writePeer(
  out: Uint8Array,
  at: number,
  hashes: Uint8Array,
  hashAt: number,
  peerIds: Uint8Array,
  peerAt: number,
): number {
  at = writeIdentifier(out, writeBytes(out, at, ANNOUNCE), hashes, hashAt)
  return writeIdentifier(out, writeBytes(out, at, AND_PEER_ID), peerIds, peerAt)
}
