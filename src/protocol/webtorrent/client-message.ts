// What a tracker of the WebTorrent protocol sends, as its clients read it: members in any order, unknown ones passed
// over, of one that comes more than once the last one, as for JSON.parse. Nothing is allocated.

import { latin1Bytes } from '../http/ascii.js'
import { decodeIdentifier, IDENTIFIER_BYTES } from './identifier.js'
import { JsonByte, JsonScanner, ScanError, skipColon, skipSpace, skipString } from './json-scanner.js'
import { actionWords, findWord } from './member-name.js'
import { MessageAction } from './request.js'

/** What a message is. */
export const enum TrackerMessageKind {
  announceResponse = 0,
  scrapeResponse = 1,
  offer = 2,
  answer = 3,
  failure = 4,
  /** Not JSON, nested too deeply, or nothing of the protocol. */
  malformed = 5,
}

/** Deepest of all that trackers send is a scrape's file; what is passed over may be deeper. */
const DEPTH_MAX = 16
const MEMBER_DEPTH = 1
const INNER_DEPTH = 2
const FILE_DEPTH = 3

/** Numbers that are no whole ones of up to 2^53 are none. */
const NO_NUMBER = -1

/** A message. Reused. Positions are in the input. */
export class TrackerMessage {
  hasInfoHash = false
  readonly infoHashWords = new Int32Array(5)
  readonly infoHash = new Uint8Array(this.infoHashWords.buffer)
  /** Of the peer that offers or answers. */
  hasPeerId = false
  readonly peerIdWords = new Int32Array(5)
  readonly peerId = new Uint8Array(this.peerIdWords.buffer)
  hasOfferId = false
  readonly offerIdWords = new Int32Array(5)
  readonly offerId = new Uint8Array(this.offerIdWords.buffer)
  /** -1 where there is none. */
  complete = NO_NUMBER
  incomplete = NO_NUMBER
  /** Seconds. */
  interval = NO_NUMBER
  /** Text of the description in an offer or answer, as it stands in the JSON; both 0 if there is none. */
  sdpStart = 0
  sdpEnd = 0
  /** A `MessageAction`; failures name that of the request. */
  action: number = MessageAction.unknown
  /** Text of a failure, as it stands in the JSON. */
  failureStart = 0
  failureEnd = 0
  /** Torrents in a scrape's answer that have both counts. */
  files = 0
  /** Keys of `files` that are no info hash, or values without counts. */
  filesInvalid = 0
  readonly fileHashes: Uint8Array
  readonly fileHashWords: Int32Array
  readonly fileComplete: Float64Array
  readonly fileIncomplete: Float64Array

  /** @param scrapeTorrents files that are kept; more are counted */
  constructor(readonly scrapeTorrents: number) {
    // One place more: a key is decoded before it is known to be valid.
    this.fileHashWords = new Int32Array((scrapeTorrents + 1) * 5)
    this.fileHashes = new Uint8Array(this.fileHashWords.buffer)
    this.fileComplete = new Float64Array(scrapeTorrents + 1)
    this.fileIncomplete = new Float64Array(scrapeTorrents + 1)
  }
}

/** Names of members that are looked at. `unknown` is any other. */
const enum Name {
  unknown = 0,
  action = 1,
  infoHash = 2,
  peerId = 3,
  offerId = 4,
  offer = 5,
  answer = 6,
  complete = 7,
  incomplete = 8,
  interval = 9,
  failure = 10,
  files = 11,
  sdp = 12,
}

/** In the order of `Name`, with their closing quotes. */
const names: readonly Uint8Array[] = [
  ...['', 'action', 'info_hash', 'peer_id', 'offer_id', 'offer', 'answer'],
  ...['complete', 'incomplete', 'interval', 'failure reason', 'files', 'sdp'],
].map(name => latin1Bytes(`${name}"`))
const firstLetters = Uint8Array.from(names, name => name[0])

/** What was found of the members that tell kinds apart. */
const enum Seen {
  offer = 1,
  answer = 2,
  files = 4,
  failure = 8,
}

export class TrackerMessageReader {
  readonly #scanner = new JsonScanner(DEPTH_MAX)
  #seen = 0
  #name: number = Name.unknown
  #complete = NO_NUMBER
  #incomplete = NO_NUMBER

  /**
   * Reads the message input[start, end).
   * @returns a `TrackerMessageKind`
   */
  read(input: Uint8Array, start: number, end: number, message: TrackerMessage): number {
    clear(message)
    this.#seen = 0
    let at = skipSpace(input, start, end)
    if (at >= end || input[at] !== JsonByte.braceOpen) return TrackerMessageKind.malformed
    at = this.#takeMembers(input, at + 1, end, message)
    if (at < 0 || skipSpace(input, at, end) !== end) return TrackerMessageKind.malformed
    return this.#judge(message)
  }

  #judge(message: TrackerMessage): number {
    const seen = this.#seen
    if ((seen & Seen.failure) !== 0) return TrackerMessageKind.failure
    if ((seen & Seen.files) !== 0) return TrackerMessageKind.scrapeResponse
    if ((seen & (Seen.offer | Seen.answer)) !== 0) {
      if (!message.hasOfferId || !message.hasPeerId) return TrackerMessageKind.malformed
      return (seen & Seen.offer) !== 0 ? TrackerMessageKind.offer : TrackerMessageKind.answer
    }
    const hasCounts = message.complete >= 0 || message.incomplete >= 0 || message.interval >= 0
    return hasCounts && message.hasInfoHash
      ? TrackerMessageKind.announceResponse
      : TrackerMessageKind.malformed
  }

  /** @param at behind the opening brace */
  #takeMembers(input: Uint8Array, at: number, end: number, message: TrackerMessage): number {
    at = skipSpace(input, at, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      at = this.#readName(input, at, end)
      if (at < 0) return at
      at = this.#takeMember(input, at, end, message)
      at = nextMember(input, at, end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.braceClose) return at
    }
  }

  /** @param at of the value */
  #takeMember(input: Uint8Array, at: number, end: number, message: TrackerMessage): number {
    switch (this.#name) {
      case Name.action:
        message.action = actionAt(input, at, end)
        break
      case Name.infoHash:
        at = this.#takeIdentifier(input, at, end, message.infoHash)
        message.hasInfoHash = this.#isIdentifier
        return at
      case Name.peerId:
        at = this.#takeIdentifier(input, at, end, message.peerId)
        message.hasPeerId = this.#isIdentifier
        return at
      case Name.offerId:
        at = this.#takeIdentifier(input, at, end, message.offerId)
        message.hasOfferId = this.#isIdentifier
        return at
      case Name.complete:
        message.complete = wholeNumberAt(input, at, end)
        break
      case Name.incomplete:
        message.incomplete = wholeNumberAt(input, at, end)
        break
      case Name.interval:
        message.interval = wholeNumberAt(input, at, end)
        break
      case Name.offer:
        return this.#takeDescription(input, at, end, message, Seen.offer)
      case Name.answer:
        return this.#takeDescription(input, at, end, message, Seen.answer)
      case Name.files:
        return this.#takeFiles(input, at, end, message)
      case Name.failure:
        return this.#takeFailure(input, at, end, message)
    }
    return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
  }

  #isIdentifier = false

  #takeIdentifier(input: Uint8Array, at: number, end: number, out: Uint8Array): number {
    this.#isIdentifier = false
    if (at >= end || input[at] !== JsonByte.quote)
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    const valueEnd = decodeIdentifier(input, at + 1, end, out, 0)
    this.#isIdentifier = valueEnd > 0
    return valueEnd < ScanError.syntax ? -valueEnd : valueEnd
  }

  #takeFailure(input: Uint8Array, at: number, end: number, message: TrackerMessage): number {
    if (at >= end || input[at] !== JsonByte.quote)
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    const valueEnd = skipString(input, at + 1, end)
    this.#seen |= Seen.failure
    message.failureStart = at + 1
    message.failureEnd = valueEnd - 1
    return valueEnd
  }

  #takeDescription(
    input: Uint8Array,
    at: number,
    end: number,
    message: TrackerMessage,
    seen: number,
  ): number {
    message.sdpStart = 0
    message.sdpEnd = 0
    this.#seen &= ~seen
    if (at < end && input[at] !== JsonByte.letterN) this.#seen |= seen
    if (at >= end || input[at] !== JsonByte.braceOpen)
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    at = skipSpace(input, at + 1, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      at = this.#readName(input, at, end)
      if (at < 0) return at
      const valueAt = at
      at = this.#scanner.skipValue(input, at, end, INNER_DEPTH)
      if (at > 0 && this.#name === Name.sdp && input[valueAt] === JsonByte.quote) {
        message.sdpStart = valueAt + 1
        message.sdpEnd = at - 1
      }
      at = nextMember(input, at, end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.braceClose) return at
    }
  }

  /** The answer to a scrape: info hashes as names, counts in their values. */
  #takeFiles(input: Uint8Array, at: number, end: number, message: TrackerMessage): number {
    message.files = 0
    message.filesInvalid = 0
    if (at >= end || input[at] !== JsonByte.braceOpen)
      return this.#scanner.skipValue(input, at, end, MEMBER_DEPTH)
    this.#seen |= Seen.files
    at = skipSpace(input, at + 1, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      const place = Math.min(message.files, message.scrapeTorrents)
      at = this.#takeFileName(input, at, end, message.fileHashes, place * IDENTIFIER_BYTES)
      if (at < 0) return at
      const isHash = this.#isIdentifier
      at = this.#takeFile(input, at, end)
      if (isHash && this.#complete >= 0 && this.#incomplete >= 0) {
        message.fileComplete[place] = this.#complete
        message.fileIncomplete[place] = this.#incomplete
        message.files++
      } else message.filesInvalid++
      at = nextMember(input, at, end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.braceClose) return at
    }
  }

  /** @returns the position of the value behind the name */
  #takeFileName(input: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number): number {
    if (at >= end || input[at] !== JsonByte.quote) return ScanError.syntax
    at = decodeIdentifier(input, at + 1, end, out, outAt)
    this.#isIdentifier = at > 0
    if (at === ScanError.syntax) return at
    return skipColon(input, at < 0 ? -at : at, end)
  }

  #takeFile(input: Uint8Array, at: number, end: number): number {
    this.#complete = NO_NUMBER
    this.#incomplete = NO_NUMBER
    if (at >= end || input[at] !== JsonByte.braceOpen)
      return this.#scanner.skipValue(input, at, end, INNER_DEPTH)
    at = skipSpace(input, at + 1, end)
    if (at < end && input[at] === JsonByte.braceClose) return at + 1
    for (;;) {
      at = this.#readName(input, at, end)
      if (at < 0) return at
      if (this.#name === Name.complete) this.#complete = wholeNumberAt(input, at, end)
      else if (this.#name === Name.incomplete) this.#incomplete = wholeNumberAt(input, at, end)
      at = nextMember(input, this.#scanner.skipValue(input, at, end, FILE_DEPTH), end)
      if (at < 0) return at
      if (input[at - 1] === JsonByte.braceClose) return at
    }
  }

  /** Names with escapes are none that is known: no tracker writes them. @returns the position of the member's value */
  #readName(input: Uint8Array, at: number, end: number): number {
    if (at >= end || input[at] !== JsonByte.quote) return ScanError.syntax
    const name = nameAt(input, at + 1, end)
    this.#name = name
    const nameEnd = name === Name.unknown ? skipString(input, at + 1, end) : at + 1 + names[name].length
    return nameEnd < 0 ? nameEnd : skipColon(input, nameEnd, end)
  }
}

function clear(message: TrackerMessage): void {
  message.hasInfoHash = false
  message.hasPeerId = false
  message.hasOfferId = false
  message.action = MessageAction.unknown
  message.complete = NO_NUMBER
  message.incomplete = NO_NUMBER
  message.interval = NO_NUMBER
  message.sdpStart = 0
  message.sdpEnd = 0
  message.failureStart = 0
  message.failureEnd = 0
  message.files = 0
  message.filesInvalid = 0
}

/** @returns behind the comma and white space, or behind the closing brace, as the byte in front of it tells */
function nextMember(input: Uint8Array, at: number, end: number): number {
  if (at < 0) return at
  at = skipSpace(input, at, end)
  if (at >= end) return ScanError.syntax
  if (input[at] === JsonByte.braceClose) return at + 1
  return input[at] === JsonByte.comma ? skipSpace(input, at + 1, end) : ScanError.syntax
}

/** Of a string without escapes; `MessageAction.unknown` for any other value. */
function actionAt(input: Uint8Array, at: number, end: number): number {
  const isString = at < end && input[at] === JsonByte.quote
  return isString ? findWord(input, at + 1, end, actionWords) + 1 : MessageAction.unknown
}

function nameAt(input: Uint8Array, at: number, end: number): number {
  const first = at < end ? input[at] : 0
  for (let name = 1; name < firstLetters.length; name++) {
    if (firstLetters[name] === first && isThere(input, at, end, names[name])) return name
  }
  return Name.unknown
}

function isThere(input: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  if (at + name.length > end) return false
  for (let index = 1; index < name.length; index++) if (input[at + index] !== name[index]) return false
  return true
}

/** Digits that are followed by no fraction or exponent; else -1. Whether it is JSON the scanner says. */
function wholeNumberAt(input: Uint8Array, at: number, end: number): number {
  const start = at
  let value = 0
  for (; at < end && input[at] >= JsonByte.zero && input[at] <= JsonByte.nine; at++) {
    value = value * 10 + (input[at] - JsonByte.zero)
  }
  if (at === start || value > Number.MAX_SAFE_INTEGER) return NO_NUMBER
  const next = at < end ? input[at] | 0x20 : 0
  return input[at] === JsonByte.dot || next === JsonByte.letterE ? NO_NUMBER : value
}
