// One UDP socket of the node engine: node:dgram, one datagram a batch. Runs everywhere and needs no foreign calls.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { addressBytes, canonicaliseAddress } from '../address.js'
import { bindError } from '../bind-error.js'
import { SendTotals, UdpBatch } from '../udp-batch.js'

/** Since these versions `reusePort` works, so that several workers can share an address. */
const REUSE_PORT_SINCE = [
  [22, 12],
  [23, 1],
] as const

/** Whether several workers can each have a socket on one port with this version of node. */
export function canShareUdpPort(nodeVersion: string): boolean {
  const [major, minor] = nodeVersion.split('.').map(Number)
  if (process.platform !== 'linux') return false
  return major > 23 || REUSE_PORT_SINCE.some(([since, sinceMinor]) => major === since && minor >= sinceMinor)
}

export interface NodeUdpSocketOptions {
  readonly address: SocketAddress
  readonly family: 4 | 6
  readonly onlyIpv6: boolean
  readonly reusePort: boolean
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
  readonly packetBytes: number
  /** A bound socket to use instead of binding; it is closed with this object. */
  readonly fd?: number
}

export class NodeUdpSocket {
  readonly batch: UdpBatch
  readonly totals = new SendTotals()
  readonly #socket: Socket
  readonly #options: NodeUdpSocketOptions
  readonly #addressBytes: Uint8Array
  #source: RemoteInfo | undefined

  private constructor(socket: Socket, options: NodeUdpSocketOptions) {
    this.#socket = socket
    this.#options = options
    this.batch = new UdpBatch(1, options.packetBytes)
    this.#addressBytes = new Uint8Array(this.batch.addresses.buffer)
  }

  /** Opens and binds. @throws AquaticError AQ_BIND_* */
  static async open(options: NodeUdpSocketOptions): Promise<NodeUdpSocket> {
    const { address, family, onlyIpv6, reusePort } = options
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // For an IPv4 socket the system refuses this flag.
      ipv6Only: family === 6 && onlyIpv6,
      ...(reusePort ? { reusePort } : {}),
      ...(options.receiveBufferBytes > 0 ? { recvBufferSize: options.receiveBufferBytes } : {}),
      ...(options.sendBufferBytes > 0 ? { sendBufferSize: options.sendBufferBytes } : {}),
    })
    try {
      const { fd } = options
      // A descriptor is listening before `bind` returns.
      const listening = once(socket, 'listening')
      socket.bind(
        fd === undefined
          ? { address: address.address, port: address.port, exclusive: true }
          : { fd, exclusive: true },
      )
      await listening
    } catch (error) {
      socket.close()
      throw bindError('udp', address, (error as NodeJS.ErrnoException).code ?? 'unknown')
    }
    return new NodeUdpSocket(socket, options)
  }

  /** The bound address, with the port that the system chose where 0 was asked for. */
  get address(): SocketAddress {
    return { address: this.#options.address.address, port: this.#socket.address().port }
  }

  /** Linux reports twice what it granted (see socket(7)). */
  get receiveBufferBytesGranted(): number {
    return this.#socket.getRecvBufferSize() / (process.platform === 'linux' ? 2 : 1)
  }

  get sendBufferBytesGranted(): number {
    return this.#socket.getSendBufferSize() / (process.platform === 'linux' ? 2 : 1)
  }

  /** Calls `serve` for each datagram with the batch filled; `serve` answers it and calls `send`. */
  listen(serve: (socket: NodeUdpSocket) => void, onError: (error: Error) => void): void {
    this.#socket.on('message', (datagram, source) => {
      this.#receive(datagram, source)
      serve(this)
    })
    this.#socket.on('error', onError)
  }

  /** Sends the answer of the batch, if it has one. */
  send(): void {
    const { batch } = this
    const bytes = batch.answerLengths[0]
    const source = this.#source
    if (bytes === 0 || source === undefined) return
    // dgram may keep the buffer until later: it gets a copy of its own.
    const answer = Buffer.from(batch.memory.bytes.subarray(0, bytes))
    this.#socket.send(answer, source.port, source.address, error => {
      if (error === null) this.totals.sent++
      else this.totals.skipped++
    })
  }

  /** Stops receiving. Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #receive(datagram: Buffer, source: RemoteInfo): void {
    const { batch } = this
    this.#source = source
    batch.count = 1
    batch.lengths[0] = datagram.length
    batch.memory.bytes.set(datagram.subarray(0, batch.slotBytes), 0)
    batch.addresses.fill(0)
    this.#addressBytes.set(addressBytes(source.address), 0)
    batch.families[0] = source.family === 'IPv6' ? canonicaliseAddress(batch.addresses, 0) : 4
    batch.sourcePorts[0] = source.port
  }
}
