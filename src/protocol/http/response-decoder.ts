// Answers over HTTP/1.x as a client reads them (RFC 9112), shown again from their beginning until they are whole.
// Nothing is allocated and nothing thrown: whatever bytes come, a status says what they are. What was read of an
// incomplete answer is noted, so that a look costs what came since, and its head: not all of its chunks again.

import { Byte, hexValues, isBlank, isWordInAnyCase, latin1Bytes } from './ascii.js'

// Own names for what is imported: see response-bytes.ts.
const { carriageReturn, colon, lineFeed, nine, semicolon, space, zero } = Byte

export const ResponseStatus = {
  /** More bytes are needed. */
  incomplete: 0,
  complete: 1,
  /** No status line of HTTP/1.x. */
  notHttp: 2,
  /** No end of the head within HEAD_BYTES_MAX. */
  headTooLong: 3,
  /** A header line without a colon, or lengths that contradict each other. */
  headMalformed: 4,
  /** A body that is longer than allowed, by its own words. */
  bodyTooLong: 5,
  chunkMalformed: 6,
  /** The connection ended before the answer did. */
  cutOff: 7,
} as const

/** Longest head, interim answers (1xx) not counted. */
export const HEAD_BYTES_MAX = 16_384
/** Digits of a length, and of a chunk's. */
const LENGTH_DIGITS_MAX = 15
const CHUNK_DIGITS_MAX = 8

/** A whole answer. Reused. */
export class HttpResponse {
  /** 100 to 999. */
  statusCode = 0
  /** The body lies in input[bodyStart, bodyEnd); chunks have been put together there. */
  bodyStart = 0
  bodyEnd = 0
  /** Where the next answer begins. */
  end = 0
  /** The server closes the connection behind this answer. */
  closes = false
  /** The body is compressed, or something else that was not asked for. */
  isEncoded = false
  /** Answers before this one that only said that it follows (1xx). */
  interim = 0
}

/** How far an answer was read that is not whole: for each connection its own. */
export class ResponseProgress {
  /** Interim answers, and where the one behind them begins, as a distance from the start. */
  interim = 0
  headAt = 0
  /** Chunks that are whole: where the next begins, as a distance from the start, or 0; and their bytes. */
  chunkAt = 0
  chunkBytes = 0

  /** Another answer begins. */
  clear(): void {
    this.interim = 0
    this.headAt = 0
    this.chunkAt = 0
    this.chunkBytes = 0
  }
}

/** What the head says of the body: its length, or one of these. */
const BODY_UNTIL_CLOSE = -1
const BODY_CHUNKED = -2

const VERSION = latin1Bytes('HTTP/1.')
const CONTENT_LENGTH = latin1Bytes('content-length')
const CONTENT_ENCODING = latin1Bytes('content-encoding')
const TRANSFER_ENCODING = latin1Bytes('transfer-encoding')
const CONNECTION = latin1Bytes('connection')
const CLOSE = latin1Bytes('close')
const KEEP_ALIVE = latin1Bytes('keep-alive')
const CHUNKED = latin1Bytes('chunked')
const IDENTITY = latin1Bytes('identity')
const LETTER_C = latin1Bytes('c')[0]
const LETTER_T = latin1Bytes('t')[0]
/** Makes a capital letter small. */
const LOWER = 0x20

// Of the head that was decoded last.
let headEnd = 0
let bodyLength = 0
let hasLength = false

/**
 * Decodes the answer that begins at `start` of input[start, end). If it was incomplete before, the bytes seen then must
 * be the same, wherever they lie now.
 * @param hasEnded nothing follows: the connection has ended
 * @param bodyBytesMax longest body allowed
 * @param response filled in where the answer is complete
 * @param progress of this answer; clear where it begins, and again once the result is not `incomplete`
 * @returns a `ResponseStatus`
 */
export function decodeResponse(
  input: Uint8Array,
  start: number,
  end: number,
  hasEnded: boolean,
  bodyBytesMax: number,
  response: HttpResponse,
  progress: ResponseProgress,
): number {
  const status = decodeSoFar(input, start, end, hasEnded, bodyBytesMax, response, progress)
  if (status === ResponseStatus.incomplete && !hasEnded) return status
  progress.clear()
  return orCutOff(status, hasEnded)
}

function decodeSoFar(
  input: Uint8Array,
  start: number,
  end: number,
  hasEnded: boolean,
  bodyBytesMax: number,
  response: HttpResponse,
  progress: ResponseProgress,
): number {
  for (;;) {
    const status = decodeHead(input, start + progress.headAt, end, response)
    response.interim = progress.interim
    if (status !== ResponseStatus.complete) return status
    const code = response.statusCode
    // 101 is final: what follows is no HTTP any more.
    if (code >= 200 || code === 101) break
    progress.interim++
    progress.headAt = headEnd - start
  }
  const { statusCode } = response
  if (statusCode === 204 || statusCode === 304 || statusCode === 101) bodyLength = 0
  response.bodyStart = headEnd
  if (bodyLength === BODY_CHUNKED) return joinChunks(input, start, end, bodyBytesMax, response, progress)
  if (bodyLength === BODY_UNTIL_CLOSE) {
    response.closes = true
    if (end - headEnd > bodyBytesMax) return ResponseStatus.bodyTooLong
    if (!hasEnded) return ResponseStatus.incomplete
    bodyLength = end - headEnd
  }
  if (bodyLength > bodyBytesMax) return ResponseStatus.bodyTooLong
  if (bodyLength > end - headEnd) return ResponseStatus.incomplete
  response.bodyEnd = headEnd + bodyLength
  response.end = response.bodyEnd
  return ResponseStatus.complete
}

function orCutOff(status: number, hasEnded: boolean): number {
  return status === ResponseStatus.incomplete && hasEnded ? ResponseStatus.cutOff : status
}

/** Status line and headers; leaves where they end, and what they say of the body, in this module. */
function decodeHead(input: Uint8Array, start: number, end: number, response: HttpResponse): number {
  const limit = Math.min(end, start + HEAD_BYTES_MAX)
  let at = statusLineEnd(input, start, limit, response)
  if (at < 0) return ResponseStatus.notHttp
  bodyLength = BODY_UNTIL_CLOSE
  hasLength = false
  while (at < limit) {
    const byte = input[at]
    if (byte === lineFeed || (byte === carriageReturn && at + 1 < limit && input[at + 1] === lineFeed)) {
      headEnd = byte === lineFeed ? at + 1 : at + 2
      return ResponseStatus.complete
    }
    const lineEnd = findLineFeed(input, at, limit)
    if (lineEnd === limit) break
    const kind = byte | LOWER
    if ((kind === LETTER_C || kind === LETTER_T) && !decodeHeader(input, at, lineEnd, response)) {
      return ResponseStatus.headMalformed
    }
    at = lineEnd + 1
  }
  return end - start >= HEAD_BYTES_MAX ? ResponseStatus.headTooLong : ResponseStatus.incomplete
}

/** @returns where the headers begin, `limit` where the line is not whole, -1 where it is none */
function statusLineEnd(input: Uint8Array, start: number, limit: number, response: HttpResponse): number {
  const versionEnd = start + VERSION.length
  for (let at = start; at < versionEnd && at < limit; at++) {
    if (input[at] !== VERSION[at - start]) return -1
  }
  if (limit > versionEnd && (input[versionEnd] < zero || input[versionEnd] > nine)) return -1
  if (limit > versionEnd + 1 && input[versionEnd + 1] !== space) return -1
  let code = 0
  const codeEnd = versionEnd + 5
  for (let at = versionEnd + 2; at < codeEnd && at < limit; at++) {
    if (input[at] < zero || input[at] > nine) return -1
    code = code * 10 + input[at] - zero
  }
  if (limit < codeEnd) return limit
  if (code < 100) return -1
  response.statusCode = code
  response.closes = input[versionEnd] === zero
  response.isEncoded = false
  const lineEnd = findLineFeed(input, codeEnd, limit)
  return lineEnd === limit ? limit : lineEnd + 1
}

function findLineFeed(input: Uint8Array, at: number, limit: number): number {
  while (at < limit && input[at] !== lineFeed) at++
  return at
}

/** One line that may matter. @returns false where it makes no sense */
function decodeHeader(input: Uint8Array, start: number, lineEnd: number, response: HttpResponse): boolean {
  let nameEnd = start
  while (nameEnd < lineEnd && input[nameEnd] !== colon) nameEnd++
  if (nameEnd === lineEnd) return false
  let from = nameEnd + 1
  let to = lineEnd > from && input[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd
  while (from < to && isBlank(input[from])) from++
  while (to > from && isBlank(input[to - 1])) to--
  if (isWordInAnyCase(input, start, nameEnd, CONTENT_LENGTH)) return decodeLength(input, from, to)
  if (isWordInAnyCase(input, start, nameEnd, CONNECTION)) {
    if (isWordInAnyCase(input, from, to, CLOSE)) response.closes = true
    else if (isWordInAnyCase(input, from, to, KEEP_ALIVE)) response.closes = false
  } else if (isWordInAnyCase(input, start, nameEnd, TRANSFER_ENCODING)) {
    // Chunks are the last coding, or the body ends with the connection (RFC 9112 section 6.3).
    const isChunked = to - from >= CHUNKED.length && isWordInAnyCase(input, to - CHUNKED.length, to, CHUNKED)
    if (isChunked && to - from > CHUNKED.length) response.isEncoded = true
    if (isChunked) bodyLength = BODY_CHUNKED
  } else if (isWordInAnyCase(input, start, nameEnd, CONTENT_ENCODING)) {
    response.isEncoded = !isWordInAnyCase(input, from, to, IDENTITY)
  }
  return true
}

function decodeLength(input: Uint8Array, from: number, to: number): boolean {
  if (from === to || to - from > LENGTH_DIGITS_MAX) return false
  let length = 0
  for (let at = from; at < to; at++) {
    if (input[at] < zero || input[at] > nine) return false
    length = length * 10 + input[at] - zero
  }
  // Two that differ are what answers are smuggled with. Chunks go before any length.
  if (hasLength && bodyLength !== BODY_CHUNKED && length !== bodyLength) return false
  hasLength = true
  if (bodyLength !== BODY_CHUNKED) bodyLength = length
  return true
}

// Of the chunk line that was decoded last.
let chunkLength = 0
let chunkStart = 0

/**
 * Walks through the chunks, on from where it came to before; only when the last is there are they put together, so that
 * an incomplete answer stays as it is.
 */
function joinChunks(
  input: Uint8Array,
  start: number,
  end: number,
  bodyBytesMax: number,
  response: HttpResponse,
  progress: ResponseProgress,
): number {
  let at = progress.chunkAt === 0 ? response.bodyStart : start + progress.chunkAt
  for (;;) {
    const status = decodeChunkLine(input, at, end)
    if (status !== ResponseStatus.complete) return status
    if (chunkLength === 0) break
    if (progress.chunkBytes + chunkLength > bodyBytesMax) return ResponseStatus.bodyTooLong
    at = skipLineEnd(input, chunkStart + chunkLength, end)
    if (at < 0) return ResponseStatus.chunkMalformed
    if (at > end) return ResponseStatus.incomplete
    progress.chunkBytes += chunkLength
    progress.chunkAt = at - start
  }
  const answerEnd = trailersEnd(input, chunkStart, end)
  if (answerEnd < 0) return ResponseStatus.headTooLong
  if (answerEnd > end) return ResponseStatus.incomplete
  response.end = answerEnd
  response.bodyEnd = compactChunks(input, response.bodyStart, end)
  return ResponseStatus.complete
}

function compactChunks(input: Uint8Array, start: number, end: number): number {
  let at = start
  let to = start
  for (;;) {
    decodeChunkLine(input, at, end)
    if (chunkLength === 0) return to
    const dataEnd = chunkStart + chunkLength
    at = skipLineEnd(input, dataEnd, end)
    input.copyWithin(to, chunkStart, dataEnd)
    to += dataEnd - chunkStart
  }
}

/** `1a;extension` CR LF; leaves length and end in this module. */
function decodeChunkLine(input: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + HEAD_BYTES_MAX)
  let at = start
  let length = 0
  while (at < limit && hexValues[input[at]] >= 0) {
    if (at - start === CHUNK_DIGITS_MAX) return ResponseStatus.chunkMalformed
    length = length * 16 + hexValues[input[at]]
    at++
  }
  if (at === end) return ResponseStatus.incomplete
  if (at === start) return ResponseStatus.chunkMalformed
  const next = input[at]
  const isLineEnd = next === lineFeed || next === carriageReturn
  if (!isLineEnd && next !== semicolon && !isBlank(next)) return ResponseStatus.chunkMalformed
  const lineEnd = findLineFeed(input, at, limit)
  if (lineEnd === limit) {
    return end - start >= HEAD_BYTES_MAX ? ResponseStatus.chunkMalformed : ResponseStatus.incomplete
  }
  chunkLength = length
  chunkStart = lineEnd + 1
  return ResponseStatus.complete
}

/** @returns the position behind CR LF, one beyond `end` where it is not there yet, -1 where something else is */
function skipLineEnd(input: Uint8Array, at: number, end: number): number {
  if (at >= end) return end + 1
  if (input[at] === lineFeed) return at + 1
  if (input[at] !== carriageReturn) return -1
  if (at + 1 === end) return end + 1
  return input[at + 1] === lineFeed ? at + 2 : -1
}

/** The position behind the empty line that ends the trailers; beyond `end`: not there yet; -1: they are too long. */
function trailersEnd(input: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + HEAD_BYTES_MAX)
  let at = start
  while (at < limit) {
    const behind = skipLineEnd(input, at, limit)
    if (behind >= 0) return behind > limit ? end + 1 : behind
    const lineEnd = findLineFeed(input, at, limit)
    if (lineEnd === limit) break
    at = lineEnd + 1
  }
  return end - start >= HEAD_BYTES_MAX ? -1 : end + 1
}
