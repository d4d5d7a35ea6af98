// What both engines agree on: limits of an answer, and words for what is none.

import { HEAD_BYTES_MAX, ResponseStatus } from '../../protocol/http/response-decoder.js'
import { shownText } from './answers.js'

/** Longest body: several times what 200 peers as dictionaries take, or a scrape of 100 torrents. */
export const BODY_BYTES_MAX = 65_536

export const USER_AGENT = 'aquatic-loadtest'

/** First bytes of a TLS record: an alert, a handshake. */
const TLS_ALERT = 0x15
const TLS_HANDSHAKE = 0x16
const SHOWN_BYTES = 32

/** Why input[start, end) is no answer, by the `ResponseStatus` of the decoder. */
export function malformedText(status: number, input: Uint8Array, start: number, end: number): string {
  switch (status) {
    case ResponseStatus.notHttp: {
      const isTls = input[start] === TLS_ALERT || input[start] === TLS_HANDSHAKE
      if (isTls) return 'TLS: the server expects https'
      return `not HTTP/1: ${shownText(input, start, Math.min(end, start + SHOWN_BYTES))}`
    }
    case ResponseStatus.headTooLong:
      return `headers longer than ${HEAD_BYTES_MAX} bytes`
    case ResponseStatus.headMalformed:
      return 'headers that contradict each other or are none'
    case ResponseStatus.bodyTooLong:
      return `a body longer than ${BODY_BYTES_MAX} bytes`
    default:
      return 'chunks that are none'
  }
}
