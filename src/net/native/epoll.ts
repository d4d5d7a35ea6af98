// The epoll set of one worker. Each event carries the slot and generation of its connection, or a negative number for
// a listener or the wake-up.
//
//   struct epoll_event   x64: events 4 · data 8 (packed, 12 bytes)      arm64: events 4 · padding 4 · data 8

import { Errno, errnoName } from '../errno.js'
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  SYS_EPOLL_PWAIT2,
} from './constants.js'
import { type Libc, loadLibc } from './libc.js'

/** Most events of one call. */
const EVENTS_MAX = 512
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4
const DATA_WORD = process.arch === 'x64' ? 1 : 2

export class Epoll {
  readonly #libc: Libc = loadLibc()
  readonly fd: number
  readonly #events = new Int32Array(EVENTS_MAX * EVENT_WORDS)
  /** A number is a cheaper argument than the array. */
  readonly #eventsAddress = Number(this.#libc.addressOf(this.#events))
  readonly #event = new Int32Array(EVENT_WORDS)
  /** `struct timespec`: seconds 8, nanoseconds 8. */
  readonly #timeout = new Int32Array(4)
  /** Whether the kernel has epoll_pwait2 (Linux 5.11). */
  #waitsFractions = true

  /** @throws when the system has no descriptor left */
  constructor() {
    this.fd = this.#libc.epoll_create1(EPOLL_CLOEXEC)
    if (this.fd < 0) throw new Error(`epoll_create1 failed: ${errnoName(this.#libc.errno())}`)
  }

  /** @returns how many events have come */
  wait(timeoutMs: number): number {
    const count = this.#libc.epollWaitAt(this.fd, this.#eventsAddress, EVENTS_MAX, timeoutMs)
    if (count >= 0) return count
    const errno = this.#libc.errno()
    if (errno !== Errno.EINTR) throw new Error(`epoll_wait failed: ${errnoName(errno)}`)
    return 0
  }

  /**
   * As `wait`, with parts of a millisecond; where the kernel can't, without them: less than one is no wait at all.
   * @param timeoutMs at most 2^31
   */
  waitFraction(timeoutMs: number): number {
    const whole = Math.floor(timeoutMs)
    if (whole === timeoutMs || !this.#waitsFractions) return this.wait(whole)
    this.#timeout[0] = Math.floor(whole / 1000)
    this.#timeout[2] = ((whole % 1000) + timeoutMs - whole) * 1e6
    const { fd } = this
    const count = this.#libc.epollPwait2(
      SYS_EPOLL_PWAIT2,
      fd,
      this.#events,
      EVENTS_MAX,
      this.#timeout,
      null,
      0,
    )
    if (count >= 0) return count
    const errno = this.#libc.errno()
    if (errno === Errno.EINTR) return 0
    if (errno !== Errno.ENOSYS) throw new Error(`epoll_pwait2 failed: ${errnoName(errno)}`)
    this.#waitsFractions = false
    return this.wait(whole)
  }

  /** What has happened, of an event of the last `wait`: EPOLL* bits. */
  eventsOf(index: number): number {
    return this.#events[index * EVENT_WORDS]
  }

  /** The slot of an event of the last `wait`. */
  slotOf(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_WORD]
  }

  generationOf(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_WORD + 1] >>> 0
  }

  add(fd: number, events: number, slot: number, generation: number): void {
    this.#control(EPOLL_CTL_ADD, fd, events, slot, generation)
  }

  change(fd: number, events: number, slot: number, generation: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events, slot, generation)
  }

  addListener(fd: number, slot: number): void {
    this.#control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, slot, 0)
  }

  /** An eventfd that is never read: each write to it is an event. */
  addWakeUp(fd: number, slot: number): void {
    this.#control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, slot, 0)
  }

  /** Takes a listener out; one that its owner has closed meanwhile has left by itself. */
  removeListener(fd: number): void {
    if (this.#libc.epoll_ctl(this.fd, EPOLL_CTL_DEL, fd, this.#event) === 0) return
    const errno = this.#libc.errno()
    if (errno !== Errno.EBADF && errno !== Errno.ENOENT) {
      throw new Error(`epoll_ctl failed: ${errnoName(errno)}`)
    }
  }

  close(): void {
    this.#libc.close(this.fd)
  }

  #control(operation: number, fd: number, events: number, slot: number, generation: number): void {
    this.#event[0] = events
    this.#event[DATA_WORD] = slot
    this.#event[DATA_WORD + 1] = generation
    if (this.#libc.epoll_ctl(this.fd, operation, fd, this.#event) !== 0) {
      throw new Error(`epoll_ctl(${operation}) failed: ${errnoName(this.#libc.errno())}`)
    }
  }
}
