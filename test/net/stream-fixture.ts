// A line protocol over the byte stream servers of both engines, with a clock that only tests advance.
//   echo TEXT   answers TEXT        bytes N    answers N bytes and a line end       quiet      answers nothing
//   finish TEXT answers, finishes   close      closes     other N TEXT   answers on connection N
//   relay TEXT  as echo, from other memory than the server's output
//   pieces N    answers N pieces, each when the one before is sent, and a line end

import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Certificate } from '../../src/net/certificate.js'
import { closeStreamListener, openTcpListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { NativeTls } from '../../src/net/native/tls.js'
import { NodeStreamServer } from '../../src/net/node/stream-server.js'
import { NodeTls } from '../../src/net/node/tls.js'
import {
  StreamCounter,
  type StreamLimits,
  type StreamProtocol,
  type StreamServer,
  type WakeUp,
} from '../../src/net/stream.js'

export type Engine = 'native' | 'node'
export type Transport = 'plain' | 'tls'

export const limits: StreamLimits = {
  capacity: 64,
  connectionsPerAddressMax: 0,
  inputBytesMax: 1024,
  outputBytesMax: 64 << 20,
  handshakeSeconds: 10,
  writeSeconds: 10,
  lingerSeconds: 2,
  protocolWordCount: 2,
  outputScratchBytes: 65_536,
}

export const Phase = { idle: 1 } as const

/** Bytes of each of `pieces`. */
export const PIECE_BYTES = 60_000

export class LineProtocol implements StreamProtocol {
  readonly opened: number[] = []
  readonly shown: string[] = []
  readonly ends: { readonly connection: number; readonly cause: number }[] = []
  readonly expirations: { readonly connection: number; readonly phase: number }[] = []
  readonly inputEnds: { readonly connection: number; readonly keptBytes: number }[] = []
  readonly overflows: number[] = []
  /** Connections whose output was drained, each time that it was. */
  readonly drains: number[] = []
  idleSeconds = 0
  /** What to do at the peer's end of input. */
  onEnded: (connection: number) => void = connection => this.server.close(connection)
  onExpired: (connection: number) => void = connection => this.server.close(connection)
  /** What to do when all pieces are sent. */
  onPieces: (connection: number) => void = connection => this.say(connection, '\n')
  private readonly waiters = new Set<() => void>()
  private readonly piecesLeft = new Map<number, number>()

  constructor(private readonly server: StreamServer) {}

  open(connection: number): void {
    this.opened.push(connection)
    this.server.protocolWords[connection * limits.protocolWordCount + 1]++
    this.server.setDeadline(connection, Phase.idle, this.idleSeconds)
    this.wake()
  }

  receive(connection: number, input: Uint8Array, start: number, end: number): number {
    const text = Buffer.from(input.subarray(start, end)).toString('latin1')
    this.shown.push(text)
    let consumed = 0
    for (let stop = text.indexOf('\n'); stop >= 0; stop = text.indexOf('\n', consumed)) {
      this.command(connection, text.slice(consumed, stop))
      consumed = stop + 1
    }
    this.wake()
    return consumed
  }

  overflow(connection: number): void {
    this.overflows.push(connection)
    this.say(connection, 'too long\n')
    this.wake()
  }

  expired(connection: number, phase: number): void {
    this.expirations.push({ connection, phase })
    this.onExpired(connection)
    this.wake()
  }

  ended(connection: number, keptBytes: number): void {
    this.inputEnds.push({ connection, keptBytes })
    this.onEnded(connection)
    this.wake()
  }

  drained(connection: number): void {
    this.drains.push(connection)
    const left = this.piecesLeft.get(connection) ?? 0
    if (left === 0) {
      this.onPieces(connection)
      this.wake()
      return
    }
    this.piecesLeft.set(connection, left - 1)
    // Asked for twice, called once.
    this.server.whenDrained(connection)
    this.say(connection, 'x'.repeat(PIECE_BYTES))
    this.server.whenDrained(connection)
    this.wake()
  }

  closed(connection: number, cause: number): void {
    this.ends.push({ connection, cause })
    this.wake()
  }

  /** From the server's own output, as answers mostly are, if it has room for the text. */
  say(connection: number, text: string): void {
    const { output } = this.server
    if (text.length > output.length) this.relay(connection, text)
    else this.server.write(connection, output, 0, Buffer.from(output.buffer).write(text, 'latin1'))
  }

  /** From the middle of bytes of the protocol's own. */
  relay(connection: number, text: string): void {
    const bytes = Buffer.from(`-${text}`, 'latin1')
    this.server.write(connection, bytes, 1, bytes.length)
  }

  /** Resolves once `holds` is true; looked at after every callback. */
  until(holds: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!holds()) return
        this.waiters.delete(look)
        resolve()
      }
      this.waiters.add(look)
      look()
    })
  }

  private wake(): void {
    for (const look of [...this.waiters]) look()
  }

  private command(connection: number, line: string): void {
    const [, word, rest] = /^(\w*) ?(.*)$/.exec(line) as RegExpExecArray
    if (word === 'echo') this.say(connection, `${rest}\n`)
    else if (word === 'bytes') this.say(connection, `${'x'.repeat(Number(rest))}\n`)
    else if (word === 'pieces') {
      this.piecesLeft.set(connection, Number(rest))
      this.server.whenDrained(connection)
    } else if (word === 'close') this.server.close(connection)
    else if (word === 'relay') this.relay(connection, `${rest}\n`)
    else if (word === 'other') this.relay(Number(rest.split(' ')[0]), `${rest.split(' ')[1]}\n`)
    else if (word === 'finish') {
      this.say(connection, `${rest}\n`)
      this.server.finish(connection)
    }
  }
}

/** What both engines' servers have beyond the interface of protocols. */
export interface SpeakingServer {
  readonly server: StreamServer & { turn(timeoutMs: number): void; stopAccepting(): void }
  readonly host: string
  readonly port: number
  /** Lets time pass for deadlines. */
  advance(seconds: number): void
}

export interface StartedServer extends SpeakingServer {
  readonly protocol: LineProtocol
  connect(localAddress?: string, tls?: ConnectionOptions): Promise<Client>
  /** Shows another certificate to new connections. */
  setCertificate(certificate: Certificate): void
}

export interface StartOptions {
  readonly engine: Engine
  readonly limits?: Partial<StreamLimits>
  /** `127.0.0.1` if not given. */
  readonly address?: string
  readonly onlyIpv6?: boolean
  readonly tls?: TlsOptions
  readonly wakeUp?: WakeUp
}

export interface TlsOptions {
  readonly certificate: Certificate
  readonly ticketKeys: Uint8Array
}

/** Starts a server of the line protocol that is gone when the test is over. */
export async function start(t: TestContext, options: StartOptions): Promise<StartedServer> {
  let protocol: LineProtocol | undefined
  const tls = startTls(options)
  const speaking = await startSpeaking(
    t,
    options,
    server => {
      protocol = new LineProtocol(server)
      return protocol
    },
    tls,
  )
  const { host, port } = speaking
  const clientTls = options.tls === undefined ? undefined : { rejectUnauthorized: false }
  return {
    ...speaking,
    protocol: protocol as unknown as LineProtocol,
    connect: (localAddress, wanted) =>
      Client.connect(
        t,
        host,
        port,
        localAddress,
        wanted === undefined ? clientTls : { ...clientTls, ...wanted },
      ),
    setCertificate: certificate => tls?.setCertificate(certificate),
  }
}

/** Starts a server of any protocol that is gone when the test is over. */
export async function startSpeaking(
  t: TestContext,
  options: StartOptions,
  protocol: (server: StreamServer) => StreamProtocol,
  tls = startTls(options),
): Promise<SpeakingServer> {
  const clock = { seconds: 1000 }
  const common = {
    limits: { ...limits, ...options.limits },
    clock: () => clock.seconds,
    protocol,
    ...(options.wakeUp === undefined ? {} : { wakeUp: options.wakeUp }),
  }
  const address = { address: options.address ?? '127.0.0.1', port: 0 }
  const listen = { protocol: 'test', address, onlyIpv6: options.onlyIpv6 ?? true, backlog: 4096 }
  const { server, port } =
    options.engine === 'native'
      ? startNative(t, common, listen, tls)
      : await startNode(t, common, listen, tls)
  return {
    server,
    host: address.address === '::' ? '::1' : address.address,
    port,
    advance: seconds => {
      clock.seconds += seconds
      server.turn(0)
    },
  }
}

function startTls({ engine, tls }: StartOptions): NativeTls | NodeTls | undefined {
  if (tls === undefined) return undefined
  return engine === 'native' ? new NativeTls(tls) : new NodeTls(tls)
}

type Common = Pick<
  ConstructorParameters<typeof NativeStreamServer>[0],
  'limits' | 'clock' | 'protocol' | 'wakeUp'
>
type Listen = Parameters<typeof openTcpListener>[0]

function startNative(
  t: TestContext,
  common: Common,
  listen: Listen,
  tls: NativeTls | NodeTls | undefined,
): { server: NativeStreamServer; port: number } {
  const listener = openTcpListener(listen)
  const server = new NativeStreamServer({
    ...common,
    listeners: [listener],
    ...(tls instanceof NativeTls ? { tls } : {}),
  })
  pump(t, server)
  t.after(() => closeStreamListener(listener))
  return { server, port: (listener.address as { port: number }).port }
}

/** The native loop, one turn for each turn of this thread's event loop, which the clients need too. */
export function pump(t: TestContext, server: NativeStreamServer): void {
  let isRunning = true
  const turn = (): void => {
    if (!isRunning) return
    server.turn(0)
    setImmediate(turn)
  }
  setImmediate(turn)
  t.after(() => {
    isRunning = false
    server.closeAll()
  })
}

async function startNode(
  t: TestContext,
  common: Common,
  listen: Listen,
  tls: NativeTls | NodeTls | undefined,
): Promise<{ server: NodeStreamServer; port: number }> {
  const server = await NodeStreamServer.open({
    ...common,
    listeners: [listen],
    ...(tls instanceof NodeTls ? { tls } : {}),
  })
  t.after(() => server.closeAll())
  return { server, port: (server.listening[0] as { port: number }).port }
}

export class Client {
  /** The code of the error that broke the connection. */
  error: string | undefined
  hasEnded = false
  private readonly chunks: string[] = []
  private readonly waiters = new Set<() => void>()

  private constructor(
    readonly socket: Socket,
    private readonly raw: Socket,
  ) {
    const wake = (): void => {
      for (const look of [...this.waiters]) look()
    }
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk.toString('latin1'))
      wake()
    })
    socket.on('end', () => {
      this.hasEnded = true
      wake()
    })
    socket.on('error', error => {
      this.error = (error as NodeJS.ErrnoException).code
    })
    socket.on('close', wake)
  }

  static async connect(
    t: TestContext,
    host: string,
    port: number,
    localAddress?: string,
    tls?: ConnectionOptions,
  ): Promise<Client> {
    const options = {
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    }
    const socket = connectPlain(options)
    t.after(() => socket.destroy())
    if (tls === undefined) {
      const client = new Client(socket, socket)
      await once(socket, 'connect')
      return client
    }
    await once(socket, 'connect')
    const secured = connectTls({ ...tls, socket })
    const client = new Client(secured, socket)
    await new Promise<void>(resolve => {
      secured.once('secureConnect', resolve)
      secured.once('close', () => resolve())
    })
    return client
  }

  /** Breaks the connection off with a reset, below TLS. */
  reset(): void {
    this.raw.resetAndDestroy()
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  get received(): string {
    return this.chunks.join('')
  }

  /** Resolves with everything received, once it ends with `ending`; rejects when the connection ends first. */
  async until(ending: string): Promise<string> {
    // Joining megabytes for each chunk would take longer than the test.
    const isThere = (): boolean => this.chunks.slice(-ending.length).join('').endsWith(ending)
    await this.when(() => isThere() || this.isOver)
    if (!this.received.endsWith(ending))
      throw new Error(`ended (${this.error}) with ${this.received.slice(-80)}`)
    return this.received
  }

  /** Resolves with everything received when the server has closed its side, or broken off. */
  async end(): Promise<string> {
    await this.when(() => this.isOver)
    return this.received
  }

  get isOver(): boolean {
    return this.hasEnded || this.socket.closed
  }

  /** Resolves once `holds` is true; looked at whenever something comes, or the connection ends. */
  when(holds: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!holds()) return
        this.waiters.delete(look)
        resolve()
      }
      this.waiters.add(look)
      look()
    })
  }
}

export function counter(server: StreamServer, name: keyof typeof StreamCounter): number {
  return server.counters[StreamCounter[name]]
}
