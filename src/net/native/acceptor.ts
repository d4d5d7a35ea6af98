// Takes the connections that wait in the listeners of one worker, or leaves them there for a while: when there is no
// room, or when the system has no descriptor or memory for them.

import { canonicaliseAddress } from '../address.js'
import { AcceptAction, acceptActionFor, errnoName } from '../errno.js'
import { StreamCounter } from '../stream.js'
import type { StreamSlots } from '../stream-slots.js'
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCKADDR_IN6_BYTES } from './constants.js'
import type { Epoll } from './epoll.js'
import { type Libc, loadLibc } from './libc.js'
import type { OpenStreamListener } from './stream-listener.js'

/** After accept failed for want of descriptors or memory. */
const PAUSE_SECONDS = 0.1

/** What `accept` returns instead of a descriptor. */
export const Accepted = {
  /** Nobody waits, or accepting has been paused. */
  none: -1,
  /** One connection was gone already; others may wait. */
  gone: -2,
} as const

export class Acceptor {
  readonly #libc: Libc = loadLibc()
  readonly #epoll: Epoll
  readonly #listeners: readonly OpenStreamListener[]
  readonly #counters: Float64Array
  readonly #onPaused: (errno: string) => void
  /** `struct sockaddr_in6`, for the largest of names: family 2, port 2, IPv4 address or flow label 4, address 16. */
  readonly #peer = new Int32Array(SOCKADDR_IN6_BYTES / 4)
  readonly #peerBytes = new Int32Array(1)
  #isAccepting = false
  #isStopped = false
  /** The last accept failed for want of descriptors or memory; it has been said. */
  #isShort = false
  #pausedUntil = Number.NEGATIVE_INFINITY

  /**
   * Takes nothing before `resume`.
   * @param counters indexed by `StreamCounter`
   * @param onPaused as `NativeStreamServerOptions.onAcceptPaused`
   */
  constructor(
    epoll: Epoll,
    listeners: readonly OpenStreamListener[],
    counters: Float64Array,
    onPaused: (errno: string) => void,
  ) {
    this.#epoll = epoll
    this.#listeners = listeners
    this.#counters = counters
    this.#onPaused = onPaused
  }

  /** Whether `resume` may have something to do. */
  get isPaused(): boolean {
    return !this.#isAccepting && !this.#isStopped
  }

  /** One connection. @returns its descriptor, or one of `Accepted`. @throws when the listener is gone */
  accept({ fd: listener }: OpenStreamListener, nowSeconds: number): number {
    this.#peerBytes[0] = SOCKADDR_IN6_BYTES
    const fd = this.#libc.accept4(listener, this.#peer, this.#peerBytes, SOCK_NONBLOCK | SOCK_CLOEXEC)
    return fd >= 0 ? fd : this.#failed(this.#libc.errno(), nowSeconds)
  }

  #failed(errno: number, nowSeconds: number): number {
    switch (acceptActionFor(errno)) {
      case AcceptAction.next:
        return Accepted.gone
      case AcceptAction.pause:
        this.#counters[StreamCounter.acceptsFailed]++
        this.#pausedUntil = nowSeconds + PAUSE_SECONDS
        this.pause()
        if (!this.#isShort) this.#onPaused(errnoName(errno))
        this.#isShort = true
        return Accepted.none
      case AcceptAction.fatal:
        throw new Error(`accept4 failed: ${errnoName(errno)}`)
      default:
        this.#isShort = false
        return Accepted.none
    }
  }

  /** Puts the source of the connection accepted last into the columns. @param family of its listener */
  readPeer({ addresses, families, ports }: StreamSlots, slot: number, family: 0 | 4 | 6): void {
    const peer = this.#peer
    const at = slot * 4
    if (family === 6) {
      addresses[at] = peer[2]
      addresses[at + 1] = peer[3]
      addresses[at + 2] = peer[4]
      addresses[at + 3] = peer[5]
      families[slot] = canonicaliseAddress(addresses, at)
    } else {
      addresses[at] = family === 4 ? peer[1] : 0
      addresses[at + 1] = 0
      addresses[at + 2] = 0
      addresses[at + 3] = 0
      families[slot] = family
    }
    const port = family === 0 ? 0 : peer[0] >>> 16
    ports[slot] = ((port & 0xff) << 8) | (port >>> 8)
  }

  /** Leaves the listeners alone until `resume`. */
  pause(): void {
    if (!this.#isAccepting) return
    this.#isAccepting = false
    for (const { fd } of this.#listeners) this.#epoll.removeListener(fd)
  }

  /** Goes on, unless the system has just had nothing left. There must be room, and `isPaused`. */
  resume(nowSeconds: number): void {
    if (nowSeconds < this.#pausedUntil) return
    this.#isAccepting = true
    for (const [index, { fd }] of this.#listeners.entries()) this.#epoll.addListener(fd, -1 - index)
  }

  /** Accepts nothing more, for good. The listeners stay open. */
  stop(): void {
    this.#isStopped = true
    this.pause()
  }
}
