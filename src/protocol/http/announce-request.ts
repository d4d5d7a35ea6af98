// Announces and scrapes as a client asks them (BEP 3, 7, 23, 48): the targets and the whole requests. Nothing is
// allocated: what does not change from one request to the next is put together once.

import { Byte, latin1Bytes } from './ascii.js'
import { IDENTIFIER_BYTES } from './query-values.js'
import { writeBytes, writeDecimal } from './response-bytes.js'

// Own names for what is imported: see response-bytes.ts.
const { percent } = Byte

/** What an announce says. Reused. */
export class AnnounceToSend {
  port = 0
  left = 0
  /** As in BEP 15: 0 none, 1 completed, 2 started, 3 stopped. */
  event = 0
}

export interface HttpRequestTerms {
  /** Name or address for `Host`, IPv6 without brackets, and the port where it is not the scheme's. */
  readonly hostName: string
  readonly port: number
  readonly isTls: boolean
  /** Path of announces and scrapes, each with a query if it has one. */
  readonly path: string
  readonly scrapePath: string
  /** Peers asked for; -1: not said. */
  readonly numwant: number
  readonly userAgent: string
}

const events = ['', '&event=completed', '&event=started', '&event=stopped'].map(latin1Bytes)
const PEER_ID = latin1Bytes('&peer_id=')
const PORT = latin1Bytes('&port=')
const INFO_HASH = latin1Bytes('&info_hash=')
const METHOD = latin1Bytes('GET ')

/** Longest percent-encoding of an identifier. */
const ENCODED_BYTES_MAX = 3 * IDENTIFIER_BYTES
/** What an announce needs at most besides its templates: two identifiers, two numbers, an event. */
const VARIABLE_BYTES = 2 * ENCODED_BYTES_MAX + 2 * 16 + 64

export class HttpRequestEncoder {
  /** What `Host` says. */
  readonly authority: string
  /** Path and `info_hash=`. */
  readonly #announce: Uint8Array
  readonly #scrape: Uint8Array
  /** What never changes, up to `left=`. */
  readonly #terms: Uint8Array
  /** Version and headers. */
  readonly #tail: Uint8Array
  readonly #closingTail: Uint8Array

  constructor(terms: HttpRequestTerms) {
    const { hostName, port, isTls, userAgent, numwant } = terms
    this.#announce = firstParameter(terms.path)
    this.#scrape = firstParameter(terms.scrapePath)
    const wanted = numwant < 0 ? '' : `&numwant=${numwant}`
    this.#terms = latin1Bytes(`&uploaded=0&downloaded=0&compact=1${wanted}&left=`)
    const host = hostName.includes(':') ? `[${hostName}]` : hostName
    this.authority = port === (isTls ? 443 : 80) ? host : `${host}:${port}`
    const head = ` HTTP/1.1\r\nHost: ${this.authority}\r\nUser-Agent: ${userAgent}\r\n`
    this.#tail = latin1Bytes(`${head}\r\n`)
    this.#closingTail = latin1Bytes(`${head}Connection: close\r\n\r\n`)
  }

  /** Room for any announce, or any scrape of so many hashes. */
  bytesMax(scrapeHashes: number): number {
    const scrapeBytes = scrapeHashes * (INFO_HASH.length + ENCODED_BYTES_MAX)
    const templates = Math.max(this.#announce.length, this.#scrape.length) + this.#terms.length
    return METHOD.length + templates + Math.max(VARIABLE_BYTES, scrapeBytes) + this.#closingTail.length
  }

  /**
   * Writes a whole announce at `at`.
   * @param identifiers 20 bytes of info hash, 20 of peer id
   * @param closes asks the server to close the connection behind its answer
   * @returns the end
   */
  announce(
    out: Uint8Array,
    at: number,
    identifiers: Uint8Array,
    announce: AnnounceToSend,
    closes: boolean,
  ): number {
    const end = this.announceTarget(out, writeBytes(out, at, METHOD), identifiers, announce)
    return this.#writeTail(out, end, closes)
  }

  /**
   * Writes a whole scrape at `at`.
   * @param hashes 20 bytes each
   */
  scrape(out: Uint8Array, at: number, hashes: Uint8Array, count: number, closes: boolean): number {
    const end = this.scrapeTarget(out, writeBytes(out, at, METHOD), hashes, count)
    return this.#writeTail(out, end, closes)
  }

  /** What stands between method and version. */
  announceTarget(out: Uint8Array, at: number, identifiers: Uint8Array, announce: AnnounceToSend): number {
    at = writeBytes(out, at, this.#announce)
    at = writePercentEncoded(out, at, identifiers, 0, IDENTIFIER_BYTES)
    at = writeBytes(out, at, PEER_ID)
    at = writePercentEncoded(out, at, identifiers, IDENTIFIER_BYTES, 2 * IDENTIFIER_BYTES)
    at = writeDecimal(out, writeBytes(out, at, PORT), announce.port)
    at = writeDecimal(out, writeBytes(out, at, this.#terms), announce.left)
    return writeBytes(out, at, events[announce.event])
  }

  scrapeTarget(out: Uint8Array, at: number, hashes: Uint8Array, count: number): number {
    at = writeBytes(out, at, this.#scrape)
    for (let hash = 0; hash < count; hash++) {
      if (hash > 0) at = writeBytes(out, at, INFO_HASH)
      at = writePercentEncoded(out, at, hashes, hash * IDENTIFIER_BYTES, (hash + 1) * IDENTIFIER_BYTES)
    }
    return at
  }

  #writeTail(out: Uint8Array, at: number, closes: boolean): number {
    return writeBytes(out, at, closes ? this.#closingTail : this.#tail)
  }
}

function firstParameter(path: string): Uint8Array {
  return latin1Bytes(`${path}${path.includes('?') ? '&' : '?'}info_hash=`)
}

/** 1 for bytes that stand for themselves: the unreserved ones (RFC 3986 section 2.3). */
const isUnreserved = new Uint8Array(256)
for (const byte of latin1Bytes('-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')) {
  isUnreserved[byte] = 1
}
const hexDigits = latin1Bytes('0123456789ABCDEF')

/** Writes bytes[start, end) for a query. @returns the end */
export function writePercentEncoded(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  for (let index = start; index < end; index++) {
    const byte = bytes[index]
    if (isUnreserved[byte] === 1) out[at++] = byte
    else {
      out[at] = percent
      out[at + 1] = hexDigits[byte >> 4]
      out[at + 2] = hexDigits[byte & 15]
      at += 3
    }
  }
  return at
}
