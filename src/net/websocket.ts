// WebSocket (RFC 6455) over a StreamServer (a state machine, longer than other files): frames in, whole messages out;
// pings, limits, the closing handshake. What is spoken it does not know, nor which engine moves the bytes.
//
//   shake ─▶ begin ─▶ open ──close──▶ closing ──the peer's close frame, or closeSeconds──▶ over ─▶ closed
//                      └──the peer's close frame, or a failure (its close frame is sent)──▶ over
//
// A frame waits in the server's kept input until it is whole; what has come of it is unmasked and checked there, once.
// A message in one frame, by far the most of them, is handed on where it lies. Fragments are collected beside.

import assert from 'node:assert/strict'
import { encodeHttpError } from '../protocol/http/plain-response.js'
import type { HttpRequestHead } from '../protocol/http/request-head.js'
import { ConnectionWord } from '../protocol/http/response-head.js'
import { CloseCode, decodeClosePayload, encodeClosePayload } from '../protocol/websocket/close-payload.js'
import {
  CLIENT_HEADER_BYTES_MAX,
  CONTROL_PAYLOAD_BYTES_MAX,
  decodeFrameHeader,
  FRAME_HEADER_BYTES_MAX,
  FrameHeader,
  FrameStatus,
  frameHeaderBytes,
  Opcode,
  writeFrameHeader,
} from '../protocol/websocket/frame-header.js'
import {
  HandshakeStatus,
  handshakeHeaders,
  judgeHandshake,
  OriginRules,
  writeSwitchingProtocols,
} from '../protocol/websocket/handshake.js'
import { Unmasker } from '../protocol/websocket/unmask.js'
import { Utf8Checker, Utf8State } from '../protocol/websocket/utf8.js'
import type { StreamServer } from './stream.js'
import { Fragments } from './websocket-fragments.js'

export { FRAME_HEADER_BYTES_MAX }

/** What is spoken over WebSockets. Callbacks never run inside one another. */
export interface WebSocketProtocol {
  /** The connection is a WebSocket now; its 101 is on its way. */
  opened(connection: number): void
  /**
   * One whole message, input[start, end), unmasked; text has been checked to be UTF-8. Valid during the call only.
   * The bytes may be changed.
   */
  message(connection: number, input: Uint8Array, start: number, end: number, isBinary: boolean): void
  /** The slot is about to be freed: forget it. `cause` is a `StreamEnd`. Called exactly once for each `opened`. */
  closed(connection: number, cause: number): void
}

export interface WebSocketLimits {
  /** Payload of one frame; the server's `inputBytesMax` is `inputBytesFor` it at least. */
  readonly maxFrameBytes: number
  readonly maxMessageBytes: number
  /** Kept output of a client that reads slowly; the server's `outputBytesMax` is `outputBytesFor` it at least. */
  readonly backlogBytesMax: number
  /** Silence after which a client is sent a ping; after twice as much it is closed. 0: none are sent. */
  readonly pingSeconds: number
  /** After so long without `touch` a connection is closed; 0 for no limit. */
  readonly idleSeconds: number
  /** How long a peer may take to answer a close frame. */
  readonly closeSeconds: number
  /** Values of `Origin`. Empty: all; else only these, and nobody without one. */
  readonly allowedOrigins: readonly string[]
  readonly deniedOrigins: readonly string[]
}

/** What is counted; the index of each in the counters given. */
export const WebSocketCounter = {
  opened: 0,
  refusedOrigin: 1,
  refusedVersion: 2,
  refusedRequest: 3,
  messagesReceived: 4,
  messagesSent: 5,
  pingsSent: 6,
  pongsReceived: 7,
  /** The peer sent a close frame first. */
  closedByPeer: 8,
  /** The protocol closed it, a reload's grace period included. */
  closedByServer: 9,
  closedIdle: 10,
  /** Nothing came, not even a pong, for two ping intervals. */
  closedUnresponsive: 11,
  closedBacklog: 12,
  closedProtocolError: 13,
  closedInvalidData: 14,
  closedTooBig: 15,
  /** Of those that were sent a close frame, how many did not answer it in time. */
  closeTimeouts: 16,
} as const

/** The names in the order of their numbers, for a block of counters in shared memory. */
export const webSocketCounterNames = Object.keys(
  WebSocketCounter,
) as readonly (keyof typeof WebSocketCounter)[]

/** Input that a server must be able to keep for a connection, so that every allowed frame becomes whole. */
export function inputBytesFor({ maxFrameBytes }: WebSocketLimits): number {
  return maxFrameBytes + CLIENT_HEADER_BYTES_MAX
}

/** Output that a server must be able to keep for a connection. @param messageBytes of the longest message sent */
export function outputBytesFor({ backlogBytesMax }: WebSocketLimits, messageBytes: number): number {
  return Math.max(backlogBytesMax, messageBytes + FRAME_HEADER_BYTES_MAX) + CONTROL_FRAMES_BYTES
}

/** A pong and a close frame fit behind the rest. */
const CONTROL_FRAMES_BYTES = 2 * (2 + CONTROL_PAYLOAD_BYTES_MAX)
/** Where payloads of control frames are written. */
const CONTROL_PAYLOAD_AT = 2

/** What a connection is waited for; the phase of its deadline. */
const Phase = { check: 1, closing: 2 } as const

const State = { none: 0, accepted: 1, open: 2, closing: 3, over: 4 } as const

/** Words of each connection, from `wordsAt` on. */
const Word = {
  /** A `State`. */
  state: 0,
  /** Of a message of which fragments have come, `Opcode.text` or `Opcode.binary`; 0 for none. */
  messageOpcode: 1,
  /** Payload bytes of an incomplete frame that are unmasked and checked already. */
  unmaskedBytes: 2,
  /** Of the text so far. */
  utf8State: 3,
  /** Seconds when something came from the peer. */
  heardAt: 4,
  /** 1 if a ping was sent since. */
  isPinged: 5,
  /** Seconds of the last `touch`. */
  touchedAt: 6,
  epoch: 7,
} as const

export class WebSocketStreams {
  /** Words of `StreamServer.protocolWords` that each connection needs. */
  static readonly words = Object.keys(Word).length
  /** What the request head decoder must look for, in this order. */
  static readonly wantedHeaders: readonly string[] = handshakeHeaders

  /** Given to connections that begin from now on. */
  epoch = 0
  readonly #server: StreamServer
  readonly #protocol: WebSocketProtocol
  readonly #limits: WebSocketLimits
  readonly #counters: Float64Array
  readonly #words: Int32Array
  readonly #wordsAt: number
  readonly #wordsPerConnection: number
  readonly #origins: OriginRules
  readonly #header = new FrameHeader()
  readonly #unmasker = new Unmasker()
  readonly #utf8 = new Utf8Checker()
  readonly #fragments: Fragments
  /** A control frame on its way out. The server's own output may hold what the protocol sends to several. */
  readonly #control = new Uint8Array(CONTROL_PAYLOAD_AT + CONTROL_PAYLOAD_BYTES_MAX)
  #isAccepted = false

  /**
   * @param counters indexed by `WebSocketCounter`
   * @param wordsAt where this protocol's words begin among those of each connection
   * @param wordsPerConnection the server's `protocolWordCount`
   */
  constructor(
    server: StreamServer,
    protocol: WebSocketProtocol,
    limits: WebSocketLimits,
    counters: Float64Array,
    wordsAt: number,
    wordsPerConnection: number,
  ) {
    assert(wordsAt + WebSocketStreams.words <= wordsPerConnection, 'too few words for each connection')
    this.#server = server
    this.#protocol = protocol
    this.#limits = limits
    this.#counters = counters
    this.#words = server.protocolWords
    this.#wordsAt = wordsAt
    this.#wordsPerConnection = wordsPerConnection
    this.#origins = new OriginRules(limits.allowedOrigins, limits.deniedOrigins)
    this.#fragments = new Fragments(limits.maxMessageBytes)
  }

  /**
   * Answers a request that asks for WebSocket: 101, after which `begin` is to be called, or 400, 403, 426, after which
   * the connection is to be finished. `isAccepted` tells which.
   * @param firstHeader the number of the first of `wantedHeaders` among all that the decoder looks for
   * @param out with room for 512 bytes
   * @returns the end of the answer
   */
  shake(
    connection: number,
    input: Uint8Array,
    head: HttpRequestHead,
    firstHeader: number,
    out: Uint8Array,
    at: number,
  ): number {
    const status = judgeHandshake(input, head, firstHeader, this.#origins)
    this.#isAccepted = status === HandshakeStatus.accepted
    if (this.#isAccepted) {
      this.#words[this.#base(connection) + Word.state] = State.accepted
      return writeSwitchingProtocols(input, head, firstHeader, out, at)
    }
    if (status === HandshakeStatus.forbidden) this.#counters[WebSocketCounter.refusedOrigin]++
    else if (status === HandshakeStatus.upgradeRequired) this.#counters[WebSocketCounter.refusedVersion]++
    else this.#counters[WebSocketCounter.refusedRequest]++
    return encodeHttpError(out, at, out.length, status, ConnectionWord.close, false)
  }

  /** Whether the last `shake` was answered with 101. */
  get isAccepted(): boolean {
    return this.#isAccepted
  }

  /** The connection's 101 has been written: from here on it is this protocol's. */
  begin(connection: number): void {
    const base = this.#base(connection)
    assert.equal(this.#words[base + Word.state], State.accepted, 'begin without an accepted handshake')
    const now = this.#now()
    this.#words[base + Word.state] = State.open
    this.#words[base + Word.heardAt] = now
    this.#words[base + Word.touchedAt] = now
    this.#words[base + Word.epoch] = this.epoch
    this.#counters[WebSocketCounter.opened]++
    this.#waitOn(connection, base)
    this.#protocol.opened(connection)
  }

  /** As `StreamProtocol.receive`. */
  receive(connection: number, input: Uint8Array, start: number, end: number): number {
    const base = this.#base(connection)
    const words = this.#words
    words[base + Word.heardAt] = this.#now()
    words[base + Word.isPinged] = 0
    let at = start
    while (at < end && words[base + Word.state] !== State.over) {
      const next = this.#takeFrame(connection, base, input, at, end)
      if (next === at) return at - start
      at = next
      // A client that asks faster than it reads is answered as it reads: the rest is shown again.
      if (this.#server.keptOutputBytes(connection) > 0) return at - start
    }
    return end - start
  }

  /** As `StreamProtocol.overflow`: a frame that does not fit into the server's input. */
  overflow(connection: number): void {
    this.#fail(connection, CloseCode.tooBig)
  }

  /** As `StreamProtocol.expired`. */
  expired(connection: number, phase: number): void {
    if (phase === Phase.closing) {
      this.#counters[WebSocketCounter.closeTimeouts]++
      this.#server.close(connection)
      return
    }
    const base = this.#base(connection)
    const { idleSeconds, pingSeconds } = this.#limits
    const now = this.#now()
    const words = this.#words
    // Nothing is read while output is kept, pongs neither; the server has a limit of its own for that.
    if (this.#server.keptOutputBytes(connection) > 0) words[base + Word.heardAt] = now
    const silentSeconds = now - words[base + Word.heardAt]
    if (idleSeconds > 0 && now - words[base + Word.touchedAt] >= idleSeconds) {
      this.#counters[WebSocketCounter.closedIdle]++
      this.#startClosing(connection, base, CloseCode.goingAway, 'idle for too long')
    } else if (words[base + Word.isPinged] === 1 && silentSeconds >= 2 * pingSeconds) {
      this.#counters[WebSocketCounter.closedUnresponsive]++
      this.#sendClose(connection, CloseCode.goingAway, 'no answer to a ping')
      this.#finish(connection, base)
    } else {
      if (pingSeconds > 0 && silentSeconds >= pingSeconds && words[base + Word.isPinged] === 0) {
        words[base + Word.isPinged] = 1
        this.#counters[WebSocketCounter.pingsSent]++
        this.#sendControl(connection, Opcode.ping, CONTROL_PAYLOAD_AT)
      }
      this.#waitOn(connection, base)
    }
  }

  /** As `StreamProtocol.ended`: without a closing handshake, or after it. */
  ended(connection: number): void {
    this.#finish(connection, this.#base(connection))
  }

  /** As `StreamProtocol.closed`. */
  closed(connection: number, cause: number): void {
    this.#fragments.forget(connection)
    this.#words[this.#base(connection) + Word.state] = State.none
    this.#protocol.closed(connection, cause)
  }

  /**
   * Sends the server's output[payloadStart, payloadEnd) as one text frame; its header is written before it. A client
   * that has more than backlogBytesMax to read already, or would have, is closed with 1013 instead.
   * @param payloadStart FRAME_HEADER_BYTES_MAX at least
   * @returns false if the connection is not, or no longer, open
   */
  sendText(connection: number, payloadStart: number, payloadEnd: number): boolean {
    return this.#send(connection, Opcode.text, payloadStart, payloadEnd)
  }

  /** As `sendText`, as one binary frame. */
  sendBinary(connection: number, payloadStart: number, payloadEnd: number): boolean {
    return this.#send(connection, Opcode.binary, payloadStart, payloadEnd)
  }

  #send(connection: number, opcode: number, payloadStart: number, payloadEnd: number): boolean {
    const base = this.#base(connection)
    if (this.#words[base + Word.state] !== State.open) return false
    const payloadBytes = payloadEnd - payloadStart
    const kept = this.#server.keptOutputBytes(connection)
    if (kept > 0 && kept + payloadBytes + frameHeaderBytes(payloadBytes) > this.#limits.backlogBytesMax) {
      this.#counters[WebSocketCounter.closedBacklog]++
      this.#sendClose(connection, CloseCode.tryAgainLater, 'reads too slowly')
      this.#finish(connection, base)
      return false
    }
    const { output } = this.#server
    const start = writeFrameHeader(output, payloadStart, payloadBytes, opcode)
    this.#counters[WebSocketCounter.messagesSent]++
    this.#server.write(connection, output, start, payloadEnd)
    return true
  }

  /**
   * Sends a close frame and waits closeSeconds for the peer's. Messages that come meanwhile are dropped.
   * @param reason ASCII, up to 123 characters
   */
  close(connection: number, code: number, reason = ''): void {
    const base = this.#base(connection)
    if (this.#words[base + Word.state] !== State.open) return
    this.#counters[WebSocketCounter.closedByServer]++
    this.#startClosing(connection, base, code, reason)
  }

  /** The connection was used for what it is there for: it is not idle. */
  touch(connection: number): void {
    this.#words[this.#base(connection) + Word.touchedAt] = this.#now()
  }

  /** Closes, with 1001, all connections that began before `epoch` was given out. @param reason as for `close` */
  closeOlderEpochs(epoch: number, reason = ''): void {
    for (let connection = 0; connection < this.#server.generations.length; connection++) {
      const base = this.#base(connection)
      if (this.#words[base + Word.state] !== State.open || this.#words[base + Word.epoch] >= epoch) continue
      this.close(connection, CloseCode.goingAway, reason)
    }
  }

  #base(connection: number): number {
    return connection * this.#wordsPerConnection + this.#wordsAt
  }

  /** Whole seconds, rounded up: so limits are never kept too short. */
  #now(): number {
    return Math.ceil(this.#server.nowSeconds)
  }

  /** @returns the end of the frame, or `at` if it is not whole yet */
  #takeFrame(connection: number, base: number, input: Uint8Array, at: number, end: number): number {
    const header = this.#header
    const status = decodeFrameHeader(input, at, end, header)
    if (status === FrameStatus.incomplete) return at
    if (status === FrameStatus.invalid) return this.#fail(connection, CloseCode.protocolError, end)
    const start = at + header.headerBytes
    const payloadEnd = start + header.payloadBytes
    if (header.opcode >= Opcode.close) {
      if (payloadEnd > end) return at
      this.#unmasker.unmask(input, start, start, payloadEnd, header.mask)
      this.#takeControl(connection, base, input, start, payloadEnd)
      return payloadEnd
    }
    const code = this.#judge(connection, base, header)
    if (code !== 0) return this.#fail(connection, code, end)
    // After a close frame of ours only the peer's counts.
    if (this.#words[base + Word.state] === State.closing) return payloadEnd > end ? at : payloadEnd
    const here = payloadEnd > end ? end : payloadEnd
    if (!this.#reveal(base, input, start, here, header)) {
      return this.#fail(connection, CloseCode.invalidData, end)
    }
    if (here < payloadEnd) return at
    this.#takeData(connection, base, input, start, payloadEnd, header)
    return payloadEnd
  }

  /** Whether a data frame may come here, and be so long. @returns 0, or the code to fail the connection with */
  #judge(connection: number, base: number, { opcode, payloadBytes }: FrameHeader): number {
    const { maxFrameBytes, maxMessageBytes } = this.#limits
    const hasFragments = this.#words[base + Word.messageOpcode] !== 0
    if (this.#words[base + Word.state] === State.closing) {
      return payloadBytes > maxFrameBytes ? CloseCode.tooBig : 0
    }
    if ((opcode === Opcode.continuation) !== hasFragments) return CloseCode.protocolError
    const before = hasFragments ? this.#fragments.length(connection) : 0
    const isTooBig = payloadBytes > maxFrameBytes || before + payloadBytes > maxMessageBytes
    return isTooBig ? CloseCode.tooBig : 0
  }

  /**
   * Unmasks what has come of a data frame, input[start, here), and checks it if it is text.
   * @returns false if it is not UTF-8
   */
  #reveal(base: number, input: Uint8Array, start: number, here: number, header: FrameHeader): boolean {
    const words = this.#words
    const from = start + words[base + Word.unmaskedBytes]
    const isAscii = this.#unmasker.unmask(input, start, from, here, header.mask)
    const isWhole = here - start === header.payloadBytes
    words[base + Word.unmaskedBytes] = isWhole ? 0 : here - start
    const { opcode } = header
    if ((opcode === Opcode.continuation ? words[base + Word.messageOpcode] : opcode) !== Opcode.text)
      return true
    let state = words[base + Word.utf8State]
    if (!isAscii || state !== Utf8State.boundary) {
      state = this.#utf8.check(input, from, here, state)
      words[base + Word.utf8State] = state
      if (state === Utf8State.invalid) return false
    }
    return state === Utf8State.boundary || !isWhole || !header.isFinal
  }

  #takeData(
    connection: number,
    base: number,
    input: Uint8Array,
    start: number,
    end: number,
    { opcode, isFinal }: FrameHeader,
  ): void {
    const words = this.#words
    if (isFinal && opcode !== Opcode.continuation) {
      this.#counters[WebSocketCounter.messagesReceived]++
      this.#protocol.message(connection, input, start, end, opcode === Opcode.binary)
      return
    }
    if (opcode !== Opcode.continuation) words[base + Word.messageOpcode] = opcode
    this.#fragments.append(connection, input, start, end)
    if (!isFinal) return
    const isBinary = words[base + Word.messageOpcode] === Opcode.binary
    words[base + Word.messageOpcode] = 0
    const length = this.#fragments.length(connection)
    const bytes = this.#fragments.take(connection)
    this.#counters[WebSocketCounter.messagesReceived]++
    this.#protocol.message(connection, bytes, 0, length, isBinary)
  }

  #takeControl(connection: number, base: number, input: Uint8Array, start: number, end: number): void {
    const isOpen = this.#words[base + Word.state] === State.open
    if (this.#header.opcode === Opcode.pong) {
      this.#counters[WebSocketCounter.pongsReceived]++
    } else if (this.#header.opcode === Opcode.ping) {
      if (!isOpen) return
      for (let index = start; index < end; index++) {
        this.#control[CONTROL_PAYLOAD_AT + index - start] = input[index]
      }
      this.#sendControl(connection, Opcode.pong, CONTROL_PAYLOAD_AT + end - start)
    } else if (!isOpen) {
      this.#finish(connection, base)
    } else {
      const code = decodeClosePayload(input, start, end)
      if (code < 0) {
        this.#fail(connection, -code)
        return
      }
      this.#counters[WebSocketCounter.closedByPeer]++
      this.#sendClose(connection, code, '')
      this.#finish(connection, base)
    }
  }

  /** Sets the deadline for what is due next: a ping, its answer, or the end of an idle connection. */
  #waitOn(connection: number, base: number): void {
    const { idleSeconds, pingSeconds } = this.#limits
    const words = this.#words
    let dueAt = Number.POSITIVE_INFINITY
    if (idleSeconds > 0) dueAt = words[base + Word.touchedAt] + idleSeconds
    if (pingSeconds > 0) {
      const intervals = words[base + Word.isPinged] === 0 ? 1 : 2
      dueAt = Math.min(dueAt, words[base + Word.heardAt] + intervals * pingSeconds)
    }
    if (dueAt === Number.POSITIVE_INFINITY) this.#server.setDeadline(connection, Phase.check, 0)
    // One second at least: 0 would be none.
    else this.#server.setDeadline(connection, Phase.check, Math.max(1, dueAt - this.#server.nowSeconds))
  }

  /**
   * The peer broke the rules (section 7.1.7): it is told, and nothing more is read.
   * @returns `end`, for callers who say how far they are
   */
  #fail(connection: number, code: number, end = 0): number {
    const base = this.#base(connection)
    if (this.#words[base + Word.state] === State.open) {
      if (code === CloseCode.tooBig) this.#counters[WebSocketCounter.closedTooBig]++
      else if (code === CloseCode.invalidData) this.#counters[WebSocketCounter.closedInvalidData]++
      else this.#counters[WebSocketCounter.closedProtocolError]++
      this.#sendClose(connection, code, '')
    }
    this.#finish(connection, base)
    return end
  }

  #startClosing(connection: number, base: number, code: number, reason: string): void {
    this.#sendClose(connection, code, reason)
    this.#words[base + Word.state] = State.closing
    this.#words[base + Word.messageOpcode] = 0
    this.#fragments.forget(connection)
    // 0 would be no limit.
    this.#server.setDeadline(connection, Phase.closing, Math.max(1, this.#limits.closeSeconds))
  }

  #finish(connection: number, base: number): void {
    this.#words[base + Word.state] = State.over
    this.#fragments.forget(connection)
    this.#server.finish(connection)
  }

  #sendClose(connection: number, code: number, reason: string): void {
    const end = encodeClosePayload(this.#control, CONTROL_PAYLOAD_AT, code, reason)
    this.#sendControl(connection, Opcode.close, end)
  }

  /** The payload has been written to #control already. */
  #sendControl(connection: number, opcode: number, end: number): void {
    const start = writeFrameHeader(this.#control, CONTROL_PAYLOAD_AT, end - CONTROL_PAYLOAD_AT, opcode)
    this.#server.write(connection, this.#control, start, end)
  }
}
