// One connection of the node engine: the socket is opened before there is a request, and handed to a client of undici
// with the first one.

import type { Socket } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import { describeSocketError, openClientSocket, sourceAddress } from '../../net/node/client-socket.js'
import { HEAD_BYTES_MAX } from '../../protocol/http/response-decoder.js'
import type { LoadTarget } from '../plan.js'
import { BODY_BYTES_MAX } from './exchange.js'

type Headers = Dispatcher.ResponseData['headers']

/** Called with the connection's slot; nothing after `spoilt` or `ended`, or after `abort`. */
export interface NodeConnectionEvents {
  opened(slot: number): void
  /** Bytes came before there was a request. */
  unasked(slot: number): void
  answered(slot: number, statusCode: number, body: Uint8Array, headers: Headers): void
  /** What came is no answer of HTTP. `abort` is to follow. */
  spoilt(slot: number, text: string): void
  ended(slot: number, text: string): void
}

export interface NodeConnectionOptions {
  readonly slot: number
  readonly target: LoadTarget
  readonly sourceAddresses: number
  readonly clientClass: typeof Client
  readonly events: NodeConnectionEvents
}

/** No limit of undici's own: time limits are the load's. */
const NEVER_MS = 2 ** 31 - 1
/** Errors of undici that mean that the answer is none; all others, that the connection broke. */
const malformedTexts: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_OVERFLOW: `headers longer than ${HEAD_BYTES_MAX} bytes`,
  HPE_HEADER_OVERFLOW: `headers longer than ${HEAD_BYTES_MAX} bytes`,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'headers that contradict each other',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: `a body longer than ${BODY_BYTES_MAX} bytes`,
}
/** Answers that only say that one follows (1xx), each 16 KiB at most. */
const INTERIM_MAX = 32
const endlessInterim = new Error('interim answers without end')
/** The parser's word for an end within an answer. */
const CUT_OFF = 'HPE_INVALID_EOF_STATE'

export class NodeConnection {
  readonly #slot: number
  readonly #target: LoadTarget
  readonly #clientClass: typeof Client
  readonly #events: NodeConnectionEvents
  readonly #socket: Socket
  #client: Client | null = null
  #isOpen = false
  /** undici has the socket; it would open another when this one is over. */
  #isHandedOver = false
  #isAwaiting = false
  /** Nobody is told any more. */
  #isOver = false
  #isClosed = false
  #failure = ''
  #bytesSent = 0
  #bytesReceived = 0

  constructor(options: NodeConnectionOptions) {
    const { slot, target, sourceAddresses } = options
    this.#slot = slot
    this.#target = target
    this.#clientClass = options.clientClass
    this.#events = options.events
    const { socket, readyEvent } = openClientSocket({
      address: target.address,
      port: target.port,
      localAddress: sourceAddress(slot, target.address, sourceAddresses),
      tls: target.isTls ? target : null,
    })
    this.#socket = socket
    socket.once(readyEvent, () => this.#opened())
    socket.on('error', error => {
      if (this.#failure === '') this.#failure = this.#describe(error)
    })
    socket.once('close', () => {
      this.#isClosed = true
      // Else undici says how the request ended, later in this event.
      if (!this.#isAwaiting) this.#end()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress
  }

  /** Bytes since the last call. */
  takeBytes(): { readonly sent: number; readonly received: number } {
    const { bytesWritten, bytesRead } = this.#socket
    const bytes = { sent: bytesWritten - this.#bytesSent, received: bytesRead - this.#bytesReceived }
    this.#bytesSent = bytesWritten
    this.#bytesReceived = bytesRead
    return bytes
  }

  /** Sends one request; there must be none in flight. */
  request(path: string, headers: Record<string, string>, closes: boolean): void {
    this.#isAwaiting = true
    this.#client ??= this.#createClient()
    this.#client.dispatch({ path, method: 'GET', headers, reset: closes }, this.#handler())
  }

  /** Closes when nothing is in flight; `ended` follows. */
  finish(): void {
    if (this.#isClosed) return
    this.#socket.end()
  }

  /** Breaks off; nothing is told any more. */
  abort(): void {
    this.#isOver = true
    this.#destroy()
  }

  #opened(): void {
    if (this.#isOver) return
    this.#isOpen = true
    // Until undici reads from it: an end must be seen, and bytes too.
    this.#socket.on('data', this.#sawUnasked)
    this.#events.opened(this.#slot)
  }

  readonly #sawUnasked = (): void => {
    if (!this.#isOver) this.#events.unasked(this.#slot)
  }

  #createClient(): Client {
    const { address, port, family, isTls } = this.#target
    const host = family === 6 ? `[${address}]` : address
    const socket = this.#socket
    socket.off('data', this.#sawUnasked)
    socket.pause()
    return new this.#clientClass(`${isTls ? 'https' : 'http'}://${host}:${port}`, {
      // Not before undici has come back from asking: it would not go on.
      connect: (_options, callback) => {
        const isUsed = this.#isHandedOver
        this.#isHandedOver = true
        queueMicrotask(() =>
          isUsed ? callback(new Error('closed by the server'), null) : callback(null, socket),
        )
      },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: NEVER_MS,
      keepAliveMaxTimeout: NEVER_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
      maxResponseSize: BODY_BYTES_MAX,
    })
  }

  #handler(): Dispatcher.DispatchHandler {
    let statusCode = 0
    let headers: Headers = {}
    let interim = 0
    const chunks: Buffer[] = []
    return {
      onRequestStart: () => undefined,
      onResponseStart: (controller, code, head) => {
        if (code < 200 && ++interim > INTERIM_MAX) controller.abort(endlessInterim)
        statusCode = code
        headers = head
      },
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => {
        this.#isAwaiting = false
        if (this.#isOver) return
        this.#events.answered(this.#slot, statusCode, Buffer.concat(chunks), headers)
        if (this.#isClosed) this.#end()
      },
      onResponseError: (_controller, error) => this.#failed(error),
    }
  }

  #failed(error: Error): void {
    this.#isAwaiting = false
    if (this.#isOver) return
    const { code = '' } = error as NodeJS.ErrnoException
    const isParser = (error.name === 'HTTPParserError' && code !== CUT_OFF) || error === endlessInterim
    if (isParser || code in malformedTexts) {
      this.#isOver = true
      this.#destroy()
      this.#events.spoilt(this.#slot, malformedTexts[code] ?? error.message)
      return
    }
    if (this.#failure === '') this.#failure = this.#describe(error)
    if (this.#isClosed) this.#end()
    else this.#socket.destroy()
  }

  #describe(error: Error): string {
    const isEnd = ['UND_ERR_SOCKET', CUT_OFF].includes((error as NodeJS.ErrnoException).code ?? '')
    return isEnd ? 'closed by the server' : describeSocketError(error, this.#socket)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#destroy()
    const isTlsHandshake = !this.#isOpen && this.#target.isTls && this.#failure === ''
    const closed = isTlsHandshake ? 'TLS: closed by the server' : 'closed by the server'
    this.#events.ended(this.#slot, this.#failure === '' ? closed : this.#failure)
  }

  #destroy(): void {
    // With a reset where there is no TLS: the port can be used again at once.
    if (!this.#socket.destroyed) {
      if (this.#target.isTls || !this.#isOpen) this.#socket.destroy()
      else this.#socket.resetAndDestroy()
    }
    const client = this.#client
    this.#client = null
    client?.destroy().catch((error: unknown) => process.emitWarning(String(error)))
  }
}
