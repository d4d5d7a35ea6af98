// Byte streams from the client's side (a state machine, longer than other files): many connections to one server in
// one epoll loop. Slots are numbers the caller chooses, 0 to capacity - 1; bytes lie in `input` and `output`.
//
//   connect ─▶ connected ─▶ write ─▶ received … ─▶ close                  no callback follows `close` or `reset`
//                                      └─ finish ─▶ closed(finished)      when the server has closed its side
//      └─ closed(connectFailed, tlsFailed …)        closed(ended, reset …)
//
// System calls: a connection socket, (setsockopt, bind,) connect, epoll_ctl, close; a request and its answer send and
// recv, and a share of epoll_wait. Edge-triggered, with all events from the start: nothing is ever changed in the set.
// A recv that does not fill the buffer has taken everything; TLS, whose records hide that, is read until it is dry.

import { strict as assert } from 'node:assert'
import { AquaticError } from '../../errors.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { versionOf } from '../address.js'
import { Errno, errnoName, StreamAction, streamActionFor } from '../errno.js'
import { KeptInput } from '../kept-input.js'
import { KeptOutput } from '../kept-output.js'
import {
  AF_INET,
  AF_INET6,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IP_BIND_ADDRESS_NO_PORT,
  MSG_NOSIGNAL,
  SO_ERROR,
  SO_LINGER,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR_IN6_BYTES,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  TCP_NODELAY,
} from './constants.js'
import { Epoll } from './epoll.js'
import { type Libc, loadLibc } from './libc.js'
import { encodeSocketAddress } from './socket.js'
import type { NativeTlsClient } from './tls-client.js'
import { TlsStatus } from './tls-context.js'

/** Why a connection is over. */
export const StreamClientEnd = {
  /** `finish` was called, and the server has closed too, or was not waited for any longer. */
  finished: 0,
  /** The server closed it. */
  ended: 1,
  /** The server, or the network, broke it off. */
  reset: 2,
  /** It could not be opened: refused, unreachable, no port left. */
  connectFailed: 3,
  /** Who answered speaks no TLS, or none that fits, or ended the handshake. */
  tlsFailed: 4,
  /** The certificate is not valid, or is another name's. */
  certificateInvalid: 5,
  /** `inputBytesMax` bytes came and none was consumed. */
  inputOverflow: 6,
  /** More than `outputBytesMax` would have been kept. */
  outputOverflow: 7,
} as const

/** What is spoken. Callbacks never run inside one another; each may call anything of the client but `turn`. */
export interface StreamClientProtocol {
  /** Bytes can be written: the connection is there, TLS included. */
  connected(slot: number): void
  /**
   * input[start, end) is everything not yet consumed. Returns how many of these bytes were consumed; the rest is kept
   * and shown again with what follows. What the protocol has changed in the rest is shown as it left it.
   */
  received(slot: number, input: Uint8Array, start: number, end: number): number
  /**
   * The connection is over and its slot free; not called after `close` or `reset`. `StreamClient.describeEnd` has the
   * words for it. client.input[0, kept) is what was never consumed.
   * @param end a `StreamClientEnd`
   */
  closed(slot: number, end: number, kept: number): void
}

export interface StreamClientOptions {
  readonly target: SocketAddress
  /** Connections at a time. */
  readonly capacity: number
  /**
   * Addresses from 127.0.0.1 on that connections come from, slot by slot in turn; of use for IPv4 loopback targets
   * only.
   */
  readonly sourceAddresses: number
  /** Input kept for a connection, and the most read in one step. */
  readonly inputBytesMax: number
  /** Bytes of `output`. */
  readonly outputScratchBytes: number
  /** Output kept for a connection whose server reads slowly. */
  readonly outputBytesMax: number
  /** TCP_NODELAY: who writes again before what was written is acknowledged wants it. */
  readonly sendsAtOnce: boolean
  /** Speaks TLS on every connection; closed with the client. */
  readonly tls?: NativeTlsClient
  /** Creates what is spoken; called once, in the constructor. */
  readonly protocol: (client: StreamClient) => StreamClientProtocol
}

/** How long `finish` waits for the server to close. */
const FINISH_MS = 1_000
const FINISH_SCAN_MS = 100
/** What may still come meanwhile. */
const FINISH_BYTES_MAX = 1 << 20
/** Full buffers read from one connection before others are served again. */
const READS_PER_TURN = 8
/** First of the source addresses, 127.0.0.1, and how many 127/8 has. */
const FIRST_SOURCE = 0x7f00_0001
const SOURCES_MAX = 0xff_fffe

const State = { free: 0, connecting: 1, handshaking: 2, open: 3, finishing: 4 } as const

const Flag = {
  /** Over; `closed` is called at the end of the turn. */
  over: 1,
  /** The server has closed its sending side: nothing comes after what the kernel has now. */
  serverEnded: 2,
  /** Among those that are read from in the next turn without an event. */
  unread: 4,
} as const

const EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET

export class StreamClient {
  /** Where input is shown. */
  readonly input: Uint8Array
  /** Room to write a request into before `write`. What is in it survives no callback. */
  readonly output: Uint8Array
  /** Bytes of the streams: TLS's own are not counted. */
  bytesSent = 0
  bytesReceived = 0
  /** Times that the system did not take all of a write at once. */
  sendsKept = 0
  /** Slots that are not free. */
  connections = 0
  readonly #libc: Libc = loadLibc()
  readonly #epoll = new Epoll()
  readonly #protocol: StreamClientProtocol
  readonly #tls: NativeTlsClient | null
  readonly #family: number
  readonly #target: Uint8Array
  readonly #sources: readonly Uint8Array[]
  readonly #sendsAtOnce: boolean
  readonly #input: KeptInput
  readonly #inputAddress: number
  readonly #outputAddress: number
  readonly #keptOutput: KeptOutput
  readonly #fds: Int32Array
  readonly #states: Uint8Array
  readonly #flags: Uint8Array
  /** Raised when a slot is freed: events of the connection before are known by it. */
  readonly #generations: Uint32Array
  readonly #ends: Uint8Array
  readonly #errnos: Int32Array
  /** Addresses of OpenSSL's state; empty without TLS. */
  readonly #ssl: Float64Array
  /** What TLS said of the connections that it ended; forgotten with them. */
  readonly #tlsFailures = new Map<number, string>()
  readonly #finishBy: Float64Array
  readonly #drained: Int32Array
  #finishing = 0
  #nextFinishScanMs = 0
  /** Slots whose end has to be told, those of this turn and those of the next. */
  #over: number[] = []
  #overNext: number[] = []
  #unread: number[] = []
  #unreadNext: number[] = []
  #endErrno = 0
  #endTlsFailure = ''
  readonly #one = Int32Array.of(1)
  /** `struct linger`: on, for no time. */
  readonly #noLinger = Int32Array.of(1, 0)
  readonly #option = new Int32Array(1)
  readonly #optionBytes = new Int32Array(1)
  readonly #name = new Uint8Array(SOCKADDR_IN6_BYTES)

  /** @throws when the system has no descriptor left */
  constructor(options: StreamClientOptions) {
    const { target, capacity } = options
    const family = versionOf(target.address)
    this.#family = family === 6 ? AF_INET6 : AF_INET
    this.#target = encodeSocketAddress(target)
    const isLoopback = family === 4 && target.address.startsWith('127.')
    this.#sources = isLoopback ? sourceNames(options.sourceAddresses) : []
    this.#sendsAtOnce = options.sendsAtOnce
    this.#tls = options.tls ?? null
    this.#input = new KeptInput(capacity, options.inputBytesMax)
    this.input = this.#input.bytes
    this.#inputAddress = Number(this.#libc.addressOf(this.input))
    this.output = new Uint8Array(options.outputScratchBytes)
    this.#outputAddress = Number(this.#libc.addressOf(this.output))
    this.#keptOutput = new KeptOutput(capacity, options.outputBytesMax)
    this.#fds = new Int32Array(capacity)
    this.#states = new Uint8Array(capacity)
    this.#flags = new Uint8Array(capacity)
    this.#generations = new Uint32Array(capacity)
    this.#ends = new Uint8Array(capacity)
    this.#errnos = new Int32Array(capacity)
    this.#ssl = new Float64Array(this.#tls === null ? 0 : capacity)
    this.#finishBy = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.#drained = new Int32Array(capacity)
    this.#protocol = options.protocol(this)
  }

  /**
   * Begins to open a connection in a free slot; `connected` or `closed` follows in a later turn, however long that
   * takes: limits are the caller's.
   * @throws AquaticError where the system has no descriptor or memory left: it is this machine that fails
   */
  connect(slot: number): void {
    assert(this.#states[slot] === State.free)
    const libc = this.#libc
    const fd = libc.socket(this.#family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (fd < 0) throw noSocket(libc.errno(), this.connections)
    this.#fds[slot] = fd
    this.#states[slot] = State.connecting
    this.#flags[slot] = 0
    this.connections++
    if (this.#sendsAtOnce) libc.setsockopt(fd, SOL_TCP, TCP_NODELAY, this.#one, 4)
    if (this.#sources.length > 0 && !this.#bindSource(slot, fd)) {
      this.#fail(slot, StreamClientEnd.connectFailed, libc.errno())
      return
    }
    if (libc.connect(fd, this.#target, this.#target.length) !== 0) {
      const errno = libc.errno()
      if (errno !== Errno.EINPROGRESS && errno !== Errno.EINTR) {
        this.#fail(slot, StreamClientEnd.connectFailed, errno)
        return
      }
    }
    this.#epoll.add(fd, EVENTS, slot, this.#generations[slot])
  }

  /**
   * Sends output[start, end), or keeps what the system does not take. Where more than `outputBytesMax` would be kept
   * the connection ends. Nothing is sent over a connection that is not open.
   * @returns false when some is kept, or the connection is over
   */
  write(slot: number, start: number, end: number): boolean {
    if (this.#states[slot] !== State.open || (this.#flags[slot] & Flag.over) !== 0) return false
    let sent = 0
    if (this.#keptOutput.length(slot) === 0) {
      sent = this.#send(slot, this.#outputAddress, start, end)
      if (sent === end - start) return true
      if (sent < 0) return false
    }
    this.sendsKept++
    if (!this.#keptOutput.append(slot, this.output, start + sent, end)) {
      this.#fail(slot, StreamClientEnd.outputOverflow, 0)
    }
    return false
  }

  /** Bytes written that the system has not taken yet. */
  keptOutputBytes(slot: number): number {
    return this.#keptOutput.length(slot)
  }

  /**
   * The address that the connection comes from: 4 or 16 bytes into `into`. A system call.
   * @returns how many, 0 where the system does not say
   */
  readLocalAddress(slot: number, into: Uint8Array): number {
    this.#optionBytes[0] = this.#name.length
    if (this.#libc.getsockname(this.#fds[slot], this.#name, this.#optionBytes) !== 0) return 0
    const start = this.#family === AF_INET6 ? 8 : 4
    const bytes = this.#family === AF_INET6 ? 16 : 4
    for (let index = 0; index < bytes; index++) into[index] = this.#name[start + index]
    return bytes
  }

  /** Whether `write` would send. */
  isOpen(slot: number): boolean {
    return this.#states[slot] === State.open && (this.#flags[slot] & Flag.over) === 0
  }

  /**
   * Nothing more is asked: waits until the server closes, a second at most, and calls `closed`. So it is the server's
   * side that has to remember the pair of ports for a minute (TIME_WAIT), as with clients that read to the end; a
   * client that closes first runs out of ports after some ten thousand connections.
   */
  finish(slot: number): void {
    if (this.#states[slot] !== State.open || (this.#flags[slot] & Flag.over) !== 0) return
    if ((this.#flags[slot] & Flag.serverEnded) !== 0) {
      this.#fail(slot, StreamClientEnd.finished, 0)
      return
    }
    this.#input.forget(slot)
    this.#states[slot] = State.finishing
    this.#finishBy[slot] = performance.now() + FINISH_MS
    this.#drained[slot] = 0
    this.#finishing++
  }

  /** Frees the slot at once; no callback follows. TLS says farewell if there is room for it. */
  close(slot: number): void {
    if (this.#states[slot] === State.free) return
    if (this.#tls !== null && this.#states[slot] === State.open) this.#tls.shutdown(this.#ssl[slot])
    this.#release(slot)
  }

  /** The same with a reset: the port can be used again at once, and the server gives up what it was about to send. */
  reset(slot: number): void {
    if (this.#states[slot] === State.free) return
    this.#libc.setsockopt(this.#fds[slot], SOL_SOCKET, SO_LINGER, this.#noLinger, 8)
    this.#release(slot)
  }

  /**
   * One turn: waits for something to do and serves all that is ready.
   * @param timeoutMs the longest wait; 0 only looks; parts of a millisecond count
   * @returns how many events there were
   */
  turn(timeoutMs: number): number {
    const isBusy = this.#overNext.length > 0 || this.#unreadNext.length > 0
    const limitMs = this.#finishing > 0 ? Math.min(timeoutMs, FINISH_SCAN_MS) : timeoutMs
    const count = this.#epoll.waitFraction(isBusy ? 0 : limitMs)
    for (let index = 0; index < count; index++) {
      const slot = this.#epoll.slotOf(index)
      // A connection that is closed leaves the set, but not the events that have been fetched already.
      if (this.#generations[slot] === this.#epoll.generationOf(index)) {
        this.#serve(slot, this.#epoll.eventsOf(index))
      }
    }
    if (this.#unreadNext.length > 0) this.#readOn()
    if (this.#overNext.length > 0) this.#tellEnds()
    if (this.#finishing > 0) this.#endPatience()
    return count
  }

  /**
   * Why the connection ended whose `closed` runs now: `ECONNREFUSED`, `closed by the server`,
   * `certificate: self-signed certificate`.
   */
  describeEnd(end: number): string {
    switch (end) {
      case StreamClientEnd.finished:
        return 'finished'
      case StreamClientEnd.ended:
        return 'closed by the server'
      case StreamClientEnd.tlsFailed:
        return this.#endTlsFailure
      case StreamClientEnd.certificateInvalid:
        return `certificate: ${this.#endTlsFailure}`
      case StreamClientEnd.inputOverflow:
        return `an answer longer than ${this.input.length} bytes`
      case StreamClientEnd.outputOverflow:
        return 'the server reads nothing'
      default:
        return this.#endErrno === 0 ? this.#endTlsFailure : errnoName(this.#endErrno)
    }
  }

  /** Closes all connections at once, without callbacks. The client can't be used afterwards. */
  closeAll(): void {
    for (let slot = 0; slot < this.#states.length; slot++) this.close(slot)
    this.#epoll.close()
    this.#tls?.close()
  }

  #bindSource(slot: number, fd: number): boolean {
    const source = this.#sources[slot % this.#sources.length]
    this.#libc.setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, this.#one, 4)
    return this.#libc.bind(fd, source, source.length) === 0
  }

  #serve(slot: number, events: number): void {
    if ((this.#flags[slot] & Flag.over) !== 0) return
    if ((events & EPOLLRDHUP) !== 0) this.#flags[slot] |= Flag.serverEnded
    switch (this.#states[slot]) {
      case State.connecting:
        this.#open(slot, events)
        return
      case State.handshaking:
        this.#shakeHands(slot)
        return
      case State.open: {
        const generation = this.#generations[slot]
        if ((events & EPOLLOUT) !== 0 && this.#keptOutput.length(slot) > 0) this.#flush(slot)
        const hasInput = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0
        if (hasInput && this.#generations[slot] === generation) this.#read(slot)
        return
      }
      case State.finishing:
        this.#drain(slot)
    }
  }

  #open(slot: number, events: number): void {
    if ((events & (EPOLLERR | EPOLLHUP)) !== 0) {
      const errno = this.#socketError(slot)
      if (errno !== 0) {
        this.#fail(slot, StreamClientEnd.connectFailed, errno)
        return
      }
    }
    if ((events & EPOLLOUT) === 0) return
    if (this.#tls !== null) {
      const ssl = this.#tls.open(this.#fds[slot])
      this.#ssl[slot] = ssl
      this.#states[slot] = State.handshaking
      if (ssl === 0) this.#fail(slot, StreamClientEnd.tlsFailed, Errno.ENOMEM)
      else this.#shakeHands(slot)
      return
    }
    this.#connected(slot, (events & EPOLLIN) !== 0)
  }

  #connected(slot: number, mayHaveInput: boolean): void {
    const generation = this.#generations[slot]
    this.#states[slot] = State.open
    this.#protocol.connected(slot)
    if (mayHaveInput && this.#generations[slot] === generation) this.#read(slot)
  }

  #shakeHands(slot: number): void {
    const tls = this.#tls as NativeTlsClient
    const status = tls.connect(this.#ssl[slot])
    if (status === 1) this.#connected(slot, true)
    else if (status !== TlsStatus.wantsRead && status !== TlsStatus.wantsWrite) this.#tlsFailed(slot)
  }

  /** Of the call of TLS that has just failed. */
  #tlsFailed(slot: number): void {
    const tls = this.#tls as NativeTlsClient
    const isHandshake = this.#states[slot] === State.handshaking
    const certificate = tls.certificateFailure(this.#ssl[slot])
    if (certificate !== null) {
      this.#tlsFailures.set(slot, certificate)
      this.#fail(slot, StreamClientEnd.certificateInvalid, 0)
      return
    }
    const reason = tls.failure()
    const errno = reason === null ? this.#socketError(slot) : 0
    const cause = errno === 0 ? 'closed by the server' : errnoName(errno)
    this.#tlsFailures.set(slot, `TLS: ${reason ?? cause}`)
    this.#fail(slot, isHandshake ? StreamClientEnd.tlsFailed : StreamClientEnd.reset, 0)
  }

  #socketError(slot: number): number {
    this.#optionBytes[0] = 4
    this.#option[0] = 0
    this.#libc.getsockopt(this.#fds[slot], SOL_SOCKET, SO_ERROR, this.#option, this.#optionBytes)
    return this.#option[0]
  }

  #read(slot: number): void {
    if ((this.#flags[slot] & Flag.over) !== 0) return
    if (this.#states[slot] === State.finishing) this.#drain(slot)
    if (this.#states[slot] !== State.open) return
    const generation = this.#generations[slot]
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      const kept = this.#input.show(slot)
      const room = this.input.length - kept
      const count = this.#receive(slot, kept, room)
      if (count <= 0) {
        this.#readNothing(slot, count)
        return
      }
      this.bytesReceived += count
      const end = kept + count
      const consumed = this.#protocol.received(slot, this.input, 0, end)
      if (this.#generations[slot] !== generation || (this.#flags[slot] & Flag.over) !== 0) return
      if (this.#isFinishing(slot)) {
        this.#drain(slot)
        return
      }
      if (consumed === 0 && end === this.input.length) {
        this.#fail(slot, StreamClientEnd.inputOverflow, 0)
        return
      }
      this.#input.keep(slot, consumed, end)
      if (this.#tls === null && count < room) {
        if ((this.#flags[slot] & Flag.serverEnded) !== 0) this.#fail(slot, StreamClientEnd.ended, 0)
        return
      }
    }
    this.#readLater(slot)
  }

  #isFinishing(slot: number): boolean {
    return this.#states[slot] === State.finishing
  }

  /** @returns bytes put behind the first `kept` of the input, 0 at the end, or a `TlsStatus` (also without TLS) */
  #receive(slot: number, kept: number, room: number): number {
    const at = this.#inputAddress + kept
    if (this.#tls !== null) return this.#tls.read(this.#ssl[slot], at, room)
    const count = this.#libc.recvAt(this.#fds[slot], at, room, 0)
    if (count >= 0) return count
    this.#errnos[slot] = this.#libc.errno()
    switch (streamActionFor(this.#errnos[slot])) {
      case StreamAction.wait:
        return TlsStatus.wantsRead
      case StreamAction.fatal:
        throw new Error(`a connection's descriptor failed: ${errnoName(this.#errnos[slot])}`)
      default:
        return TlsStatus.failed
    }
  }

  #readNothing(slot: number, status: number): void {
    if (status === TlsStatus.ended) this.#fail(slot, StreamClientEnd.ended, 0)
    else if (status !== TlsStatus.failed) return
    else if (this.#tls !== null) this.#tlsFailed(slot)
    else this.#fail(slot, StreamClientEnd.reset, this.#errnos[slot])
  }

  #readLater(slot: number): void {
    if ((this.#flags[slot] & Flag.unread) !== 0) return
    this.#flags[slot] |= Flag.unread
    this.#unreadNext.push(slot)
  }

  #readOn(): void {
    const slots = this.#unreadNext
    this.#unreadNext = this.#unread
    this.#unread = slots
    for (const slot of slots) {
      // A slot that was freed since then has no flags.
      if ((this.#flags[slot] & Flag.unread) === 0) continue
      this.#flags[slot] &= ~Flag.unread
      this.#read(slot)
    }
    slots.length = 0
  }

  /** Reads what still comes after `finish`, and drops it. */
  #drain(slot: number): void {
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      const count = this.#receive(slot, 0, this.input.length)
      if (count <= 0) {
        if (count === TlsStatus.ended || count === TlsStatus.failed) {
          this.#fail(slot, StreamClientEnd.finished, 0)
        }
        return
      }
      this.bytesReceived += count
      this.#drained[slot] += count
      if (this.#drained[slot] > FINISH_BYTES_MAX) {
        this.#abandon(slot)
        return
      }
    }
    this.#readLater(slot)
  }

  #flush(slot: number): void {
    const waiting = this.#keptOutput.peek(slot)
    const sent = this.#send(slot, Number(this.#libc.addressOf(waiting)), 0, waiting.length)
    if (sent > 0) this.#keptOutput.advance(slot, sent)
  }

  /** Sends what lies from `address` + start on. @returns bytes taken, or -1: the connection is over, and marked */
  #send(slot: number, address: number, start: number, end: number): number {
    if (this.#tls !== null) return this.#sendTls(slot, this.#tls, address, start, end)
    const fd = this.#fds[slot]
    let at = start
    while (at < end) {
      const sent = this.#libc.sendAt(fd, address + at, end - at, MSG_NOSIGNAL)
      if (sent < 0) {
        const errno = this.#libc.errno()
        const action = streamActionFor(errno)
        if (action === StreamAction.fatal)
          throw new Error(`a connection's descriptor failed: ${errnoName(errno)}`)
        if (action === StreamAction.wait) break
        this.#fail(slot, StreamClientEnd.reset, errno)
        return -1
      }
      at += sent
    }
    this.bytesSent += at - start
    return at - start
  }

  #sendTls(slot: number, tls: NativeTlsClient, address: number, start: number, end: number): number {
    let at = start
    while (at < end) {
      const sent = tls.write(this.#ssl[slot], address + at, end - at)
      if (sent <= 0) {
        if (sent === TlsStatus.wantsRead || sent === TlsStatus.wantsWrite) break
        this.#tlsFailed(slot)
        return -1
      }
      at += sent
    }
    this.bytesSent += at - start
    return at - start
  }

  /** Marks the connection as over; `closed` is called at the end of the turn. The first cause counts. */
  #fail(slot: number, end: number, errno: number): void {
    if ((this.#flags[slot] & Flag.over) !== 0) return
    this.#flags[slot] |= Flag.over
    this.#ends[slot] = end
    this.#errnos[slot] = errno
    this.#overNext.push(slot)
  }

  #tellEnds(): void {
    const slots = this.#overNext
    this.#overNext = this.#over
    this.#over = slots
    for (const slot of slots) {
      // `close` may have freed it since then.
      if ((this.#flags[slot] & Flag.over) === 0) continue
      const end = this.#ends[slot]
      this.#endErrno = this.#errnos[slot]
      this.#endTlsFailure = this.#tlsFailures.get(slot) ?? ''
      const kept = this.#input.show(slot)
      this.#release(slot)
      this.#protocol.closed(slot, end, kept)
    }
    slots.length = 0
  }

  #endPatience(): void {
    const now = performance.now()
    if (now < this.#nextFinishScanMs) return
    this.#nextFinishScanMs = now + FINISH_SCAN_MS
    for (let slot = 0; slot < this.#finishBy.length; slot++) {
      if (this.#finishBy[slot] <= now) this.#abandon(slot)
    }
  }

  /** The server does not close: we do, without waiting for anything. */
  #abandon(slot: number): void {
    this.#libc.setsockopt(this.#fds[slot], SOL_SOCKET, SO_LINGER, this.#noLinger, 8)
    this.#fail(slot, StreamClientEnd.finished, 0)
  }

  #release(slot: number): void {
    if (this.#tls !== null && this.#ssl[slot] !== 0) {
      this.#tls.free(this.#ssl[slot])
      this.#ssl[slot] = 0
      this.#tlsFailures.delete(slot)
    }
    if (this.#states[slot] === State.finishing) {
      this.#finishing--
      this.#finishBy[slot] = Number.POSITIVE_INFINITY
    }
    // The descriptor leaves the epoll set by being closed.
    this.#libc.close(this.#fds[slot])
    this.#states[slot] = State.free
    this.#flags[slot] = 0
    this.#generations[slot]++
    this.#input.forget(slot)
    this.#keptOutput.forget(slot)
    this.connections--
  }
}

function sourceNames(count: number): Uint8Array[] {
  if (count <= 1) return []
  return Array.from({ length: Math.min(count, SOURCES_MAX) }, (_, index) => {
    const address = FIRST_SOURCE + index
    const bytes = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255]
    return encodeSocketAddress({ address: bytes.join('.'), port: 0 })
  })
}

function noSocket(errno: number, connections: number): AquaticError {
  return new AquaticError(
    'AQ_LOAD_WORKER_FAILED',
    `The system gave no socket for connection ${connections + 1} of a worker: ${errnoName(errno)}.`,
    { remedy: 'raise the limit of open files (ulimit -n), or lower --connections' },
  )
}
