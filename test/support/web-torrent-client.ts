// A client of the WebTorrent tracker for tests, on the `ws` package: sends any message, reads those that come one by one.

import { once } from 'node:events'
import WebSocket from 'ws'

/** A message of the tracker; every one says what it is about. */
export interface WebTorrentMessage {
  readonly action?: string
  readonly info_hash?: string
  readonly complete?: number
  readonly incomplete?: number
  readonly interval?: number
  readonly peer_id?: string
  readonly offer?: unknown
  readonly answer?: unknown
  readonly offer_id?: string
  readonly files?: Readonly<Record<string, { complete: number; incomplete: number; downloaded: number }>>
  readonly 'failure reason'?: string
}

export interface WebTorrentPlace {
  readonly url: string
  /** Own address: 127.0.0.2 and so on are other clients. */
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An upper bound against waiting forever on a stuck machine; no test depends on its length. */
const deadlineMs = 60_000

let lastNumber = 0

/** 20 characters, as a JSON message has them: each is a byte. */
export function newIdentifier(prefix = '-WW0208-'): string {
  return `${prefix}${String(++lastNumber).padStart(20 - prefix.length, '0')}`
}

export class WebTorrentClient {
  readonly socket: WebSocket
  /** Its peer id, unless a message says another one. */
  readonly peerId = newIdentifier()
  readonly #received: Buffer[] = []
  #wake: () => void = () => undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => {
      this.#received.push(data as Buffer)
      this.#wake()
    })
    socket.on('close', () => this.#wake())
    // What the other side does is told by `closed`.
    socket.on('error', () => undefined)
  }

  static async open({ url, from, headers = {} }: WebTorrentPlace): Promise<WebTorrentClient> {
    const options = { localAddress: from, headers, rejectUnauthorized: false, perMessageDeflate: false }
    const socket = new WebSocket(url, options)
    // Rejects with what is wrong when it does not open.
    await once(socket, 'open')
    return new WebTorrentClient(socket)
  }

  /** Text and bytes are sent as they are, everything else as JSON. */
  send(message: unknown): void {
    const isRaw = typeof message === 'string' || Buffer.isBuffer(message)
    this.socket.send(isRaw ? message : JSON.stringify(message))
  }

  /** The next message, as it came. Rejects when the connection ends before. */
  async nextText(): Promise<string> {
    const expiry = AbortSignal.timeout(deadlineMs)
    while (this.#received.length === 0) {
      if (this.socket.readyState !== WebSocket.OPEN) throw new Error('closed before the next message')
      await new Promise<void>((resolve, reject) => {
        const expire = (): void => reject(new Error(`no message for ${deadlineMs} ms`))
        expiry.addEventListener('abort', expire, { once: true })
        this.#wake = () => {
          expiry.removeEventListener('abort', expire)
          resolve()
        }
      })
    }
    return (this.#received.shift() as Buffer).toString()
  }

  async next(): Promise<WebTorrentMessage> {
    return JSON.parse(await this.nextText()) as WebTorrentMessage
  }

  /** Sends a message and reads the next one, which is its answer as long as nothing else is under way. */
  async request(message: unknown): Promise<WebTorrentMessage> {
    this.send(message)
    return await this.next()
  }

  /** An announce of this client; `more` goes before and over what it says itself. */
  announceMessage(infoHash: string, more: object = {}): object {
    return { action: 'announce', info_hash: infoHash, peer_id: this.peerId, left: 1, ...more }
  }

  async announce(infoHash: string, more: object = {}): Promise<WebTorrentMessage> {
    return await this.request(this.announceMessage(infoHash, more))
  }

  /** Seeders, leechers and downloads of a torrent. */
  async counts(infoHash: string): Promise<readonly [number, number, number]> {
    const { files = {} } = await this.request({ action: 'scrape', info_hash: infoHash })
    const { complete, incomplete, downloaded } = files[infoHash]
    return [complete, incomplete, downloaded]
  }

  /** Waits for a ping. Rejects when the connection ends before. */
  async pinged(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('ping', () => resolve())
      this.socket.once('close', code => reject(new Error(`closed with ${code}`)))
    })
  }

  /** Waits for the end of the connection. @returns the close code */
  async closed(): Promise<number> {
    const [code] = (await once(this.socket, 'close')) as [number]
    return code
  }

  close(): void {
    this.socket.terminate()
  }
}

/** An offer as WebTorrent makes it. */
export function offerOf(
  offerId = newIdentifier('offer'),
  sdp = 'v=0\r\n',
): { offer: object; offer_id: string } {
  return { offer: { type: 'offer', sdp }, offer_id: offerId }
}
