// One connection to an HTTP tracker, kept alive: plain, TLS or through a Unix socket. Answers have a Content-Length.
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { type BencodeDictionary, decodeBencode } from './bencode.js'
import type { Owner } from './child-process.js'

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface AnnounceOptions {
  /** The first two bytes of the info hash; the others are zeros. */
  readonly torrent: number
  readonly port: number
  readonly left?: number
  readonly headers?: readonly string[]
}

export class KeptConnection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #wake: () => void = () => undefined
  #isOver = false

  private constructor(owner: Owner, socket: Socket) {
    this.socket = socket
    owner.after(() => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    const over = (): void => {
      this.#isOver = true
      this.#wake()
    }
    socket.on('end', over)
    socket.on('error', over)
    socket.on('close', over)
  }

  static async plain(owner: Owner, to: NetConnectOpts): Promise<KeptConnection> {
    const socket = connect(to)
    const connection = new KeptConnection(owner, socket)
    await once(socket, 'connect')
    return connection
  }

  /** Trusts any certificate if not told otherwise. */
  static async tls(owner: Owner, port: number, options: ConnectionOptions = {}): Promise<KeptConnection> {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
    const connection = new KeptConnection(owner, socket)
    await once(socket, 'secureConnect')
    return connection
  }

  /** Of a TLS connection: who the server says it is. */
  get serverName(): string {
    const { CN } = (this.socket as TLSSocket).getPeerCertificate().subject
    return String(CN)
  }

  send(target: string, headers: readonly string[] = []): void {
    this.socket.write([`GET ${target} HTTP/1.1`, 'Host: tracker', ...headers, '', ''].join('\r\n'))
  }

  async get(target: string, headers: readonly string[] = []): Promise<HttpAnswer> {
    this.send(target, headers)
    return await this.answer()
  }

  /** The next answer; rejects when the connection ends first. */
  async answer(): Promise<HttpAnswer> {
    for (;;) {
      const text = this.#received.toString('latin1')
      const head = /^HTTP\/1\.1 (\d{3})[\s\S]*?\r\n\r\n/.exec(text)
      const length = /^content-length: *(\d+)/im.exec(head?.[0] ?? '')?.[1]
      if (head !== null && length !== undefined) {
        const end = head[0].length + Number(length)
        if (this.#received.length >= end) {
          const body = this.#received.subarray(head[0].length, end)
          this.#received = this.#received.subarray(end)
          return { status: Number(head[1]), body }
        }
      }
      if (this.#isOver) throw new Error(`the connection ended after ${JSON.stringify(text.slice(-200))}`)
      await this.#change()
    }
  }

  /** Resolves when the server has closed its side, or broken off. */
  async ended(): Promise<void> {
    while (!this.#isOver) await this.#change()
  }

  async announce({ torrent, port, left = 1, headers = [] }: AnnounceOptions): Promise<BencodeDictionary> {
    const { status, body } = await this.get(announceTarget({ torrent, port, left }), headers)
    if (status !== 200) throw new Error(`status ${status}: ${body}`)
    return decodeBencode(body) as BencodeDictionary
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

/** The path and query of an announce; the peer id contains the port. */
export function announceTarget({ torrent, port, left = 1 }: AnnounceOptions): string {
  const infoHash = torrentHash(torrent).replace(/../g, '%$&')
  const peerId = `-TE0001-${String(port).padStart(12, '0')}`
  const counts = `uploaded=0&downloaded=0&left=${left}`
  return `/announce?info_hash=${infoHash}&peer_id=${peerId}&port=${port}&${counts}&compact=1`
}

/** The info hash of `torrent` in hexadecimal. */
export function torrentHash(torrent: number): string {
  return torrent.toString(16).padStart(4, '0').padEnd(40, '0')
}
