// A path between UDP clients and a tracker that loses datagrams, delivers them twice and in another order: what does
// so is drawn from a seed. Each client has a socket of its own towards the tracker, as behind a NAT.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createRandom } from '../../src/bench/statistics.js'
import type { Owner } from '../support/child-process.js'
import type { Place } from './service.js'

/** Shares of all datagrams, between 0 and 1; the rest passes as it is. */
export interface PacketFaults {
  readonly lost: number
  readonly doubled: number
  /** Delivered behind the next datagram of the same client and direction. */
  readonly overtaken: number
}

/** A direction of one client. */
interface Lane {
  readonly deliver: (packet: Buffer) => void
  overtaken: Buffer | undefined
}

export class UdpProxy {
  /** Datagrams that were delivered to the tracker, and to clients. */
  toTracker = 0
  toClients = 0
  lost = 0
  doubled = 0
  overtaken = 0
  readonly #front: Socket
  readonly #tracker: Place
  readonly #faults: PacketFaults
  readonly #random: () => number
  #isClosed = false
  readonly #clients = new Map<string, { readonly lane: Lane; readonly socket: Socket }>()

  private constructor(front: Socket, tracker: Place, faults: PacketFaults, seed: number) {
    this.#front = front
    this.#tracker = tracker
    this.#faults = faults
    this.#random = createRandom(seed)
    front.on('message', (packet, from) => this.#pass(packet, this.#laneOf(from)))
  }

  static async open(owner: Owner, tracker: Place, faults: PacketFaults, seed: number): Promise<UdpProxy> {
    const front = createSocket('udp4')
    front.bind(0, '127.0.0.1')
    await once(front, 'listening')
    const proxy = new UdpProxy(front, tracker, faults, seed)
    owner.after(() => proxy.close())
    return proxy
  }

  /** Where clients find it. */
  get place(): Place {
    return { address: '127.0.0.1', port: this.#front.address().port }
  }

  #laneOf({ address, port }: RemoteInfo): Lane {
    const known = this.#clients.get(`${address}:${port}`)
    if (known !== undefined) return known.lane
    const socket = createSocket('udp4')
    const toTracker: Lane = {
      deliver: packet => {
        this.toTracker++
        socket.send(packet, this.#tracker.port, this.#tracker.address)
      },
      overtaken: undefined,
    }
    const toClient: Lane = {
      deliver: packet => {
        this.toClients++
        this.#front.send(packet, port, address)
      },
      overtaken: undefined,
    }
    socket.on('message', packet => this.#pass(packet, toClient))
    this.#clients.set(`${address}:${port}`, { lane: toTracker, socket })
    return toTracker
  }

  #pass(packet: Buffer, lane: Lane): void {
    const { lost, doubled, overtaken } = this.#faults
    const draw = this.#random()
    const behind = lane.overtaken
    lane.overtaken = undefined
    if (draw < lost) this.lost++
    else if (draw < lost + doubled) {
      this.doubled++
      lane.deliver(packet)
      lane.deliver(packet)
    } else if (draw < lost + doubled + overtaken && behind === undefined) {
      this.overtaken++
      lane.overtaken = packet
    } else lane.deliver(packet)
    if (behind !== undefined) lane.deliver(behind)
  }

  /** Nothing passes any more, in either direction. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#front.close()
    for (const { socket } of this.#clients.values()) socket.close()
  }
}
