// A path between clients and a TCP server that does to each connection what it is told: cut the stream into single
// bytes, deliver no more after so many of them, or break off.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Owner } from '../support/child-process.js'
import type { Place } from './service.js'

export type StreamFault =
  /** Every byte is a segment of its own, in both directions. */
  | { readonly kind: 'bytes' }
  /** After so many bytes of both directions nothing is delivered and nobody hears of it. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** After so many bytes of both directions both sides get a reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }

export class TcpProxy {
  /** Connections that the server has ended, or the fault. */
  ended = 0
  readonly #server: Server
  readonly #target: Place
  readonly #faultOf: (connection: number) => StreamFault
  readonly #sockets = new Set<Socket>()
  #connections = 0

  private constructor(target: Place, faultOf: (connection: number) => StreamFault) {
    this.#target = target
    this.#faultOf = faultOf
    this.#server = createServer({ noDelay: true }, client => this.#join(client))
  }

  /** @param faultOf what becomes of the n-th connection, counted from 0 */
  static async open(
    owner: Owner,
    target: Place,
    faultOf: (connection: number) => StreamFault,
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, faultOf)
    owner.after(() => proxy.close())
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Where clients find it. */
  get place(): Place {
    const { port } = this.#server.address() as { port: number }
    return { address: '127.0.0.1', port }
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket): void {
    const fault = this.#faultOf(this.#connections++)
    const { port, address: host } = this.#target
    const server = connect({ port, host, noDelay: true })
    let room = fault.kind === 'bytes' ? Number.POSITIVE_INFINITY : fault.afterBytes
    const pass = async (chunk: Buffer, to: Socket): Promise<void> => {
      const passed = chunk.subarray(0, Math.min(room, chunk.length))
      room -= passed.length
      if (fault.kind === 'bytes') for (const byte of passed) await written(to, Uint8Array.of(byte))
      else if (passed.length > 0) await written(to, passed)
      if (room > 0 || fault.kind !== 'reset') return
      for (const socket of [client, server]) socket.resetAndDestroy()
    }
    this.#lead(client, server, pass)
    this.#lead(server, client, pass)
    server.on('close', () => this.ended++)
  }

  #lead(from: Socket, to: Socket, pass: (chunk: Buffer, to: Socket) => Promise<void>): void {
    this.#sockets.add(from)
    from.on('data', async chunk => {
      from.pause()
      await pass(chunk, to)
      from.resume()
    })
    // Whatever ends one side ends the other.
    from.on('error', () => to.destroy())
    from.on('end', () => to.end())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

/** Resolves when the system has taken it, so that the next one is a segment of its own; or when nobody takes it. */
function written(to: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    if (to.destroyed) resolve()
    else to.write(bytes, () => resolve())
  })
}
