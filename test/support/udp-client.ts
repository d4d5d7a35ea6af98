// A UDP tracker client for tests: sends packets as they are and matches answers by transaction id.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  type AnnounceFields,
  type AnnounceResponse,
  announceRequest,
  connectRequest,
  readAnnounceResponse,
  readScrapeResponse,
  type ScrapeEntry,
  scrapeRequest,
} from './udp-messages.js'

export interface TrackerAddress {
  readonly address: string
  readonly port: number
}

export class UdpClient {
  readonly family: 4 | 6
  connectionId = 0n
  /** Datagrams sent so far. */
  sent = 0
  /** Every datagram received so far. */
  readonly received: Buffer[] = []
  readonly #socket: Socket
  readonly #tracker: TrackerAddress
  #lastTransactionId = 1000
  readonly #waiting = new Map<number, (packet: Buffer) => void>()

  private constructor(socket: Socket, tracker: TrackerAddress, family: 4 | 6) {
    this.#socket = socket
    this.#tracker = tracker
    this.family = family
    socket.on('message', packet => {
      this.received.push(packet)
      this.#waiting.get(packet.readInt32BE(4))?.(packet)
      this.#waiting.delete(packet.readInt32BE(4))
    })
  }

  /** @param localAddress source address, such as 127.0.0.2 */
  static async open(tracker: TrackerAddress, localAddress?: string): Promise<UdpClient> {
    const family = tracker.address.includes(':') ? 6 : 4
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    socket.bind(0, localAddress ?? (family === 6 ? '::1' : '127.0.0.1'))
    await once(socket, 'listening')
    return new UdpClient(socket, tracker, family)
  }

  /** Opens and gets a connection id. */
  static async connected(tracker: TrackerAddress, localAddress?: string): Promise<UdpClient> {
    const client = await UdpClient.open(tracker, localAddress)
    await client.connect()
    return client
  }

  get localPort(): number {
    return this.#socket.address().port
  }

  nextTransactionId(): number {
    this.#lastTransactionId++
    return this.#lastTransactionId
  }

  /** Sends without waiting for an answer. */
  send(packet: Uint8Array): void {
    this.sent++
    this.#socket.send(packet, this.#tracker.port, this.#tracker.address)
  }

  /** Sends and resolves with the answer that carries the packet's transaction id. */
  request(packet: Buffer): Promise<Buffer> {
    const answer = new Promise<Buffer>(resolve => this.#waiting.set(packet.readInt32BE(12), resolve))
    this.send(packet)
    return answer
  }

  async connect(): Promise<Buffer> {
    const answer = await this.request(connectRequest(this.nextTransactionId()))
    this.connectionId = answer.readBigUInt64BE(8)
    return answer
  }

  announcePacket(fields: Partial<AnnounceFields>): Buffer {
    return announceRequest({
      connectionId: this.connectionId,
      transactionId: this.nextTransactionId(),
      ...fields,
    })
  }

  async announce(fields: Partial<AnnounceFields>): Promise<AnnounceResponse> {
    return readAnnounceResponse(await this.request(this.announcePacket(fields)), this.family)
  }

  async scrape(hashes: readonly Uint8Array[]): Promise<ScrapeEntry[]> {
    const packet = scrapeRequest(this.connectionId, this.nextTransactionId(), hashes)
    return readScrapeResponse(await this.request(packet))
  }

  /**
   * Sends packets that must not be answered and then a connect: the tracker answers one client in order, so when the
   * connect is answered, whatever it had to say to the others has arrived. @returns what arrived before it
   */
  async answersTo(packets: readonly Uint8Array[]): Promise<Buffer[]> {
    const before = this.received.length
    for (const packet of packets) this.send(packet)
    await this.request(connectRequest(this.nextTransactionId()))
    return this.received.slice(before, -1)
  }

  close(): void {
    this.#socket.close()
  }
}
