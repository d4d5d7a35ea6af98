// The HTTP server that Prometheus reads: metrics as text on every path, and `/health`. It runs in the main thread,
// which is never in the way of a packet, and owes its clients little: one small request, one answer, within a time.
//
// Threat: the address may be open to everyone. So a connection lives 15 seconds at most, whatever it does; there are
// 128 at most, and a new one ends the oldest, so that whoever holds many for long (and reads or sends nothing) can't
// keep the next scrape out; a request is 8 KiB of headers at most; the text is made at most once a second and all
// answers share the same bytes, so that unread answers cost no memory but the kernel's.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { SocketAddress } from '../protocol/socket-address.js'

const REQUEST_HEADER_BYTES_MAX = 8_192
/** The text is shared by all scrapes for so long at least. */
const TEXT_AGE_MIN_MS = 1_000
/** And for this many times as long as it took to make: a tenth of the main thread is the most that scrapes can take. */
const TEXT_AGE_PER_EFFORT = 10

export interface EndpointLimits {
  readonly connectionsMax: number
  /** From connection to the last byte of the answer. Prometheus itself waits for 10 seconds unless told. */
  readonly connectionLifeMs: number
  /** From connection to the end of the request. */
  readonly requestTimeoutMs: number
}

const limitsInService: EndpointLimits = {
  connectionsMax: 128,
  connectionLifeMs: 15_000,
  requestTimeoutMs: 5_000,
}

const PLAIN_TEXT = 'text/plain; charset=utf-8'

/** What is served once the tracker runs. */
export interface MetricsText {
  readonly contentType: string
  /** The exposition text of this moment. */
  readonly render: () => Promise<string>
  /** Told when `render` failed; the client gets status 500. */
  readonly onError: (error: unknown) => void
  /** Told whenever a connection was ended because there were more than `connectionsMax`. */
  readonly onCrowded: (connectionsMax: number) => void
}

interface RenderedText {
  readonly bytes: Promise<Buffer>
  staleAtMs: number
}

export class MetricsEndpoint {
  readonly #server: Server
  readonly #limits: EndpointLimits
  /** Oldest first. */
  readonly #connections = new Set<Socket>()
  #text: MetricsText | undefined
  #rendered: RenderedText | undefined

  private constructor(limits: EndpointLimits) {
    this.#limits = limits
    this.#server = createServer(
      {
        maxHeaderSize: REQUEST_HEADER_BYTES_MAX,
        headersTimeout: limits.requestTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        connectionsCheckingInterval: Math.ceil(limits.requestTimeoutMs / 5),
      },
      (request, response) => void this.#answer(request, response),
    )
    // Further requests on a connection are not looked at.
    this.#server.maxRequestsPerSocket = 1
    this.#server.on('connection', socket => this.#admit(socket))
  }

  /**
   * Binds; until `serve` every request is answered with status 503.
   * @throws the system's error, whose `code` says why
   */
  static async listen(
    { address, port }: SocketAddress,
    limits: EndpointLimits = limitsInService,
  ): Promise<MetricsEndpoint> {
    const endpoint = new MetricsEndpoint(limits)
    const server = endpoint.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port, exclusive: true }, () => {
        server.off('error', reject)
        // A failure to accept, such as out of descriptors; before there is a text nobody could be told.
        server.on('error', error => endpoint.#text?.onError(error))
        resolve()
      })
    })
    return endpoint
  }

  /** The bound address, with the port that the system chose where 0 was asked for. */
  get address(): SocketAddress {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') throw new Error('the endpoint is closed')
    return { address: bound.address, port: bound.port }
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** From now on requests are answered. */
  serve(text: MetricsText): void {
    this.#text = text
  }

  /** Stops listening, and ends connections without waiting for what their clients may still read. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#connections) socket.destroy()
    await closed
  }

  #admit(socket: Socket): void {
    for (const oldest of this.#connections) {
      if (this.#connections.size < this.#limits.connectionsMax) break
      this.#connections.delete(oldest)
      oldest.destroy()
      this.#text?.onCrowded(this.#limits.connectionsMax)
    }
    this.#connections.add(socket)
    const life = setTimeout(() => socket.destroy(), this.#limits.connectionLifeMs).unref()
    socket.once('close', () => {
      clearTimeout(life)
      this.#connections.delete(socket)
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nothing is done with a client that goes away while it is answered: the socket's close says it all.
    response.on('error', () => undefined)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      send(response, 405, PLAIN_TEXT, 'Only GET and HEAD are served here.\n')
      return
    }
    const text = this.#text
    if (text === undefined) {
      send(response, 503, PLAIN_TEXT, 'The tracker is starting.\n')
    } else if (pathOf(request) === '/health') {
      send(response, 200, PLAIN_TEXT, 'OK')
    } else {
      try {
        send(response, 200, text.contentType, await this.#render(text))
      } catch (error) {
        text.onError(error)
        send(
          response,
          500,
          PLAIN_TEXT,
          'The metrics could not be collected; the log of the tracker says why.\n',
        )
      }
    }
  }

  #render(text: MetricsText): Promise<Buffer> {
    const beganAtMs = performance.now()
    if (this.#rendered === undefined || beganAtMs >= this.#rendered.staleAtMs) {
      this.#rendered = { bytes: renderBytes(text), staleAtMs: beganAtMs + TEXT_AGE_MIN_MS }
      // Most of the effort is spent before the first wait.
      const effortMs = performance.now() - beganAtMs
      this.#rendered.staleAtMs += effortMs * TEXT_AGE_PER_EFFORT
    }
    return this.#rendered.bytes
  }
}

async function renderBytes({ render }: MetricsText): Promise<Buffer> {
  return Buffer.from(await render())
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '/'
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

function send(response: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    // An idle connection is one more thing to watch, and a scrape is rare.
    Connection: 'close',
  })
  response.end(body)
}
