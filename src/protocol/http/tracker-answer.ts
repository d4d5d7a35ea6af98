// What a tracker's bencoded answer says, as far as a load generator asks (BEP 3, 7, 23, 48): read in one pass, checked
// for its form, with nothing kept but numbers and positions. Nothing is allocated and nothing thrown.

import { Byte, isWord, latin1Bytes } from './ascii.js'
import { IDENTIFIER_BYTES } from './query-values.js'

// Own names for what is imported: see response-bytes.ts.
const { carriageReturn, colon, dash, lineFeed, nine, zero } = Byte

export const AnswerKind = {
  /** No bencoded dictionary, or bytes behind it other than the end of a line. */
  malformed: 0,
  announce: 1,
  scrape: 2,
  /** A `failure reason` (BEP 3). */
  failure: 3,
  /** A dictionary that answers neither. */
  other: 4,
} as const

const PEER_BYTES_IPV4 = 6
const PEER_BYTES_IPV6 = 18

/** Reused. A number that is not there is -1. Positions are those of the input. */
export class TrackerAnswer {
  kind: number = AnswerKind.malformed
  /** Text of the failure; empty where it is no text. */
  failureStart = 0
  failureEnd = 0
  interval = -1
  complete = -1
  incomplete = -1
  /** In `peers` and in `peers6`; compact ones by their length, rounded down. */
  peers = 0
  peers6 = 0
  /** Compact peers; an empty range where they are a list or missing. */
  peersStart = 0
  peersEnd = 0
  peers6Start = 0
  peers6End = 0
  /** A compact list has a length that is no number of peers. */
  hasOddPeers = false
  /** Torrents in a scrape's answer, and where the first one's hash begins (behind `20:`). */
  files = 0
  filesStart = 0
}

/** Deeper nesting is malformed: no answer has more than three levels. */
const DEPTH_MAX = 16

const FAILURE_REASON = latin1Bytes('failure reason')
const INTERVAL = latin1Bytes('interval')
const COMPLETE = latin1Bytes('complete')
const INCOMPLETE = latin1Bytes('incomplete')
const PEERS = latin1Bytes('peers')
const PEERS6 = latin1Bytes('peers6')
const FILES = latin1Bytes('files')
const LETTER_D = latin1Bytes('d')[0]
const LETTER_E = latin1Bytes('e')[0]
const LETTER_I = latin1Bytes('i')[0]
const LETTER_L = latin1Bytes('l')[0]
const STRING_DIGITS_MAX = 9
const INTEGER_DIGITS_MAX = 20

// Of the string and the integer that were read last.
let stringStart = 0
let integer = 0

/** Reads input[start, end). @returns the kind, which is in `answer` too */
export function readTrackerAnswer(
  input: Uint8Array,
  start: number,
  end: number,
  answer: TrackerAnswer,
): number {
  reset(answer)
  const dictionaryEnd = withoutLineEnd(input, start, end)
  const isWhole =
    start < end &&
    input[start] === LETTER_D &&
    readMembers(input, start + 1, dictionaryEnd, answer) === dictionaryEnd
  answer.kind = isWhole ? kindOf(answer) : AnswerKind.malformed
  return answer.kind
}

/** Some trackers write one behind the dictionary, and clients take it (aquatic 0.9). */
function withoutLineEnd(input: Uint8Array, start: number, end: number): number {
  if (end <= start || input[end - 1] !== lineFeed) return end
  return end - 1 > start && input[end - 2] === carriageReturn ? end - 2 : end - 1
}

// Whether these members were there.
let hasFailure = false
let hasPeers = false
let hasFiles = false

function reset(answer: TrackerAnswer): void {
  hasFailure = false
  hasPeers = false
  hasFiles = false
  answer.failureStart = 0
  answer.failureEnd = 0
  answer.interval = -1
  answer.complete = -1
  answer.incomplete = -1
  answer.peers = 0
  answer.peers6 = 0
  answer.peersStart = 0
  answer.peersEnd = 0
  answer.peers6Start = 0
  answer.peers6End = 0
  answer.hasOddPeers = false
  answer.files = 0
  answer.filesStart = 0
}

function kindOf({ interval }: TrackerAnswer): number {
  if (hasFailure) return AnswerKind.failure
  if (hasFiles) return AnswerKind.scrape
  return hasPeers || interval >= 0 ? AnswerKind.announce : AnswerKind.other
}

/** Members of the outermost dictionary. @returns the position behind its end, or -1 */
function readMembers(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  while (at < end && input[at] !== LETTER_E) {
    const keyEnd = readString(input, at, end)
    if (keyEnd < 0 || keyEnd >= end) return -1
    at = readMember(input, stringStart, keyEnd, end, answer)
    if (at < 0) return -1
  }
  return at < end ? at + 1 : -1
}

function readMember(
  input: Uint8Array,
  keyStart: number,
  keyEnd: number,
  end: number,
  answer: TrackerAnswer,
): number {
  switch (keyEnd - keyStart) {
    case PEERS.length:
      if (isWord(input, keyStart, keyEnd, PEERS)) return readPeers(input, keyEnd, end, answer)
      if (isWord(input, keyStart, keyEnd, FILES)) return readFiles(input, keyEnd, end, answer)
      break
    case PEERS6.length:
      if (isWord(input, keyStart, keyEnd, PEERS6)) return readPeers6(input, keyEnd, end, answer)
      break
    case INTERVAL.length: {
      const isInterval = isWord(input, keyStart, keyEnd, INTERVAL)
      if (!isInterval && !isWord(input, keyStart, keyEnd, COMPLETE)) break
      const next = readInteger(input, keyEnd, end)
      if (isInterval) answer.interval = integer
      else answer.complete = integer
      return next
    }
    case INCOMPLETE.length: {
      if (!isWord(input, keyStart, keyEnd, INCOMPLETE)) break
      const next = readInteger(input, keyEnd, end)
      answer.incomplete = integer
      return next
    }
    case FAILURE_REASON.length:
      if (isWord(input, keyStart, keyEnd, FAILURE_REASON)) return readFailure(input, keyEnd, end, answer)
  }
  return skipValue(input, keyEnd, end, 1)
}

function readFailure(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  hasFailure = true
  const textEnd = readString(input, at, end)
  if (textEnd < 0) return skipValue(input, at, end, 1)
  answer.failureStart = stringStart
  answer.failureEnd = textEnd
  return textEnd
}

/** A string of peers, or a list of dictionaries. */
function readPeers(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  hasPeers = true
  // Of a key that comes twice the last one counts.
  answer.peers = 0
  answer.peersStart = 0
  answer.peersEnd = 0
  if (input[at] === LETTER_L) return readPeerList(input, at + 1, end, answer)
  const next = readString(input, at, end)
  if (next < 0) return -1
  const bytes = next - stringStart
  answer.peersStart = stringStart
  answer.peersEnd = next
  answer.peers = Math.floor(bytes / PEER_BYTES_IPV4)
  if (bytes % PEER_BYTES_IPV4 !== 0) answer.hasOddPeers = true
  return next
}

function readPeerList(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  while (at < end && input[at] !== LETTER_E) {
    if (input[at] !== LETTER_D) return -1
    answer.peers++
    at = skipValue(input, at, end, 2)
    if (at < 0) return -1
  }
  return at < end ? at + 1 : -1
}

function readPeers6(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  hasPeers = true
  const next = readString(input, at, end)
  if (next < 0) return -1
  const bytes = next - stringStart
  answer.peers6Start = stringStart
  answer.peers6End = next
  answer.peers6 = Math.floor(bytes / PEER_BYTES_IPV6)
  if (bytes % PEER_BYTES_IPV6 !== 0) answer.hasOddPeers = true
  return next
}

/** A dictionary of 20-byte hashes and dictionaries. */
function readFiles(input: Uint8Array, at: number, end: number, answer: TrackerAnswer): number {
  hasFiles = true
  // Of a key that comes twice the last one counts.
  answer.files = 0
  answer.filesStart = 0
  if (input[at] !== LETTER_D) return -1
  at++
  while (at < end && input[at] !== LETTER_E) {
    const hashEnd = readString(input, at, end)
    if (hashEnd < 0 || hashEnd - stringStart !== IDENTIFIER_BYTES) return -1
    if (answer.files === 0) answer.filesStart = stringStart
    answer.files++
    if (hashEnd >= end || input[hashEnd] !== LETTER_D) return -1
    at = skipValue(input, hashEnd, end, 2)
    if (at < 0) return -1
  }
  return at < end ? at + 1 : -1
}

/**
 * Of a scrape's answer that was read before: the hash that follows one, as the position of its first byte.
 * @param hashAt position of the one before
 * @returns -1 behind the last
 */
export function nextFile(input: Uint8Array, hashAt: number, end: number): number {
  const at = skipValue(input, hashAt + IDENTIFIER_BYTES, end, 2)
  if (at < 0 || at >= end || input[at] === LETTER_E) return -1
  return readString(input, at, end) < 0 ? -1 : stringStart
}

/** Any value, checked for its form. @returns the position behind it, or -1 */
function skipValue(input: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end || depth > DEPTH_MAX) return -1
  const byte = input[at]
  if (byte === LETTER_I) return readInteger(input, at, end)
  if (byte !== LETTER_L && byte !== LETTER_D) return readString(input, at, end)
  at++
  while (at < end && input[at] !== LETTER_E) {
    if (byte === LETTER_D) {
      at = readString(input, at, end)
      if (at < 0) return -1
    }
    at = skipValue(input, at, end, depth + 1)
    if (at < 0) return -1
  }
  return at < end ? at + 1 : -1
}

/** `4:text`; leaves where the text begins in this module. @returns the position behind it, or -1 */
function readString(input: Uint8Array, start: number, end: number): number {
  let length = 0
  let at = start
  while (at < end && input[at] !== colon) {
    const byte = input[at]
    if (byte < zero || byte > nine || at - start === STRING_DIGITS_MAX) return -1
    length = length * 10 + byte - zero
    at++
  }
  if (at === start || at >= end || length > end - at - 1) return -1
  stringStart = at + 1
  return at + 1 + length
}

/** `i42e`; leaves the number in this module. @returns the position behind it, or -1 */
function readInteger(input: Uint8Array, start: number, end: number): number {
  if (start >= end || input[start] !== LETTER_I) return -1
  let at = start + 1
  const isNegative = at < end && input[at] === dash
  if (isNegative) at++
  const digitsStart = at
  let value = 0
  while (at < end && input[at] !== LETTER_E) {
    const byte = input[at]
    if (byte < zero || byte > nine || at - digitsStart === INTEGER_DIGITS_MAX) return -1
    value = value * 10 + (byte - zero)
    at++
  }
  if (at === digitsStart || at >= end) return -1
  integer = isNegative ? -value : value
  return at + 1
}
