// The query of a scrape: info hashes, put in the order in which the answer has to name them (BEP 48: a dictionary,
// whose keys are sorted), each once. So the swarm is asked once for each, and the answer is written straight on.

import { swap32 } from '../packet-memory.js'
import { Byte, isWord, latin1Bytes } from './ascii.js'
import { QueryStatus } from './query-status.js'
import { decodeIdentifier, IDENTIFIER_BYTES } from './query-values.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { ampersand, equals, question } = Byte

/** 32-bit words of an info hash. */
const HASH_WORDS = IDENTIFIER_BYTES / 4

/** The hashes of a scrape, for as many as the tracker answers at most. Reused. */
export class HttpScrapeRequest {
  /** Hash i lies in words [5 i, 5 i + 5), as on the wire. */
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly limit: number
  /** Different hashes, sorted by their bytes. */
  count = 0
  /** Hashes in the query, with those that came twice and those beyond the limit. */
  total = 0
  /** Hashes that were left out because of the limit. */
  cut = 0

  /** @param limit hashes that are answered, 1 and more; the first ones of a query */
  constructor(limit: number) {
    this.limit = limit
    // One place more: a hash is decoded before it is known to be valid, or wanted.
    this.words = new Int32Array((limit + 1) * HASH_WORDS)
    this.bytes = new Uint8Array(this.words.buffer)
  }
}

const INFO_HASH = latin1Bytes('info_hash')

/**
 * Decodes the query in input[start, end) into `request`.
 * @returns `missingInfoHash` if it names none (a request for everything), `invalidInfoHash` if one is broken, or `ok`
 */
export function decodeScrapeQuery(
  input: Uint8Array,
  start: number,
  end: number,
  request: HttpScrapeRequest,
): number {
  request.count = 0
  request.total = 0
  request.cut = 0
  let isBroken = false
  let at = start
  while (at < end) {
    const keyStart = at
    while (at < end && !isKeyEnd(input[at])) at++
    if (at < end && input[at] === equals && isWord(input, keyStart, at, INFO_HASH)) {
      const place = request.count * IDENTIFIER_BYTES
      at = decodeIdentifier(input, at + 1, end, request.bytes, place)
      if (at < 0) {
        isBroken = true
        at = -at
      }
      request.total++
      if (request.count < request.limit) request.count++
      else request.cut++
    } else if (at < end && input[at] === equals) {
      while (at < end && input[at] !== ampersand && input[at] !== question) at++
    }
    at++
  }
  if (isBroken) return QueryStatus.invalidInfoHash
  if (request.total === 0) return QueryStatus.missingInfoHash
  sortHashes(request.words, request.count)
  request.count = dropRepeated(request.words, request.count)
  return QueryStatus.ok
}

function isKeyEnd(byte: number): boolean {
  return byte === equals || byte === ampersand || byte === question
}

/** Steps of a Shell sort (Ciura's); it sorts in place, and 500 hashes in about 40 microseconds. */
const gaps = [701, 301, 132, 57, 23, 10, 4, 1]

function sortHashes(words: Int32Array, count: number): void {
  for (let step = 0; step < gaps.length; step++) {
    const gap = gaps[step]
    for (let index = gap; index < count; index++) {
      for (let low = index - gap; low >= 0 && compareHashes(words, low, low + gap) > 0; low -= gap) {
        swapHashes(words, low, low + gap)
      }
    }
  }
}

/** Below 0, 0 or above, as hash `a` is before, equal to or behind hash `b` in the order of their bytes. */
function compareHashes(words: Int32Array, a: number, b: number): number {
  for (let word = 0; word < HASH_WORDS; word++) {
    const ofA = words[a * HASH_WORDS + word]
    const ofB = words[b * HASH_WORDS + word]
    // The first byte of a word decides first: compared as big-endian numbers.
    if (ofA !== ofB) return swap32(ofA) >>> 0 < swap32(ofB) >>> 0 ? -1 : 1
  }
  return 0
}

function swapHashes(words: Int32Array, a: number, b: number): void {
  for (let word = 0; word < HASH_WORDS; word++) {
    const ofA = words[a * HASH_WORDS + word]
    words[a * HASH_WORDS + word] = words[b * HASH_WORDS + word]
    words[b * HASH_WORDS + word] = ofA
  }
}

/** @returns how many different hashes a sorted list holds; they are moved to its beginning */
function dropRepeated(words: Int32Array, count: number): number {
  let kept = 0
  for (let index = 0; index < count; index++) {
    if (kept > 0 && compareHashes(words, kept - 1, index) === 0) continue
    if (kept !== index) words.copyWithin(kept * HASH_WORDS, index * HASH_WORDS, (index + 1) * HASH_WORDS)
    kept++
  }
  return kept
}
