// The answer to an announce or scrape that the tracker cannot serve (BEP 3): status 200, because clients do not read
// the body of any other, and a text that they show to people.

import { latin1Bytes } from './ascii.js'
import {
  integerBytes,
  NO_ROOM,
  stringBytes,
  writeBytes,
  writeEnd,
  writeInteger,
  writeStringLength,
} from './response-bytes.js'
import { bencodedHead } from './response-head.js'

/** `retry in` of BEP 31, beside a number of minutes. */
export const RetryIn = {
  /** The key is left out: the client decides. */
  unsaid: 0,
  never: -1,
} as const

/** How a failure is sent. Reused. */
export class HttpFailureAnswer {
  /** Sent as `interval`, which libtorrent honours in failures too; 0 leaves it out. */
  intervalSeconds = 0
  /** Minutes, 1 and more, or a `RetryIn`. */
  retryInMinutes: number = RetryIn.unsaid
  headOnly = false
  /** A `ConnectionWord`. */
  connection = 0
}

const FAILURE_REASON = latin1Bytes('d14:failure reason')
const INTERVAL = latin1Bytes('8:interval')
const RETRY_IN = latin1Bytes('8:retry in')
const NEVER = latin1Bytes('5:never')

/**
 * Writes a whole failure at `at`.
 * @param limit the answer must end at or before it
 * @param text the reason, without a terminator
 * @returns the end of the answer, or `NO_ROOM`
 */
export function encodeFailureResponse(
  out: Uint8Array,
  at: number,
  limit: number,
  text: Uint8Array,
  answer: HttpFailureAnswer,
): number {
  const { intervalSeconds, retryInMinutes, connection } = answer
  let bodyBytes = FAILURE_REASON.length + stringBytes(text.length) + 1
  if (intervalSeconds > 0) bodyBytes += INTERVAL.length + integerBytes(intervalSeconds)
  if (retryInMinutes > 0) bodyBytes += RETRY_IN.length + integerBytes(retryInMinutes)
  else if (retryInMinutes === RetryIn.never) bodyBytes += RETRY_IN.length + NEVER.length
  const headBytes = bencodedHead.byteLength(connection, bodyBytes)
  if (at + headBytes + (answer.headOnly ? 0 : bodyBytes) > limit) return NO_ROOM
  at = bencodedHead.write(out, at, connection, bodyBytes)
  if (answer.headOnly) return at
  at = writeStringLength(out, writeBytes(out, at, FAILURE_REASON), text.length)
  at = writeBytes(out, at, text)
  if (intervalSeconds > 0) at = writeInteger(out, writeBytes(out, at, INTERVAL), intervalSeconds)
  if (retryInMinutes > 0) at = writeInteger(out, writeBytes(out, at, RETRY_IN), retryInMinutes)
  else if (retryInMinutes === RetryIn.never) at = writeBytes(out, writeBytes(out, at, RETRY_IN), NEVER)
  return writeEnd(out, at)
}
