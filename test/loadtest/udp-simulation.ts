// The client of the UDP generators on simulated time: the network is a list of datagrams with the moments at which they
// arrive, the tracker a function.

import { Phase } from '../../src/loadtest/control.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { UdpLoadClient } from '../../src/loadtest/udp/client.js'
import { requestBytesMax } from '../../src/loadtest/udp/request-writer.js'
import { DatagramBatch } from '../../src/net/datagram-batch.js'
import { compactPeer } from '../../src/net/udp-client.js'
import { contextOf, type TestContext } from './generator-context.js'

const BATCH = 64

/** A request as the tracker of a simulation sees it. */
export interface SimulatedRequest {
  readonly packet: Buffer
  readonly socket: number
  readonly sentMs: number
  readonly action: number
  readonly transactionId: Buffer
}

/** An answer, and how long after the request it arrives. */
export interface SimulatedAnswer {
  readonly afterMs: number
  readonly packet: Uint8Array
}

export type SimulatedTracker = (request: SimulatedRequest) => readonly SimulatedAnswer[]

interface Arrival {
  readonly atMs: number
  readonly socket: number
  readonly packet: Uint8Array
}

export class UdpSimulation {
  readonly context: TestContext
  readonly client: UdpLoadClient
  nowMs = 5_000_000.125
  /** What the shortest turn takes. */
  turnMs = 0.001
  readonly #tracker: SimulatedTracker
  readonly #requests: DatagramBatch
  readonly #answers = new DatagramBatch(BATCH, 4096)
  /** Sorted by time of arrival. */
  readonly #arrivals: Arrival[] = []
  /** Times in which the generator is held up: it does nothing between them. */
  readonly #stalls: (readonly [fromMs: number, toMs: number])[] = []

  constructor(plan: LoadPlan, tracker: SimulatedTracker) {
    this.context = contextOf(plan)
    this.#tracker = tracker
    this.#requests = new DatagramBatch(BATCH, requestBytesMax(plan))
    const self = Array.from({ length: plan.connectionsPerWorker }, (_, socket) =>
      compactPeer({ address: '127.0.0.1', port: 40_000 + socket }),
    )
    this.client = new UdpLoadClient(this.context, { requests: this.#requests, answers: this.#answers, self })
  }

  /** Runs until it is so, at most to a moment. @returns whether it came to be so */
  runUntil(isSo: () => boolean, limitMs = Number.POSITIVE_INFINITY): boolean {
    while (!isSo()) {
      if (this.nowMs >= limitMs) return false
      this.#step(limitMs)
    }
    return true
  }

  /** Connect, fill where the plan has it, warm-up, measurement, drain, stop: as the conductor leads a worker. */
  runAll(): void {
    const { control, plan } = this.context
    const { phases } = plan
    const untilDone = (phase: Phase, seconds: number): void => {
      control.enter(phase)
      this.runUntil(() => control.isDone(0, phase), this.nowMs + seconds * 1000)
    }
    untilDone(Phase.connect, phases.connectSeconds)
    if (phases.fillSeconds > 0) untilDone(Phase.fill, phases.fillSeconds)
    this.startLoad()
    this.runUntil(() => false, control.measureEndMs)
    untilDone(Phase.drain, phases.drainSeconds)
    control.enter(Phase.stop)
    this.runUntil(() => this.client.isStopped)
  }

  startLoad(): void {
    const { control, plan } = this.context
    const startMs = this.nowMs + 5
    const measureMs = startMs + plan.phases.warmUpSeconds * 1000
    control.setTimes(startMs, measureMs, measureMs + plan.phases.measureSeconds * 1000)
    control.enter(Phase.load)
  }

  /** Holds the generator up, between two moments after the start of the load. */
  stall(fromMs: number, toMs: number): void {
    this.#stalls.push([fromMs, toMs])
  }

  #step(limitMs: number): void {
    const { client } = this
    client.turn(this.nowMs)
    if (client.isStopped) return
    this.#send()
    const nextMs = Math.min(
      this.nowMs + Math.max(client.waitMs(this.nowMs), this.turnMs),
      this.#arrivals[0]?.atMs ?? Number.POSITIVE_INFINITY,
      limitMs,
    )
    this.nowMs = this.#afterStall(Math.max(this.nowMs, nextMs))
    for (;;) {
      const first = this.#arrivals[0]
      if (first === undefined || first.atMs > this.nowMs) return
      this.#arrivals.shift()
      this.#answers.count = 1
      this.#answers.lengths[0] = first.packet.length
      this.#answers.memory.bytes.set(first.packet.subarray(0, this.#answers.slotBytes))
      client.receive(first.socket, this.nowMs)
      this.#send()
    }
  }

  #afterStall(nowMs: number): number {
    const { loadStartMs } = this.context.control
    const stall = this.#stalls.find(([from, to]) => nowMs >= loadStartMs + from && nowMs < loadStartMs + to)
    return stall === undefined || loadStartMs === 0 ? nowMs : loadStartMs + stall[1]
  }

  #send(): void {
    const { client, nowMs } = this
    for (let socket = client.nextSocket(nowMs); socket >= 0; socket = client.nextSocket(nowMs)) {
      const count = client.write(socket, nowMs)
      if (count === 0) continue
      client.stamp(count, nowMs)
      client.settle(count, count, nowMs)
      for (let index = 0; index < count; index++) this.#ask(socket, index)
    }
  }

  #ask(socket: number, index: number): void {
    const start = this.#requests.offsetOf(index)
    const { bytes } = this.#requests.memory
    const packet = Buffer.from(bytes.slice(start, start + this.#requests.lengths[index]))
    const request = {
      packet,
      socket,
      sentMs: this.nowMs,
      action: packet.readInt32BE(8),
      transactionId: packet.subarray(12, 16),
    }
    for (const { afterMs, packet: answer } of this.#tracker(request)) {
      this.#insert({ atMs: this.nowMs + afterMs, socket, packet: answer })
    }
  }

  #insert(arrival: Arrival): void {
    const arrivals = this.#arrivals
    let at = arrivals.length
    while (at > 0 && arrivals[at - 1].atMs > arrival.atMs) at--
    arrivals.splice(at, 0, arrival)
  }
}

const head = (action: number, transactionId: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(action, 0)
  bytes.set(transactionId, 4)
  return bytes
}

/** What a tracker answers to a request, without peers. The connection id is a text of 8 bytes. */
export function plainAnswer({ action, packet, transactionId }: SimulatedRequest, id = 'a secret'): Buffer {
  if (action === 0) return Buffer.concat([head(0, transactionId), Buffer.from(id)])
  if (action === 1)
    return Buffer.concat([head(1, transactionId), Buffer.from('000007080000000100000002', 'hex')])
  return Buffer.concat([head(2, transactionId), Buffer.alloc(((packet.length - 16) / 20) * 12)])
}

export function errorAnswer({ transactionId }: SimulatedRequest, text: string): Buffer {
  return Buffer.concat([head(3, transactionId), Buffer.from(text)])
}
