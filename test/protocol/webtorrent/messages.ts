// Messages as clients send them, and a decoder that shows what it found as plain values.

import { WebTorrentDecoder } from '../../../src/protocol/webtorrent/decoder.js'
import { IDENTIFIER_BYTES } from '../../../src/protocol/webtorrent/identifier.js'
import { MessageAction, MessageStatus, WebTorrentRequest } from '../../../src/protocol/webtorrent/request.js'

export const limits = { maxOffers: 3, maxOfferBytes: 300, maxScrapeTorrents: 4, maxDepth: 8 }

/** 20 characters, half of them above ASCII, with a quote, a backslash and control characters among them. */
export const infoHash = '\x00\x1f"\\/\n\x7f\x80\xbf\xc0\xff\xe9\xdf\xa0\xadabcde'
export const peerId = '-WW0102-a1b2c3d4e5f6'
export const otherPeerId = '-WW0102-zzzzzzzzzzzz'
export const offerIdOf = (index: number): string => `offer-\xfe\x01-${String(index).padStart(11, '0')}`

export const sdp =
  'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' +
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 7B:8B\r\n'
export const offersOf = (count: number): { offer: unknown; offer_id: string }[] =>
  Array.from({ length: count }, (_, index) => ({ offer: { type: 'offer', sdp }, offer_id: offerIdOf(index) }))

const announce = { action: 'announce', info_hash: infoHash, peer_id: peerId }

/** Of bittorrent-tracker's client, libtorrent, anacrolix/torrent and the load test of wt-tracker. */
export const messages = {
  started: {
    ...{ numwant: 2, uploaded: 0, downloaded: 0, left: 1_048_576, event: 'started' },
    ...announce,
    offers: offersOf(2),
  },
  completed: { uploaded: 7, downloaded: 9, left: 0, event: 'completed', ...announce, trackerid: 'x' },
  stopped: { uploaded: 7, downloaded: 9, left: null, event: 'stopped', ...announce },
  update: { ...announce, numwant: 0, uploaded: 0, downloaded: 0, left: 1000, event: 'update' },
  answer: {
    ...announce,
    to_peer_id: otherPeerId,
    answer: { type: 'answer', sdp },
    offer_id: offerIdOf(1),
  },
  fakeOffers: { ...announce, numwant: 2, offers: [{ fake_offer: 'fake_offer_0' }, ...offersOf(1)] },
  shortOfferId: { ...announce, offers: [{ offer: { sdp, value: 1 }, offer_id: '12345678901234567' }] },
  scrape: { action: 'scrape', info_hash: infoHash },
  scrapeSeveral: { action: 'scrape', info_hash: [infoHash, peerId, otherPeerId] },
  scrapeAll: { action: 'scrape' },
}

export interface PlainMessage {
  status: number
  action: number
  infoHash: string | null
  peerId: string | null
  event: number
  isSeeder: boolean
  numwant: number
  /** Their JSON, and their ids. */
  offers: readonly (readonly [json: string, id: string])[]
  offersDropped: number
  offersOmitted: number
  answer: string | null
  isAnswerDropped: boolean
  toPeerId: string | null
  offerId: string | null
  scrape: readonly string[]
  scrapeOmitted: number
  isFullScrape: boolean
}

const identifierAt = (bytes: Uint8Array, index = 0): string =>
  Buffer.from(bytes.slice(index * IDENTIFIER_BYTES, (index + 1) * IDENTIFIER_BYTES)).toString('latin1')

/** Decodes with one request that is used again and again, at an odd place of a buffer that goes on behind. */
export class MessageReader {
  readonly #decoder: WebTorrentDecoder
  readonly #request: WebTorrentRequest

  constructor(readerLimits = limits) {
    this.#decoder = new WebTorrentDecoder(readerLimits)
    this.#request = new WebTorrentRequest(readerLimits)
  }

  read(message: string | Uint8Array, offset = 1): PlainMessage {
    const bytes = typeof message === 'string' ? Buffer.from(message) : message
    const input = new Uint8Array(offset + bytes.length + 9).fill(0x22)
    input.set(bytes, offset)
    const end = offset + bytes.length
    const status = this.#decoder.decode(input, offset, end, this.#request)
    return this.#show(input, status)
  }

  #show(input: Uint8Array, status: number): PlainMessage {
    const request = this.#request
    const textOf = (start: number, end: number): string => Buffer.from(input.slice(start, end)).toString()
    const offers = Array.from({ length: request.offerCount }, (_, index): [string, string] => [
      textOf(request.offerStarts[index]!, request.offerEnds[index]!),
      identifierAt(request.offerIds, index),
    ])
    const isScrape = status === MessageStatus.scrape
    return {
      status,
      action: request.action,
      infoHash: request.hasInfoHash ? identifierAt(request.infoHash) : null,
      peerId: request.hasPeerId ? identifierAt(request.peerId) : null,
      event: request.event,
      isSeeder: request.isSeeder,
      numwant: request.numwant,
      offers,
      offersDropped: request.offersDropped,
      offersOmitted: request.offersOmitted,
      answer: request.answerEnd > 0 ? textOf(request.answerStart, request.answerEnd) : null,
      isAnswerDropped: request.isAnswerDropped,
      toPeerId: request.hasToPeerId ? identifierAt(request.toPeerId) : null,
      offerId: request.hasOfferId ? identifierAt(request.offerId) : null,
      scrape: isScrape
        ? Array.from({ length: request.scrapeCount }, (_, index) => identifierAt(request.scrapeHashes, index))
        : [],
      scrapeOmitted: isScrape ? request.scrapeOmitted : 0,
      isFullScrape: request.isFullScrape,
    }
  }
}

/** What a message without any of its members comes to. */
export const nothingFound: PlainMessage = {
  status: MessageStatus.missingAction,
  action: MessageAction.unknown,
  infoHash: null,
  peerId: null,
  event: 0,
  isSeeder: false,
  numwant: -1,
  offers: [],
  offersDropped: 0,
  offersOmitted: 0,
  answer: null,
  isAnswerDropped: false,
  toPeerId: null,
  offerId: null,
  scrape: [],
  scrapeOmitted: 0,
  isFullScrape: false,
}
