// What a client sends behind its upgrade, to the server's side of WebSockets: against a reading by the book (RFC 6455),
// whatever the pieces; answers are whole frames, and the connection beside this one goes on.

import assert from 'node:assert/strict'
import { StreamEnd, type StreamServer, streamCounterNames } from '../../../src/net/stream.js'
import { inputBytesFor, type WebSocketLimits } from '../../../src/net/websocket.js'
import { Echo, echoLimits, echoStreamLimits, UpgradingFront } from '../../support/websocket-echo.js'
import { closePayload, frame, serverFrames } from '../../support/websocket-frames.js'
import { cutsOf, type FuzzTarget, latin1, utf8 } from '../target.js'
import { readClientFrames } from './websocket-reference.js'

const CAPACITY = 2
const FUZZED = 0
const BESIDE = 1
const POISON = 0x81

const head = latin1(
  'GET /announce HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
)

/** A server without a network: what is written is kept, and what is not consumed is shown again. */
class StreamsInMemory implements StreamServer {
  readonly families = new Uint8Array(CAPACITY).fill(4)
  readonly addresses = new Int32Array(4 * CAPACITY)
  readonly ports = new Uint16Array(CAPACITY)
  readonly protocolWords: Int32Array
  readonly output: Uint8Array
  readonly generations = new Uint32Array(CAPACITY)
  readonly counters = new Float64Array(streamCounterNames.length)
  readonly nowSeconds = 1
  readonly connections = CAPACITY
  readonly written: Buffer[][] = [[], []]
  readonly isFinished = [false, false]
  readonly #rests: Uint8Array[] = [new Uint8Array(), new Uint8Array()]
  readonly #inputBytesMax: number
  readonly #words: number

  constructor(limits: WebSocketLimits) {
    const { protocolWordCount, outputScratchBytes } = echoStreamLimits(limits)
    this.protocolWords = new Int32Array(CAPACITY * protocolWordCount)
    this.output = new Uint8Array(outputScratchBytes + 512)
    this.#inputBytesMax = inputBytesFor(limits)
    this.#words = protocolWordCount
  }

  open(connection: number): void {
    this.protocolWords.fill(0, connection * this.#words, (connection + 1) * this.#words)
    this.written[connection] = []
    this.isFinished[connection] = false
    this.#rests[connection] = new Uint8Array()
  }

  write(connection: number, bytes: Uint8Array, start: number, end: number): boolean {
    assert.ok(!this.isFinished[connection], 'written behind the end')
    this.written[connection]!.push(Buffer.from(bytes.slice(start, end)))
    return true
  }

  keptOutputBytes(): number {
    return 0
  }

  finish(connection: number): void {
    this.isFinished[connection] = true
  }

  close(connection: number): void {
    this.isFinished[connection] = true
  }

  whenDrained(): void {
    assert.fail('nothing is kept')
  }

  setDeadline(): void {
    // Time stands still.
  }

  /** Shows a piece behind the rest of those before, between bytes that are none of the input. */
  feed(front: UpgradingFront, connection: number, piece: Uint8Array): void {
    if (this.isFinished[connection]) return
    const rest = this.#rests[connection]!
    const length = rest.length + piece.length
    const input = new Uint8Array(length + 40).fill(POISON)
    input.set(rest, 7)
    input.set(piece, 7 + rest.length)
    const consumed = front.receive(connection, input, 7, 7 + length)
    assert.ok(consumed >= 0 && consumed <= length, `${consumed} of ${length} bytes consumed`)
    this.#rests[connection] = input.slice(7 + consumed, 7 + length)
    assert.ok(
      input.subarray(7 + length).every(byte => byte === POISON),
      'written behind the input',
    )
    const isStuck = !this.isFinished[connection] && length - consumed >= this.#inputBytesMax
    assert.ok(!isStuck, 'an allowed frame does not fit into the input')
  }
}

/** A server with these limits, one connection that is fuzzed, and one beside it. */
class FuzzedServer {
  readonly #limits: WebSocketLimits
  readonly #server: StreamsInMemory
  readonly #front: UpgradingFront

  constructor(limits: WebSocketLimits) {
    this.#limits = limits
    this.#server = new StreamsInMemory(limits)
    this.#front = new UpgradingFront(this.#server, new Echo(this.#server), limits)
    this.#upgrade(BESIDE)
  }

  #upgrade(connection: number): void {
    this.#server.open(connection)
    this.#front.open(connection)
    this.#server.feed(this.#front, connection, head)
    this.#server.written[connection] = []
  }

  /** Everything that was answered, one text for each frame, and whether the connection is over. */
  #read(bytes: Uint8Array, cuts: readonly number[]): string {
    this.#upgrade(FUZZED)
    let start = 0
    for (const cut of [...cuts, bytes.length]) {
      this.#server.feed(this.#front, FUZZED, bytes.subarray(start, cut))
      start = cut
    }
    const { frames, rest } = serverFrames(Buffer.concat(this.#server.written[FUZZED]!))
    assert.equal(rest.length, 0, 'half a frame was sent')
    const isFinished = this.#server.isFinished[FUZZED]
    this.#front.closed(FUZZED, StreamEnd.reset)
    const texts = frames.map(({ opcode, payload }) => `${opcode} ${payload.toString('latin1')}`)
    return [...texts, isFinished].join('\n')
  }

  run(bytes: Uint8Array): string {
    const whole = this.#read(bytes, [])
    assert.equal(this.#read(bytes, cutsOf(bytes)), whole, 'in pieces it is answered otherwise')
    const { answers, isOver } = readClientFrames(bytes, this.#limits)
    assert.equal(whole, [...answers, isOver].join('\n'))
    this.#server.written[BESIDE] = []
    this.#server.feed(this.#front, BESIDE, frame({ payload: 'beside' }))
    assert.equal(Buffer.concat(this.#server.written[BESIDE]).toString('latin1'), '\x81\x06beside')
    const opcodes = answers.map(answer => answer.slice(0, 1)).join('')
    return `${opcodes.slice(0, 12)} ${isOver} ${answers.at(-1)?.slice(2, 4) ?? ''}`
  }
}

const narrow = new FuzzedServer({ ...echoLimits, maxFrameBytes: 200, maxMessageBytes: 300 })
/** Takes what WebTorrent clients send. */
const wide = new FuzzedServer({ ...echoLimits, maxFrameBytes: 4000, maxMessageBytes: 5000 })

export const websocketServer: FuzzTarget = {
  name: 'websocket-server',
  seeds: [
    frame({ payload: 'Hello' }),
    frame({ opcode: 2, payload: Buffer.alloc(150, 0xff) }),
    Buffer.concat([
      frame({ payload: 'Hel\xe9', isFinal: false }),
      frame({ opcode: 9, payload: 'ping' }),
      frame({ opcode: 0, payload: 'lo €' }),
    ]),
    Buffer.concat([frame({ opcode: 10 }), frame({ opcode: 8, payload: closePayload(1000, 'bye') })]),
    frame({ opcode: 8 }),
    frame({ payload: utf8('κόσμε 😀'), mask: Uint8Array.of(0, 0, 0, 0) }),
    frame({ payload: Buffer.alloc(190, 0x41), lengthBytes: 8 }),
    Buffer.concat(
      Array.from({ length: 12 }, (_, index) =>
        frame({ opcode: index % 3 === 0 ? 9 : 1, payload: 'x'.repeat(20) }),
      ),
    ),
  ],
  dictionary: [
    ...[frame({ payload: 'x' }), frame({ isFinal: false }), frame({ opcode: 0 }), frame({ opcode: 9 })],
    ...[
      frame({ opcode: 8, payload: closePayload(1005) }),
      frame({ opcode: 0, isFinal: false, payload: '\xff' }),
    ],
    ...[frame({ mask: null, payload: 'x' }), frame({ reserved: 4 }), frame({ length: 1n << 63n })],
    ...['\xed\xa0\x80', '\xf4\x90', '\xc0\x80', '\xe2\x82', '\x81\x80\0\0\0\0', '\x01\x82\0\0\0\0'].map(
      latin1,
    ),
  ],
  bytesMax: 1500,
  run: bytes => narrow.run(bytes),
}

/** Whole messages of clients, each with some kilobytes; all of its seeds are what such clients sent. */
export const websocketMessages: FuzzTarget = {
  name: 'websocket-messages',
  seeds: [],
  dictionary: websocketServer.dictionary,
  bytesMax: 6000,
  run: bytes => wide.run(bytes),
}
