// A WebTorrent client as tests need one: over `ws`, with messages that are asked for one by one, in order.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientOptions, WebSocket } from 'ws'
import type { Owner } from './child-process.js'
import type { Variant } from './http-variants.js'
import { loopback, type TrackerProcess } from './tracker-process.js'

/** What the tracker sends, as it stands in the JSON. */
export interface TrackerMessage {
  readonly action?: string
  readonly info_hash?: string
  readonly peer_id?: string
  readonly offer_id?: string
  readonly offer?: unknown
  readonly answer?: unknown
  readonly complete?: number
  readonly incomplete?: number
  readonly interval?: number
  readonly files?: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly 'failure reason'?: string
}

export interface SocketEnd {
  readonly code: number
  readonly reason: string
}

/** An upper bound against waiting forever on a stuck machine; no test depends on its length. */
const deadlineMs = 60_000

/** 20 characters that begin with `text`; with bytes above ASCII in it, as real ones have. */
export function identifier(text: string): string {
  return `${text}\u00ff\u0000"\\\u007f\u0080é${'-'.repeat(20)}`.slice(0, 20)
}

/** `ws://127.0.0.1:43123` or `wss://…` of a tracker. */
export function socketUrl(tracker: TrackerProcess, { tls }: Pick<Variant, 'tls'>, family: 4 | 6 = 4): string {
  return `${tls ? 'wss' : 'ws'}://${loopback[family]}:${tracker.port(family)}`
}

export class WebTorrentClient {
  readonly socket: WebSocket
  readonly #messages: string[] = []
  readonly #waiters: (() => void)[] = []
  #end: SocketEnd | undefined
  #pings = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      assert.equal(isBinary, false, 'the tracker sends text')
      this.#messages.push(data.toString('utf8'))
      this.#wake()
    })
    socket.on('ping', () => {
      this.#pings++
      this.#wake()
    })
    socket.on('close', (code, reason) => {
      this.#end = { code, reason: reason.toString() }
      this.#wake()
    })
  }

  /** Trusts any certificate. Rejects where the upgrade is refused. */
  static async connect(owner: Owner, url: string, options: ClientOptions = {}): Promise<WebTorrentClient> {
    const socket = new WebSocket(url, { rejectUnauthorized: false, ...options })
    owner.after(() => socket.terminate())
    const client = new WebTorrentClient(socket)
    // Failures after the opening are ends, too.
    const opened = once(socket, 'open')
    socket.on('error', () => undefined)
    await opened
    return client
  }

  /** Sends JSON; text and bytes as they are. */
  send(message: object | string): void {
    const isRaw = typeof message === 'string' || Buffer.isBuffer(message)
    this.socket.send(isRaw ? message : JSON.stringify(message))
  }

  announce(hash: string, peer: string, more: object = {}): void {
    this.send({ action: 'announce', info_hash: hash, peer_id: peer, left: 1, numwant: 10, ...more })
  }

  /** Announces and takes the response, which is the next message. */
  async announced(hash: string, peer: string, more: object = {}): Promise<TrackerMessage> {
    this.announce(hash, peer, more)
    return await this.next()
  }

  /** Both counts of an announce response. */
  async counts(hash: string, peer: string, more: object = {}): Promise<readonly [number, number]> {
    const { complete, incomplete } = await this.announced(hash, peer, more)
    assert.ok(complete !== undefined && incomplete !== undefined)
    return [complete, incomplete]
  }

  /** The next message; rejects when the connection ends first. */
  async next(): Promise<TrackerMessage> {
    return JSON.parse(await this.nextText()) as TrackerMessage
  }

  /** The same, as it came. */
  async nextText(): Promise<string> {
    await this.#until(() => this.#messages.length > 0)
    const message = this.#messages.shift()
    assert.ok(message !== undefined, `closed (${this.#end?.code} ${this.#end?.reason}) without a message`)
    return message
  }

  /** Messages that have come and were not asked for. */
  get waiting(): number {
    return this.#messages.length
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** When and how the connection ended. */
  async ended(): Promise<SocketEnd> {
    while (this.#end === undefined) await this.#change()
    return this.#end
  }

  /** When the tracker has sent so many pings since the connection opened. */
  async pinged(count: number): Promise<void> {
    await this.#until(() => this.#pings >= count)
  }

  async close(): Promise<SocketEnd> {
    this.socket.close()
    return await this.ended()
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && this.#end === undefined) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const expiry = AbortSignal.timeout(deadlineMs)
      const expire = (): void => reject(new Error(`nothing came for ${deadlineMs} ms`))
      expiry.addEventListener('abort', expire)
      this.#waiters.push(() => {
        expiry.removeEventListener('abort', expire)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

/** What an upgrade that is refused is answered with. */
export async function refusalOf(
  owner: Owner,
  url: string,
  options: ClientOptions = {},
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const socket = new WebSocket(url, { rejectUnauthorized: false, ...options })
  owner.after(() => socket.terminate())
  socket.on('error', () => undefined)
  const [request, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.ok(request)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() }
}
