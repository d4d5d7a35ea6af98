// WebSockets (RFC 6455) from the client's side, many to one server, over a StreamClient: the upgrade, frames in, whole
// messages out; pings are answered. What is spoken it does not know.
//
//   open ─▶ (connect, TLS) ─▶ upgrading ─▶ opened ─▶ message … ─▶ close
//     └──────────┴─────────────────┴──────────┴─▶ closed
//
// A frame waits in the stream's kept input until it is whole. A message in one frame, by far the most of them, is
// handed on where it lies; fragments are collected beside. What is sent to a connection while its own input is served
// leaves in one write at the end.

import type { SocketAddress } from '../protocol/socket-address.js'
import {
  ClientFrames,
  clientHeaderBytes,
  decodeServerFrameHeader,
} from '../protocol/websocket/client-frame.js'
import {
  decodeUpgradeAnswer,
  hostHeader,
  UPGRADE_ANSWER_BYTES_MAX,
  UpgradeAnswer,
  UpgradeStatus,
  webSocketKey,
  writeUpgradeRequest,
} from '../protocol/websocket/client-handshake.js'
import {
  CloseCode,
  decodeClosePayload,
  encodeClosePayload,
  NO_CLOSE_CODE,
} from '../protocol/websocket/close-payload.js'
import {
  CLIENT_HEADER_BYTES_MAX,
  FrameHeader,
  FrameStatus,
  Opcode,
} from '../protocol/websocket/frame-header.js'
import { StreamClient, StreamClientEnd, type StreamClientOptions } from './native/stream-client.js'
import type { NativeTlsClient } from './native/tls-client.js'
import { Fragments } from './websocket-fragments.js'

/** Why a WebSocket is over, or was none. */
export const WebSocketEnd = {
  /** It could not be opened: no connection, no TLS, or it ended before the upgrade was answered. */
  failed: 0,
  /** The upgrade was answered with another status than 101. */
  refused: 1,
  /** What came is no WebSocket, before or after the upgrade. */
  malformed: 2,
  /** The other side closed it, or it broke. */
  lost: 3,
} as const

/** What is spoken. Callbacks never run inside one another; each may call anything but `turn`. */
export interface WebSocketClientEvents {
  opened(slot: number): void
  /** One whole message, input[start, end): text that may not be UTF-8, or binary. Valid during the call only. */
  message(slot: number, input: Uint8Array, start: number, end: number): void
  /**
   * The slot is free; not called after `close`.
   * @param end a `WebSocketEnd`. @param text why, in some words
   */
  closed(slot: number, end: number, text: string): void
}

/** What it needs of a StreamClient. */
export type ClientStreams = Pick<
  StreamClient,
  | 'output'
  | 'bytesSent'
  | 'bytesReceived'
  | 'sendsKept'
  | 'connect'
  | 'write'
  | 'close'
  | 'turn'
  | 'describeEnd'
  | 'closeAll'
>

export interface WebSocketClientOptions {
  readonly target: SocketAddress
  /** Connections at a time: slots are 0 to capacity - 1. */
  readonly capacity: number
  /** As for StreamClient. */
  readonly sourceAddresses: number
  readonly tls?: NativeTlsClient
  /** For `Host`. */
  readonly hostName: string
  readonly path: string
  /** Of a message that is received; longer ones end their connection. */
  readonly messageBytesMax: number
  /** Of a message that is sent. */
  readonly sentBytesMax: number
  /** For keys and masks. */
  readonly randomWord: () => number
  readonly events: WebSocketClientEvents
  /** Opens what the bytes go through; a StreamClient where it is not given. */
  readonly openStreams?: (options: StreamClientOptions) => ClientStreams
}

/** Output kept for a server that reads slowly, in messages of the longest kind. */
const KEPT_MESSAGES_MAX = 16
/** Room that `reserve` leaves for a header: right for messages of 126 to 65,535 bytes. */
const HEADER_ROOM = clientHeaderBytes(126)

const State = { none: 0, connecting: 1, upgrading: 2, open: 3 } as const

export class WebSocketClient {
  readonly stream: ClientStreams
  /** Where messages are written, from where `reserve` says, before `send`. */
  readonly output: Uint8Array
  readonly #events: WebSocketClientEvents
  readonly #options: WebSocketClientOptions
  readonly #host: string
  readonly #states: Uint8Array
  /** Keys of upgrades that are not answered yet. */
  readonly #keys: string[]
  readonly #keyWords = new Int32Array(4)
  readonly #fragments: Fragments
  /** Opcode of a message of which fragments have come. */
  readonly #fragmented: Uint8Array
  readonly #answer = new UpgradeAnswer()
  readonly #header = new FrameHeader()
  readonly #frames = new ClientFrames()
  /** The connection whose input is served; what is sent to it lies in output[0, #outputEnd). */
  #current = -1
  #outputEnd = 0

  /** @throws when the system has no descriptor left */
  constructor(options: WebSocketClientOptions) {
    const { target, capacity, messageBytesMax, sentBytesMax } = options
    this.#options = options
    this.#events = options.events
    this.#host = hostHeader(options.hostName, target.port, options.tls !== undefined)
    this.#states = new Uint8Array(capacity)
    this.#keys = new Array<string>(capacity).fill('')
    this.#fragments = new Fragments(messageBytesMax)
    this.#fragmented = new Uint8Array(capacity)
    const frameBytesMax = sentBytesMax + CLIENT_HEADER_BYTES_MAX
    const { openStreams = streamOptions => new StreamClient(streamOptions) } = options
    this.stream = openStreams({
      target,
      capacity,
      sourceAddresses: options.sourceAddresses,
      inputBytesMax: Math.max(UPGRADE_ANSWER_BYTES_MAX, messageBytesMax) + CLIENT_HEADER_BYTES_MAX,
      outputScratchBytes: 4 * frameBytesMax + 4096,
      outputBytesMax: KEPT_MESSAGES_MAX * frameBytesMax,
      sendsAtOnce: true,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      protocol: () => ({
        connected: slot => this.#connected(slot),
        received: (slot, input, start, end) => this.#received(slot, input, start, end),
        closed: (slot, end) => this.#streamClosed(slot, end),
      }),
    })
    this.output = this.stream.output
  }

  /** Begins to open a WebSocket in a free slot. @throws AquaticError where the system has no descriptor left */
  open(slot: number): void {
    this.#states[slot] = State.connecting
    this.#fragmented[slot] = 0
    this.stream.connect(slot)
  }

  /** @returns where a message of up to `sentBytesMax` bytes may be written */
  reserve(): number {
    const room = this.#options.sentBytesMax + CLIENT_HEADER_BYTES_MAX
    if (this.#outputEnd + room > this.output.length) this.#flush()
    return this.#outputEnd + HEADER_ROOM
  }

  /** Sends output[start, end), written at `reserve`, as one text frame, which masks it. A closed slot gets nothing. */
  send(slot: number, start: number, end: number): void {
    this.#sendFrame(slot, Opcode.text, start, end)
  }

  /** Says farewell and frees the slot; no callback follows. */
  end(slot: number): void {
    if (this.#states[slot] === State.open) this.#sendClose(slot, CloseCode.normal)
    this.#release(slot)
  }

  /** As `StreamClient.turn`. */
  turn(timeoutMs: number): number {
    return this.stream.turn(timeoutMs)
  }

  /** Closes all connections, without callbacks. The client can't be used afterwards. */
  closeAll(): void {
    for (let slot = 0; slot < this.#states.length; slot++) {
      if (this.#states[slot] === State.open) this.#sendClose(slot, CloseCode.goingAway)
      this.#states[slot] = State.none
    }
    this.stream.closeAll()
  }

  #connected(slot: number): void {
    const words = this.#keyWords
    for (let word = 0; word < words.length; word++) words[word] = this.#options.randomWord()
    const key = webSocketKey(words)
    this.#keys[slot] = key
    this.#states[slot] = State.upgrading
    const end = writeUpgradeRequest(this.output, 0, this.#options.path, this.#host, key)
    this.stream.write(slot, 0, end)
  }

  #received(slot: number, input: Uint8Array, start: number, end: number): number {
    let at = start
    this.#current = slot
    if (this.#states[slot] === State.upgrading) at = this.#takeAnswer(slot, input, at, end)
    while (at < end && this.#states[slot] === State.open) {
      const next = this.#takeFrame(slot, input, at, end)
      if (next === at) break
      at = next
    }
    this.#flush()
    this.#current = -1
    return at - start
  }

  /** @returns where frames begin */
  #takeAnswer(slot: number, input: Uint8Array, start: number, end: number): number {
    const answer = this.#answer
    switch (decodeUpgradeAnswer(input, start, end, this.#keys[slot], answer)) {
      case UpgradeStatus.incomplete:
        return start
      case UpgradeStatus.refused:
        this.#fail(slot, WebSocketEnd.refused, `the upgrade was answered with status ${answer.httpStatus}`)
        return end
      case UpgradeStatus.malformed:
        this.#fail(slot, WebSocketEnd.malformed, answer.problem)
        return end
      default:
        this.#keys[slot] = ''
        this.#states[slot] = State.open
        this.#events.opened(slot)
        return start + answer.headBytes
    }
  }

  /** @returns the end of the frame, or `at` if it is not whole yet */
  #takeFrame(slot: number, input: Uint8Array, at: number, end: number): number {
    const header = this.#header
    const status = decodeServerFrameHeader(input, at, end, header)
    if (status === FrameStatus.incomplete) return at
    if (status === FrameStatus.invalid) return this.#failFrame(slot, CloseCode.protocolError, at)
    const start = at + header.headerBytes
    const { opcode, payloadBytes } = header
    if (opcode < Opcode.close) {
      const isFragment = this.#fragmented[slot] !== 0
      if ((opcode === Opcode.continuation) !== isFragment)
        return this.#failFrame(slot, CloseCode.protocolError, at)
      const before = isFragment ? this.#fragments.length(slot) : 0
      if (before + payloadBytes > this.#options.messageBytesMax)
        return this.#failFrame(slot, CloseCode.tooBig, at)
    }
    const payloadEnd = start + payloadBytes
    if (payloadEnd > end) return at
    if (opcode >= Opcode.close) this.#takeControl(slot, input, start, payloadEnd)
    else if (header.isFinal && opcode !== Opcode.continuation)
      this.#events.message(slot, input, start, payloadEnd)
    else this.#takeFragment(slot, input, start, payloadEnd)
    return payloadEnd
  }

  #takeFragment(slot: number, input: Uint8Array, start: number, end: number): void {
    this.#fragmented[slot] = 1
    this.#fragments.append(slot, input, start, end)
    if (!this.#header.isFinal) return
    this.#fragmented[slot] = 0
    const length = this.#fragments.length(slot)
    this.#events.message(slot, this.#fragments.take(slot), 0, length)
  }

  #takeControl(slot: number, input: Uint8Array, start: number, end: number): void {
    const { opcode } = this.#header
    if (opcode === Opcode.ping) {
      const at = this.reserve()
      this.output.set(input.subarray(start, end), at)
      this.#sendFrame(slot, Opcode.pong, at, at + end - start)
    } else if (opcode === Opcode.close) {
      const code = decodeClosePayload(input, start, end)
      if (code < 0) {
        this.#failFrame(slot, -code, start)
        return
      }
      const reason = Buffer.from(input.subarray(Math.min(start + 2, end), end)).toString('utf8')
      this.#sendClose(slot, code)
      this.#fail(slot, WebSocketEnd.lost, closeText(code, reason))
    }
  }

  /** What came is not what a server may send. @returns a position behind `at`: nothing more is read */
  #failFrame(slot: number, code: number, at: number): number {
    this.#sendClose(slot, code)
    const text = code === CloseCode.tooBig ? 'a message that is too long' : 'a frame that is none of a server'
    this.#fail(slot, WebSocketEnd.malformed, text)
    return at + 1
  }

  #fail(slot: number, end: number, text: string): void {
    this.#flush()
    this.#release(slot)
    this.#events.closed(slot, end, text)
  }

  #streamClosed(slot: number, end: number): void {
    const wasOpen = this.#states[slot] === State.open
    this.#forget(slot)
    const text = this.stream.describeEnd(end)
    if (wasOpen) this.#events.closed(slot, WebSocketEnd.lost, text)
    else {
      const isTooLong = end === StreamClientEnd.inputOverflow
      this.#events.closed(slot, isTooLong ? WebSocketEnd.malformed : WebSocketEnd.failed, text)
    }
  }

  #release(slot: number): void {
    this.#forget(slot)
    this.stream.close(slot)
  }

  #forget(slot: number): void {
    this.#states[slot] = State.none
    this.#keys[slot] = ''
    if (this.#fragmented[slot] !== 0) this.#fragments.forget(slot)
    this.#fragmented[slot] = 0
  }

  #sendClose(slot: number, code: number): void {
    const at = this.reserve()
    const isSendable = code !== NO_CLOSE_CODE
    const end = isSendable ? encodeClosePayload(this.output, at, code, '') : at
    this.#sendFrame(slot, Opcode.close, at, end)
    if (slot === this.#current) this.#flush()
  }

  #sendFrame(slot: number, opcode: number, start: number, end: number): void {
    if (this.#states[slot] !== State.open) return
    if (slot !== this.#current && this.#outputEnd > 0) this.#flush()
    const { output } = this
    const payloadStart = this.#outputEnd + clientHeaderBytes(end - start)
    if (payloadStart !== start) output.copyWithin(payloadStart, start, end)
    const payloadEnd = payloadStart + end - start
    this.#frames.write(output, payloadStart, payloadEnd, opcode, this.#options.randomWord())
    if (slot === this.#current) this.#outputEnd = payloadEnd
    else this.stream.write(slot, 0, payloadEnd)
  }

  /** Sends what was gathered for the connection whose input is served. */
  #flush(): void {
    if (this.#outputEnd === 0) return
    this.stream.write(this.#current, 0, this.#outputEnd)
    this.#outputEnd = 0
  }
}

function closeText(code: number, reason: string): string {
  const words = code === NO_CLOSE_CODE ? 'closed by the server' : `closed by the server with ${code}`
  return reason === '' ? words : `${words} ${reason}`
}
