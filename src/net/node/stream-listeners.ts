// What the node engine accepts connections on: opened in the worker itself, before anything is read.

import { once } from 'node:events'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { bindError, unixBindError } from '../bind-error.js'
import type { StreamAddress } from '../stream.js'

export interface NodeListener {
  /** What is spoken, for the text of errors: `http`. */
  readonly protocol: string
  readonly address: StreamAddress
  readonly onlyIpv6: boolean
  readonly backlog: number
  /** Permission bits of a Unix-domain socket's file. */
  readonly mode?: number
  /** A listening socket with this address, to use instead of opening one. */
  readonly fd?: number
}

export class NodeStreamListeners {
  readonly #onConnection: (socket: Socket) => void
  readonly #onAcceptFailed: () => void
  readonly #servers: Server[] = []
  /** Of each server, the address asked for. */
  readonly #planned: StreamAddress[] = []

  /**
   * @param onConnection is given sockets of which nothing is read yet
   * @param onAcceptFailed node has dropped a connection and goes on
   */
  constructor(onConnection: (socket: Socket) => void, onAcceptFailed: () => void) {
    this.#onConnection = onConnection
    this.#onAcceptFailed = onAcceptFailed
  }

  /** Listens on one more. @throws AquaticError AQ_BIND_* */
  async open({ protocol, address, onlyIpv6, backlog, mode, fd }: NodeListener): Promise<void> {
    if ('path' in address && fd === undefined) await removeStaleSocket(address.path)
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    this.#servers.push(server)
    this.#planned.push(address)
    server.on('connection', this.#onConnection)
    const listening = once(server, 'listening')
    if (fd !== undefined) server.listen({ fd, backlog })
    else if ('path' in address) server.listen({ path: address.path, backlog })
    else {
      server.listen({
        host: address.address,
        port: address.port,
        backlog,
        ipv6Only: onlyIpv6,
        exclusive: true,
      })
    }
    try {
      await listening
      if ('path' in address && fd === undefined && mode !== undefined) chmodSync(address.path, mode)
    } catch (error) {
      const name = (error as NodeJS.ErrnoException).code ?? 'unknown'
      throw 'path' in address
        ? unixBindError(protocol, address.path, name)
        : bindError(protocol, address, name)
    }
    server.on('error', this.#onAcceptFailed)
  }

  /** With the ports that the system chose. */
  get addresses(): readonly StreamAddress[] {
    return this.#servers.map((server, index) => {
      const bound = server.address()
      // Of a Unix-domain socket that was passed in, node does not know the path.
      if (bound === null || typeof bound === 'string') return this.#planned[index]
      return { address: bound.address, port: bound.port }
    })
  }

  /** Stops accepting, for good. */
  stop(): void {
    for (const server of this.#servers) if (server.listening) server.close()
  }

  /** Resolves when all are closed. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers
        .splice(0)
        .filter(server => server.listening)
        .map(server => once(server.close(), 'close')),
    )
  }
}

/** As in the native engine: only a socket is removed, and only when nobody is there. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return
  const probe = connect(path)
  const code = await new Promise<string | undefined>(resolve => {
    probe.once('connect', () => resolve(undefined))
    probe.once('error', error => resolve((error as NodeJS.ErrnoException).code))
  })
  probe.destroy()
  if (code === 'ECONNREFUSED') unlinkSync(path)
}
