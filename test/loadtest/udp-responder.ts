// A small tracker that misbehaves on purpose, and counts what it did; and one worker led through all phases against it.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Conductor } from '../../src/loadtest/conductor.js'
import { createRunControlMemory, RunControl } from '../../src/loadtest/control.js'
import { Crew } from '../../src/loadtest/crew.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory } from '../../src/loadtest/tally.js'
import type { LoadWorkerEnd } from '../../src/loadtest/worker-data.js'
import type { Owner } from '../support/child-process.js'

const RECEIVE_BUFFER_BYTES = 4 << 20

export interface Ask {
  readonly packet: Buffer
  readonly action: number
  readonly transactionId: Buffer
  readonly source: RemoteInfo
  /** Sends a datagram back, now. */
  readonly answer: (packet: Uint8Array) => void
}

export class UdpResponder {
  readonly requests = { connect: 0, announce: 0, scrape: 0 }
  readonly sources = new Set<string>()
  readonly #socket: Socket
  #isOpen = true

  private constructor(socket: Socket, serve: (ask: Ask, responder: UdpResponder) => void) {
    this.#socket = socket
    socket.on('message', (packet, source) => this.#receive(packet, source, serve))
  }

  static async open(owner: Owner, serve: (ask: Ask, responder: UdpResponder) => void): Promise<UdpResponder> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const responder = new UdpResponder(socket, serve)
    owner.after(() => responder.close())
    return responder
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** From now on the port is closed. */
  close(): void {
    if (this.#isOpen) this.#socket.close()
    this.#isOpen = false
  }

  #receive(packet: Buffer, source: RemoteInfo, serve: (ask: Ask, responder: UdpResponder) => void): void {
    const action = packet.readInt32BE(8)
    this.requests[action === 0 ? 'connect' : action === 1 ? 'announce' : 'scrape']++
    this.sources.add(source.address)
    const answer = (bytes: Uint8Array): void => {
      if (!this.#isOpen) return
      this.#socket.send(bytes, source.port, source.address)
    }
    serve({ packet, action, transactionId: packet.subarray(12, 16), source, answer }, this)
  }
}

const hook = (): void => undefined

/**
 * Runs a plan with one worker, in its thread, from connect to stop.
 * @param isOver looked at again and again: ends what connects or measures before its time. With a schedule that ends
 *   long before the measurement nothing depends on how late a thread of a busy machine comes
 */
export async function runWorker(
  plan: LoadPlan,
  isOver: (tallies: Tallies) => boolean = () => false,
): Promise<{ tallies: Tallies; end: LoadWorkerEnd; isConnected: boolean; isFilled: boolean }> {
  const tally = createTallyMemory(1, plan.phases.measureSeconds)
  const control = createRunControlMemory(1)
  const crew = new Crew([{ worker: 0, plan, control, tally }])
  const tallies = new Tallies(tally, 1)
  const over = new AbortController()
  try {
    const conductor = new Conductor(plan, new RunControl(control), over.signal, {
      onTick: () => {
        if (isOver(tallies)) over.abort()
      },
      onPhase: hook,
      failure: crew.reports,
    })
    const { isConnected, isFilled } = await conductor.prepare()
    await conductor.load(hook)
    await conductor.drain()
    conductor.stop()
    const [end] = await crew.finish()
    return { tallies, end, isConnected, isFilled }
  } finally {
    await crew.terminate()
  }
}
