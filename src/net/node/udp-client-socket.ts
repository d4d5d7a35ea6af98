// The connected UDP sockets of a client, node engine: node:dgram, one datagram a batch. Runs everywhere and needs no
// foreign calls.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { versionOf } from '../address.js'
import { DatagramBatch } from '../datagram-batch.js'
import { kernelDropsOfPorts } from '../kernel-drops.js'
import { noUdpSocket, sourceOf, type UdpClientOptions } from '../udp-client.js'

/** What an engine does with what comes; called from the event loop. */
export interface UdpClientListener {
  /** `answers` holds a datagram of this socket. */
  received(socket: number): void
  /** The network says that nobody is there, or that a datagram could not be sent. @param code such as `ECONNREFUSED` */
  failed(socket: number, code: string): void
}

export class NodeUdpClientSockets {
  readonly requests: DatagramBatch
  readonly answers: DatagramBatch
  readonly #sockets: readonly Socket[]
  readonly #listener: UdpClientListener

  private constructor(options: UdpClientOptions, sockets: readonly Socket[], listener: UdpClientListener) {
    this.requests = new DatagramBatch(options.batchSize, options.requestBytes)
    this.answers = new DatagramBatch(1, options.answerBytes)
    this.#sockets = sockets
    this.#listener = listener
    for (const [index, socket] of sockets.entries()) this.#listen(index, socket)
  }

  /** Opens all sockets. @throws AquaticError where the system has no descriptor left, or no way to the target */
  static async open(options: UdpClientOptions, listener: UdpClientListener): Promise<NodeUdpClientSockets> {
    const sockets: Socket[] = []
    try {
      for (let index = 0; index < options.sockets; index++) sockets.push(await connected(options, index))
      return new NodeUdpClientSockets(options, sockets, listener)
    } catch (error) {
      for (const socket of sockets) socket.close()
      throw error
    }
  }

  /** The smallest of what the system granted. */
  get receiveBufferBytesGranted(): number {
    // Linux doubles what was asked for, to account for its own bookkeeping, and reports the double.
    const factor = process.platform === 'linux' ? 2 : 1
    return Math.min(...this.#sockets.map(socket => socket.getRecvBufferSize())) / factor
  }

  /** Local address and port of a socket. */
  localAddress(socket: number): { readonly address: string; readonly port: number } {
    return this.#sockets[socket].address()
  }

  /** Sends the first `count` datagrams of `requests`; what fails is told to the listener. */
  send(socket: number, count: number): void {
    const { lengths, memory } = this.requests
    for (let index = 0; index < count; index++) {
      const start = this.requests.offsetOf(index)
      // dgram may keep the buffer until later: it gets a copy of its own.
      const datagram = Buffer.from(memory.bytes.subarray(start, start + lengths[index]))
      this.#sockets[socket].send(datagram, error => {
        if (error !== null) this.#listener.failed(socket, codeOf(error))
      })
    }
  }

  /** Datagrams that the system dropped because a receive buffer was full. */
  drops(): number {
    return kernelDropsOfPorts(this.#sockets.map(socket => socket.address().port))
  }

  /** Resolves when all sockets are closed. */
  async close(): Promise<void> {
    await Promise.all(
      this.#sockets.map(socket => {
        const closed = once(socket, 'close')
        socket.close()
        return closed
      }),
    )
  }

  #listen(index: number, socket: Socket): void {
    const { answers } = this
    socket.on('message', datagram => {
      answers.count = 1
      answers.lengths[0] = datagram.length
      answers.memory.bytes.set(datagram.subarray(0, answers.slotBytes), 0)
      this.#listener.received(index)
    })
    socket.on('error', error => this.#listener.failed(index, codeOf(error)))
  }
}

async function connected(options: UdpClientOptions, index: number): Promise<Socket> {
  const { receiveBufferBytes, target } = options
  const socket = createSocket({
    type: versionOf(target.address) === 6 ? 'udp6' : 'udp4',
    ...(receiveBufferBytes > 0 ? { recvBufferSize: receiveBufferBytes } : {}),
  })
  try {
    const source = sourceOf(options, index)
    if (source !== null) {
      const listening = once(socket, 'listening')
      socket.bind({ address: source, port: 0, exclusive: true })
      await listening
    }
    const isConnected = once(socket, 'connect')
    socket.connect(target.port, target.address)
    await isConnected
    return socket
  } catch (error) {
    socket.close()
    throw noUdpSocket(target, index, codeOf(error as Error))
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}
