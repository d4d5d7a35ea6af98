// Echo servers over WebSocketStreams on both engines, plain and TLS, and a client that sends what it is told to.

import assert from 'node:assert/strict'
import { after, type TestContext } from 'node:test'
import { type Certificate, readCertificate } from '../../src/net/certificate.js'
import type { StreamLimits, StreamServer } from '../../src/net/stream.js'
import { TICKET_KEY_BYTES } from '../../src/net/tls-settings.js'
import { WebSocketCounter, type WebSocketLimits } from '../../src/net/websocket.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { engineMissing } from '../support/requirement.js'
import { Echo, echoLimits, echoStreamLimits, UpgradingFront } from '../support/websocket-echo.js'
import { closePayload, frame, type ServerFrame, serverFrames } from '../support/websocket-frames.js'
import { Client, type Engine, type SpeakingServer, startSpeaking, type Transport } from './stream-fixture.js'

export const kinds = (['native', 'node'] as const).flatMap(engine =>
  (['plain', 'tls'] as const).map(transport => ({ engine, transport })),
)

let certificate: Certificate | undefined
const files = { after: (remove: () => void) => after(remove) }

export function missing(engine: Engine, transport: Transport): Readonly<Record<string, boolean>> {
  return { ...engineMissing(engine), ...(transport === 'tls' ? opensslMissing() : {}) }
}

export const REQUEST_LINES = [
  'GET /announce HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

export function request(lines: readonly string[] = REQUEST_LINES): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Writes down who came and went. */
class RecordingEcho extends Echo {
  readonly openedConnections: number[] = []
  readonly ends: { readonly connection: number; readonly cause: number }[] = []
  readonly messages: { readonly bytes: Buffer; readonly isBinary: boolean }[] = []
  /** Called before a message is answered. */
  onMessage: (connection: number) => void = () => undefined

  override opened(connection: number): void {
    this.openedConnections.push(connection)
  }

  override message(
    connection: number,
    input: Uint8Array,
    start: number,
    end: number,
    isBinary: boolean,
  ): void {
    this.messages.push({ bytes: Buffer.from(input.subarray(start, end)), isBinary })
    this.onMessage(connection)
    super.message(connection, input, start, end, isBinary)
  }

  override closed(connection: number, cause: number): void {
    this.ends.push({ connection, cause })
  }
}

export interface EchoServer extends SpeakingServer {
  readonly front: UpgradingFront
  readonly echo: RecordingEcho
  /** A connection that has not asked for anything. */
  connectRaw(): Promise<Client>
  /** A connection whose handshake is done. */
  connect(): Promise<WebSocketClient>
}

export interface EchoOptions {
  readonly engine: Engine
  readonly transport?: Transport
  readonly limits?: Partial<WebSocketLimits>
  readonly streamLimits?: Partial<StreamLimits>
}

/** Starts an echo server that is gone when the test is over. */
export async function startEcho(t: TestContext, options: EchoOptions): Promise<EchoServer> {
  const { engine, transport = 'plain' } = options
  const limits: WebSocketLimits = { ...echoLimits, ...options.limits }
  let made: { front: UpgradingFront; echo: RecordingEcho } | undefined
  const speak = (server: StreamServer): UpgradingFront => {
    const echo = new RecordingEcho(server)
    made = { echo, front: new UpgradingFront(server, echo, limits) }
    return made.front
  }
  const speaking = await startSpeaking(
    t,
    {
      engine,
      limits: { capacity: 16, ...echoStreamLimits(limits), ...options.streamLimits },
      ...(transport === 'tls' ? { tls: tlsOptions() } : {}),
    },
    speak,
  )
  const { host, port } = speaking
  const connectRaw = (): Promise<Client> =>
    Client.connect(t, host, port, undefined, transport === 'tls' ? { rejectUnauthorized: false } : undefined)
  return {
    ...speaking,
    ...(made as unknown as { front: UpgradingFront; echo: RecordingEcho }),
    connectRaw,
    connect: async () => WebSocketClient.shake(await connectRaw()),
  }
}

function tlsOptions() {
  certificate ??= readCertificate(
    makeCertificate(scratchDirectory(files), 'test', { commonName: 'localhost' }),
    new Date(),
  )
  return { certificate, ticketKeys: Buffer.alloc(TICKET_KEY_BYTES, 1) }
}

export class WebSocketClient {
  private constructor(
    readonly client: Client,
    private readonly headBytes: number,
  ) {}

  /** Asks for WebSocket; there must be nothing but the head in the answer. */
  static async shake(client: Client): Promise<WebSocketClient> {
    client.send(request())
    const head = await client.until('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 101 /)
    return new WebSocketClient(client, head.length)
  }

  send(...frames: readonly Uint8Array[]): void {
    this.client.socket.write(Buffer.concat(frames))
  }

  /** All whole frames that have come. */
  get frames(): ServerFrame[] {
    return serverFrames(Buffer.from(this.client.received.slice(this.headBytes), 'latin1')).frames
  }

  /** Resolves when so many have come, or the connection is over. */
  async until(count: number): Promise<ServerFrame[]> {
    await this.client.when(() => this.client.isOver || this.frames.length >= count)
    return this.frames
  }

  /** Resolves with all frames when the server has closed its side; there must be no piece of a frame behind them. */
  async end(): Promise<ServerFrame[]> {
    await this.client.end()
    const { frames, rest } = serverFrames(Buffer.from(this.client.received.slice(this.headBytes), 'latin1'))
    assert.equal(rest.length, 0, 'half a frame at the end')
    this.client.socket.end()
    return frames
  }
}

/** Frames as short texts: `text Hello`, `pong`, `close 1000`. */
export function said(frames: readonly ServerFrame[]): string[] {
  const names = new Map([
    [1, 'text'],
    [2, 'binary'],
    [8, 'close'],
    [9, 'ping'],
    [10, 'pong'],
  ])
  return frames.map(({ opcode, payload }) => {
    const name = names.get(opcode) ?? `opcode ${opcode}`
    if (opcode !== 8) return `${name} ${payload.toString('latin1')}`.trimEnd()
    return payload.length === 0 ? 'close' : `close ${payload.readUInt16BE(0)}`
  })
}

/** A text frame. */
export function text(payload: string | Uint8Array): Buffer {
  return frame({ opcode: 1, payload })
}

export function close(code: number, reason: string | Uint8Array = ''): Buffer {
  return frame({ opcode: 8, payload: closePayload(code, reason) })
}

export const emptyClose = frame({ opcode: 8 })

export function ping(payload: string | Uint8Array = ''): Buffer {
  return frame({ opcode: 9, payload })
}

/** Lets the servers and clients of this thread do what they can until `holds` is true. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}

export function count({ front }: EchoServer, name: keyof typeof WebSocketCounter): number {
  return front.counters[WebSocketCounter[name]]
}
