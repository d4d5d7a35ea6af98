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
  readonly #event = new Int32Array(EVENT_WORDS)

  /** @throws when the system has no descriptor left */
  constructor() {
    this.fd = this.#libc.epoll_create1(EPOLL_CLOEXEC)
    if (this.fd < 0) throw new Error(`epoll_create1 failed: ${errnoName(this.#libc.errno())}`)
  }

  /** @returns how many events have come */
  wait(timeoutMs: number): number {
    const count = this.#libc.epoll_wait(this.fd, this.#events, EVENTS_MAX, timeoutMs)
    if (count >= 0) return count
    const errno = this.#libc.errno()
    if (errno !== Errno.EINTR) throw new Error(`epoll_wait failed: ${errnoName(errno)}`)
    return 0
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
