// HTTP over a raw connection, independent of src: sends any bytes, reads answers one by one by their Content-Length.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'

export type HttpPlace = { readonly address: string; readonly port: number } | { readonly path: string }

export interface ConnectionOptions {
  /** TLS, whoever the certificate names. */
  readonly tls?: boolean
  /** Own address: 127.0.0.2 and so on are other clients. */
  readonly from?: string
}

export interface HttpAnswer {
  /** `HTTP/1.1` */
  readonly version: string
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** An upper bound against waiting forever on a stuck machine; no test depends on its length. */
const deadlineMs = 60_000

const HEAD_END = '\r\n\r\n'

/** One connection. What the other side does to it (end, reset) is no error: `ended` tells. */
export class HttpConnection {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  /** Bytes that came in all. */
  receivedBytes = 0
  #end: 'ended' | 'reset' | undefined
  #waiters = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('end', () => {
      this.#end ??= 'ended'
      this.#wake()
    })
    socket.on('error', () => {
      this.#end ??= 'reset'
      this.#wake()
    })
    socket.on('close', () => {
      this.#end ??= 'reset'
      this.#wake()
    })
  }

  static async open(place: HttpPlace, { tls, from }: ConnectionOptions = {}): Promise<HttpConnection> {
    const own = from === undefined ? {} : { localAddress: from }
    const target = 'path' in place ? place : { host: place.address, port: place.port, ...own }
    // The other side's end of output must not end ours: half-open connections are among what is tested.
    const options = { ...target, allowHalfOpen: true }
    const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
    await once(socket, tls ? 'secureConnect' : 'connect')
    socket.setNoDelay(true)
    // The tracker's process keeps a test going; a connection that a failed one forgot must not.
    socket.unref()
    return new HttpConnection(socket)
  }

  /** Text is sent as Latin-1: one byte for each character. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** The same, when the system has taken it: the next `send` is a segment of its own. */
  async sent(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    await new Promise<void>(resolve => this.socket.write(data, () => resolve()))
    // Whoever sends a lot like this still hears what is answered meanwhile.
    await new Promise(resolve => setImmediate(resolve))
  }

  /** Sends a GET that keeps the connection, and reads its answer. */
  async get(target: string, ...headers: readonly string[]): Promise<HttpAnswer> {
    this.send([`GET ${target} HTTP/1.1`, 'Host: tracker', ...headers, '', ''].join('\r\n'))
    return await this.answer()
  }

  /** The next whole answer. Rejects when the connection ends before that. @param toHead it has no body */
  async answer(toHead = false): Promise<HttpAnswer> {
    for (;;) {
      const parsed = parseAnswer(this.#received, toHead)
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.bytes)
        return parsed.answer
      }
      if (this.#end !== undefined) {
        throw new Error(`the connection ${this.#end} after ${JSON.stringify(this.rest)}`)
      }
      await this.#next()
    }
  }

  /** What came and was not read by `answer`. */
  get rest(): string {
    return this.#received.toString('latin1')
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** Waits for the other side to end the connection. */
  async ended(): Promise<'ended' | 'reset'> {
    while (this.#end === undefined) await this.#next()
    return this.#end
  }

  /** Reads nothing until `resume`: a client that is slow. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Closes the sending side alone. */
  endInput(): void {
    this.socket.end()
  }

  /**
   * RST; with TLS, where node has no way to do that, an end without close_notify. After `endInput` too: node would
   * never close the handle then, and wait for it at its exit.
   */
  reset(): void {
    if (this.socket instanceof TLSSocket || this.socket.writableEnded) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }

  #next(): Promise<void> {
    return new Promise((resolve, reject) => {
      const expiry = AbortSignal.timeout(deadlineMs)
      const expire = (): void => {
        this.#waiters.delete(wake)
        reject(new Error(`nothing came for ${deadlineMs} ms after ${JSON.stringify(this.rest)}`))
      }
      const wake = (): void => {
        expiry.removeEventListener('abort', expire)
        resolve()
      }
      expiry.addEventListener('abort', expire)
      this.#waiters.add(wake)
    })
  }

  #wake(): void {
    for (const wake of this.#waiters) {
      this.#waiters.delete(wake)
      wake()
    }
  }
}

/** @returns undefined while it is not whole; throws for what no client could read */
function parseAnswer(received: Buffer, toHead: boolean): { answer: HttpAnswer; bytes: number } | undefined {
  const headEnd = received.indexOf(HEAD_END, 0, 'latin1')
  if (headEnd < 0) return undefined
  const [first, ...lines] = received.toString('latin1', 0, headEnd).split('\r\n')
  const status = /^(HTTP\/1\.[01]) (\d{3}) [A-Z][A-Za-z ]*$/.exec(first)
  if (status === null) throw new SyntaxError(`no status line: ${JSON.stringify(first)}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const header = /^([A-Za-z-]+): (.*)$/.exec(line)
    if (header === null || header[1].toLowerCase() in headers) throw new SyntaxError(`bad header: ${line}`)
    headers[header[1].toLowerCase()] = header[2]
  }
  const length = headers['content-length']
  if (!/^\d+$/.test(length) || 'transfer-encoding' in headers) throw new SyntaxError(`framing: ${lines}`)
  const bodyStart = headEnd + HEAD_END.length
  const bodyEnd = bodyStart + (toHead ? 0 : Number(length))
  if (received.length < bodyEnd) return undefined
  const body = Buffer.from(received.subarray(bodyStart, bodyEnd))
  return { answer: { version: status[1], status: Number(status[2]), headers, body }, bytes: bodyEnd }
}

/** Opens a connection, sends `bytes`, reads one answer and closes. */
export async function exchange(
  place: HttpPlace,
  bytes: string | Uint8Array,
  options: ConnectionOptions & { readonly toHead?: boolean } = {},
): Promise<HttpAnswer> {
  const connection = await HttpConnection.open(place, options)
  try {
    connection.send(bytes)
    return await connection.answer(options.toHead)
  } finally {
    connection.close()
  }
}
