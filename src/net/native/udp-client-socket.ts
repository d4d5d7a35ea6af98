// The connected UDP sockets of a client, native engine: one batch to send from, one to receive into, for all of them,
// and one epoll set to wait in. Answers of any other address than the target's never get through.

import { DatagramBatch } from '../datagram-batch.js'
import { Errno, errnoName, SendAction, sendActionFor } from '../errno.js'
import { noUdpSocket, sourceOf, type UdpClientOptions } from '../udp-client.js'
import {
  AF_INET,
  AF_INET6,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_TRUNC,
  PR_SET_TIMERSLACK,
  SO_RCVBUF,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './constants.js'
import { Epoll } from './epoll.js'
import { type Libc, loadLibc } from './libc.js'
import { HEADER_BYTES, MessageHeaders } from './message-headers.js'
import { boundAddress, encodeSocketAddress, getOption, setOption } from './socket.js'
import { kernelDropsOf } from './udp-open.js'

/** A full send buffer holds a batch up for this long at each try. */
const SEND_TIMEOUT_MS = 50
const SEND_TRIES_MAX = 2
/** Sleeps end when they should: the system's default adds up to 50 µs to them. */
const TIMER_SLACK_NS = 1

export class NativeUdpClientSockets {
  readonly requests: DatagramBatch
  readonly answers: DatagramBatch
  /** The smallest of what the system granted. */
  readonly receiveBufferBytesGranted: number
  readonly #libc: Libc = loadLibc()
  readonly #epoll = new Epoll()
  readonly #fds: Int32Array
  readonly #family: 4 | 6
  readonly #sending: MessageHeaders
  readonly #receiving: MessageHeaders
  #sendsRetried = 0
  #lastErrno = 0
  #isClosed = false

  /** Opens all sockets. @throws AquaticError where the system has no descriptor left, or no way to the target */
  constructor(options: UdpClientOptions) {
    const { batchSize, target } = options
    this.#family = target.address.includes(':') ? 6 : 4
    this.requests = new DatagramBatch(batchSize, options.requestBytes)
    this.answers = new DatagramBatch(batchSize, options.answerBytes)
    this.#sending = headersOf(this.#libc, this.requests)
    this.#receiving = headersOf(this.#libc, this.answers)
    this.#fds = new Int32Array(options.sockets).fill(-1)
    this.#libc.prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS)
    let granted = Number.POSITIVE_INFINITY
    try {
      for (let socket = 0; socket < options.sockets; socket++) {
        granted = Math.min(granted, this.#open(socket, options))
      }
    } catch (error) {
      this.close()
      throw error
    }
    this.receiveBufferBytesGranted = granted
  }

  /** Local address and port of a socket. */
  localAddress(socket: number): { readonly address: string; readonly port: number } {
    return boundAddress(this.#libc, this.#fds[socket], this.#family)
  }

  /**
   * Sends the first `count` datagrams of `requests`. Waits for room, for a tenth of a second at most.
   * @returns how many the system took
   * @throws when the socket is gone
   */
  send(socket: number, count: number): number {
    const { lengths } = this.requests
    for (let slot = 0; slot < count; slot++) this.#sending.setLength(slot, lengths[slot])
    const fd = this.#fds[socket]
    const sent = this.#libc.sendmmsg(fd, this.#sending.headers, count, 0)
    return sent === count ? count : this.#sendRest(fd, Math.max(sent, 0), count)
  }

  /**
   * Receives up to a batch of what has come over a socket into `answers`, without waiting.
   * @returns how many; 0: nothing is there; -1: the network says why nobody is reached, see `describeLastError`
   * @throws when the socket is gone
   */
  receive(socket: number): number {
    const { answers } = this
    const count = this.#libc.recvmmsg(
      this.#fds[socket],
      this.#receiving.headers,
      answers.capacity,
      MSG_DONTWAIT | MSG_TRUNC,
      null,
    )
    if (count <= 0) {
      answers.count = 0
      return this.#receiveFailed()
    }
    answers.count = count
    for (let slot = 0; slot < count; slot++) answers.lengths[slot] = this.#receiving.lengthOf(slot)
    return count
  }

  /** Waits until something has come. @returns how many sockets have something, see `readySocket` */
  wait(timeoutMs: number): number {
    return this.#epoll.waitFraction(timeoutMs)
  }

  readySocket(index: number): number {
    return this.#epoll.slotOf(index)
  }

  /** Why `receive` returned -1, or `send` less than it was given. */
  describeLastError(): string {
    return errnoName(this.#lastErrno)
  }

  /** Sends repeated because the system had no room, since this was asked last. */
  takeSendsRetried(): number {
    const count = this.#sendsRetried
    this.#sendsRetried = 0
    return count
  }

  /** Datagrams that the system dropped because a receive buffer was full. */
  drops(): number {
    return this.#fds.reduce((sum, fd) => sum + kernelDropsOf({ fd }), 0)
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const [socket, fd] of this.#fds.entries()) {
      if (fd >= 0) this.#libc.close(fd)
      this.#fds[socket] = -1
    }
    this.#epoll.close()
  }

  #open(socket: number, options: UdpClientOptions): number {
    const libc = this.#libc
    const { target, receiveBufferBytes } = options
    const fd = libc.socket(this.#family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    if (fd < 0) throw noUdpSocket(target, socket, errnoName(libc.errno()))
    this.#fds[socket] = fd
    if (receiveBufferBytes > 0) setOption(libc, fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes)
    const timeout = BigInt64Array.of(0n, BigInt(SEND_TIMEOUT_MS * 1000))
    libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeout, timeout.byteLength)
    const source = sourceOf(options, socket)
    if (source !== null) {
      const name = encodeSocketAddress({ address: source, port: 0 })
      if (libc.bind(fd, name, name.length) !== 0) throw noUdpSocket(target, socket, errnoName(libc.errno()))
    }
    const name = encodeSocketAddress(target)
    if (libc.connect(fd, name, name.length) !== 0) throw noUdpSocket(target, socket, errnoName(libc.errno()))
    this.#epoll.add(fd, EPOLLIN, socket, 0)
    // The kernel doubles what was asked for, to account for its own bookkeeping, and reports the double.
    return getOption(libc, fd, SOL_SOCKET, SO_RCVBUF) / 2
  }

  /**
   * Goes on where the system stopped. An error of the network belongs to a request before (what came back from it),
   * and is over once it was reported, so the same datagram is offered again.
   */
  #sendRest(fd: number, done: number, count: number): number {
    let tries = 0
    while (done < count) {
      const sent = this.#libc.sendmmsg(
        fd,
        this.#sending.headers.subarray(done * HEADER_BYTES),
        count - done,
        0,
      )
      if (sent > 0) {
        done += sent
        tries = 0
        continue
      }
      const errno = this.#libc.errno()
      if (sendActionFor(errno) === SendAction.fatal) throw new Error(`sendmmsg failed: ${errnoName(errno)}`)
      if (sendActionFor(errno) === SendAction.retry) this.#sendsRetried++
      this.#lastErrno = errno
      tries++
      if (tries === SEND_TRIES_MAX) break
    }
    return done
  }

  #receiveFailed(): number {
    const errno = this.#libc.errno()
    if (errno === Errno.EAGAIN || errno === Errno.EINTR) return 0
    if (sendActionFor(errno) === SendAction.fatal) throw new Error(`recvmmsg failed: ${errnoName(errno)}`)
    this.#lastErrno = errno
    return -1
  }
}

function headersOf(libc: Libc, batch: DatagramBatch): MessageHeaders {
  return new MessageHeaders(libc, batch.capacity, {
    packets: batch.memory.bytes,
    slotBytes: batch.slotBytes,
    names: null,
    nameBytes: 0,
    control: null,
  })
}
