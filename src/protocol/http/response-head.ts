// Heads of answers: status line, Content-Type, Connection and an exact Content-Length (clients stumble over chunks and
// over bytes behind the bencoded part). What comes before the length is put together once for each kind.

import type { HttpRequestHead } from './request-head.js'
import { createLabel, decimalDigits, type Label, writeDecimal, writeLabel } from './response-bytes.js'

/** What an answer says about its connection. */
export const ConnectionWord = { none: 0, close: 1, keepAlive: 2 } as const

const connectionLines = ['', 'Connection: close\r\n', 'Connection: keep-alive\r\n']

/**
 * The word for the answer to a request: HTTP/1.1 goes on unless it is closed, HTTP/1.0 ends unless both sides say that
 * it goes on (RFC 9112 section 9.3).
 * @param allowKeepAlive whether the tracker wants the connection to go on
 */
export function connectionWord(head: HttpRequestHead, allowKeepAlive: boolean): number {
  if (!allowKeepAlive || !head.keepAlive) return ConnectionWord.close
  return head.minorVersion === 0 ? ConnectionWord.keepAlive : ConnectionWord.none
}

const CONTENT_LENGTH = 'Content-Length: '
const EMPTY_LINE = createLabel('\r\n\r\n')

/** One kind of answer: everything but the length, for each `ConnectionWord`. */
export class ResponseHead {
  readonly #beginnings: readonly Label[]

  /**
   * @param statusLine as `200 OK`
   * @param headerLines each with its CR LF
   */
  constructor(statusLine: string, contentType: string, headerLines = '') {
    this.#beginnings = connectionLines.map(connection =>
      createLabel(
        `HTTP/1.1 ${statusLine}\r\nContent-Type: ${contentType}\r\n${headerLines}${connection}${CONTENT_LENGTH}`,
      ),
    )
  }

  /** Length of the head in bytes. */
  byteLength(connection: number, bodyBytes: number): number {
    return this.#beginnings[connection].length + decimalDigits(bodyBytes) + EMPTY_LINE.length
  }

  /** @returns the position where the body starts */
  write(out: Uint8Array, at: number, connection: number, bodyBytes: number): number {
    at = writeLabel(out, at, this.#beginnings[connection])
    at = writeDecimal(out, at, bodyBytes)
    return writeLabel(out, at, EMPTY_LINE)
  }
}

/** The head of every bencoded answer, failures too: clients do not read the body of another status. */
export const bencodedHead = new ResponseHead('200 OK', 'text/plain')
