// Byte streams of the native engine (a state machine, longer than other files): one epoll loop in a worker's thread.
//
// What a connection costs in system calls:
//   one request, kept alive       epoll_wait (shared by all that are ready), recv, send
//   one connection, one request   accept4, recv, send, shutdown, close
//
// The latter never gets into the epoll set, if its request has come with it and the protocol finishes it with the
// answer (`Connection: close`, keep_alive = false). What stays open behind its first read gets in.
//
// Short answers on connections that are kept are sent at the end of the turn, all together (output-batch.ts).
//
// Level-triggered: one recv for each event, of at most inputBytesMax, so that nobody who sends without pause keeps
// others waiting; what is left makes the next epoll_wait return at once. (Edge-triggered was measured: no difference.)
// While output is kept, only room to send is waited for, and input stays in the kernel.

import { DrainQueue } from '../drain-queue.js'
import { errnoName, StreamAction, streamActionFor } from '../errno.js'
import { KeptInput } from '../kept-input.js'
import { KeptOutput } from '../kept-output.js'
import { OutputBatch } from '../output-batch.js'
import {
  StreamCounter,
  StreamEnd,
  type StreamLimits,
  type StreamProtocol,
  type StreamServer,
  streamCounterNames,
  type WakeUp,
} from '../stream.js'
import { StreamSlots } from '../stream-slots.js'
import { Accepted, Acceptor } from './acceptor.js'
import { CLOCK_MONOTONIC, EPOLLIN, EPOLLOUT, MSG_MORE, MSG_NOSIGNAL, SHUT_WR } from './constants.js'
import { Epoll } from './epoll.js'
import { type Libc, loadLibc } from './libc.js'
import { createDescriptorMemory } from './open-descriptors.js'
import type { OpenStreamListener } from './stream-listener.js'
import type { NativeTls } from './tls.js'
import { TlsStatus } from './tls-context.js'

/** Connections accepted from one listener before others are served again. */
const ACCEPTS_PER_TURN = 64
/**
 * The same with TLS, where each costs 100 µs (EC) to some milliseconds (RSA); and steps of handshakes on connections
 * accepted before. Many a ClientHello may come at once, at no cost to who sends it, while others wait for their turn.
 */
const HANDSHAKES_PER_TURN = 8
/** Unread input that a finished connection may still send before it is closed all the same. */
const LINGER_BYTES_MAX = 1 << 20

const State = { free: 0, handshaking: 1, open: 2, lingering: 3 } as const

const Flag = {
  /** `close` was called or the connection failed: it is freed when the current callback has returned. */
  closing: 1,
  finishing: 2,
  /** Closing without reading the rest would send a reset, which may overtake the answer. */
  inputMayBeUnread: 4,
  /** The peer's end of input has been seen. */
  inputEnded: 8,
  /** Already among those that are settled at the end of the turn. */
  unsettled: 16,
  /** TLS can't go on (handshake, change of keys) before the system takes what it has to say. */
  tlsWantsWrite: 32,
  /** What was written last is in the batch. */
  inBatch: 64,
} as const

export interface NativeStreamServerOptions {
  readonly listeners: readonly OpenStreamListener[]
  readonly limits: StreamLimits
  /** Speaks TLS on every connection but those of Unix sockets; closed with the server. */
  readonly tls?: NativeTls
  /** Creates what is spoken; called once, in the constructor. */
  readonly protocol: (server: StreamServer) => StreamProtocol
  /** Where to count (shared memory, so that the main thread sees it): a place for each of `streamCounterNames`. */
  readonly counters?: Float64Array
  /** Of `createDescriptorMemory`: tells the main thread what is open. */
  readonly descriptors?: SharedArrayBuffer
  /** Monotonic seconds; the system's clock if not given. */
  readonly clock?: () => number
  /**
   * Called with the error's name when the system has nothing left for a connection that waits; again only after all
   * that waited had been accepted.
   */
  readonly onAcceptPaused?: (errno: string) => void
  /** Its descriptor calls `StreamProtocol.woken`. */
  readonly wakeUp?: WakeUp
}

export class NativeStreamServer implements StreamServer {
  readonly families: Uint8Array
  readonly addresses: Int32Array
  readonly ports: Uint16Array
  readonly protocolWords: Int32Array
  readonly output: Uint8Array
  readonly generations: Uint32Array
  readonly counters: Float64Array
  nowSeconds: number
  readonly #libc: Libc = loadLibc()
  readonly #epoll = new Epoll()
  readonly #listeners: readonly OpenStreamListener[]
  readonly #limits: StreamLimits
  readonly #protocol: StreamProtocol
  readonly #clock: () => number
  readonly #outputAddress: number
  readonly #slots: StreamSlots
  readonly #acceptor: Acceptor
  readonly #input: KeptInput
  readonly #keptOutput: KeptOutput
  readonly #batch: OutputBatch
  readonly #batchAddress: number
  readonly #drainQueue: DrainQueue
  readonly #tls: NativeTls | null
  /** Addresses of OpenSSL's state for each connection, 0 for none; empty without TLS. */
  readonly #ssl: Float64Array
  /** 0 for none (standard input is never a connection); behind the connections the epoll descriptor. */
  readonly #fds: Int32Array
  readonly #states: Uint8Array
  readonly #flags: Uint8Array
  readonly #causes: Uint8Array
  /** Events asked for; 0: not in the epoll set, or (after the peer's end of input) there for errors only. */
  readonly #watched: Uint8Array
  readonly #inEpoll: Uint8Array
  /** Bytes dropped while lingering. */
  readonly #drained: Int32Array
  readonly #time = new Int32Array(4)
  /** Connections that were closed or finished outside their own callbacks. */
  readonly #unsettled: number[] = []
  /** The connection whose callback runs now, or -1. */
  #current = -1
  /** The connection to which `receive` may just now answer by way of the batch, or -1. */
  #answering = -1
  /** Steps of handshakes that this turn may still take; who is put off stays ready in the epoll set. */
  #handshakesLeft = 0
  /** What stands for the wake-up among events. */
  readonly #wakeUpSlot: number

  constructor(options: NativeStreamServerOptions) {
    const { limits } = options
    const { capacity } = limits
    this.#listeners = options.listeners
    this.#limits = limits
    this.#clock = options.clock ?? (() => this.#monotonicSeconds())
    this.#slots = new StreamSlots(limits)
    this.families = this.#slots.families
    this.addresses = this.#slots.addresses
    this.ports = this.#slots.ports
    this.protocolWords = this.#slots.protocolWords
    this.generations = this.#slots.generations
    this.output = new Uint8Array(limits.outputScratchBytes)
    this.#outputAddress = Number(this.#libc.addressOf(this.output))
    this.counters = options.counters ?? new Float64Array(streamCounterNames.length)
    const { onAcceptPaused = () => undefined } = options
    this.#acceptor = new Acceptor(this.#epoll, this.#listeners, this.counters, onAcceptPaused)
    this.#input = new KeptInput(capacity, limits.inputBytesMax)
    this.#keptOutput = new KeptOutput(capacity, limits.outputBytesMax)
    this.#batch = new OutputBatch(this.output)
    this.#batchAddress = Number(this.#libc.addressOf(this.#batch.bytes))
    this.#drainQueue = new DrainQueue(capacity)
    this.#tls = options.tls ?? null
    this.#ssl = new Float64Array(this.#tls === null ? 0 : capacity)
    this.#fds = new Int32Array(options.descriptors ?? createDescriptorMemory(capacity))
    this.#fds[capacity] = this.#epoll.fd
    this.#states = new Uint8Array(capacity)
    this.#flags = new Uint8Array(capacity)
    this.#causes = new Uint8Array(capacity)
    this.#watched = new Uint8Array(capacity)
    this.#inEpoll = new Uint8Array(capacity)
    this.#drained = new Int32Array(capacity)
    this.nowSeconds = this.#clock()
    this.#protocol = options.protocol(this)
    // Numbered behind the listeners.
    this.#wakeUpSlot = -1 - this.#listeners.length
    const wakeUpFd = options.wakeUp?.fd
    if (wakeUpFd !== undefined) this.#epoll.addWakeUp(wakeUpFd, this.#wakeUpSlot)
    this.#resumeAccepting()
  }

  get connections(): number {
    return this.#slots.used
  }

  /**
   * One turn: waits for something to do, serves all that is ready, and looks at deadlines about once a second.
   * @param timeoutMs the longest wait; 0 only looks
   * @returns how many listeners, connections and wake-ups had something to do
   * @throws when a listener or the epoll descriptor is gone
   */
  turn(timeoutMs: number): number {
    const count = this.#epoll.wait(this.#drainQueue.length > 0 ? 0 : timeoutMs)
    this.nowSeconds = this.#clock()
    this.#handshakesLeft = HANDSHAKES_PER_TURN
    for (let index = 0; index < count; index++) {
      const slot = this.#epoll.slotOf(index)
      if (slot === this.#wakeUpSlot) this.#protocol.woken?.()
      else if (slot < 0) this.#accept(this.#listeners[-1 - slot])
      // Closing takes a connection out of the set, but an event that outlives it must never meet the slot's next one.
      else if (this.#slots.generations[slot] === this.#epoll.generationOf(index)) this.#serve(slot)
    }
    if (this.#batch.count > 0) this.#sendBatch()
    if (this.#drainQueue.length > 0) this.#continue(this.#drainQueue.take())
    if (this.#unsettled.length > 0) this.#settleAll()
    if (this.#slots.isScanDue(this.nowSeconds)) this.#expire()
    if (this.#acceptor.isPaused) this.#resumeAccepting()
    return count
  }

  /** Stops accepting, for good; connections go on. The listeners stay open, they are the main thread's. */
  stopAccepting(): void {
    this.#acceptor.stop()
  }

  /** Closes all connections at once, and what the loop itself had open. The server can't be used afterwards. */
  closeAll(): void {
    this.stopAccepting()
    for (let slot = 0; slot < this.#slots.high; slot++) {
      if (this.#states[slot] !== State.free) this.#free(slot, StreamEnd.serverClosed)
    }
    this.#fds[this.#limits.capacity] = 0
    this.#epoll.close()
    this.#tls?.close()
  }

  write(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    if ((this.#flags[slot] & Flag.inBatch) !== 0) this.#sendBatch()
    if (this.#states[slot] !== State.open || (this.#flags[slot] & (Flag.closing | Flag.finishing)) !== 0)
      return false
    if (this.#keptOutput.length(slot) > 0) {
      this.#keep(slot, bytes, start, end)
      return false
    }
    if (start === end) return true
    if (this.#answering === slot && start === 0 && bytes === this.output && this.#batch.takes(end)) {
      if (this.#batch.isFull) this.#sendBatch()
      this.#batch.add(slot, end)
      this.#flags[slot] |= Flag.inBatch
      return true
    }
    const sent = this.#sendFrom(slot, bytes, start, end - start)
    if (sent === end - start) return true
    if (sent < 0) return false
    this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
    this.#keep(slot, bytes, start + sent, end)
    return false
  }

  keptOutputBytes(slot: number): number {
    if ((this.#flags[slot] & Flag.inBatch) !== 0) this.#sendBatch()
    return this.#keptOutput.length(slot)
  }

  finish(slot: number): void {
    if (this.#states[slot] !== State.open || (this.#flags[slot] & (Flag.closing | Flag.finishing)) !== 0)
      return
    this.#flags[slot] |= Flag.finishing
    this.#slots.deadlines[slot] = Number.POSITIVE_INFINITY
    this.#settleLater(slot)
  }

  close(slot: number): void {
    if (this.#states[slot] !== State.free) this.#fail(slot, StreamEnd.closed)
  }

  whenDrained(slot: number): void {
    if (this.#states[slot] !== State.open || (this.#flags[slot] & (Flag.closing | Flag.finishing)) !== 0)
      return
    this.#drainQueue.wait(slot, this.#keptOutput.length(slot) > 0)
  }

  setDeadline(slot: number, phase: number, seconds: number): void {
    if (this.#states[slot] !== State.open || (this.#flags[slot] & Flag.finishing) !== 0) return
    this.#slots.setDeadline(slot, phase, seconds > 0 ? this.nowSeconds + seconds : Number.POSITIVE_INFINITY)
  }

  #accept(listener: OpenStreamListener): void {
    const acceptedMax = this.#tls === null ? ACCEPTS_PER_TURN : HANDSHAKES_PER_TURN
    for (let accepted = 0; accepted < acceptedMax; accepted++) {
      if (this.#slots.isFull) {
        // Those who come now wait in the listener's queue until a slot is free.
        this.counters[StreamCounter.refusedFull]++
        this.#acceptor.pause()
        return
      }
      const fd = this.#acceptor.accept(listener, this.nowSeconds)
      if (fd >= 0) {
        this.#begin(fd, listener.family)
        // Most of them close now, and their slots are free for the next.
        if (this.#batch.count > 0) this.#sendBatch()
        if (this.#unsettled.length > 0) this.#settleAll()
      } else if (fd === Accepted.none) return
    }
  }

  #begin(fd: number, family: 0 | 4 | 6): void {
    const slot = this.#slots.take()
    this.#acceptor.readPeer(this.#slots, slot, family)
    if (!this.#slots.admit(slot)) {
      this.counters[StreamCounter.refusedPerAddress]++
      this.#slots.release(slot)
      this.#libc.close(fd)
      return
    }
    this.counters[StreamCounter.accepted]++
    this.#fds[slot] = fd
    if (this.#tls === null || family === 0) this.#open(slot)
    else {
      this.#states[slot] = State.handshaking
      this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.handshakeSeconds
      this.#ssl[slot] = this.#tls.open(fd)
      this.#shakeHands(slot, this.#tls)
    }
    if (this.#states[slot] !== State.free && this.#inEpoll[slot] === 0) this.#watch(slot)
  }

  #shakeHands(slot: number, tls: NativeTls): void {
    const ssl = this.#ssl[slot]
    const status = ssl === 0 ? TlsStatus.failed : tls.accept(ssl)
    if (status === 1) {
      const isResumed = tls.isResumed(ssl)
      this.counters[isResumed ? StreamCounter.handshakesResumed : StreamCounter.handshakesFull]++
      this.#slots.serverDeadlines[slot] = Number.POSITIVE_INFINITY
      this.#flags[slot] = 0
      this.#open(slot)
      if (this.#states[slot] !== State.free && this.#inEpoll[slot] !== 0) this.#watch(slot)
    } else if (status === TlsStatus.wantsRead || status === TlsStatus.wantsWrite) {
      this.#flags[slot] = status === TlsStatus.wantsWrite ? Flag.tlsWantsWrite : 0
      this.#watch(slot)
    } else {
      this.counters[StreamCounter.handshakesFailed]++
      this.#release(slot)
    }
  }

  #open(slot: number): void {
    this.#states[slot] = State.open
    this.#current = slot
    this.#protocol.open(slot)
    this.#settleCurrent(slot)
    // The first request has usually come with the connection: most are answered and closed here.
    if (this.#states[slot] === State.open && this.#keptOutput.length(slot) === 0) this.#read(slot)
  }

  #serve(slot: number): void {
    if ((this.#flags[slot] & Flag.unsettled) !== 0) return
    if (this.#states[slot] === State.lingering) this.#drain(slot)
    else if (this.#states[slot] === State.handshaking) {
      if (this.#handshakesLeft-- > 0) this.#shakeHands(slot, this.#tls as NativeTls)
    } else if (this.#watched[slot] === 0) this.#end(slot, StreamEnd.reset)
    else if (this.#keptOutput.length(slot) > 0) this.#flush(slot)
    else this.#read(slot)
  }

  /** One recv, and what the protocol makes of it. */
  #read(slot: number): void {
    if (this.#tls !== null && this.#ssl[slot] !== 0) {
      this.#readTls(slot, this.#tls)
      return
    }
    const kept = this.#input.show(slot)
    const { bytes } = this.#input
    const room = bytes.length - kept
    const count = this.#libc.recv(this.#fds[slot], kept === 0 ? bytes : bytes.subarray(kept), room, 0)
    if (count > 0) {
      this.counters[StreamCounter.bytesReceived] += count
      this.#receive(slot, kept + count, count === room)
    } else if (count === 0) this.#endInput(slot, kept)
    else this.#streamFailed(slot)
  }

  /**
   * The same with TLS. What OpenSSL has taken from the kernel, epoll knows nothing of: all of it is shown, which is
   * one buffer of OpenSSL at most.
   */
  #readTls(slot: number, tls: NativeTls): void {
    const ssl = this.#ssl[slot]
    const { bytes } = this.#input
    do {
      const kept = this.#input.show(slot)
      const room = bytes.length - kept
      const count = tls.read(ssl, kept === 0 ? bytes : bytes.subarray(kept), room)
      if (count <= 0) {
        this.#tlsStopped(slot, count, kept)
        return
      }
      this.counters[StreamCounter.bytesReceived] += count
      this.#receive(slot, kept + count, count === room || tls.hasPending(ssl))
    } while (this.#canRead(slot) && tls.hasPending(ssl))
  }

  #canRead(slot: number): boolean {
    const stopped = Flag.closing | Flag.finishing | Flag.inputEnded
    return (
      this.#states[slot] === State.open &&
      (this.#flags[slot] & stopped) === 0 &&
      this.#keptOutput.length(slot) === 0
    )
  }

  #tlsStopped(slot: number, status: number, kept: number): void {
    if (status === TlsStatus.ended) this.#endInput(slot, kept)
    else if (status === TlsStatus.failed) this.#fail(slot, StreamEnd.reset)
    else if (status === TlsStatus.wantsWrite) {
      this.#flags[slot] |= Flag.tlsWantsWrite
      this.#watch(slot)
    } else if ((this.#flags[slot] & Flag.tlsWantsWrite) !== 0) {
      this.#flags[slot] &= ~Flag.tlsWantsWrite
      this.#watch(slot)
    }
  }

  /** Shows input[0, end) to the protocol. @param mayHaveMore the kernel may hold more than was read */
  #receive(slot: number, end: number, mayHaveMore: boolean): void {
    const { bytes } = this.#input
    this.#current = slot
    this.#answering = this.#tls === null || this.#ssl[slot] === 0 ? slot : -1
    const consumed = this.#protocol.receive(slot, bytes, 0, end)
    this.#answering = -1
    const isFull = consumed === 0 && end === bytes.length
    if (isFull && (this.#flags[slot] & (Flag.closing | Flag.finishing)) === 0) {
      this.#protocol.overflow(slot, bytes, 0, end)
      this.finish(slot)
    }
    this.#input.keep(slot, consumed, end)
    if (mayHaveMore && (this.#flags[slot] & Flag.finishing) !== 0) this.#flags[slot] |= Flag.inputMayBeUnread
    this.#settleCurrent(slot)
  }

  #endInput(slot: number, kept: number): void {
    this.#flags[slot] |= Flag.inputEnded
    this.#current = slot
    this.#protocol.ended(slot, kept)
    this.#settleCurrent(slot)
    if (this.#states[slot] === State.open) this.#watch(slot)
  }

  /** Sends kept output; when all is sent, goes on with what was put off for it. */
  #flush(slot: number): void {
    const waiting = this.#keptOutput.peek(slot)
    const sent = this.#send(slot, waiting, waiting.length)
    if (sent > 0) {
      this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
      this.#keptOutput.advance(slot, sent)
    }
    if (this.#keptOutput.length(slot) === 0) {
      this.#slots.serverDeadlines[slot] = Number.POSITIVE_INFINITY
      // The kernel may have got more meanwhile.
      if ((this.#flags[slot] & Flag.finishing) !== 0) this.#flags[slot] |= Flag.inputMayBeUnread
      else if (this.#input.length(slot) > 0) this.#receive(slot, this.#input.show(slot), false)
      const isPending = this.#tls !== null && this.#ssl[slot] !== 0 && this.#tls.hasPending(this.#ssl[slot])
      if (isPending && this.#canRead(slot)) this.#read(slot)
      if (this.#states[slot] === State.open) {
        this.#drainQueue.drained(slot)
        this.#watch(slot)
      }
    }
    this.#settle(slot)
  }

  /** The protocol writes the next piece of a long answer. */
  #continue(slot: number): void {
    // Somebody else's write since then: its end is waited for, too.
    if (this.#keptOutput.length(slot) > 0) {
      this.#drainQueue.wait(slot, true)
      return
    }
    if ((this.#flags[slot] & (Flag.closing | Flag.finishing)) !== 0) return
    this.#current = slot
    this.#protocol.drained(slot)
    // What the peer has sent during the answer may still be in the kernel.
    if ((this.#flags[slot] & Flag.finishing) !== 0) this.#flags[slot] |= Flag.inputMayBeUnread
    this.#settleCurrent(slot)
  }

  /** Sends what was collected during the turn. No callback runs: connections that are over are settled later. */
  #sendBatch(): void {
    const { slots, starts, ends, bytes, count } = this.#batch
    this.#batch.clear()
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      const start = starts[index]
      const end = ends[index]
      this.#flags[slot] &= ~Flag.inBatch
      // The last answer waits for the end of output, so that both go in one segment. Were it left to `close` to send
      // it, input that came meanwhile would throw it away.
      const isLast = (this.#flags[slot] & (Flag.finishing | Flag.closing)) === Flag.finishing
      const how = isLast ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL
      const taken = this.#libc.sendAt(this.#fds[slot], this.#batchAddress + start, end - start, how)
      const sent = taken < 0 ? this.#streamFailed(slot) : taken
      if (sent > 0) this.counters[StreamCounter.bytesSent] += sent
      if (sent >= 0 && start + sent < end) {
        this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
        this.#keep(slot, bytes, start + sent, end)
      } else if (isLast) {
        this.#libc.shutdown(this.#fds[slot], SHUT_WR)
        this.#settleLater(slot)
      }
    }
  }

  /** As `#send`. What lies in `output`, nearly everything, needs no view for it (a quarter of the call's cost). */
  #sendFrom(slot: number, bytes: Uint8Array, start: number, count: number): number {
    const isTls = this.#tls !== null && this.#ssl[slot] !== 0
    if (isTls || bytes !== this.output) {
      return this.#send(slot, start === 0 ? bytes : bytes.subarray(start), count)
    }
    const sent = this.#libc.sendAt(this.#fds[slot], this.#outputAddress + start, count, MSG_NOSIGNAL)
    if (sent < 0) return this.#streamFailed(slot)
    this.counters[StreamCounter.bytesSent] += sent
    return sent
  }

  /** @returns bytes the system took, 0 for none now, -1 when the connection is over (it has been marked) */
  #send(slot: number, bytes: Uint8Array, count: number): number {
    if (this.#tls !== null && this.#ssl[slot] !== 0) return this.#sendTls(slot, this.#tls, bytes, count)
    const sent = this.#libc.send(this.#fds[slot], bytes, count, MSG_NOSIGNAL)
    if (sent >= 0) {
      this.counters[StreamCounter.bytesSent] += sent
      return sent
    }
    return this.#streamFailed(slot)
  }

  /** Record by record. (OpenSSL writes without MSG_NOSIGNAL; node has SIGPIPE ignored.) */
  #sendTls(slot: number, tls: NativeTls, bytes: Uint8Array, count: number): number {
    let sent = 0
    while (sent < count) {
      const taken = tls.write(this.#ssl[slot], sent === 0 ? bytes : bytes.subarray(sent), count - sent)
      if (taken <= 0) {
        if (taken === TlsStatus.wantsRead || taken === TlsStatus.wantsWrite) break
        this.#fail(slot, StreamEnd.reset)
        return -1
      }
      sent += taken
    }
    this.counters[StreamCounter.bytesSent] += sent
    return sent
  }

  #streamFailed(slot: number): number {
    const errno = this.#libc.errno()
    const action = streamActionFor(errno)
    if (action === StreamAction.fatal)
      throw new Error(`a connection's descriptor failed: ${errnoName(errno)}`)
    if (action === StreamAction.wait) return 0
    this.#fail(slot, StreamEnd.reset)
    return -1
  }

  #keep(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#keptOutput.append(slot, bytes, start, end)) this.#fail(slot, StreamEnd.outputOverflow)
    else this.#watch(slot)
  }

  /** Asks epoll for what the connection waits for now. */
  #watch(slot: number): void {
    let events = EPOLLIN
    if (this.#states[slot] === State.lingering) events = EPOLLIN
    else if ((this.#flags[slot] & Flag.tlsWantsWrite) !== 0) events = EPOLLOUT
    else if (this.#states[slot] === State.open) {
      if (this.#keptOutput.length(slot) > 0) events = EPOLLOUT
      else if ((this.#flags[slot] & Flag.inputEnded) !== 0) events = 0
    }
    if (this.#inEpoll[slot] === 0) {
      this.#epoll.add(this.#fds[slot], events, slot, this.#slots.generations[slot])
      this.#inEpoll[slot] = 1
    } else if (this.#watched[slot] !== events) {
      this.#epoll.change(this.#fds[slot], events, slot, this.#slots.generations[slot])
    }
    this.#watched[slot] = events
  }

  /** Marks the connection as over; it is freed when no callback runs. The first cause counts. */
  #fail(slot: number, cause: number): void {
    if ((this.#flags[slot] & Flag.closing) !== 0) return
    this.#flags[slot] |= Flag.closing
    this.#causes[slot] = cause
    this.#slots.deadlines[slot] = Number.POSITIVE_INFINITY
    this.#settleLater(slot)
  }

  #settleLater(slot: number): void {
    if (this.#current === slot || (this.#flags[slot] & Flag.unsettled) !== 0) return
    this.#flags[slot] |= Flag.unsettled
    this.#unsettled.push(slot)
  }

  #settleAll(): void {
    // Callbacks of `closed` may close others.
    for (let slot = this.#unsettled.pop(); slot !== undefined; slot = this.#unsettled.pop()) {
      if ((this.#flags[slot] & Flag.unsettled) === 0) continue
      this.#flags[slot] &= ~Flag.unsettled
      this.#settle(slot)
    }
  }

  #settleCurrent(slot: number): void {
    this.#current = -1
    this.#settle(slot)
  }

  /** Does what callbacks asked for. */
  #settle(slot: number): void {
    const flags = this.#flags[slot]
    if ((flags & Flag.inBatch) !== 0) {
      // Finishing waits for the batch; what was written before `close` has always been sent.
      if ((flags & Flag.closing) === 0) return
      this.#sendBatch()
    }
    if ((flags & Flag.closing) !== 0) this.#free(slot, this.#causes[slot])
    else if (
      (flags & Flag.finishing) !== 0 &&
      this.#states[slot] === State.open &&
      this.#keptOutput.length(slot) === 0
    ) {
      // Half a request means that the other half may be on its way.
      if (this.#tls !== null && this.#ssl[slot] !== 0) this.#tls.shutdown(this.#ssl[slot])
      const mayBeUnread = (flags & Flag.inputMayBeUnread) !== 0 || this.#input.length(slot) > 0
      if (mayBeUnread && (flags & Flag.inputEnded) === 0) this.#linger(slot)
      else this.#free(slot, StreamEnd.finished)
    }
  }

  /** Says that nothing more is sent, and reads what the peer still sends, until it closes its side too. */
  #linger(slot: number): void {
    this.#libc.shutdown(this.#fds[slot], SHUT_WR)
    this.#input.forget(slot)
    this.#states[slot] = State.lingering
    this.#drained[slot] = 0
    this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.lingerSeconds
    this.#watch(slot)
  }

  #drain(slot: number): void {
    const { bytes } = this.#input
    const count = this.#libc.recv(this.#fds[slot], bytes, bytes.length, 0)
    if (count > 0) {
      this.#drained[slot] += count
      if (this.#drained[slot] > LINGER_BYTES_MAX) this.#free(slot, StreamEnd.lingerTimeout)
    } else if (count === 0) this.#free(slot, StreamEnd.finished)
    else if (streamActionFor(this.#libc.errno()) !== StreamAction.wait) this.#free(slot, StreamEnd.reset)
  }

  #end(slot: number, cause: number): void {
    this.#fail(slot, cause)
    this.#settle(slot)
  }

  #free(slot: number, cause: number): void {
    const wasOpened = this.#states[slot] !== State.handshaking
    this.#states[slot] = State.free
    if (wasOpened) {
      this.counters[cause]++
      this.#protocol.closed(slot, cause)
    } else if (cause === StreamEnd.serverClosed) this.counters[cause]++
    this.#release(slot)
  }

  #release(slot: number): void {
    if (this.#tls !== null) {
      if (this.#ssl[slot] !== 0) this.#tls.free(this.#ssl[slot])
      this.#ssl[slot] = 0
    }
    // The descriptor leaves the epoll set by being closed. Forgotten first: see open-descriptors.ts.
    const fd = this.#fds[slot]
    this.#fds[slot] = 0
    this.#libc.close(fd)
    this.#states[slot] = State.free
    this.#flags[slot] = 0
    this.#watched[slot] = 0
    this.#inEpoll[slot] = 0
    this.#input.forget(slot)
    this.#keptOutput.forget(slot)
    this.#drainQueue.forget(slot)
    this.#slots.discharge(slot)
    this.#slots.release(slot)
  }

  #expire(): void {
    const { deadlines, serverDeadlines, phases, high } = this.#slots
    const now = this.nowSeconds
    for (let slot = 0; slot < high; slot++) {
      if (serverDeadlines[slot] <= now) {
        this.#endOfPatience(slot)
      } else if (deadlines[slot] <= now) {
        deadlines[slot] = Number.POSITIVE_INFINITY
        this.#current = slot
        this.#protocol.expired(slot, phases[slot])
        this.#settleCurrent(slot)
      }
    }
    if (this.#unsettled.length > 0) this.#settleAll()
  }

  #endOfPatience(slot: number): void {
    if (this.#states[slot] === State.handshaking) {
      this.counters[StreamCounter.handshakesTimedOut]++
      this.#release(slot)
    } else {
      const isLingering = this.#states[slot] === State.lingering
      this.#end(slot, isLingering ? StreamEnd.lingerTimeout : StreamEnd.writeTimeout)
    }
  }

  #resumeAccepting(): void {
    if (!this.#slots.isFull) this.#acceptor.resume(this.nowSeconds)
  }

  #monotonicSeconds(): number {
    this.#libc.clock_gettime(CLOCK_MONOTONIC, this.#time)
    return this.#time[0] + this.#time[2] * 1e-9
  }
}
