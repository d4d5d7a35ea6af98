// One worker of a UDP load test on the native engine: a loop that sleeps in epoll alone.

import { NativeUdpClientSockets } from '../../net/native/udp-client-socket.js'
import { compactPeer } from '../../net/udp-client.js'
import { monotonicMs } from '../clock.js'
import type { GeneratorContext } from '../generator.js'
import { WorkerCount } from '../kinds.js'
import { UdpLoadClient } from './client.js'
import { clientOptionsOf } from './client-options.js'

/** @throws AquaticError where this machine has no sockets left, or no way to the target */
export function generateUdpNative(context: GeneratorContext): void {
  const sockets = new NativeUdpClientSockets(clientOptionsOf(context))
  try {
    context.sockets.receiveBufferBytesGranted = sockets.receiveBufferBytesGranted
    new NativeLoop(context, sockets).run()
    context.sockets.drops = sockets.drops()
  } finally {
    sockets.close()
  }
}

class NativeLoop {
  readonly #context: GeneratorContext
  readonly #sockets: NativeUdpClientSockets
  readonly #client: UdpLoadClient

  constructor(context: GeneratorContext, sockets: NativeUdpClientSockets) {
    this.#context = context
    this.#sockets = sockets
    const self = Array.from({ length: context.plan.connectionsPerWorker }, (_, socket) =>
      compactPeer(sockets.localAddress(socket)),
    )
    this.#client = new UdpLoadClient(context, { requests: sockets.requests, answers: sockets.answers, self })
  }

  run(): void {
    const client = this.#client
    const sockets = this.#sockets
    for (;;) {
      const nowMs = monotonicMs()
      client.turn(nowMs)
      if (client.isStopped) return
      this.#send(nowMs)
      const ready = sockets.wait(client.waitMs(monotonicMs()))
      for (let index = 0; index < ready; index++) this.#receive(sockets.readySocket(index))
    }
  }

  /** Reads a socket and, where answers have made room for requests, sends them at once. */
  #receive(socket: number): void {
    const client = this.#client
    const count = this.#sockets.receive(socket)
    const nowMs = monotonicMs()
    if (count < 0) client.refused(socket, nowMs, this.#sockets.describeLastError())
    if (count <= 0) return
    client.receive(socket, nowMs)
    this.#send(nowMs)
  }

  #send(nowMs: number): void {
    const client = this.#client
    for (;;) {
      const socket = client.nextSocket(nowMs)
      if (socket < 0) return
      const count = client.write(socket, nowMs)
      if (count === 0) continue
      const sentMs = monotonicMs()
      client.stamp(count, sentMs)
      const taken = this.#sockets.send(socket, count)
      client.settle(count, taken, sentMs)
      const retried = this.#sockets.takeSendsRetried()
      if (retried > 0) this.#context.accounts.count(WorkerCount.sendsRetried, sentMs, retried)
      if (taken < count) this.#context.remarks.add(`udp: send: ${this.#sockets.describeLastError()}`)
    }
  }
}
