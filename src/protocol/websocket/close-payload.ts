// Close frames (RFC 6455 sections 5.5.1 and 7.4): a code of two bytes and a reason in UTF-8, or nothing.

import { CONTROL_PAYLOAD_BYTES_MAX } from './frame-header.js'
import { Utf8Checker, Utf8State } from './utf8.js'

export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Text that is not UTF-8. */
  invalidData: 1007,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  /** The client does not take what it is sent. */
  tryAgainLater: 1013,
} as const

const utf8 = new Utf8Checker()

/** A close frame without a code. */
export const NO_CLOSE_CODE = 0

/**
 * Whether a code may be in a frame: those that are registered (IANA WebSocket close codes) and meant for it, and those
 * of libraries and applications.
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

/**
 * Reads the payload of a peer's close frame.
 * @returns its code, `NO_CLOSE_CODE`, or minus the code that the connection is to be failed with
 */
export function decodeClosePayload(input: Uint8Array, start: number, end: number): number {
  if (start === end) return NO_CLOSE_CODE
  if (end - start === 1) return -CloseCode.protocolError
  const code = (input[start] << 8) | input[start + 1]
  if (!isCloseCode(code)) return -CloseCode.protocolError
  const isText = utf8.check(input, start + 2, end, Utf8State.boundary) === Utf8State.boundary
  return isText ? code : -CloseCode.invalidData
}

/**
 * Writes the payload of a close frame.
 * @param code `NO_CLOSE_CODE` for an empty one
 * @param reason ASCII; what is too long is cut
 * @returns its end
 */
export function encodeClosePayload(out: Uint8Array, at: number, code: number, reason: string): number {
  if (code === NO_CLOSE_CODE) return at
  out[at] = code >>> 8
  out[at + 1] = code
  const length = Math.min(reason.length, CONTROL_PAYLOAD_BYTES_MAX - 2)
  for (let index = 0; index < length; index++) out[at + 2 + index] = reason.charCodeAt(index) & 0x7f
  return at + 2 + length
}
