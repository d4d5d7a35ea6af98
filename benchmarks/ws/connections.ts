// Many WebSockets of one process on blocking system calls: opened a batch at a time, each from a loopback address
// of its own, so that neither ports nor a tracker's limits for an address run out.
import {
  AF_INET,
  MSG_NOSIGNAL,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  TCP_NODELAY,
} from '../../src/net/native/constants.js'
import { type Libc, loadLibc } from '../../src/net/native/libc.js'
import { encodeSocketAddress, setOption } from '../../src/net/native/socket.js'
import { ReceivedFrame, type TextFrame, upgradeRequest } from './frames.js'

/** Fewer than a listener keeps waiting by default anywhere. */
const openedAtOnce = 128
const patienceSeconds = 10
const receiveBytes = 65_536
/** `struct timeval` of 64-bit Linux. */
const patience = BigInt64Array.of(BigInt(patienceSeconds), 0n)

/** A loopback address of its own for each of the first 62,500 connections. */
function sourceOf(index: number): string {
  return `127.1.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`
}

/** Opened connections; closed by the end of the process. */
export class Connections {
  readonly #libc: Libc = loadLibc()
  readonly #input = Buffer.alloc(receiveBytes)
  readonly #frame = new ReceivedFrame()
  readonly fds: Int32Array

  /** Opens `count` WebSockets. @throws with the number of the connection that is refused */
  constructor(port: number, count: number) {
    this.fds = new Int32Array(count).fill(-1)
    const tracker = encodeSocketAddress({ address: '127.0.0.1', port })
    for (let first = 0; first < count; first += openedAtOnce) {
      const end = Math.min(count, first + openedAtOnce)
      for (let index = first; index < end; index++) this.#connect(index, tracker)
      for (let index = first; index < end; index++) this.#awaitUpgrade(index)
    }
  }

  get count(): number {
    return this.fds.length
  }

  /** Sends one message over each connection and waits until each has got one back. */
  askAll(messageOf: (index: number) => TextFrame): void {
    for (let first = 0; first < this.count; first += openedAtOnce) {
      const end = Math.min(this.count, first + openedAtOnce)
      for (let index = first; index < end; index++) this.send(index, messageOf(index).bytes)
      for (let index = first; index < end; index++) this.#awaitMessage(index)
    }
  }

  /** Sends all bytes; waits while the tracker does not read. @throws when the connection has ended */
  send(index: number, bytes: Uint8Array, count = bytes.length): void {
    const sent = this.#libc.send(this.fds[index]!, bytes, count, MSG_NOSIGNAL)
    // A blocking send of stream sockets takes everything, or the connection has ended.
    if (sent !== count) this.#fail(index, `sent ${sent} of ${count} bytes, errno ${this.#libc.errno()}`)
  }

  #connect(index: number, tracker: Uint8Array): void {
    const libc = this.#libc
    const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
    if (fd < 0) this.#fail(index, `no socket, errno ${libc.errno()}`)
    this.fds[index] = fd
    setOption(libc, fd, SOL_TCP, TCP_NODELAY, 1)
    if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.byteLength) !== 0)
      this.#fail(index, `no time limit, errno ${libc.errno()}`)
    const source = encodeSocketAddress({ address: sourceOf(index), port: 0 })
    if (libc.bind(fd, source, source.length) !== 0) this.#fail(index, `not bound, errno ${libc.errno()}`)
    if (libc.connect(fd, tracker, tracker.length) !== 0)
      this.#fail(index, `not connected, errno ${libc.errno()}`)
    this.send(index, upgradeRequest)
  }

  #receive(index: number, at: number): number {
    const room = this.#input.subarray(at)
    const count = this.#libc.recv(this.fds[index]!, room, room.length, 0)
    if (count <= 0) this.#fail(index, `closed or silent for ${patienceSeconds} s (recv ${count})`)
    return at + count
  }

  #awaitUpgrade(index: number): void {
    let end = 0
    do end = this.#receive(index, end)
    while (this.#input.indexOf('\r\n\r\n') < 0 || this.#input.indexOf('\r\n\r\n') > end - 4)
    const answer = this.#input.toString('latin1', 0, end)
    if (!answer.startsWith('HTTP/1.1 101 ')) this.#fail(index, `no upgrade but ${answer.slice(0, 60)}`)
  }

  #awaitMessage(index: number): void {
    let end = 0
    do end = this.#receive(index, end)
    while (!this.#frame.read(this.#input, 0, end))
    const text = this.#input.toString('utf8', this.#frame.start, this.#frame.end)
    if (!text.includes('"complete"'))
      this.#fail(index, `no response to an announce but ${text.slice(0, 200)}`)
  }

  #fail(index: number, sentence: string): never {
    throw new Error(`connection ${index}: ${sentence}`)
  }
}
