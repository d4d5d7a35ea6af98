// The load test's side of a WebSocket from its upgrade to its end, without a network: against a reading by the book
// (RFC 6455), whatever the pieces. Each connection has one end, and the one beside it goes on.

import assert from 'node:assert/strict'
import {
  type StreamClient,
  StreamClientEnd,
  type StreamClientOptions,
  type StreamClientProtocol,
} from '../../../src/net/native/stream-client.js'
import { type ClientStreams, WebSocketClient } from '../../../src/net/websocket-client.js'
import { webSocketKey } from '../../../src/protocol/websocket/client-handshake.js'
import { acceptFor } from '../../../src/protocol/websocket/handshake.js'
import { upgradeAnswer } from '../../support/web-torrent-server.js'
import { closePayload, type FrameOptions, frame } from '../../support/websocket-frames.js'
import { cutsOf, type FuzzTarget, latin1 } from '../target.js'
import { clientFramesOf, hearServerFrames } from './websocket-reference.js'

const MESSAGE_BYTES_MAX = 300
const SENT_BYTES_MAX = 200
const FUZZED = 0
const BESIDE = 1
const POISON = 0x81
const WORD = 0x1234_5678

const upgrade = latin1(
  upgradeAnswer([`Sec-WebSocket-Accept: ${acceptFor(webSocketKey(new Int32Array(4).fill(WORD)))}`]),
)

/** Streams without a network: what is written is kept, and what is not consumed is shown again. */
class StreamsInMemory implements ClientStreams {
  readonly output: Uint8Array
  readonly bytesSent = 0
  readonly bytesReceived = 0
  readonly sendsKept = 0
  readonly written: Buffer[][] = [[], []]
  readonly isOpen = [false, false]
  readonly #rests: Uint8Array[] = [new Uint8Array(), new Uint8Array()]
  readonly #protocol: StreamClientProtocol
  readonly #inputBytesMax: number

  constructor({ inputBytesMax, outputScratchBytes, protocol }: StreamClientOptions) {
    this.output = new Uint8Array(outputScratchBytes)
    this.#inputBytesMax = inputBytesMax
    this.#protocol = protocol(this as unknown as StreamClient)
  }

  connect(slot: number): void {
    assert.ok(!this.isOpen[slot], 'opened twice')
    this.isOpen[slot] = true
    this.written[slot] = []
    this.#rests[slot] = new Uint8Array()
    this.#protocol.connected(slot)
  }

  write(slot: number, start: number, end: number): boolean {
    assert.ok(this.isOpen[slot], 'written behind the end')
    assert.ok(start >= 0 && start <= end && end <= this.output.length)
    this.written[slot]!.push(Buffer.from(this.output.slice(start, end)))
    return true
  }

  close(slot: number): void {
    assert.ok(this.isOpen[slot], 'closed twice')
    this.isOpen[slot] = false
  }

  turn(): number {
    return 0
  }

  describeEnd(end: number): string {
    return `${end}`
  }

  closeAll(): void {
    this.isOpen.fill(false)
  }

  /** Shows a piece behind the rest of those before, between bytes that are none of the input. */
  feed(slot: number, piece: Uint8Array): void {
    if (!this.isOpen[slot]) return
    const rest = this.#rests[slot]!
    const length = rest.length + piece.length
    const input = new Uint8Array(length + 40).fill(POISON)
    input.set(rest, 7)
    input.set(piece, 7 + rest.length)
    const consumed = this.#protocol.received(slot, input, 7, 7 + length)
    if (!this.isOpen[slot]) return
    assert.ok(consumed >= 0 && consumed <= length, `${consumed} of ${length} bytes consumed`)
    this.#rests[slot] = input.slice(7 + consumed, 7 + length)
    if (length - consumed >= this.#inputBytesMax) this.end(slot, StreamClientEnd.inputOverflow)
  }

  /** The server closes. */
  end(slot: number, end: number = StreamClientEnd.ended): void {
    if (!this.isOpen[slot]) return
    this.isOpen[slot] = false
    this.#protocol.closed(slot, end, this.#rests[slot]!.length)
  }
}

/** What was told of each connection. */
const told: string[][] = [[], []]
const expectOpen = (slot: number): void => {
  assert.ok(
    told[slot]!.includes('opened') && !told[slot]!.includes('closed'),
    'told before or behind its time',
  )
}
let streams!: StreamsInMemory
const client = new WebSocketClient({
  target: { address: '127.0.0.1', port: 1 },
  capacity: 2,
  sourceAddresses: 1,
  hostName: 'localhost',
  path: '/',
  messageBytesMax: MESSAGE_BYTES_MAX,
  sentBytesMax: SENT_BYTES_MAX,
  randomWord: () => WORD,
  openStreams: options => {
    streams = new StreamsInMemory(options)
    return streams
  },
  events: {
    opened: slot => {
      assert.equal(told[slot]!.length, 0)
      told[slot]!.push('opened')
    },
    message: (slot, input, start, end) => {
      expectOpen(slot)
      told[slot]!.push(`message ${Buffer.from(input.subarray(start, end)).toString('latin1')}`)
    },
    closed: slot => {
      assert.ok(!told[slot]!.includes('closed'), 'ended twice')
      told[slot]!.push('closed')
      assert.ok(!streams.isOpen[slot], 'the slot is not free')
    },
  },
})

/** Opens a connection. @returns how many writes its request took */
function open(slot: number): number {
  told[slot] = []
  client.open(slot)
  return streams.written[slot]!.length
}

interface Read {
  readonly told: readonly string[]
  readonly sent: readonly string[]
  /** The client closed, before the server did. */
  readonly isOver: boolean
}

function read(bytes: Uint8Array, cuts: readonly number[]): Read {
  const requests = open(FUZZED)
  let start = 0
  for (const cut of [...cuts, bytes.length]) {
    streams.feed(FUZZED, bytes.subarray(start, cut))
    start = cut
  }
  const isOver = !streams.isOpen[FUZZED]
  streams.end(FUZZED)
  assert.equal(told[FUZZED]!.at(-1), 'closed')
  const sent = clientFramesOf(Buffer.concat(streams.written[FUZZED]!.slice(requests)))
  return { told: told[FUZZED]!, sent, isOver }
}

open(BESIDE)
streams.feed(BESIDE, upgrade)

/** The first byte says whether the rest comes behind a right answer to the upgrade, or is all there is. */
function run(bytes: Uint8Array): string {
  const isUpgraded = (bytes[0] ?? 0) % 2 === 0
  const frames = bytes.subarray(1)
  const all = isUpgraded ? Buffer.concat([upgrade, frames]) : frames
  const whole = read(all, [])
  assert.deepEqual(read(all, cutsOf(all)), whole, 'in pieces it is heard otherwise')
  if (isUpgraded) {
    const { messages, answers, isOver } = hearServerFrames(frames, MESSAGE_BYTES_MAX)
    const expected = ['opened', ...messages.map(message => `message ${message}`), 'closed']
    assert.deepEqual(whole, { told: expected, sent: answers, isOver })
  }
  streams.feed(BESIDE, frame({ mask: null, payload: 'beside' }))
  assert.equal(told[BESIDE]!.at(-1), 'message beside')
  told[BESIDE] = ['opened']
  const { told: events, sent, isOver } = whole
  return `${isUpgraded} ${Math.min(events.length, 6)} ${sent.map(text => text.slice(0, 4)).slice(0, 4)} ${isOver}`
}

const behind = (...frames: readonly FrameOptions[]): Uint8Array =>
  Buffer.concat([Uint8Array.of(0), ...frames.map(options => frame({ mask: null, ...options }))])

export const websocketSession: FuzzTarget = {
  name: 'websocket-session',
  seeds: [
    Buffer.concat([Uint8Array.of(1), upgrade, frame({ mask: null, payload: '{}' })]),
    Buffer.concat([Uint8Array.of(1), latin1('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')]),
    behind({ payload: '{"action":"announce"}' }, { payload: '' }, { opcode: 2, payload: 'x'.repeat(200) }),
    behind(
      { payload: 'thr', isFinal: false },
      { payload: 'beat', opcode: 9 },
      { payload: 'e', opcode: 0, isFinal: false },
      { payload: 'e', opcode: 0 },
      { opcode: 8, payload: closePayload(1000, 'bye') },
    ),
    behind(...Array.from({ length: 20 }, () => ({ opcode: 9, payload: 'p'.repeat(125) }))),
    behind({ payload: 'x'.repeat(MESSAGE_BYTES_MAX) }, { opcode: 10, payload: 'y' }),
    behind({ isFinal: false, payload: 'x'.repeat(MESSAGE_BYTES_MAX) }, { opcode: 0, payload: 'y' }),
    behind({ opcode: 8 }),
  ],
  dictionary: [
    ...[{ payload: 'x' }, { isFinal: false }, { opcode: 0 }, { opcode: 9 }, { opcode: 8 }].map(options =>
      frame({ mask: null, ...options }),
    ),
    ...[
      frame({ payload: 'masked' }),
      frame({ mask: null, opcode: 8, payload: closePayload(1005) }),
      frame({ mask: null, opcode: 8, payload: 'x' }),
      frame({ mask: null, length: 1n << 63n }),
      frame({ mask: null, reserved: 4 }),
    ],
    ...['\x7e\x01\x2c', '\x7e\x01\x2d', '\x89', '\x8a', '\x00', '\x80'].map(latin1),
  ],
  bytesMax: 3000,
  run,
}
