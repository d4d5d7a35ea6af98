// A tracker as a test wants it to be, right or wrong: real sockets, an upgrade, and whatever the test sends.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import {
  decodeFrameHeader,
  FrameHeader,
  FrameStatus,
  Opcode,
} from '../../src/protocol/websocket/frame-header.js'
import { acceptFor } from '../../src/protocol/websocket/handshake.js'
import { Unmasker } from '../../src/protocol/websocket/unmask.js'
import type { Owner } from './child-process.js'
import { type FrameOptions, frame } from './websocket-frames.js'

/** What a client asks, as it stands in the JSON. */
export interface ClientMessage {
  readonly action: string
  readonly info_hash: string
  readonly peer_id: string
  readonly to_peer_id?: string
  readonly offer_id?: string
  readonly answer?: unknown
  readonly offers?: readonly { readonly offer: unknown; readonly offer_id: string }[]
  readonly event?: string
}

export interface Behaviour {
  /** Instead of the right answer to an upgrade; an empty one answers nothing. */
  readonly upgrade?: (key: string) => string
  /** Each whole message of a client. */
  readonly message?: (client: ServedClient, message: ClientMessage) => void
  /** Each other frame. */
  readonly control?: (client: ServedClient, opcode: number, payload: Buffer) => void
}

/** One connection, as the server sees it. */
export class ServedClient {
  readonly socket: Socket
  /** What the last announce without an answer said. */
  infoHash = ''
  peerId = ''
  readonly #behaviour: Behaviour
  readonly #header = new FrameHeader()
  readonly #unmasker = new Unmasker()
  #input = Buffer.alloc(0)
  #isOpen = false

  constructor(socket: Socket, behaviour: Behaviour) {
    this.socket = socket
    this.#behaviour = behaviour
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      this.#input = Buffer.concat([this.#input, chunk])
      if (!this.#isOpen) this.#open()
      while (this.#isOpen && this.#takeFrame());
    })
  }

  /** JSON in a text frame; text as it is. */
  send(message: object | string, options: FrameOptions = {}): void {
    const payload = typeof message === 'string' ? message : JSON.stringify(message)
    this.socket.write(frame({ payload, mask: null, ...options }))
  }

  /** The right response to an announce. */
  respond(changes: object = {}): void {
    const counts = { complete: 1, incomplete: 1, interval: 120 }
    this.send({ action: 'announce', info_hash: this.infoHash, ...counts, ...changes })
  }

  #open(): void {
    const end = this.#input.indexOf('\r\n\r\n')
    if (end < 0) return
    const key = /^Sec-WebSocket-Key: (.+)\r$/im.exec(this.#input.toString('latin1', 0, end + 2))?.[1] ?? ''
    this.#input = this.#input.subarray(end + 4)
    this.#isOpen = true
    this.socket.write((this.#behaviour.upgrade ?? rightUpgrade)(key), 'latin1')
  }

  #takeFrame(): boolean {
    const header = this.#header
    const input = this.#input
    if (decodeFrameHeader(input, 0, input.length, header) !== FrameStatus.complete) return false
    const { headerBytes, payloadBytes, opcode } = header
    if (input.length < headerBytes + payloadBytes) return false
    this.#unmasker.unmask(input, headerBytes, headerBytes, headerBytes + payloadBytes, header.mask)
    const payload = Buffer.from(input.subarray(headerBytes, headerBytes + payloadBytes))
    this.#input = Buffer.from(input.subarray(headerBytes + payloadBytes))
    if (opcode === Opcode.text) this.#takeMessage(JSON.parse(payload.toString()) as ClientMessage)
    else this.#behaviour.control?.(this, opcode, payload)
    return true
  }

  #takeMessage(message: ClientMessage): void {
    if (message.action === 'announce' && message.answer === undefined) {
      this.infoHash = message.info_hash
      this.peerId = message.peer_id
    }
    this.#behaviour.message?.(this, message)
  }
}

function rightUpgrade(key: string): string {
  return upgradeAnswer([`Sec-WebSocket-Accept: ${acceptFor(key)}`])
}

/** An answer that switches protocols, with these lines and the two that are always there. */
export function upgradeAnswer(lines: readonly string[]): string {
  const all = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...lines]
  return `${all.join('\r\n')}\r\n\r\n`
}

export interface ServedPort {
  readonly port: number
  /** Those that came, in order. */
  readonly clients: readonly ServedClient[]
}

export async function serveWebTorrent(owner: Owner, behaviour: Behaviour): Promise<ServedPort> {
  const clients: ServedClient[] = []
  const server = createServer(socket => {
    clients.push(new ServedClient(socket, behaviour))
    owner.after(() => socket.destroy())
  })
  owner.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, clients }
}
