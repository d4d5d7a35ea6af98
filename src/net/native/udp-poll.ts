// Waits for datagrams on the sockets of one worker: a blocking receive where there is one socket, poll where there
// are two (one per family). Never longer than the timeout, so that the main thread's requests are seen in time.

import { CLOCK_MONOTONIC, POLLIN, SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET } from './constants.js'
import { type Libc, loadLibc } from './libc.js'
import type { NativeUdpSocket } from './udp-socket.js'

/** A full send buffer holds a batch up for this long at most; then the datagram is given up and counted. */
const SEND_TIMEOUT_MS = 50

export class NativeUdpPoll {
  readonly #libc: Libc = loadLibc()
  readonly #sockets: readonly NativeUdpSocket[]
  readonly #timeoutMs: number
  /** `struct pollfd` {fd 4, events 2, revents 2} for each socket. */
  readonly #pollFds: Int32Array
  /** `struct timespec` {seconds 8, nanoseconds 8}, as `monotonicSeconds` read it, and a later one. */
  readonly #time = new Int32Array(4)
  readonly #laterTime = new Int32Array(4)
  #next = 0

  constructor(sockets: readonly NativeUdpSocket[], timeoutMs: number) {
    this.#sockets = sockets
    this.#timeoutMs = timeoutMs
    this.#pollFds = new Int32Array(sockets.length * 2)
    for (const [index, socket] of sockets.entries()) {
      this.#pollFds[index * 2] = socket.fd
      this.#pollFds[index * 2 + 1] = POLLIN
      this.#setTimeout(socket.fd, SO_RCVTIMEO, timeoutMs)
      this.#setTimeout(socket.fd, SO_SNDTIMEO, SEND_TIMEOUT_MS)
    }
  }

  /** The next socket whose batch has been filled, or null when nothing came in time. */
  receive(): NativeUdpSocket | null {
    if (this.#sockets.length === 1) {
      const socket = this.#sockets[0]
      // A socket's timeout of 0 would mean for ever; a poll timeout of 0 means never to sleep.
      return socket.receive(this.#timeoutMs > 0) > 0 ? socket : null
    }
    // Sockets that the last poll found ready are served in turn before the kernel is asked again.
    const ready = this.#receiveReady()
    if (ready !== null) return ready
    if (this.#libc.poll(this.#pollFds, this.#sockets.length, this.#timeoutMs) <= 0) return null
    this.#next = 0
    return this.#receiveReady()
  }

  /** Seconds of the system's monotonic clock, the same in all threads. */
  monotonicSeconds(): number {
    this.#libc.clock_gettime(CLOCK_MONOTONIC, this.#time)
    return this.#time[0]
  }

  /** Nanoseconds since `monotonicSeconds` was called last. A difference is a small integer, which needs no heap. */
  elapsedNanoseconds(): number {
    this.#libc.clock_gettime(CLOCK_MONOTONIC, this.#laterTime)
    return (this.#laterTime[0] - this.#time[0]) * 1_000_000_000 + this.#laterTime[2] - this.#time[2]
  }

  #receiveReady(): NativeUdpSocket | null {
    while (this.#next < this.#sockets.length) {
      const index = this.#next++
      const isReady = this.#pollFds[index * 2 + 1] >>> 16 !== 0
      this.#pollFds[index * 2 + 1] = POLLIN
      if (isReady && this.#sockets[index].receive(false) > 0) return this.#sockets[index]
    }
    return null
  }

  #setTimeout(fd: number, option: number, timeoutMs: number): void {
    const time = BigInt64Array.of(BigInt(Math.floor(timeoutMs / 1000)), BigInt((timeoutMs % 1000) * 1000))
    this.#libc.setsockopt(fd, SOL_SOCKET, option, time, time.byteLength)
  }
}
