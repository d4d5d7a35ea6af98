// The opening handshake of a client (RFC 6455 section 4.1): the request, and whether its answer makes a WebSocket.

import { latin1Bytes } from '../http/ascii.js'
import { writeBytes } from '../http/response-bytes.js'
import { acceptFor } from './handshake.js'

/** What came of a request. */
export const UpgradeStatus = {
  /** More bytes are needed to know. */
  incomplete: 0,
  /** Frames begin behind the head. */
  accepted: 1,
  /** An HTTP answer with another status than 101. */
  refused: 2,
  /** No HTTP, or no WebSocket that this request asked for. */
  malformed: 3,
} as const

/** A longer head of an answer is not waited for. */
export const UPGRADE_ANSWER_BYTES_MAX = 16_384

/** An answer as `decodeUpgradeAnswer` found it. Reused. */
export class UpgradeAnswer {
  /** Length of the head, after `accepted`. */
  headBytes = 0
  /** Three digits, after `accepted` and `refused`. */
  httpStatus = 0
  /** What is wrong, after `malformed`. */
  problem = ''
}

/** A key of 16 bytes, in base64. @param words four random ones */
export function webSocketKey(words: Int32Array): string {
  return Buffer.from(words.buffer, words.byteOffset, 16).toString('base64')
}

/** The value of `Host` (RFC 9110 section 7.2). @param name a name or an address */
export function hostHeader(name: string, port: number, isTls: boolean): string {
  const host = name.includes(':') ? `[${name}]` : name
  return port === (isTls ? 443 : 80) ? host : `${host}:${port}`
}

/**
 * The request for a WebSocket, without subprotocols and extensions.
 * @param path of the request, with a query if it has one
 * @param host as `hostHeader` makes it
 */
export function upgradeRequest(path: string, host: string, key: string): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ]
  return latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`)
}

/** Writes `upgradeRequest`. @returns its end */
export function writeUpgradeRequest(
  out: Uint8Array,
  at: number,
  path: string,
  host: string,
  key: string,
): number {
  return writeBytes(out, at, upgradeRequest(path, host, key))
}

const VERSION = latin1Bytes('HTTP/1.')
const HEAD_END = '\r\n\r\n'

/**
 * Reads what a server answered, input[start, end), to the request with this key. What is no HTTP is said at once.
 * @returns an `UpgradeStatus`
 */
export function decodeUpgradeAnswer(
  input: Uint8Array,
  start: number,
  end: number,
  key: string,
  answer: UpgradeAnswer,
): number {
  for (let index = 0; index < VERSION.length && start + index < end; index++) {
    if (input[start + index] !== VERSION[index]) return malformed(answer, 'the answer is no HTTP')
  }
  const limit = Math.min(end, start + UPGRADE_ANSWER_BYTES_MAX)
  const text = Buffer.from(input.buffer, input.byteOffset + start, limit - start).toString('latin1')
  const headEnd = text.indexOf(HEAD_END)
  if (headEnd < 0) {
    return end - start < UPGRADE_ANSWER_BYTES_MAX
      ? UpgradeStatus.incomplete
      : malformed(answer, 'the head of the answer is too long')
  }
  const [statusLine, ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: |$)/.exec(statusLine)
  if (status === null) return malformed(answer, 'the answer is no HTTP')
  answer.headBytes = headEnd + HEAD_END.length
  answer.httpStatus = Number(status[1])
  if (answer.httpStatus !== 101) return UpgradeStatus.refused
  const problem = problemOf(lines, key)
  return problem === null ? UpgradeStatus.accepted : malformed(answer, problem)
}

function malformed(answer: UpgradeAnswer, problem: string): number {
  answer.problem = problem
  return UpgradeStatus.malformed
}

/** The checks of section 4.1, in its order. */
function problemOf(lines: readonly string[], key: string): string | null {
  if (!tokensOf(lines, 'upgrade').includes('websocket')) return 'the answer has no Upgrade: websocket'
  if (!tokensOf(lines, 'connection').includes('upgrade')) return 'the answer has no Connection: Upgrade'
  const accepts = valuesOf(lines, 'sec-websocket-accept')
  if (accepts.length !== 1 || accepts[0] !== acceptFor(key)) {
    return 'Sec-WebSocket-Accept of the answer is not what follows from the key'
  }
  if (valuesOf(lines, 'sec-websocket-extensions').some(value => value !== '')) {
    return 'the answer has an extension that was not asked for'
  }
  return valuesOf(lines, 'sec-websocket-protocol').length === 0
    ? null
    : 'the answer has a subprotocol that was not asked for'
}

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines
    .filter(line => line.slice(0, line.indexOf(':')).toLowerCase() === name)
    .map(line => line.slice(name.length + 1).trim())
}

function tokensOf(lines: readonly string[], name: string): string[] {
  return valuesOf(lines, name).flatMap(value => value.split(',').map(token => token.trim().toLowerCase()))
}
