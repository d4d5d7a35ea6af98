// What a client of the WebTorrent protocol asks, and what a message that asks nothing is told.

import { latin1Bytes } from '../http/ascii.js'
import { IDENTIFIER_BYTES } from './identifier.js'

/** What a message comes to. Of several mistakes the first one in this order. */
export const enum MessageStatus {
  announce = 0,
  scrape = 1,
  notJson = 2,
  /** More arrays and objects in each other than allowed. */
  tooDeep = 3,
  notObject = 4,
  missingAction = 5,
  unknownAction = 6,
  missingInfoHash = 7,
  invalidInfoHash = 8,
  missingPeerId = 9,
  invalidPeerId = 10,
  /** Neither a string nor null. */
  invalidEvent = 11,
  /** Neither an array nor null. */
  invalidOffers = 12,
}

/** The text of a `failure reason` for each `MessageStatus`; clients show it to people. Empty for requests. */
export const messageFailureTexts: readonly Uint8Array[] = [
  '',
  '',
  'Invalid request: not JSON',
  'Invalid request: nested too deeply',
  'Invalid request: not an object',
  'Invalid request: action is missing',
  'Invalid request: unknown action',
  'Invalid request: info_hash is missing',
  'Invalid request: info_hash is not 20 bytes',
  'Invalid request: peer_id is missing',
  'Invalid request: peer_id is not 20 bytes',
  'Invalid request: event is not a string',
  'Invalid request: offers is not an array',
].map(latin1Bytes)

export const enum MessageAction {
  /** None was found, or another one than these. */
  unknown = 0,
  announce = 1,
  scrape = 2,
}

/** As in BEP 15, and in the swarm. Every other text is `none`: `update`, `paused` (BEP 21), `empty`, the empty one. */
export const enum MessageEvent {
  none = 0,
  completed = 1,
  started = 2,
  stopped = 3,
}

/** The larger ones are cut to this. */
export const NUMWANT_MAX = 0xffff

const IDENTIFIER_WORDS = IDENTIFIER_BYTES / 4

export interface MessageLimits {
  /** Offers of one announce that are passed on, 0 and more. */
  readonly maxOffers: number
  /** Length of an offer's or answer's JSON. */
  readonly maxOfferBytes: number
  /** Hashes of one scrape that are answered, 1 and more. */
  readonly maxScrapeTorrents: number
  /** Arrays and objects in each other, the message itself being the first one; 4 and more. */
  readonly maxDepth: number
}

/**
 * A decoded message. Reused. Identifiers are bytes, and the same memory as 32-bit words, loaded low byte first, as the
 * swarm takes them. Starts and ends are positions in the input. After a mistake, `action` and the info hash say what
 * was found nevertheless, for an answer that names them.
 */
export class WebTorrentRequest {
  /** A `MessageAction`. */
  action: number = MessageAction.unknown
  readonly infoHashWords = new Int32Array(IDENTIFIER_WORDS)
  readonly infoHash = new Uint8Array(this.infoHashWords.buffer)
  /** Of an announce, or of a scrape that asks for one torrent by a string. */
  hasInfoHash = false
  readonly peerIdWords = new Int32Array(IDENTIFIER_WORDS)
  readonly peerId = new Uint8Array(this.peerIdWords.buffer)
  hasPeerId = false
  /** A `MessageEvent`. */
  event: number = MessageEvent.none
  /** `left` is a number, and 0. */
  isSeeder = false
  /** 0 to `NUMWANT_MAX`; -1 if it is absent or anything but a whole number. */
  numwant = -1

  /** Offers that can be passed on, of which the first ones are kept. */
  offerCount = 0
  /** The JSON of offer i is input[offerStarts[i], offerEnds[i]). */
  readonly offerStarts: Int32Array
  readonly offerEnds: Int32Array
  /** Offer i has the bytes [20 i, 20 i + 20) as its id. */
  readonly offerIds: Uint8Array
  readonly offerIdsWords: Int32Array
  /** Offers that are too long, or have no `offer` or no valid `offer_id`. */
  offersDropped = 0
  /** Offers beyond the limit that could have been passed on. */
  offersOmitted = 0

  /** The JSON of the answer; both 0 if there is none. */
  answerStart = 0
  answerEnd = 0
  /** There was one, but it is too long. */
  isAnswerDropped = false
  /** An answer can be passed on only with these two. */
  hasToPeerId = false
  readonly toPeerIdWords = new Int32Array(IDENTIFIER_WORDS)
  readonly toPeerId = new Uint8Array(this.toPeerIdWords.buffer)
  hasOfferId = false
  readonly offerIdWords = new Int32Array(IDENTIFIER_WORDS)
  readonly offerId = new Uint8Array(this.offerIdWords.buffer)

  /** Hashes of a scrape in the order of the message, a repeated one again. */
  scrapeCount = 0
  /** Hash i lies in bytes [20 i, 20 i + 20), words [5 i, 5 i + 5). */
  readonly scrapeHashes: Uint8Array
  readonly scrapeHashWords: Int32Array
  /** Hashes that were left out because of the limit. */
  scrapeOmitted = 0
  /** A scrape that names no torrent: a request for everything. */
  isFullScrape = false

  /** @param limits those of the decoder */
  constructor(limits: MessageLimits) {
    this.offerStarts = new Int32Array(limits.maxOffers)
    this.offerEnds = new Int32Array(limits.maxOffers)
    // One place more in each: an identifier is decoded before it is known to be valid, or wanted.
    this.offerIdsWords = new Int32Array((limits.maxOffers + 1) * IDENTIFIER_WORDS)
    this.offerIds = new Uint8Array(this.offerIdsWords.buffer)
    this.scrapeHashWords = new Int32Array((limits.maxScrapeTorrents + 1) * IDENTIFIER_WORDS)
    this.scrapeHashes = new Uint8Array(this.scrapeHashWords.buffer)
  }
}
