// The answer to a scrape (BEP 48): `d5:filesd` 20:hash `d8:complete i_e 10:downloaded i_e 10:incomplete i_e e` … `e`,
// and `5:flagsd20:min_request_interval i_e e` if the tracker asks clients to wait.

import { latin1Bytes } from './ascii.js'
import { IDENTIFIER_BYTES } from './query-values.js'
import { copySpan, integerBytes, NO_ROOM, writeBytes, writeEnd, writeInteger } from './response-bytes.js'
import { bencodedHead } from './response-head.js'
import type { HttpScrapeRequest } from './scrape-query.js'

/** What each hash of a request counts, in the order of the request after its decoding (sorted, each once). Reused. */
export class HttpScrapeAnswer {
  readonly complete: Int32Array
  readonly downloaded: Int32Array
  readonly incomplete: Int32Array
  /** 0 leaves `flags` out. */
  minRequestIntervalSeconds = 0
  headOnly = false
  /** A `ConnectionWord`. */
  connection = 0

  /** @param limit that of the request */
  constructor(limit: number) {
    this.complete = new Int32Array(limit)
    this.downloaded = new Int32Array(limit)
    this.incomplete = new Int32Array(limit)
  }
}

const FILES = latin1Bytes('d5:filesd')
const HASH = latin1Bytes('20:')
const COMPLETE = latin1Bytes('d8:complete')
const DOWNLOADED = latin1Bytes('10:downloaded')
const INCOMPLETE = latin1Bytes('10:incomplete')
const FLAGS = latin1Bytes('5:flagsd20:min_request_interval')
/** A file's bytes without its three numbers. */
const FILE_BYTES =
  HASH.length + IDENTIFIER_BYTES + COMPLETE.length + DOWNLOADED.length + INCOMPLETE.length + 1

/** What comes before the first file and behind the last, for answers that are written in pieces. */
export const SCRAPE_BEGIN = FILES
export const SCRAPE_END = latin1Bytes('ee')
/** Of a file, with three counts of ten digits. */
export const SCRAPE_FILE_BYTES_MAX = FILE_BYTES + 3 * integerBytes(2 ** 31 - 1)

/**
 * Writes a whole answer at `at`, for the hashes of `request`.
 * @param limit the answer must end at or before it
 * @returns the end of the answer, or `NO_ROOM`
 */
export function encodeScrapeResponse(
  out: Uint8Array,
  at: number,
  limit: number,
  request: HttpScrapeRequest,
  answer: HttpScrapeAnswer,
): number {
  const bodyBytes = scrapeBodyBytes(request, answer)
  const headBytes = bencodedHead.byteLength(answer.connection, bodyBytes)
  if (at + headBytes + (answer.headOnly ? 0 : bodyBytes) > limit) return NO_ROOM
  at = bencodedHead.write(out, at, answer.connection, bodyBytes)
  return answer.headOnly ? at : writeScrapeBody(out, at, request, answer)
}

function scrapeBodyBytes(request: HttpScrapeRequest, answer: HttpScrapeAnswer): number {
  let length = FILES.length + request.count * FILE_BYTES + 2
  for (let index = 0; index < request.count; index++) {
    length += integerBytes(answer.complete[index])
    length += integerBytes(answer.downloaded[index])
    length += integerBytes(answer.incomplete[index])
  }
  if (answer.minRequestIntervalSeconds > 0) {
    length += FLAGS.length + integerBytes(answer.minRequestIntervalSeconds) + 1
  }
  return length
}

function writeScrapeBody(
  out: Uint8Array,
  at: number,
  request: HttpScrapeRequest,
  answer: HttpScrapeAnswer,
): number {
  at = writeBytes(out, at, FILES)
  for (let index = 0; index < request.count; index++) {
    const hashAt = index * IDENTIFIER_BYTES
    const { complete, downloaded, incomplete } = answer
    at = writeScrapeFile(
      out,
      at,
      request.bytes,
      hashAt,
      complete[index],
      downloaded[index],
      incomplete[index],
    )
  }
  at = writeEnd(out, at)
  if (answer.minRequestIntervalSeconds > 0) {
    at = writeInteger(out, writeBytes(out, at, FLAGS), answer.minRequestIntervalSeconds)
    at = writeEnd(out, at)
  }
  return writeEnd(out, at)
}

/** Writes one torrent's counts under its info hash, which is hashes[hashAt, hashAt + 20). */
export function writeScrapeFile(
  out: Uint8Array,
  at: number,
  hashes: Uint8Array,
  hashAt: number,
  complete: number,
  downloaded: number,
  incomplete: number,
): number {
  at = copySpan(out, writeBytes(out, at, HASH), hashes, hashAt, hashAt + IDENTIFIER_BYTES)
  at = writeInteger(out, writeBytes(out, at, COMPLETE), complete)
  at = writeInteger(out, writeBytes(out, at, DOWNLOADED), downloaded)
  at = writeInteger(out, writeBytes(out, at, INCOMPLETE), incomplete)
  return writeEnd(out, at)
}
