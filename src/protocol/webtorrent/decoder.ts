// Messages of the WebTorrent tracker protocol (JSON in WebSocket messages), decoded without building objects: the whole
// text is checked, the few values the tracker needs are decoded, and what is only passed on between clients, offers and
// answers, is remembered as a stretch of the input.
//
// Of a member that comes more than once the last one counts, as for JSON.parse. Unknown members are passed over.

import { strict as assert } from 'node:assert'
import { decodeEscapedText, decodeIdentifier, IDENTIFIER_BYTES } from './identifier.js'
import {
  InString,
  JsonByte,
  JsonScanner,
  ScanError,
  skipColon,
  skipNumber,
  skipSpace,
  skipString,
  stringKinds,
} from './json-scanner.js'
import {
  actionWords,
  eventWords,
  findWord,
  MemberName,
  memberNameAt,
  memberNameBytes,
  WORD_BYTES_MAX,
} from './member-name.js'
import {
  MessageAction,
  MessageEvent,
  type MessageLimits,
  MessageStatus,
  NUMWANT_MAX,
  type WebTorrentRequest,
} from './request.js'

// Own names for what is imported: an imported one is loaded anew at every use (benchmarks/ws/codec.ts).
const kinds = stringKinds

const nameBytes = memberNameBytes
const actions = actionWords
const events = eventWords

/** Arrays and objects around the values of a message, around offers, around the members of an offer. */
const MEMBER_DEPTH = 1
const OFFER_DEPTH = 2
const OFFER_MEMBER_DEPTH = 3
const MIN_DEPTH = 4

/** What is known of a member. */
const enum Found {
  missing = 0,
  invalid = 1,
  valid = 2,
  /** An array of info hashes. */
  list = 3,
}

export class WebTorrentDecoder {
  readonly #limits: MessageLimits
  readonly #scanner: JsonScanner
  /** A string with escapes, decoded, up to #decodedEnd; 0 for one without escapes, or which is no word anyway. */
  readonly #decoded = new Uint8Array(WORD_BYTES_MAX)
  #decodedEnd = 0
  /** What `#readName` found, a `MemberName`. */
  #name: number = MemberName.unknown
  /** What `#readWord` found: 0 for none, 1 for the first word. */
  #word = 0
  #action: number = Found.missing
  #infoHash: number = Found.missing
  #peerId: number = Found.missing
  #event: number = Found.missing
  #offers: number = Found.missing
  /** The offer that is being read. */
  #offerStart = 0
  #offerEnd = 0
  #hasOfferId = false

  constructor(limits: MessageLimits) {
    assert.ok(limits.maxDepth >= MIN_DEPTH)
    this.#limits = limits
    this.#scanner = new JsonScanner(limits.maxDepth)
  }

  /**
   * Decodes the message input[start, end), text or binary, into `request`.
   * @returns a `MessageStatus`
   */
  decode(input: Uint8Array, start: number, end: number, request: WebTorrentRequest): number {
    this.#clear(request)
    let at = skipSpace(input, start, end)
    const isObject = at < end && input[at] === JsonByte.braceOpen
    at = isObject
      ? this.#takeMembers(input, at + 1, end, request)
      : this.#scanner.skipValue(input, at, end, 0)
    if (at === ScanError.tooDeep) return MessageStatus.tooDeep
    if (at < 0 || skipSpace(input, at, end) !== end) return MessageStatus.notJson
    if (!isObject) return MessageStatus.notObject
    if (this.#action === Found.missing) return MessageStatus.missingAction
    if (request.action === MessageAction.announce) return this.#judgeAnnounce()
    return request.action === MessageAction.scrape ? this.#judgeScrape(request) : MessageStatus.unknownAction
  }

  #clear(request: WebTorrentRequest): void {
    this.#action = Found.missing
    this.#infoHash = Found.missing
    this.#peerId = Found.missing
    this.#event = Found.missing
    this.#offers = Found.missing
    request.action = MessageAction.unknown
    request.hasInfoHash = false
    request.hasPeerId = false
    request.event = MessageEvent.none
    request.isSeeder = false
    request.numwant = -1
    clearOffers(request)
    request.answerStart = 0
    request.answerEnd = 0
    request.isAnswerDropped = false
    request.hasToPeerId = false
    request.hasOfferId = false
    request.scrapeCount = 0
    request.scrapeOmitted = 0
    request.isFullScrape = false
  }

  #judgeAnnounce(): number {
    if (this.#infoHash === Found.missing) return MessageStatus.missingInfoHash
    if (this.#infoHash !== Found.valid) return MessageStatus.invalidInfoHash
    if (this.#peerId === Found.missing) return MessageStatus.missingPeerId
    if (this.#peerId !== Found.valid) return MessageStatus.invalidPeerId
    if (this.#event === Found.invalid) return MessageStatus.invalidEvent
    return this.#offers === Found.invalid ? MessageStatus.invalidOffers : MessageStatus.announce
  }

  #judgeScrape(request: WebTorrentRequest): number {
    if (this.#infoHash === Found.invalid) return MessageStatus.invalidInfoHash
    if (this.#infoHash === Found.missing) request.isFullScrape = true
    if (this.#infoHash === Found.valid) {
      request.scrapeHashWords.set(request.infoHashWords)
      request.scrapeCount = 1
    }
    return MessageStatus.scrape
  }

  /** @param at behind the opening brace */
  #takeMembers(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    at = skipSpace(input, at, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      at = this.#readName(input, at, end)
      if (at < 0) return at
      at = this.#takeMember(input, at, end, request, this.#name)
      if (at < 0) return at
      at = skipSpace(input, at, end)
      if (at >= end) return ScanError.syntax
      if (input[at] === JsonByte.braceClose) return at + 1
      if (input[at] !== JsonByte.comma) return ScanError.syntax
      at = skipSpace(input, at + 1, end)
    }
  }

  /** @param at of the value */
  #takeMember(input: Uint8Array, at: number, end: number, request: WebTorrentRequest, name: number): number {
    switch (name) {
      case MemberName.action:
        return this.#takeAction(input, at, end, request)
      case MemberName.infoHash:
        return this.#takeInfoHash(input, at, end, request)
      case MemberName.peerId:
        at = this.#takeIdentifier(input, at, end, request.peerId)
        this.#peerId = this.#found
        request.hasPeerId = this.#found === Found.valid
        return at
      case MemberName.toPeerId:
        at = this.#takeIdentifier(input, at, end, request.toPeerId)
        request.hasToPeerId = this.#found === Found.valid
        return at
      case MemberName.offerId:
        at = this.#takeIdentifier(input, at, end, request.offerId)
        request.hasOfferId = this.#found === Found.valid
        return at
      case MemberName.left:
        return this.#takeLeft(input, at, end, request)
      case MemberName.event:
        return this.#takeEvent(input, at, end, request)
      case MemberName.numwant:
        return this.#takeNumwant(input, at, end, request)
      case MemberName.offers:
        return this.#takeOffers(input, at, end, request)
      case MemberName.answer:
        return this.#takeAnswer(input, at, end, request)
      default:
        return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    }
  }

  /** What `#takeIdentifier` found. */
  #found: number = Found.missing

  /** Any value; null is as good as none. */
  #takeIdentifier(input: Uint8Array, at: number, end: number, out: Uint8Array): number {
    if (at < end && input[at] === JsonByte.quote) {
      const valueEnd = decodeIdentifier(input, at + 1, end, out, 0)
      this.#found = valueEnd > 0 ? Found.valid : Found.invalid
      return valueEnd < ScanError.syntax ? -valueEnd : valueEnd
    }
    this.#found = isNull(input, at, end) ? Found.missing : Found.invalid
    return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
  }

  #takeInfoHash(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    request.scrapeCount = 0
    request.scrapeOmitted = 0
    if (at < end && input[at] === JsonByte.bracketOpen) {
      request.hasInfoHash = false
      this.#infoHash = Found.list
      return this.#takeHashes(input, at + 1, end, request)
    }
    at = this.#takeIdentifier(input, at, end, request.infoHash)
    this.#infoHash = this.#found
    request.hasInfoHash = this.#found === Found.valid
    return at
  }

  /** @param at behind the opening bracket */
  #takeHashes(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    const limit = this.#limits.maxScrapeTorrents
    at = skipSpace(input, at, end)
    if (at < end && input[at] === JsonByte.bracketClose) return at + 1
    for (;;) {
      if (at < end && input[at] === JsonByte.quote) {
        at = decodeIdentifier(
          input,
          at + 1,
          end,
          request.scrapeHashes,
          request.scrapeCount * IDENTIFIER_BYTES,
        )
        if (at < ScanError.syntax) {
          this.#infoHash = Found.invalid
          at = -at
        } else if (request.scrapeCount < limit) request.scrapeCount++
        else request.scrapeOmitted++
      } else {
        this.#infoHash = Found.invalid
        at = this.#scanner.skipValue(input, at, end, OFFER_DEPTH)
      }
      at = nextElement(input, at, end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.bracketClose) return at
    }
  }

  #takeAction(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    request.action = MessageAction.unknown
    this.#action = isNull(input, at, end) ? Found.missing : Found.valid
    if (at >= end || input[at] !== JsonByte.quote)
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    at = this.#readWord(input, at + 1, end, actions)
    request.action = this.#word
    return at
  }

  #takeEvent(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    request.event = MessageEvent.none
    if (at >= end || input[at] !== JsonByte.quote) {
      this.#event = isNull(input, at, end) ? Found.missing : Found.invalid
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    }
    this.#event = Found.valid
    at = this.#readWord(input, at + 1, end, events)
    request.event = this.#word
    return at
  }

  /** Any number that is written as 0, `-0`, `0.0` and `0e9` among them. Everything else is a leecher's. */
  #takeLeft(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    request.isSeeder = false
    const isNumber = at < end && (input[at] === JsonByte.minus || isDigit(input[at]))
    if (!isNumber) return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    const valueEnd = skipNumber(input, at, end)
    if (input[at] === JsonByte.minus) at++
    while (at < valueEnd && (input[at] === JsonByte.zero || input[at] === JsonByte.dot)) at++
    request.isSeeder = at === valueEnd || (at < valueEnd && (input[at] | 0x20) === JsonByte.letterE)
    return valueEnd
  }

  /** Digits; a fraction of zeros may follow, as programs write it that have no whole numbers. */
  #takeNumwant(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    request.numwant = -1
    if (at >= end || !isDigit(input[at])) return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    const valueEnd = skipNumber(input, at, end)
    let value = 0
    for (; at < valueEnd && isDigit(input[at]); at++) {
      value = Math.min(value * 10 + input[at] - JsonByte.zero, NUMWANT_MAX)
    }
    if (at < valueEnd && input[at] === JsonByte.dot) {
      at++
      while (at < valueEnd && input[at] === JsonByte.zero) at++
    }
    if (at === valueEnd) request.numwant = value
    return valueEnd
  }

  #takeAnswer(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    const valueEnd = this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    const isAnswer = valueEnd > 0 && !isNull(input, at, end)
    request.isAnswerDropped = isAnswer && valueEnd - at > this.#limits.maxOfferBytes
    const isKept = isAnswer && !request.isAnswerDropped
    request.answerStart = isKept ? at : 0
    request.answerEnd = isKept ? valueEnd : 0
    return valueEnd
  }

  #takeOffers(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    clearOffers(request)
    if (at >= end || input[at] !== JsonByte.bracketOpen) {
      this.#offers = isNull(input, at, end) ? Found.missing : Found.invalid
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    }
    this.#offers = Found.valid
    at = skipSpace(input, at + 1, end)
    if (at < end && input[at] === JsonByte.bracketClose) return at + 1
    for (;;) {
      this.#offerStart = 0
      this.#offerEnd = 0
      this.#hasOfferId = false
      if (at < end && input[at] === JsonByte.braceOpen) at = this.#takeOffer(input, at + 1, end, request)
      else at = this.#scanner.skipValue(input, at, end, OFFER_DEPTH)
      this.#keepOffer(request)
      at = nextElement(input, at, end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.bracketClose) return at
    }
  }

  #keepOffer(request: WebTorrentRequest): void {
    const length = this.#offerEnd - this.#offerStart
    if (!this.#hasOfferId || length === 0 || length > this.#limits.maxOfferBytes) request.offersDropped++
    else if (request.offerCount >= this.#limits.maxOffers) request.offersOmitted++
    else {
      request.offerStarts[request.offerCount] = this.#offerStart
      request.offerEnds[request.offerCount] = this.#offerEnd
      request.offerCount++
    }
  }

  /** @param at behind the opening brace */
  #takeOffer(input: Uint8Array, at: number, end: number, request: WebTorrentRequest): number {
    at = skipSpace(input, at, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      at = this.#readName(input, at, end)
      if (at < 0) return at
      const name = this.#name
      const isString = at < end && input[at] === JsonByte.quote
      if (name === MemberName.offerId && isString) {
        const idAt = request.offerCount * IDENTIFIER_BYTES
        at = decodeIdentifier(input, at + 1, end, request.offerIds, idAt)
        this.#hasOfferId = at > 0
        if (at < ScanError.syntax) at = -at
      } else {
        const start = at
        at = this.#scanner.skipValue(input, at, end, OFFER_MEMBER_DEPTH)
        if (name === MemberName.offerId) this.#hasOfferId = false
        if (name === MemberName.offer) {
          this.#offerStart = start
          this.#offerEnd = at
        }
      }
      if (at < 0) return at
      at = skipSpace(input, at, end)
      if (at >= end) return ScanError.syntax
      if (input[at] === JsonByte.braceClose) return at + 1
      if (input[at] !== JsonByte.comma) return ScanError.syntax
      at = skipSpace(input, at + 1, end)
    }
  }

  /** @returns the position of the member's value */
  #readName(input: Uint8Array, at: number, end: number): number {
    if (at >= end || input[at] !== JsonByte.quote) return ScanError.syntax
    const name = memberNameAt(input, at + 1, end)
    this.#name = name
    if (name !== MemberName.unknown) return skipColon(input, at + 1 + nameBytes[name], end)
    at = this.#skipText(input, at + 1, end)
    if (this.#decodedEnd > 0) this.#name = memberNameAt(this.#decoded, 0, this.#decodedEnd)
    return at < 0 ? at : skipColon(input, at, end)
  }

  /** @param at behind the opening quote. @returns the position behind the closing one */
  #readWord(input: Uint8Array, at: number, end: number, words: readonly Uint8Array[]): number {
    const found = findWord(input, at, end, words)
    this.#word = found + 1
    if (found >= 0) return at + words[found].length
    at = this.#skipText(input, at, end)
    if (this.#decodedEnd > 0) this.#word = findWord(this.#decoded, 0, this.#decodedEnd, words) + 1
    return at
  }

  /** Passes over a string that is none of the words as it stands, but may be one with escapes. */
  #skipText(input: Uint8Array, at: number, end: number): number {
    const start = at
    this.#decodedEnd = 0
    while (at < end && kinds[input[at]] === InString.plain) at++
    if (at < end && input[at] === JsonByte.quote) return at + 1
    at = skipString(input, at, end)
    if (at < 0) return at
    const length = decodeEscapedText(input, start, at, this.#decoded)
    if (length >= 0 && length < WORD_BYTES_MAX) {
      this.#decoded[length] = JsonByte.quote
      // No word has a quote in it: a text with one would be taken for the word in front of that.
      if (this.#decoded.indexOf(JsonByte.quote) === length) this.#decodedEnd = length + 1
    }
    return at
  }
}

function clearOffers(request: WebTorrentRequest): void {
  request.offerCount = 0
  request.offersDropped = 0
  request.offersOmitted = 0
}

/** @returns behind the comma and white space, or behind the closing bracket, as the byte in front of it tells */
function nextElement(input: Uint8Array, at: number, end: number): number {
  if (at < 0) return at
  at = skipSpace(input, at, end)
  if (at >= end) return ScanError.syntax
  if (input[at] === JsonByte.bracketClose) return at + 1
  return input[at] === JsonByte.comma ? skipSpace(input, at + 1, end) : ScanError.syntax
}

/** Whether a value that may be none yet is `null`; its first letter tells, if it is JSON at all. */
function isNull(input: Uint8Array, at: number, end: number): boolean {
  return at < end && input[at] === JsonByte.letterN
}

function isDigit(byte: number): boolean {
  return byte >= JsonByte.zero && byte <= JsonByte.nine
}
