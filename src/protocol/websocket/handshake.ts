// The opening handshake of a server (RFC 6455 section 4.2): what a request must say, and the answer that switches.

import { createHash } from 'node:crypto'
import { latin1Bytes, tokenBytes } from '../http/ascii.js'
import { type HttpRequestHead, Method } from '../http/request-head.js'
import { writeBytes } from '../http/response-bytes.js'

/** Headers that the handshake looks at, in the order of `HandshakeHeader`. */
export const handshakeHeaders = [
  'Upgrade',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Protocol',
  'Origin',
] as const

/** Numbers of the headers, counted from the first one among all that a decoder looks for. */
const HandshakeHeader = { upgrade: 0, key: 1, version: 2, protocol: 4, origin: 5 } as const

/** What a request is answered with. */
export const HandshakeStatus = {
  accepted: 101,
  badRequest: 400,
  forbidden: 403,
  /** Another version of the protocol is asked for. */
  upgradeRequired: 426,
} as const

/** A longer subprotocol is not agreed to. */
const SUBPROTOCOL_BYTES_MAX = 64
/** The longest answer of `writeSwitchingProtocols`. */
export const SWITCHING_PROTOCOLS_BYTES_MAX = 256

/** Section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** 16 bytes in base64. */
const KEY_PATTERN = /^[+/0-9A-Za-z]{22}==$/
const VERSION = '13'

/** The value of `Sec-WebSocket-Accept` for a key. */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64')
}

/** Who may open a connection, by the `Origin` that browsers send. */
export class OriginRules {
  readonly #allowed: ReadonlySet<string>
  readonly #denied: ReadonlySet<string>

  /**
   * @param allowed empty: all; else those who say no origin are refused, too
   * @param denied refused even if allowed
   */
  constructor(allowed: readonly string[], denied: readonly string[]) {
    this.#allowed = new Set(allowed.map(origin => origin.toLowerCase()))
    this.#denied = new Set(denied.map(origin => origin.toLowerCase()))
  }

  /** @param origin as it was sent; undefined if it was not */
  allows(origin: string | undefined): boolean {
    if (origin === undefined) return this.#allowed.size === 0
    const lowerCased = origin.toLowerCase()
    if (this.#denied.has(lowerCased)) return false
    return this.#allowed.size === 0 || this.#allowed.has(lowerCased)
  }
}

/** Whether a request asks for WebSocket: what else is wrong with it is said by `judgeHandshake`. */
export function asksForWebSocket(input: Uint8Array, head: HttpRequestHead, firstHeader: number): boolean {
  if (head.method !== Method.get || head.lastInstances[firstHeader + HandshakeHeader.upgrade] < 0)
    return false
  return valuesOf(input, head, firstHeader + HandshakeHeader.upgrade).some(value =>
    value.split(',').some(token => token.trim().toLowerCase() === 'websocket'),
  )
}

/**
 * Judges a request for WebSocket.
 * @param firstHeader the number of the first of `handshakeHeaders` among the decoder's wanted headers
 * @returns a `HandshakeStatus`
 */
export function judgeHandshake(
  input: Uint8Array,
  head: HttpRequestHead,
  firstHeader: number,
  origins: OriginRules,
): number {
  // A body would lie where the frames begin.
  const isAsked = asksForWebSocket(input, head, firstHeader) && head.connectionUpgrade
  if (!isAsked || head.minorVersion === 0 || head.bodyBytes > 0) return HandshakeStatus.badRequest
  const versions = valuesOf(input, head, firstHeader + HandshakeHeader.version)
  if (versions.length !== 1 || versions[0] !== VERSION) return HandshakeStatus.upgradeRequired
  const keys = valuesOf(input, head, firstHeader + HandshakeHeader.key)
  if (keys.length !== 1 || !KEY_PATTERN.test(keys[0])) return HandshakeStatus.badRequest
  const [origin] = valuesOf(input, head, firstHeader + HandshakeHeader.origin)
  return origins.allows(origin) ? HandshakeStatus.accepted : HandshakeStatus.forbidden
}

/**
 * Answers a request that was judged `accepted`. Of the subprotocols offered the first is agreed to, whatever it is:
 * a browser that offers some gives up if it gets none. No extension is.
 * @returns the end of the answer
 */
export function writeSwitchingProtocols(
  input: Uint8Array,
  head: HttpRequestHead,
  firstHeader: number,
  out: Uint8Array,
  at: number,
): number {
  const [key] = valuesOf(input, head, firstHeader + HandshakeHeader.key)
  const offered = valuesOf(input, head, firstHeader + HandshakeHeader.protocol)
  const subprotocol = offered.length === 0 ? '' : offered[0].split(',')[0].trim()
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    ...(isSubprotocol(subprotocol) ? [`Sec-WebSocket-Protocol: ${subprotocol}`] : []),
  ]
  return writeBytes(out, at, latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`))
}

function isSubprotocol(text: string): boolean {
  const isShort = text.length > 0 && text.length <= SUBPROTOCOL_BYTES_MAX
  return isShort && latin1Bytes(text).every(byte => tokenBytes[byte] === 1)
}

/** All values of a header, in the order of the request. */
function valuesOf(input: Uint8Array, head: HttpRequestHead, header: number): string[] {
  const { lastInstances, previousInstances, valueStarts, valueEnds } = head
  const values: string[] = []
  for (let instance = lastInstances[header]; instance >= 0; instance = previousInstances[instance]) {
    values.unshift(Buffer.from(input.subarray(valueStarts[instance], valueEnds[instance])).toString('latin1'))
  }
  return values
}
