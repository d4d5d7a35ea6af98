// Load over HTTP with the node engine: undici's client, one for each connection, in the thread's event loop.

import type { Client, Dispatcher } from 'undici'
import { addressBytes } from '../../net/address.js'
import { type AnnounceToSend, HttpRequestEncoder } from '../../protocol/http/announce-request.js'
import { HttpResponse } from '../../protocol/http/response-decoder.js'
import { monotonicMs } from '../clock.js'
import type { GeneratorContext } from '../generator.js'
import { WorkerCount } from '../kinds.js'
import { USER_AGENT } from './exchange.js'
import { HttpLoad } from './load.js'
import { NodeConnection, type NodeConnectionEvents } from './node-connection.js'
import { ConnectionFate, type HttpTransport } from './transport.js'

/** Makes load until the phase is `stop`. */
export async function generateHttpNode(context: GeneratorContext): Promise<void> {
  const undici = await import('undici')
  const generator = new NodeHttpGenerator(context, undici.Client)
  try {
    await generator.run()
  } finally {
    generator.close()
  }
}

class NodeHttpGenerator implements HttpTransport, NodeConnectionEvents {
  readonly #context: GeneratorContext
  readonly #clientClass: typeof Client
  readonly #encoder: HttpRequestEncoder
  readonly #load: HttpLoad
  readonly #connections: (NodeConnection | null)[]
  readonly #response = new HttpResponse()
  readonly #target: Buffer
  readonly #headers: Record<string, string>

  constructor(context: GeneratorContext, clientClass: typeof Client) {
    const { plan } = context
    const { target } = plan
    this.#context = context
    this.#clientClass = clientClass
    this.#encoder = new HttpRequestEncoder({ ...target, numwant: plan.numwant, userAgent: USER_AGENT })
    this.#target = Buffer.alloc(this.#encoder.bytesMax(plan.population.scrapeTorrents))
    this.#headers = { host: this.#encoder.authority, 'user-agent': USER_AGENT }
    this.#connections = new Array<NodeConnection | null>(plan.connectionsPerWorker).fill(null)
    this.#load = new HttpLoad(context, this)
  }

  async run(): Promise<void> {
    while (!this.#load.isOver) {
      const waitMs = this.#load.tick(monotonicMs())
      if (!this.#load.isOver) await pause(waitMs)
    }
  }

  close(): void {
    for (const connection of this.#connections) connection?.abort()
  }

  open(slot: number): void {
    const { target, sourceAddresses } = this.#context.plan
    this.#connections[slot] = new NodeConnection({
      slot,
      target,
      sourceAddresses,
      clientClass: this.#clientClass,
      events: this,
    })
  }

  announce(slot: number, identifiers: Uint8Array, announce: AnnounceToSend, closes: boolean): void {
    this.#dispatch(slot, this.#encoder.announceTarget(this.#target, 0, identifiers, announce), closes)
  }

  scrape(slot: number, hashes: Uint8Array, count: number, closes: boolean): void {
    this.#dispatch(slot, this.#encoder.scrapeTarget(this.#target, 0, hashes, count), closes)
  }

  finish(slot: number): void {
    this.#connections[slot]?.finish()
  }

  abort(slot: number): void {
    this.#connections[slot]?.abort()
    this.#connections[slot] = null
  }

  localAddress(slot: number, into: Uint8Array): number {
    const text = this.#connections[slot]?.localAddress
    if (text === undefined) return 0
    const bytes = addressBytes(text)
    into.set(bytes)
    return bytes.length
  }

  opened(slot: number): void {
    this.#load.opened(slot, monotonicMs())
  }

  unasked(slot: number): void {
    this.#load.unasked(slot, monotonicMs())
  }

  answered(
    slot: number,
    statusCode: number,
    body: Uint8Array,
    head: Dispatcher.ResponseData['headers'],
  ): void {
    const response = this.#response
    response.statusCode = statusCode
    response.bodyStart = 0
    response.bodyEnd = body.length
    response.end = body.length
    // Without a length of its own, a body ends with the connection.
    const isDelimited = head['content-length'] !== undefined || head['transfer-encoding'] !== undefined
    response.closes = !isDelimited || String(head['connection']).toLowerCase() === 'close'
    response.isEncoded = head['content-encoding'] !== undefined
    const isOver = this.#connections[slot]?.isClosed === true
    this.#countBytes(slot)
    this.#load.received(
      slot,
      monotonicMs(),
      response,
      body,
      isOver ? ConnectionFate.over : ConnectionFate.open,
    )
  }

  spoilt(slot: number, text: string): void {
    this.#countBytes(slot)
    this.#load.spoilt(slot, monotonicMs(), text)
  }

  ended(slot: number, text: string): void {
    this.#countBytes(slot)
    this.#connections[slot] = null
    this.#load.ended(slot, monotonicMs(), text)
  }

  #dispatch(slot: number, end: number, closes: boolean): void {
    this.#connections[slot]?.request(this.#target.toString('latin1', 0, end), this.#headers, closes)
  }

  #countBytes(slot: number): void {
    const bytes = this.#connections[slot]?.takeBytes()
    if (bytes === undefined) return
    const nowMs = monotonicMs()
    this.#context.accounts.count(WorkerCount.bytesSent, nowMs, bytes.sent)
    this.#context.accounts.count(WorkerCount.bytesReceived, nowMs, bytes.received)
  }
}

/** Lets the event loop run, for about so long: what is less than a timer's millisecond is one turn. */
function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    if (ms < 1) setImmediate(resolve)
    else setTimeout(resolve, Math.floor(ms))
  })
}
