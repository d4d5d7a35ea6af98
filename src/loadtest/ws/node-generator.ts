// Load on a WebTorrent tracker with the node engine: sockets of `ws`, in the thread's event loop.

import type { Socket } from 'node:net'
import type { RawData, WebSocket } from 'ws'
import { describeSocketError, openClientSocket, sourceAddress } from '../../net/node/client-socket.js'
import { hostHeader } from '../../protocol/websocket/client-handshake.js'
import { monotonicMs } from '../clock.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { Outcome, WorkerCount } from '../kinds.js'
import { WsLoad } from './load.js'
import { createRelayMemory } from './relay-memory.js'
import { sentBytesMax } from './requests.js'
import { MESSAGE_BYTES_MAX, type Wire } from './wire.js'

/** Timers have whole milliseconds: shorter waits look again after what has come meanwhile. */
const TIMER_MS_MIN = 1
const GAUGE_MS = 50
/** Messages of the longest kind that are kept for a tracker that reads slowly. */
const KEPT_MESSAGES_MAX = 16

interface End {
  readonly outcome: Outcome
  readonly text: string
}

/** Makes load until the phase is `stop`. */
export async function generateWsNode(context: GeneratorContext): Promise<void> {
  const { WebSocket } = await import('ws')
  const generator = new NodeWsGenerator(context, WebSocket)
  try {
    await generator.run()
  } finally {
    generator.close()
  }
}

class NodeWsGenerator implements Wire {
  readonly output: Uint8Array
  readonly #context: GeneratorContext
  readonly #socketClass: typeof WebSocket
  readonly #sockets: (WebSocket | null)[]
  readonly #load: WsLoad
  readonly #url: string
  readonly #keptBytesMax: number
  /** Why connections end, where that is known before they do. */
  readonly #ends: (End | null)[]
  #opened = 0

  constructor(context: GeneratorContext, socketClass: typeof WebSocket) {
    const { plan } = context
    const { hostName, port, isTls, path } = plan.target
    this.#context = context
    this.#socketClass = socketClass
    this.output = new Uint8Array(sentBytesMax(plan))
    this.#keptBytesMax = KEPT_MESSAGES_MAX * this.output.length
    this.#ends = new Array<End | null>(plan.connectionsPerWorker).fill(null)
    this.#sockets = new Array<WebSocket | null>(plan.connectionsPerWorker).fill(null)
    this.#url = `${isTls ? 'wss' : 'ws'}://${hostHeader(hostName, port, isTls)}${path}`
    this.#load = new WsLoad(context, this, context.relays ?? createRelayMemory(plan))
  }

  async run(): Promise<void> {
    const { control } = this.#context
    let gaugeMs = 0
    while (control.phase !== Phase.stop) {
      const nowMs = monotonicMs()
      const waitMs = this.#load.turn(nowMs)
      if (nowMs >= gaugeMs) {
        this.#load.showGauges(nowMs)
        gaugeMs = nowMs + GAUGE_MS
      }
      await pause(waitMs)
    }
    this.#load.finish(monotonicMs())
  }

  close(): void {
    for (let slot = 0; slot < this.#sockets.length; slot++) this.end(slot)
  }

  open(slot: number): void {
    const { target, sourceAddresses } = this.#context.plan
    const { socket: stream } = openClientSocket({
      address: target.address,
      port: target.port,
      localAddress: sourceAddress(this.#opened++, target.address, sourceAddresses),
      tls: target.isTls ? target : null,
    })
    const socket = new this.#socketClass(this.#url, {
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: MESSAGE_BYTES_MAX,
      createConnection: () => stream,
    })
    this.#sockets[slot] = socket
    this.#ends[slot] = null
    this.#listen(slot, socket, stream)
  }

  reserve(): number {
    return 0
  }

  send(slot: number, start: number, end: number): void {
    const socket = this.#sockets[slot]
    if (socket === null || socket.readyState !== socket.OPEN) return
    this.#context.accounts.count(WorkerCount.bytesSent, monotonicMs(), end - start)
    if (this.#isStalled(slot, socket)) return
    // It is masked into memory of its own before `send` returns.
    socket.send(Buffer.from(this.output.buffer, start, end - start), { binary: false })
  }

  end(slot: number): void {
    const socket = this.#sockets[slot]
    // What the socket still says of its end is nobody's business any more.
    this.#sockets[slot] = null
    socket?.terminate()
  }

  /** Ends a connection whose other side does not read. */
  #isStalled(slot: number, socket: WebSocket): boolean {
    if (socket.bufferedAmount <= this.#keptBytesMax) return false
    this.#ends[slot] = { outcome: Outcome.broken, text: 'the server reads nothing' }
    socket.terminate()
    return true
  }

  #listen(slot: number, socket: WebSocket, stream: Socket): void {
    const isCurrent = (): boolean => this.#sockets[slot] === socket
    socket.on('open', () => {
      if (isCurrent()) this.#load.opened(slot)
    })
    socket.on('message', (data: RawData) => {
      if (!isCurrent()) return
      const bytes = data as Buffer
      this.#context.accounts.count(WorkerCount.bytesReceived, monotonicMs(), bytes.length)
      this.#load.message(slot, bytes, 0, bytes.length)
    })
    socket.on('ping', (data: Buffer) => {
      if (isCurrent() && !this.#isStalled(slot, socket)) socket.pong(data)
    })
    socket.on('unexpected-response', (_request, response) => {
      if (!isCurrent()) return
      const text = `the upgrade was answered with status ${response.statusCode}`
      this.#ends[slot] = { outcome: Outcome.refused, text }
      // Whoever listens to this has to end it.
      socket.terminate()
    })
    socket.on('error', error => {
      if (isCurrent()) this.#ends[slot] ??= endOf(error, stream)
    })
    socket.on('close', (code, reason) => {
      if (!isCurrent()) return
      this.#sockets[slot] = null
      const { outcome, text } = this.#ends[slot] ?? {
        outcome: Outcome.broken,
        text: closeText(code, reason.toString()),
      }
      this.#load.closed(slot, outcome, text)
    })
  }
}

/** What an error of `ws` means, of the parser of HTTP, or of the socket. */
function endOf(error: Error & { code?: string }, stream: Socket): End {
  const { code, message } = error
  if (code === undefined || code.startsWith('WS_ERR') || code.startsWith('HPE_')) {
    return { outcome: Outcome.malformed, text: message }
  }
  return { outcome: Outcome.broken, text: describeSocketError(error, stream) }
}

function closeText(code: number, reason: string): string {
  if (code === 1006) return 'closed by the server'
  const words = code === 1005 ? 'closed by the server' : `closed by the server with ${code}`
  return reason === '' ? words : `${words} ${reason}`
}

function pause(waitMs: number): Promise<void> {
  return new Promise(resolve => {
    if (waitMs < TIMER_MS_MIN) setImmediate(resolve)
    else setTimeout(resolve, Math.floor(waitMs))
  })
}
