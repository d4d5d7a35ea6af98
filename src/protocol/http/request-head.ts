// One request head (RFC 9112), found and decoded in place: what is asked for, and the headers that somebody wants.
// Tolerant where clients are sloppy, strict where a request could mean two things to two programs.
//
//   GET /announce?info_hash=…&port=6881 HTTP/1.1 CR LF      request line
//   User-Agent: x CR LF                                     headers, at most 128
//   CR LF                                                   end of the head
//
// Every offset that comes out is an offset into the given input.

import { Byte, isBlank, isWord, isWordInAnyCase, latin1Bytes, tokenBytes } from './ascii.js'
import { HeaderTable } from './header-table.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { carriageReturn, colon, comma, dot, lineFeed, nine, space, zero } = Byte
const tokens = tokenBytes

/** Results of decoding that are not errors. Every other result is the HTTP status to answer with before closing. */
export const HeadStatus = { incomplete: 0, complete: 1 } as const

/** The errors there are: 400, 405, 411, 413, 414, 431, 505. */
export const HeadError = {
  badRequest: 400,
  methodNotAllowed: 405,
  lengthRequired: 411,
  contentTooLarge: 413,
  targetTooLong: 414,
  headersTooLarge: 431,
  versionNotSupported: 505,
} as const

export const Method = { other: 0, get: 1, head: 2 } as const

/** Headers of a request; one more is answered with 431. Every one has its place in the head's instance columns. */
export const MAX_HEADERS = 128

/** Bytes of empty lines before a request line that are passed over (RFC 9112 section 2.2 asks for one empty line). */
export const MAX_LEADING_BLANK_BYTES = 16

export interface HeadLimits {
  /** From the first byte, empty lines included, to the end of the head. */
  readonly maxHeadBytes: number
  readonly maxTargetBytes: number
  /** A GET may carry a body, which nobody reads; a longer one is refused instead of skipped. */
  readonly maxBodyBytes: number
}

export const defaultHeadLimits: HeadLimits = {
  maxHeadBytes: 16_384,
  maxTargetBytes: 16_384,
  maxBodyBytes: 16_384,
}

/** What one head says. Reused; valid only after `complete`. */
export class HttpRequestHead {
  /** After `incomplete`: give this back with the next call, so that no byte is looked at over and over. */
  scannedBytes = 0
  /** A `Method`. */
  method: number = Method.other
  /** 0 or 1. */
  minorVersion = 0
  /** The client is ready for a further request on this connection. */
  keepAlive = false
  /** `Connection` names `upgrade` (RFC 9110 section 7.8). */
  connectionUpgrade = false
  /** The request target: [targetStart, targetEnd). */
  targetStart = 0
  targetEnd = 0
  /** Where the body starts, or the next request if there is none. */
  headEnd = 0
  /** Bytes to skip after the head. */
  bodyBytes = 0
  headerCount = 0

  /** Instances of wanted headers, in the order of the request. */
  readonly valueStarts = new Int32Array(MAX_HEADERS)
  readonly valueEnds = new Int32Array(MAX_HEADERS)
  /** The instance before with the same name, -1 for the first. */
  readonly previousInstances = new Int16Array(MAX_HEADERS)
  /** For each wanted header, the number of its last instance, -1 if it is absent. */
  readonly lastInstances: Int16Array
  instanceCount = 0
  /** -1 as long as there is no Content-Length. */
  contentLength = -1
  hasTransferEncoding = false
  sawClose = false
  sawKeepAlive = false

  /** @param wantedHeaders as many as the decoder wants */
  constructor(wantedHeaders: number) {
    this.lastInstances = new Int16Array(wantedHeaders)
  }

  clear(): void {
    // A loop: `fill` costs a call out of compiled code, 40 ns for these few.
    for (let header = 0; header < this.lastInstances.length; header++) this.lastInstances[header] = -1
    this.instanceCount = 0
    this.headerCount = 0
    this.contentLength = -1
    this.hasTransferEncoding = false
    this.sawClose = false
    this.sawKeepAlive = false
    this.connectionUpgrade = false
  }
}

/** Headers that decide how the request itself is read; they come before the wanted ones in the table. */
const framingHeaders = ['connection', 'content-length', 'transfer-encoding'] as const
const CONNECTION = 0
const CONTENT_LENGTH = 1
const TRANSFER_ENCODING = 2
const FIRST_WANTED = framingHeaders.length

const HEAD = latin1Bytes('HEAD')
const HTTP_SLASH = latin1Bytes(' HTTP/')
/** ` HTTP/1.1` */
const VERSION_BYTES = 9
const CLOSE = latin1Bytes('close')
const KEEP_ALIVE = latin1Bytes('keep-alive')
const UPGRADE = latin1Bytes('upgrade')
/** Content-Length of more digits is not a number of bytes that anybody has. */
const MAX_LENGTH_DIGITS = 15

/**
 * Decodes request heads; wanted headers and limits are fixed once.
 * Inner functions return the position behind what they read, 0 if the input ends before, or minus the error.
 */
export class RequestHeadDecoder {
  readonly #limits: HeadLimits
  readonly #headers: HeaderTable

  /** @param wantedHeaders names in any case; a header's number is its place here */
  constructor(wantedHeaders: readonly string[], limits: HeadLimits) {
    this.#headers = new HeaderTable([...framingHeaders, ...wantedHeaders])
    this.#limits = limits
  }

  /** A head that fits this decoder. */
  createHead(): HttpRequestHead {
    return new HttpRequestHead(this.#headers.size - FIRST_WANTED)
  }

  /**
   * Reads the head that starts at `start`, of which the bytes before `end` are here.
   * @param scannedBytes 0 for a new request, else what the head said after the last call for this request
   * @returns a `HeadStatus` or a `HeadError`
   */
  decode(input: Uint8Array, start: number, end: number, scannedBytes: number, head: HttpRequestHead): number {
    const limit = Math.min(end, start + this.#limits.maxHeadBytes)
    const lineStart = skipEmptyLines(input, start, limit)
    if (lineStart < 0) return -lineStart
    // A head that came in pieces is decoded only once its end is here: two passes at most over every byte.
    const isHere = scannedBytes === 0 || hasHeadEnd(input, Math.max(lineStart, start + scannedBytes), limit)
    const headEnd = isHere ? this.#decodeFrom(input, lineStart, limit, head) : 0
    if (headEnd > 0) {
      head.headEnd = headEnd
      return this.#judge(head)
    }
    if (headEnd < 0) return -headEnd
    if (limit - start === this.#limits.maxHeadBytes) {
      const hasLine = input.subarray(lineStart, limit).includes(lineFeed)
      return hasLine ? HeadError.headersTooLarge : HeadError.targetTooLong
    }
    // The last two bytes may be the first ones of LF CR LF.
    head.scannedBytes = Math.max(0, limit - start - 2)
    return HeadStatus.incomplete
  }

  #decodeFrom(input: Uint8Array, at: number, end: number, head: HttpRequestHead): number {
    head.clear()
    const next = this.#decodeRequestLine(input, at, end, head)
    return next > 0 ? this.#decodeHeaders(input, next, end, head) : next
  }

  #decodeRequestLine(input: Uint8Array, start: number, end: number, head: HttpRequestHead): number {
    let at = start
    // Bytes of 0x80 and more come unescaped from some clients; control characters have no place in a line.
    while (at < end && input[at] >= space) at++
    const next = at === end ? 0 : lineEnd(input, at, end)
    // What is no method is refused at once, so that a TLS handshake gets its answer on a plain port.
    const methodEnd = decodeMethod(input, start, at, head)
    if (methodEnd < 0) return -HeadError.badRequest
    if (next <= 0) return next
    const targetEnd = at - VERSION_BYTES
    if (targetEnd <= methodEnd || !hasVersion(input, targetEnd)) return -HeadError.badRequest
    if (input[at - 3] !== 0x31 || input[at - 1] > 0x31) return -HeadError.versionNotSupported
    head.minorVersion = input[at - 1] - zero
    head.targetStart = methodEnd + 1
    head.targetEnd = targetEnd
    while (head.targetStart < targetEnd && input[head.targetStart] === space) head.targetStart++
    while (head.targetEnd > head.targetStart && input[head.targetEnd - 1] === space) head.targetEnd--
    const targetBytes = head.targetEnd - head.targetStart
    if (targetBytes === 0) return -HeadError.badRequest
    return targetBytes > this.#limits.maxTargetBytes ? -HeadError.targetTooLong : next
  }

  #decodeHeaders(input: Uint8Array, start: number, end: number, head: HttpRequestHead): number {
    let at = start
    for (;;) {
      if (at === end) return 0
      const nameStart = at
      while (at < end && tokens[input[at]] === 1) at++
      if (at === end) return 0
      // An empty line is the end. White space here would continue the line before (obs-fold): refused.
      if (at === nameStart && input[at] !== colon) return lineEnd(input, at, end)
      if (at === nameStart || input[at] !== colon) return -HeadError.badRequest
      const nameEnd = at++
      const valueStart = at
      while (at < end && (input[at] >= space || !isLineBreaker(input[at]))) at++
      if (at === end) return 0
      const next = lineEnd(input, at, end)
      if (next <= 0) return next
      if (++head.headerCount > MAX_HEADERS) return -HeadError.headersTooLarge
      const header = this.#headers.find(input, nameStart, nameEnd)
      if (header >= 0 && !takeHeader(header, input, valueStart, at, head)) return -HeadError.badRequest
      at = next
    }
  }

  /** What a head, every line of which is right, comes to as a whole. */
  #judge(head: HttpRequestHead): number {
    // RFC 9112 section 6.1: both lengths are an attempt to smuggle a request.
    if (head.hasTransferEncoding && head.contentLength >= 0) return HeadError.badRequest
    head.keepAlive = !head.sawClose && (head.minorVersion === 1 || head.sawKeepAlive)
    head.bodyBytes = Math.max(0, head.contentLength)
    if (head.method === Method.other) return HeadError.methodNotAllowed
    if (head.hasTransferEncoding) return HeadError.lengthRequired
    if (head.bodyBytes > this.#limits.maxBodyBytes) return HeadError.contentTooLarge
    return HeadStatus.complete
  }
}

/** @returns where the request line starts, or minus an error */
function skipEmptyLines(input: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (input[at] === lineFeed || input[at] === carriageReturn)) {
    const isLoneReturn = input[at] === carriageReturn && at + 1 < end && input[at + 1] !== lineFeed
    if (isLoneReturn || at - start === MAX_LEADING_BLANK_BYTES) return -HeadError.badRequest
    at++
  }
  return at
}

/** Whether an empty line ends the head at or after `from`. */
function hasHeadEnd(input: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at + 1 < end; at++) {
    if (input[at] !== lineFeed) continue
    if (input[at + 1] === lineFeed) return true
    if (input[at + 1] === carriageReturn && at + 2 < end && input[at + 2] === lineFeed) return true
  }
  return false
}

/** NUL, LF and CR. */
function isLineBreaker(byte: number): boolean {
  return byte <= carriageReturn && (byte === lineFeed || byte === carriageReturn || byte === 0)
}

/** The line that ends at `at`, with LF or CR LF: where the next one starts. Anything else there is an error. */
function lineEnd(input: Uint8Array, at: number, end: number): number {
  if (input[at] === lineFeed) return at + 1
  if (input[at] !== carriageReturn) return -HeadError.badRequest
  if (at + 1 === end) return 0
  return input[at + 1] === lineFeed ? at + 2 : -HeadError.badRequest
}

/** @returns the position behind the method, as far as it is here; -1 if this is none */
function decodeMethod(input: Uint8Array, start: number, end: number, head: HttpRequestHead): number {
  if (start + 3 < end && isGet(input, start)) {
    head.method = Method.get
    return start + 3
  }
  let at = start
  while (at < end && tokens[input[at]] === 1) at++
  if (at === end) return at
  if (at === start || input[at] !== space) return -1
  head.method = isWord(input, start, at, HEAD) ? Method.head : Method.other
  return at
}

/** Whether `GET ` lies at `at`. */
function isGet(input: Uint8Array, at: number): boolean {
  return input[at] === 0x47 && input[at + 1] === 0x45 && input[at + 2] === 0x54 && input[at + 3] === space
}

/** Whether ` HTTP/`, a digit, a dot and a digit lie at `at`. */
function hasVersion(input: Uint8Array, at: number): boolean {
  for (let index = 0; index < HTTP_SLASH.length; index++) {
    if (input[at + index] !== HTTP_SLASH[index]) return false
  }
  return isDigit(input[at + 6]) && input[at + 7] === dot && isDigit(input[at + 8])
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

/** @returns false where the value makes the request a bad one */
function takeHeader(
  header: number,
  input: Uint8Array,
  start: number,
  end: number,
  head: HttpRequestHead,
): boolean {
  while (start < end && isBlank(input[start])) start++
  while (end > start && isBlank(input[end - 1])) end--
  if (header >= FIRST_WANTED) {
    const instance = head.instanceCount++
    head.valueStarts[instance] = start
    head.valueEnds[instance] = end
    head.previousInstances[instance] = head.lastInstances[header - FIRST_WANTED]
    head.lastInstances[header - FIRST_WANTED] = instance
    return true
  }
  if (header === CONNECTION) takeConnection(input, start, end, head)
  else if (header === CONTENT_LENGTH) return takeContentLength(input, start, end, head)
  else if (header === TRANSFER_ENCODING) head.hasTransferEncoding = true
  return true
}

/** A list of tokens (RFC 9110 section 7.6.1); unknown ones are left alone. */
function takeConnection(input: Uint8Array, start: number, end: number, head: HttpRequestHead): void {
  for (let at = start; at < end; at++) {
    let from = at
    while (at < end && input[at] !== comma) at++
    let until = at
    while (from < until && isBlank(input[from])) from++
    while (until > from && isBlank(input[until - 1])) until--
    if (isWordInAnyCase(input, from, until, CLOSE)) head.sawClose = true
    else if (isWordInAnyCase(input, from, until, KEEP_ALIVE)) head.sawKeepAlive = true
    else if (isWordInAnyCase(input, from, until, UPGRADE)) head.connectionUpgrade = true
  }
}

/** Digits only, and the same number if it is said twice (RFC 9112 section 6.3). */
function takeContentLength(input: Uint8Array, start: number, end: number, head: HttpRequestHead): boolean {
  if (start === end) return false
  let length = 0
  for (let at = start; at < end; at++) {
    if (!isDigit(input[at])) return false
    length = at - start < MAX_LENGTH_DIGITS ? length * 10 + input[at] - zero : Number.MAX_SAFE_INTEGER
  }
  if (head.contentLength >= 0 && head.contentLength !== length) return false
  head.contentLength = length
  return true
}
