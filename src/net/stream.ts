// Byte streams between a server and what is spoken over it: connections are small numbers, bytes lie in buffers of
// the server. Two engines implement `StreamServer` with the same behaviour; a protocol does not know which it has.
//
//   accept ─▶ open ─▶ receive ─▶ receive … ─▶ finish ─▶ closed       callbacks of StreamProtocol, calls of StreamServer
//                       ├─ write                 └─ what is unsent is sent; unread input is drained for a while
//                       └─ whenDrained ─▶ drained      the next piece of a long answer

import type { SocketAddress } from '../protocol/socket-address.js'

/** Why a connection ended. Each is the number of its counter in `StreamCounter`. */
export const StreamEnd = {
  /** `finish` was called, and everything was sent. */
  finished: 0,
  /** `close` was called. */
  closed: 1,
  /** The peer, or the network, broke it off. */
  reset: 2,
  /** The peer did not take kept output for `writeSeconds`. */
  writeTimeout: 3,
  /** More than `outputBytesMax` would have been kept. */
  outputOverflow: 4,
  /** `lingerSeconds` or the bytes allowed for it passed before the peer closed its side. */
  lingerTimeout: 5,
  /** The server was closed, or its worker died. Counts connections in their handshake too. */
  serverClosed: 6,
} as const

/** What a server counts; the index of each in `StreamServer.counters`. */
export const StreamCounter = {
  endedFinished: 0,
  endedClosed: 1,
  endedReset: 2,
  endedWriteTimeout: 3,
  endedOutputOverflow: 4,
  endedLingerTimeout: 5,
  endedServerClosed: 6,
  accepted: 7,
  /** Closed at once: the address had `connectionsPerAddressMax` already. */
  refusedPerAddress: 8,
  /** Times that accepting stopped (native) or a connection was refused (node) because every slot was taken. */
  refusedFull: 9,
  /** Times that the system had no descriptor or memory for a connection that waited. */
  acceptsFailed: 10,
  bytesReceived: 11,
  bytesSent: 12,
  handshakesFull: 13,
  handshakesResumed: 14,
  handshakesFailed: 15,
  handshakesTimedOut: 16,
} as const

type StreamCounterName = keyof typeof StreamCounter

/** The names in the order of their numbers, for a block of counters in shared memory. */
export const streamCounterNames = Object.keys(StreamCounter) as readonly StreamCounterName[]

/** Connections that have a slot: those that were accepted and did not end. */
export function openConnections(counters: Readonly<Record<StreamCounterName, number>>): number {
  const { accepted, handshakesFailed, handshakesTimedOut } = counters
  const ended =
    counters.endedFinished +
    counters.endedClosed +
    counters.endedReset +
    counters.endedWriteTimeout +
    counters.endedOutputOverflow +
    counters.endedLingerTimeout +
    counters.endedServerClosed
  // These never opened for their protocol, and have no other end.
  return Math.max(0, accepted - ended - handshakesFailed - handshakesTimedOut)
}

/** What is spoken over the connections of one server. Callbacks never run inside one another. */
export interface StreamProtocol {
  /** A connection was accepted (TLS: its handshake is done). */
  open(connection: number): void
  /**
   * Bytes have come: input[start, end) is everything not yet consumed. Returns how many of them were consumed; the
   * rest is kept (less than inputBytesMax) and shown again with what follows, and once after kept output was sent.
   * What the protocol has changed in the rest is shown as it left it. Not called while output is kept.
   */
  receive(connection: number, input: Uint8Array, start: number, end: number): number
  /**
   * inputBytesMax bytes have come and none was consumed. The protocol may answer; the connection is finished when
   * this returns, if it has not been closed.
   */
  overflow(connection: number, input: Uint8Array, start: number, end: number): void
  /**
   * The time limit set by `setDeadline` passed; it is no longer set. `phase` is what the protocol said with it.
   * The protocol answers, finishes, closes or sets another.
   */
  expired(connection: number, phase: number): void
  /**
   * The peer closed its sending side, `keptBytes` were never consumed. The protocol may still write; it finishes or
   * closes, now or later (its deadline still counts).
   */
  ended(connection: number, keptBytes: number): void
  /**
   * Asked for by `whenDrained`: no output is kept, so that more may be written. One connection in a turn, so that many
   * long answers delay nobody by more than one piece.
   */
  drained(connection: number): void
  /** The server's wake-up was used (`WakeUp`): once in a turn, however often it was. */
  woken?(): void
  /** The slot is about to be freed: forget it. `cause` is a `StreamEnd`. Called exactly once for each `open`. */
  closed(connection: number, cause: number): void
}

/** Limits of one server, that is, of one worker. */
export interface StreamLimits {
  /** Connections at a time. */
  readonly capacity: number
  /** Connections of one IPv4 address or one IPv6 /64 at a time; 0 for no limit. Unix sockets have no address. */
  readonly connectionsPerAddressMax: number
  /** Input kept for a connection, and the most read in one step. */
  readonly inputBytesMax: number
  /** Output kept for a connection whose peer reads slowly. */
  readonly outputBytesMax: number
  readonly handshakeSeconds: number
  /** Without progress on kept output for so long, the connection is closed. */
  readonly writeSeconds: number
  /** How long a finished connection waits for its peer, if input may be unread (a reset would lose the answer). */
  readonly lingerSeconds: number
  /** 32-bit words for the protocol's own use with each connection. */
  readonly protocolWordCount: number
  /** Bytes of `StreamServer.output`. */
  readonly outputScratchBytes: number
}

export interface StreamServer {
  /** Source of each connection: 4 or 6; 0 for a Unix socket. The protocol may overwrite it (reverse proxies). */
  readonly families: Uint8Array
  /** Four words for each connection as they lie on the wire. IPv4 (also mapped into IPv6) is in the first. */
  readonly addresses: Int32Array
  readonly ports: Uint16Array
  /** `protocolWordCount` words for each connection, zero when it opens. */
  readonly protocolWords: Int32Array
  /** Room to write an answer into before `write` of this very array. What is in it survives no callback. */
  readonly output: Uint8Array
  /** Raised when a slot is freed: with it, a connection is told from later ones in its slot. */
  readonly generations: Uint32Array
  /** Indexed by `StreamCounter`. */
  readonly counters: Float64Array
  /** Monotonic seconds at the start of this turn. */
  readonly nowSeconds: number
  /** Connections that have a slot, whether open, in their handshake or finishing. */
  readonly connections: number
  /**
   * Sends bytes[start, end) or keeps what the system does not take. More than `outputBytesMax` kept ends the
   * connection. Answers to several requests of one `receive` are best written at once.
   * @returns false when some is kept (or the connection is over): whoever has much to say leaves the rest of its input
   *   unconsumed and goes on when it is shown again
   */
  write(connection: number, bytes: Uint8Array, start: number, end: number): boolean
  /** Bytes written that the system has not taken yet. */
  keptOutputBytes(connection: number): number
  /** No more input is shown; the connection closes when everything is sent, without losing it to a reset. */
  finish(connection: number): void
  /** Closes when the current callback returns; kept output is dropped. */
  close(connection: number): void
  /** Calls `drained` once, in a later turn, as soon as no output is kept. For answers that are made in pieces. */
  whenDrained(connection: number): void
  /** Calls `expired` with `phase` in `seconds` from now, within about a second; replaces the one before; 0 for none. */
  setDeadline(connection: number, phase: number, seconds: number): void
}

/** How other threads have `StreamProtocol.woken` called. Each engine uses what it has for it. */
export interface WakeUp {
  /** Of `openWakeUp`; `wakeNative` wakes (native engine). Stays open, and the caller's. */
  readonly fd?: number
  /** One word of shared memory; `wakeNode` wakes (node engine). */
  readonly signal?: Int32Array
}

/** Where a server listens: an address and port, or the path of a Unix-domain socket. */
export type StreamAddress = SocketAddress | { readonly path: string }
