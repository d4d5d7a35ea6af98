// One worker of a UDP load test on the node engine: the same client in node's event loop.

import { NodeUdpClientSockets } from '../../net/node/udp-client-socket.js'
import { compactPeer } from '../../net/udp-client.js'
import { monotonicMs } from '../clock.js'
import type { GeneratorContext } from '../generator.js'
import { UdpLoadClient } from './client.js'
import { clientOptionsOf } from './client-options.js'

/** Rejects with an AquaticError where this machine has no sockets left, or no way to the target. */
export async function generateUdpNode(context: GeneratorContext): Promise<void> {
  const loop = new NodeLoop(context)
  const sockets = await NodeUdpClientSockets.open(clientOptionsOf(context), loop)
  try {
    context.sockets.receiveBufferBytesGranted = sockets.receiveBufferBytesGranted
    await loop.run(sockets)
    context.sockets.drops = sockets.drops()
  } finally {
    await sockets.close()
  }
}

class NodeLoop {
  readonly #context: GeneratorContext
  #sockets: NodeUdpClientSockets | undefined
  #client: UdpLoadClient | undefined

  constructor(context: GeneratorContext) {
    this.#context = context
  }

  /** Resolves when the client has stopped. */
  run(sockets: NodeUdpClientSockets): Promise<void> {
    const self = Array.from({ length: this.#context.plan.connectionsPerWorker }, (_, socket) =>
      compactPeer(sockets.localAddress(socket)),
    )
    const client = new UdpLoadClient(this.#context, {
      requests: sockets.requests,
      answers: sockets.answers,
      self,
    })
    this.#sockets = sockets
    this.#client = client
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          const nowMs = monotonicMs()
          client.turn(nowMs)
          if (client.isStopped) {
            resolve()
            return
          }
          this.#send(nowMs)
          const waitMs = client.waitMs(monotonicMs())
          // Timers know whole milliseconds: for less, the loop looks at its sockets and comes back.
          if (waitMs < 1) setImmediate(turn)
          else setTimeout(turn, Math.floor(waitMs))
        } catch (error) {
          reject(error)
        }
      }
      turn()
    })
  }

  received(socket: number): void {
    const client = this.#client
    if (client === undefined || client.isStopped) return
    const nowMs = monotonicMs()
    client.receive(socket, nowMs)
    this.#send(nowMs)
  }

  failed(socket: number, code: string): void {
    const client = this.#client
    if (client === undefined || client.isStopped) return
    client.refused(socket, monotonicMs(), code)
  }

  #send(nowMs: number): void {
    const client = this.#client as UdpLoadClient
    for (;;) {
      const socket = client.nextSocket(nowMs)
      if (socket < 0) return
      const count = client.write(socket, nowMs)
      if (count === 0) continue
      const sentMs = monotonicMs()
      client.stamp(count, sentMs)
      this.#sockets?.send(socket, count)
      client.settle(count, count, sentMs)
    }
  }
}
