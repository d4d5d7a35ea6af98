// Answers that are not bencoded: small pages (health, robots.txt, statistics) and errors of HTTP itself.

import { latin1Bytes } from './ascii.js'
import { NO_ROOM, writeBytes } from './response-bytes.js'
import { ResponseHead } from './response-head.js'

/** Statuses of errors, with the texts of RFC 9110. The text is the body, too. */
const errorStatuses: readonly (readonly [status: number, text: string, headerLines?: string])[] = [
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed', 'Allow: GET, HEAD\r\n'],
  [408, 'Request Timeout'],
  [411, 'Length Required'],
  [413, 'Content Too Large'],
  [414, 'URI Too Long'],
  [426, 'Upgrade Required', 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
  [505, 'HTTP Version Not Supported'],
]

interface ErrorAnswer {
  readonly head: ResponseHead
  readonly body: Uint8Array
}

const errorAnswers: ReadonlyMap<number, ErrorAnswer> = new Map(
  errorStatuses.map(([status, text, headerLines]) => [
    status,
    {
      head: new ResponseHead(`${status} ${text}`, 'text/plain', headerLines),
      body: latin1Bytes(`${text}\n`),
    },
  ]),
)

/**
 * Writes the error `status` at `at`.
 * @param status one of the table's; any other is answered as 500
 * @param connection a `ConnectionWord`; `close` after an error of `RequestHeadDecoder`
 * @returns the end of the answer, or `NO_ROOM`
 */
export function encodeHttpError(
  out: Uint8Array,
  at: number,
  limit: number,
  status: number,
  connection: number,
  headOnly: boolean,
): number {
  const { head, body } = errorAnswers.get(status) ?? errorAnswers.get(500)!
  return encodePage(out, at, limit, head, body, connection, headOnly)
}

/**
 * Writes a page at `at`.
 * @param head made once for each kind of page
 * @returns the end of the answer, or `NO_ROOM`
 */
export function encodePage(
  out: Uint8Array,
  at: number,
  limit: number,
  head: ResponseHead,
  body: Uint8Array,
  connection: number,
  headOnly: boolean,
): number {
  const bytes = head.byteLength(connection, body.length) + (headOnly ? 0 : body.length)
  if (at + bytes > limit) return NO_ROOM
  const bodyAt = head.write(out, at, connection, body.length)
  return headOnly ? bodyAt : writeBytes(out, bodyAt, body)
}
