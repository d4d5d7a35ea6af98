// An echo server over WebSocketStreams: the least that must stand before them (request heads), and behind.

import type { StreamProtocol, StreamServer } from '../../src/net/stream.js'
import {
  FRAME_HEADER_BYTES_MAX,
  inputBytesFor,
  outputBytesFor,
  type WebSocketLimits,
  type WebSocketProtocol,
  WebSocketStreams,
  webSocketCounterNames,
} from '../../src/net/websocket.js'
import { defaultHeadLimits, HeadStatus, RequestHeadDecoder } from '../../src/protocol/http/request-head.js'

export const echoLimits: WebSocketLimits = {
  maxFrameBytes: 1 << 20,
  maxMessageBytes: 1 << 20,
  backlogBytesMax: 16 << 20,
  pingSeconds: 0,
  idleSeconds: 0,
  closeSeconds: 2,
  allowedOrigins: [],
  deniedOrigins: [],
}

/** A word before those of the WebSocket, to see that they keep to theirs. */
const WORDS_AT = 1
const IS_WEB_SOCKET = 0

/** The limits of a byte stream server that an echo server asks for. */
export function echoStreamLimits(limits: WebSocketLimits) {
  return {
    inputBytesMax: Math.max(inputBytesFor(limits), defaultHeadLimits.maxHeadBytes),
    outputBytesMax: outputBytesFor(limits, limits.maxMessageBytes),
    outputScratchBytes: limits.maxMessageBytes + FRAME_HEADER_BYTES_MAX,
    protocolWordCount: WORDS_AT + WebSocketStreams.words,
  }
}

/** What an upgrading front leads to: it is given the WebSockets that it is to send over. */
export interface FrontedProtocol extends WebSocketProtocol {
  sockets: WebSocketStreams | undefined
  woken?(): void
}

/** Answers every message with itself. */
export class Echo implements FrontedProtocol {
  sockets: WebSocketStreams | undefined
  readonly #server: StreamServer

  constructor(server: StreamServer) {
    this.#server = server
  }

  opened(_connection: number): void {
    // Nothing is sent before something comes.
  }

  message(connection: number, input: Uint8Array, start: number, end: number, isBinary: boolean): void {
    const { output } = this.#server
    output.set(input.subarray(start, end), FRAME_HEADER_BYTES_MAX)
    const outputEnd = FRAME_HEADER_BYTES_MAX + end - start
    if (isBinary) this.sockets?.sendBinary(connection, FRAME_HEADER_BYTES_MAX, outputEnd)
    else this.sockets?.sendText(connection, FRAME_HEADER_BYTES_MAX, outputEnd)
  }

  closed(_connection: number, _cause: number): void {
    // Nothing is kept.
  }
}

/** Reads each connection's request, and leaves the rest to WebSocketStreams. */
export class UpgradingFront implements StreamProtocol {
  readonly sockets: WebSocketStreams
  readonly counters = new Float64Array(webSocketCounterNames.length)
  readonly #server: StreamServer
  readonly #wordCount: number
  readonly #decoder = new RequestHeadDecoder(WebSocketStreams.wantedHeaders, defaultHeadLimits)
  readonly #head = this.#decoder.createHead()
  readonly #protocol: FrontedProtocol

  constructor(server: StreamServer, protocol: FrontedProtocol, limits: WebSocketLimits) {
    this.#server = server
    this.#protocol = protocol
    this.#wordCount = echoStreamLimits(limits).protocolWordCount
    this.sockets = new WebSocketStreams(server, protocol, limits, this.counters, WORDS_AT, this.#wordCount)
    protocol.sockets = this.sockets
  }

  open(_connection: number): void {
    // The request is waited for.
  }

  receive(connection: number, input: Uint8Array, start: number, end: number): number {
    if (this.#isWebSocket(connection)) return this.sockets.receive(connection, input, start, end)
    const head = this.#head
    const status = this.#decoder.decode(input, start, end, 0, head)
    if (status === HeadStatus.incomplete) return 0
    if (status !== HeadStatus.complete) {
      this.#server.close(connection)
      return end - start
    }
    const { output } = this.#server
    const answerEnd = this.sockets.shake(connection, input, head, 0, output, 0)
    this.#server.write(connection, output, 0, answerEnd)
    if (!this.sockets.isAccepted) {
      this.#server.finish(connection)
      return end - start
    }
    this.#server.protocolWords[connection * this.#wordCount + IS_WEB_SOCKET] = 1
    this.sockets.begin(connection)
    const { headEnd } = head
    if (headEnd === end || this.#server.keptOutputBytes(connection) > 0) return headEnd - start
    return headEnd - start + this.sockets.receive(connection, input, headEnd, end)
  }

  overflow(connection: number): void {
    if (this.#isWebSocket(connection)) this.sockets.overflow(connection)
  }

  expired(connection: number, phase: number): void {
    this.sockets.expired(connection, phase)
  }

  ended(connection: number): void {
    if (this.#isWebSocket(connection)) this.sockets.ended(connection)
    else this.#server.finish(connection)
  }

  drained(_connection: number): void {
    // Never asked for.
  }

  closed(connection: number, cause: number): void {
    if (this.#isWebSocket(connection)) this.sockets.closed(connection, cause)
  }

  woken(): void {
    this.#protocol.woken?.()
  }

  #isWebSocket(connection: number): boolean {
    return this.#server.protocolWords[connection * this.#wordCount + IS_WEB_SOCKET] !== 0
  }
}
