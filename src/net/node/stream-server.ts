// Byte streams of the node engine: node:net and node:tls, driven by events (a state machine, longer than other files).
// Runs everywhere. What it can't do as the native engine does: let connections wait in the listener's queue while
// every slot is taken; they are closed instead.

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { addressBytes, canonicaliseAddress } from '../address.js'
import { DrainQueue } from '../drain-queue.js'
import { KeptInput } from '../kept-input.js'
import { KeptOutput } from '../kept-output.js'
import {
  type StreamAddress,
  StreamCounter,
  StreamEnd,
  type StreamLimits,
  type StreamProtocol,
  type StreamServer,
  streamCounterNames,
  type WakeUp,
} from '../stream.js'
import { StreamSlots } from '../stream-slots.js'
import { type NodeListener, NodeStreamListeners } from './stream-listeners.js'
import type { NodeTls } from './tls.js'
import { WakeUpListener } from './wake-up.js'

/** Given to node at a time, so that progress can be seen. */
const WRITE_BYTES = 65_536
/** What node reads at most in one step; a full one may not have been all. */
const READ_BYTES = 65_536
/** Unread input that a finished connection may still send before it is closed all the same. */
const LINGER_BYTES_MAX = 1 << 20
const DEADLINE_INTERVAL_MS = 1000

const State = { free: 0, handshaking: 1, open: 2, ending: 3, lingering: 4 } as const

export interface NodeStreamServerOptions {
  readonly listeners: readonly NodeListener[]
  readonly limits: StreamLimits
  /** Speaks TLS on every connection but those of Unix sockets. */
  readonly tls?: NodeTls
  /** Creates what is spoken; called once. */
  readonly protocol: (server: StreamServer) => StreamProtocol
  readonly counters?: Float64Array
  /** Nothing is read before `serve` is called; connections wait, as many as there are slots. */
  readonly isHeld?: boolean
  /** Monotonic seconds; the system's clock if not given. */
  readonly clock?: () => number
  /** Its word calls `StreamProtocol.woken`. */
  readonly wakeUp?: WakeUp
}

export class NodeStreamServer implements StreamServer {
  readonly families: Uint8Array
  readonly addresses: Int32Array
  readonly ports: Uint16Array
  readonly protocolWords: Int32Array
  readonly output: Uint8Array
  readonly generations: Uint32Array
  readonly counters: Float64Array
  nowSeconds: number
  readonly #limits: StreamLimits
  readonly #protocol: StreamProtocol
  readonly #tls: NodeTls | null
  readonly #clock: () => number
  readonly #slots: StreamSlots
  readonly #input: KeptInput
  readonly #keptOutput: KeptOutput
  readonly #drainQueue: DrainQueue
  readonly #addressBytes: Uint8Array
  readonly #sockets: (Socket | null)[]
  readonly #states: Uint8Array
  /** What `finish` and `close` asked for during a callback; done when it returns. */
  readonly #isFinishing: Uint8Array
  /** A `StreamEnd`, or -1. */
  readonly #closing: Int8Array
  readonly #inputEnded: Uint8Array
  readonly #mayBeUnread: Uint8Array
  readonly #drained: Int32Array
  readonly #listeners: NodeStreamListeners
  readonly #unsettled = new Set<number>()
  readonly #timer: NodeJS.Timeout
  readonly #wakeUp: WakeUpListener | null
  /** Accepted by node while the server was held; null since `serve`. */
  #held: Socket[] | null
  #current = -1
  /** The turn of the event loop in which the next waiting protocol goes on. */
  #continuation: NodeJS.Immediate | undefined

  private constructor(options: NodeStreamServerOptions) {
    const { limits } = options
    const { capacity } = limits
    this.#limits = limits
    this.#tls = options.tls ?? null
    this.#clock = options.clock ?? monotonicSeconds
    this.#slots = new StreamSlots(limits)
    this.families = this.#slots.families
    this.addresses = this.#slots.addresses
    this.#addressBytes = new Uint8Array(this.addresses.buffer)
    this.ports = this.#slots.ports
    this.protocolWords = this.#slots.protocolWords
    this.generations = this.#slots.generations
    this.output = new Uint8Array(limits.outputScratchBytes)
    this.counters = options.counters ?? new Float64Array(streamCounterNames.length)
    this.#input = new KeptInput(capacity, limits.inputBytesMax)
    this.#keptOutput = new KeptOutput(capacity, limits.outputBytesMax)
    this.#drainQueue = new DrainQueue(capacity)
    this.#sockets = new Array<Socket | null>(capacity).fill(null)
    this.#states = new Uint8Array(capacity)
    this.#isFinishing = new Uint8Array(capacity)
    this.#closing = new Int8Array(capacity).fill(-1)
    this.#inputEnded = new Uint8Array(capacity)
    this.#mayBeUnread = new Uint8Array(capacity)
    this.#drained = new Int32Array(capacity)
    this.nowSeconds = this.#clock()
    this.#held = options.isHeld === true ? [] : null
    this.#listeners = new NodeStreamListeners(
      socket => (this.#held === null ? this.#begin(socket) : this.#hold(socket)),
      () => {
        this.counters[StreamCounter.acceptsFailed]++
      },
    )
    this.#protocol = options.protocol(this)
    this.#timer = setInterval(() => this.turn(), DEADLINE_INTERVAL_MS)
    const signal = options.wakeUp?.signal
    this.#wakeUp = signal === undefined ? null : new WakeUpListener(signal, () => this.#woken())
  }

  /** Listens; connections come from the next turn of the event loop on. @throws AquaticError AQ_BIND_* */
  static async open(options: NodeStreamServerOptions): Promise<NodeStreamServer> {
    const server = new NodeStreamServer(options)
    try {
      for (const listener of options.listeners) await server.#listeners.open(listener)
      return server
    } catch (error) {
      await server.closeAll()
      throw error
    }
  }

  get connections(): number {
    return this.#slots.used
  }

  /** Where it listens, with the ports that the system chose. */
  get listening(): readonly StreamAddress[] {
    return this.#listeners.addresses
  }

  /** Begins with what waited, and goes on with what comes. */
  serve(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const socket of held) if (!socket.destroyed) this.#begin(socket)
  }

  /** Looks at deadlines; a timer calls it once a second. */
  turn(): void {
    this.nowSeconds = this.#clock()
    if (this.#slots.isScanDue(this.nowSeconds)) this.#expire()
  }

  /** Stops accepting, for good; connections go on. */
  stopAccepting(): void {
    this.#listeners.stop()
  }

  /** Closes all connections and listeners at once. Resolves when the listeners are closed. */
  async closeAll(): Promise<void> {
    clearInterval(this.#timer)
    clearImmediate(this.#continuation)
    this.#wakeUp?.close()
    for (const socket of this.#held?.splice(0) ?? []) socket.destroy()
    for (let slot = 0; slot < this.#slots.high; slot++) {
      if (this.#states[slot] !== State.free) this.#free(slot, StreamEnd.serverClosed)
    }
    await this.#listeners.close()
  }

  write(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const socket = this.#sockets[slot]
    if (socket === null || !this.#isTalking(slot)) return false
    if (start < end) this.#giveOrKeep(slot, socket, bytes, start, end)
    return this.#outputLength(slot) === 0
  }

  #giveOrKeep(slot: number, socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (end - start <= WRITE_BYTES && this.#outputLength(slot) === 0) {
      this.#give(slot, socket, Buffer.from(bytes.subarray(start, end)))
      return
    }
    const isTooMuch = this.#outputLength(slot) + end - start > this.#limits.outputBytesMax + WRITE_BYTES
    if (isTooMuch || !this.#keptOutput.append(slot, bytes, start, end)) {
      this.#fail(slot, StreamEnd.outputOverflow)
      return
    }
    this.#giveKept(slot, socket)
  }

  keptOutputBytes(slot: number): number {
    return this.#outputLength(slot)
  }

  finish(slot: number): void {
    if (!this.#isTalking(slot)) return
    this.#isFinishing[slot] = 1
    this.#slots.deadlines[slot] = Number.POSITIVE_INFINITY
    this.#settleLater(slot)
  }

  close(slot: number): void {
    if (this.#states[slot] !== State.free) this.#fail(slot, StreamEnd.closed)
  }

  whenDrained(slot: number): void {
    if (!this.#isTalking(slot)) return
    this.#drainQueue.wait(slot, this.#outputLength(slot) > 0)
    this.#continueLater()
  }

  setDeadline(slot: number, phase: number, seconds: number): void {
    if (!this.#isTalking(slot)) return
    this.#slots.setDeadline(slot, phase, seconds > 0 ? this.nowSeconds + seconds : Number.POSITIVE_INFINITY)
  }

  /** Open, and neither `finish` nor `close` has been called. */
  #isTalking(slot: number): boolean {
    return this.#states[slot] === State.open && this.#isFinishing[slot] === 0 && this.#closing[slot] === -1
  }

  #woken(): void {
    this.nowSeconds = this.#clock()
    this.#protocol.woken?.()
    this.#settleOthers()
  }

  /** Bytes that the system has not taken yet. */
  #outputLength(slot: number): number {
    return this.#keptOutput.length(slot) + (this.#sockets[slot]?.writableLength ?? 0)
  }

  /** Keeps a connection of which nothing is read yet; node has taken it from the listener's queue. */
  #hold(socket: Socket): void {
    if (this.#held === null || this.#held.length === this.#limits.capacity) {
      this.counters[StreamCounter.refusedFull]++
      socket.destroy()
      return
    }
    // It may break off meanwhile.
    socket.on('error', () => socket.destroy())
    this.#held.push(socket)
  }

  #begin(socket: Socket): void {
    this.nowSeconds = this.#clock()
    if (this.#slots.isFull) {
      this.counters[StreamCounter.refusedFull]++
      socket.destroy()
      return
    }
    const slot = this.#slots.take()
    this.#readPeer(slot, socket)
    if (!this.#slots.admit(slot)) {
      this.counters[StreamCounter.refusedPerAddress]++
      this.#slots.release(slot)
      socket.destroy()
      return
    }
    this.counters[StreamCounter.accepted]++
    if (this.#tls === null || this.families[slot] === 0) this.#open(slot, socket)
    else this.#shakeHands(slot, this.#tls.wrap(socket))
  }

  #shakeHands(slot: number, socket: TLSSocket): void {
    this.#sockets[slot] = socket
    this.#states[slot] = State.handshaking
    this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.handshakeSeconds
    socket.on('secure', () => {
      if (this.#sockets[slot] !== socket) return
      const isResumed = socket.isSessionReused()
      this.counters[isResumed ? StreamCounter.handshakesResumed : StreamCounter.handshakesFull]++
      this.nowSeconds = this.#clock()
      this.#slots.serverDeadlines[slot] = Number.POSITIVE_INFINITY
      this.#open(slot, socket)
    })
    const failed = (): void => {
      if (this.#sockets[slot] !== socket) return
      if (this.#states[slot] === State.handshaking) this.counters[StreamCounter.handshakesFailed]++
      this.#free(slot, StreamEnd.reset)
    }
    // After the handshake, errors of TLS itself are reported by this event alone.
    socket.on('_tlsError', failed)
    socket.on('error', failed)
    socket.on('close', failed)
    // The peer has given up; node itself would leave the half-open connection to the time limit.
    socket.on('end', () => {
      if (this.#states[slot] === State.handshaking) failed()
    })
  }

  #open(slot: number, socket: Socket): void {
    this.#sockets[slot] = socket
    this.#states[slot] = State.open
    this.#current = slot
    this.#protocol.open(slot)
    this.#settleCurrent(slot)
    this.#attach(slot, socket)
  }

  /** Events of a socket count only as long as the slot is its own. */
  #attach(slot: number, socket: Socket): void {
    const own = (handle: () => void): void => {
      if (this.#sockets[slot] !== socket) return
      this.nowSeconds = this.#clock()
      handle()
      this.#settleOthers()
    }
    socket.on('data', (chunk: Buffer) => own(() => this.#feed(slot, socket, chunk)))
    socket.on('end', () => own(() => this.#endInput(slot)))
    socket.on('finish', () => own(() => this.#endOutput(slot, socket)))
    socket.on('error', () => own(() => this.#free(slot, StreamEnd.reset)))
    socket.on('close', () => own(() => this.#free(slot, StreamEnd.reset)))
    // Until here nothing was read (`pauseOnConnect`).
    if (this.#sockets[slot] === socket) socket.resume()
  }

  #readPeer(slot: number, socket: Socket): void {
    const { remoteAddress = '', remotePort = 0 } = socket
    this.addresses.fill(0, slot * 4, slot * 4 + 4)
    this.ports[slot] = remotePort
    this.families[slot] = 0
    if (remoteAddress === '') return
    this.#addressBytes.set(addressBytes(remoteAddress), slot * 16)
    this.families[slot] = remoteAddress.includes(':') ? canonicaliseAddress(this.addresses, slot * 4) : 4
  }

  #feed(slot: number, socket: Socket, chunk: Buffer): void {
    this.counters[StreamCounter.bytesReceived] += chunk.length
    let at = 0
    while (at < chunk.length && this.#isTalking(slot)) {
      if (this.#outputLength(slot) > 0) {
        // Shown when the peer has taken the answers so far.
        socket.pause()
        this.counters[StreamCounter.bytesReceived] -= chunk.length - at
        socket.unshift(chunk.subarray(at))
        return
      }
      const kept = this.#input.show(slot)
      const count = Math.min(this.#input.bytes.length - kept, chunk.length - at)
      this.#input.bytes.set(chunk.subarray(at, at + count), kept)
      at += count
      this.#receive(slot, kept + count, at < chunk.length || chunk.length >= READ_BYTES)
    }
    if (this.#sockets[slot] !== socket) return
    if (this.#states[slot] === State.lingering || this.#states[slot] === State.ending) {
      this.#drained[slot] += chunk.length - at
      if (this.#drained[slot] > LINGER_BYTES_MAX) this.#free(slot, StreamEnd.lingerTimeout)
    } else if (this.#outputLength(slot) > 0) socket.pause()
  }

  /** Shows input[0, end) to the protocol. */
  #receive(slot: number, end: number, mayHaveMore: boolean): void {
    const { bytes } = this.#input
    this.#current = slot
    const consumed = this.#protocol.receive(slot, bytes, 0, end)
    if (consumed === 0 && end === bytes.length && this.#isTalking(slot)) {
      this.#protocol.overflow(slot, bytes, 0, end)
      this.finish(slot)
    }
    this.#input.keep(slot, consumed, end)
    if (mayHaveMore && this.#isFinishing[slot] === 1) this.#mayBeUnread[slot] = 1
    this.#settleCurrent(slot)
  }

  #endInput(slot: number): void {
    this.#inputEnded[slot] = 1
    if (this.#states[slot] === State.lingering) this.#free(slot, StreamEnd.finished)
    if (!this.#isTalking(slot)) return
    this.#current = slot
    this.#protocol.ended(slot, this.#input.length(slot))
    this.#settleCurrent(slot)
  }

  /** Everything was sent, and the peer told that nothing follows. */
  #endOutput(slot: number, socket: Socket): void {
    if (this.#states[slot] !== State.ending) return
    if (this.#mayBeUnread[slot] === 0 || this.#inputEnded[slot] === 1) {
      this.#free(slot, StreamEnd.finished)
      return
    }
    this.#states[slot] = State.lingering
    this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.lingerSeconds
    socket.resume()
  }

  #give(slot: number, socket: Socket, bytes: Buffer): void {
    this.counters[StreamCounter.bytesSent] += bytes.length
    socket.write(bytes, () => {
      if (this.#sockets[slot] === socket) this.#written(slot, socket)
    })
    if (socket.writableLength > 0) {
      this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
    }
  }

  #giveKept(slot: number, socket: Socket): void {
    while (socket.writableLength === 0 && this.#keptOutput.length(slot) > 0) {
      const piece = Buffer.from(this.#keptOutput.peek(slot).subarray(0, WRITE_BYTES))
      this.#keptOutput.advance(slot, piece.length)
      this.#give(slot, socket, piece)
    }
  }

  /** Node has handed a piece to the system. */
  #written(slot: number, socket: Socket): void {
    this.nowSeconds = this.#clock()
    if (this.#states[slot] === State.open) this.#giveKept(slot, socket)
    if (this.#outputLength(slot) > 0) {
      this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
      return
    }
    this.#slots.serverDeadlines[slot] = Number.POSITIVE_INFINITY
    if (socket.isPaused() && this.#isTalking(slot)) {
      if (this.#input.length(slot) > 0) this.#receive(slot, this.#input.show(slot), false)
      if (this.#isTalking(slot) && this.#outputLength(slot) === 0) socket.resume()
    }
    if (this.#sockets[slot] === socket) {
      if (this.#outputLength(slot) === 0) this.#drainQueue.drained(slot)
      this.#settle(slot)
    }
    this.#continueLater()
    this.#settleOthers()
  }

  #continueLater(): void {
    if (this.#drainQueue.length === 0) return
    this.#continuation ??= setImmediate(() => {
      this.#continuation = undefined
      this.nowSeconds = this.#clock()
      if (this.#drainQueue.length > 0) this.#continue(this.#drainQueue.take())
      this.#settleOthers()
      this.#continueLater()
    })
  }

  /** The protocol writes the next piece of a long answer. */
  #continue(slot: number): void {
    // Somebody else's write since then: its end is waited for, too.
    if (this.#outputLength(slot) > 0) {
      this.#drainQueue.wait(slot, true)
      return
    }
    if (!this.#isTalking(slot)) return
    this.#current = slot
    this.#protocol.drained(slot)
    // What the peer has sent during the answer may still be in the kernel.
    if (this.#isFinishing[slot] === 1) this.#mayBeUnread[slot] = 1
    this.#settleCurrent(slot)
  }

  #fail(slot: number, cause: number): void {
    if (this.#closing[slot] !== -1) return
    this.#closing[slot] = cause
    this.#slots.deadlines[slot] = Number.POSITIVE_INFINITY
    this.#settleLater(slot)
  }

  /** Calls from outside of the connection's own callbacks take effect when this turn of the event loop ends. */
  #settleLater(slot: number): void {
    if (this.#current === slot) return
    if (this.#unsettled.size === 0) queueMicrotask(() => this.#settleOthers())
    this.#unsettled.add(slot)
  }

  #settleOthers(): void {
    for (const slot of this.#unsettled) {
      this.#unsettled.delete(slot)
      if (this.#states[slot] !== State.free) this.#settle(slot)
    }
  }

  #settleCurrent(slot: number): void {
    this.#current = -1
    this.#settle(slot)
  }

  /** Does what callbacks asked for. */
  #settle(slot: number): void {
    const socket = this.#sockets[slot]
    if (this.#closing[slot] !== -1) this.#free(slot, this.#closing[slot])
    else if (this.#isFinishing[slot] === 1 && this.#states[slot] === State.open && socket !== null) {
      if (this.#keptOutput.length(slot) > 0) return
      // The system may have got more input while none was read.
      if (socket.isPaused()) this.#mayBeUnread[slot] = 1
      if (this.#input.length(slot) > 0) this.#mayBeUnread[slot] = 1
      this.#input.forget(slot)
      this.#states[slot] = State.ending
      this.#slots.serverDeadlines[slot] = this.nowSeconds + this.#limits.writeSeconds
      socket.end()
    }
  }

  #free(slot: number, cause: number): void {
    const wasOpened = this.#states[slot] !== State.handshaking
    this.#sockets[slot]?.destroy()
    this.#sockets[slot] = null
    this.#states[slot] = State.free
    if (wasOpened) {
      this.counters[cause]++
      this.#protocol.closed(slot, cause)
    } else if (cause === StreamEnd.serverClosed) this.counters[cause]++
    this.#isFinishing[slot] = 0
    this.#closing[slot] = -1
    this.#inputEnded[slot] = 0
    this.#mayBeUnread[slot] = 0
    this.#drained[slot] = 0
    this.#unsettled.delete(slot)
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
        if (this.#states[slot] === State.handshaking) this.counters[StreamCounter.handshakesTimedOut]++
        const isLingering = this.#states[slot] === State.lingering
        this.#free(slot, isLingering ? StreamEnd.lingerTimeout : StreamEnd.writeTimeout)
      } else if (deadlines[slot] <= now) {
        deadlines[slot] = Number.POSITIVE_INFINITY
        this.#current = slot
        this.#protocol.expired(slot, phases[slot])
        this.#settleCurrent(slot)
      }
    }
    this.#settleOthers()
  }
}

function monotonicSeconds(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds + nanoseconds * 1e-9
}
