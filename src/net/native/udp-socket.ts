// One UDP socket of the native engine inside a worker: recvmmsg into a batch, sendmmsg of its answers.

import { swap16 } from '../../protocol/packet-memory.js'
import { canonicaliseAddress } from '../address.js'
import { errnoName, SendAction, sendActionFor } from '../errno.js'
import { SendTotals, UdpBatch } from '../udp-batch.js'
import {
  MSG_DONTWAIT,
  MSG_TRUNC,
  MSG_WAITFORONE,
  SOCKADDR_IN_BYTES,
  SOCKADDR_IN6_BYTES,
} from './constants.js'
import { type Libc, loadLibc } from './libc.js'
import {
  CONTROL_STRIDE_BYTES,
  HEADER_BYTES,
  type MessageBuffers,
  MessageHeaders,
  NAME_STRIDE_BYTES,
} from './message-headers.js'
import type { OpenUdpSocket } from './udp-open.js'

/**
 * How often one datagram is offered to a kernel that has no room, before it is given up. The socket's send timeout
 * passes at each try, so once one is given up the rest of its batch is offered without waiting.
 */
const SEND_TRIES_MAX = 2

export interface UdpBatchShape {
  /** Datagrams in one system call. */
  readonly batchSize: number
  /** Longest request read and longest answer written, in bytes. */
  readonly packetBytes: number
}

export class NativeUdpSocket {
  readonly batch: UdpBatch
  readonly totals = new SendTotals()
  readonly fd: number
  readonly #libc: Libc
  readonly #socket: OpenUdpSocket
  readonly #names: Int32Array
  readonly #control: Int32Array | null
  readonly #received: MessageHeaders
  readonly #answers: MessageHeaders

  constructor(socket: OpenUdpSocket, shape: UdpBatchShape) {
    this.fd = socket.fd
    this.#socket = socket
    this.#libc = loadLibc()
    this.batch = new UdpBatch(shape.batchSize, shape.packetBytes)
    const names = new Uint8Array(shape.batchSize * NAME_STRIDE_BYTES)
    const control = socket.needsPacketInfo ? new Uint8Array(shape.batchSize * CONTROL_STRIDE_BYTES) : null
    this.#names = new Int32Array(names.buffer)
    this.#control = control === null ? null : new Int32Array(control.buffer)
    const buffers: MessageBuffers = {
      packets: this.batch.memory.bytes,
      slotBytes: this.batch.slotBytes,
      names,
      nameBytes: socket.family === 6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES,
      control,
    }
    this.#received = new MessageHeaders(this.#libc, shape.batchSize, buffers)
    this.#answers = new MessageHeaders(this.#libc, shape.batchSize, buffers)
    for (let index = 0; index < shape.batchSize && control !== null; index++) {
      this.#received.setControlBytes(index, CONTROL_STRIDE_BYTES)
    }
  }

  /**
   * Receives up to a batch of datagrams.
   * @param wait true: block until one is there or the socket's receive timeout passes
   * @returns how many; 0 when there is none
   * @throws when the socket is gone
   */
  receive(wait: boolean): number {
    const batch = this.batch
    batch.count = 0
    // MSG_TRUNC: report a datagram's own length even where it was cut to its slot.
    const flags = MSG_TRUNC | (wait ? MSG_WAITFORONE : MSG_DONTWAIT)
    const count = this.#libc.recvmmsg(this.fd, this.#received.headers, batch.capacity, flags, null)
    if (count <= 0) {
      const errno = this.#libc.errno()
      if (sendActionFor(errno) === SendAction.fatal) throw new Error(`recvmmsg failed: ${errnoName(errno)}`)
      return 0
    }
    batch.count = count
    if (this.#socket.family === 4) this.#readIpv4Sources(count)
    else this.#readIpv6Sources(count)
    if (this.#control !== null) this.#keepLocalAddresses(count)
    return count
  }

  /** Sends the answers of the batch (those with a length) and adds to `totals`. @throws when the socket is gone */
  send(): void {
    const batch = this.batch
    let answers = 0
    for (let slot = 0; slot < batch.count; slot++) {
      const bytes = batch.answerLengths[slot]
      if (bytes === 0) continue
      this.#answers.pointTo(answers, slot)
      this.#answers.setLength(slot, bytes)
      if (this.#control !== null) {
        this.#answers.setControlBytes(answers, this.#received.controlBytesOf(slot))
        this.#received.setControlBytes(slot, CONTROL_STRIDE_BYTES)
      }
      answers++
    }
    if (answers > 0) this.#sendAll(answers)
  }

  #sendAll(count: number): void {
    let done = 0
    let tries = 0
    let flags = 0
    while (done < count) {
      const headers = done === 0 ? this.#answers.headers : this.#answers.headers.subarray(done * HEADER_BYTES)
      const sent = this.#libc.sendmmsg(this.fd, headers, count - done, flags)
      if (sent > 0) {
        done += sent
        this.totals.sent += sent
        tries = 0
        continue
      }
      const errno = this.#libc.errno()
      const action = sendActionFor(errno)
      if (action === SendAction.fatal) throw new Error(`sendmmsg failed: ${errnoName(errno)}`)
      tries++
      if (action === SendAction.retry && tries < SEND_TRIES_MAX) {
        this.totals.retried++
        continue
      }
      if (action === SendAction.retry) flags = MSG_DONTWAIT
      this.totals.skipped++
      done++
      tries = 0
    }
  }

  // struct sockaddr_in: family 2, port 2 (network order), address 4
  #readIpv4Sources(count: number): void {
    const { addresses, families, lengths, sourcePorts } = this.batch
    const names = this.#names
    for (let slot = 0; slot < count; slot++) {
      const name = slot * (NAME_STRIDE_BYTES / 4)
      lengths[slot] = this.#received.lengthOf(slot)
      families[slot] = 4
      addresses[slot * 4] = names[name + 1]
      sourcePorts[slot] = swap16(names[name] >>> 16)
    }
  }

  // struct sockaddr_in6: family 2, port 2 (network order), flow label 4, address 16, scope 4
  #readIpv6Sources(count: number): void {
    const { addresses, families, lengths, sourcePorts } = this.batch
    const names = this.#names
    for (let slot = 0; slot < count; slot++) {
      const name = slot * (NAME_STRIDE_BYTES / 4)
      lengths[slot] = this.#received.lengthOf(slot)
      addresses[slot * 4] = names[name + 2]
      addresses[slot * 4 + 1] = names[name + 3]
      addresses[slot * 4 + 2] = names[name + 4]
      addresses[slot * 4 + 3] = names[name + 5]
      families[slot] = canonicaliseAddress(addresses, slot * 4)
      sourcePorts[slot] = swap16(names[name] >>> 16)
    }
  }

  /**
   * The kernel says in IP_PKTINFO / IPV6_PKTINFO which local address and interface a datagram came to; sent back
   * with the answer it makes that address the source. The interface is cleared, so that routing chooses the way out
   * (for IPv6 link-local peers the interface is in the name as well).
   *
   *   cmsghdr: 0 bytes 8 · 8 level · 12 type · 16 in_pktinfo {interface 4, local 4, destination 4}
   *                                          · 16 in6_pktinfo {local 16, interface 4}
   */
  #keepLocalAddresses(count: number): void {
    const control = this.#control as Int32Array
    const interfaceWord = this.#socket.family === 4 ? 4 : 8
    for (let slot = 0; slot < count; slot++) {
      control[slot * (CONTROL_STRIDE_BYTES / 4) + interfaceWord] = 0
    }
  }
}
