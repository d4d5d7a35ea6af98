// Arrays of `struct mmsghdr`, which tell recvmmsg and sendmmsg where the datagrams, names and control data lie.
//
//   mmsghdr, 64 bytes (LP64)                            iovec, 16 bytes
//   0 name*  8 name bytes  16 iov*  24 iov count        0 base*  8 bytes
//   32 control*  40 control bytes  48 flags  56 datagram bytes
//
// Receiving and sending have a header array and an iovec array each; names and control data are shared: what came
// with request i goes out with its answer.

import type { Libc } from './libc.js'

export const HEADER_BYTES = 64
const IOVEC_BYTES = 16
export const NAME_STRIDE_BYTES = 32
export const CONTROL_STRIDE_BYTES = 64

const HEADER_WORDS = HEADER_BYTES / 4
const WORD_NAME = 0
const WORD_NAME_BYTES = 2
const WORD_IOV = 4
const WORD_IOV_COUNT = 6
const WORD_CONTROL = 8
const WORD_CONTROL_BYTES = 10
const WORD_DATAGRAM_BYTES = 14

/** The memory that the headers point to. */
export interface MessageBuffers {
  readonly packets: Uint8Array
  readonly slotBytes: number
  /** Null: no names; sockets are connected. */
  readonly names: Uint8Array | null
  readonly nameBytes: number
  /** Null: no control data. */
  readonly control: Uint8Array | null
}

/** `count` headers, header i pointing to slot i. */
export class MessageHeaders {
  /** Handed to the kernel. */
  readonly headers: Uint8Array
  readonly #words: Int32Array
  readonly #iovecs: Uint8Array
  readonly #iovecWords: Int32Array
  /** Kept so that what the headers point to stays reachable. */
  readonly buffers: MessageBuffers
  /** Which slot header i points to now. */
  readonly #slots: Int32Array
  /** For each slot its name, iovec and control addresses, two words each. */
  readonly #slotPointers: Int32Array

  constructor(libc: Libc, count: number, buffers: MessageBuffers) {
    this.buffers = buffers
    this.headers = new Uint8Array(count * HEADER_BYTES)
    this.#words = new Int32Array(this.headers.buffer)
    this.#iovecs = new Uint8Array(count * IOVEC_BYTES)
    this.#iovecWords = new Int32Array(this.#iovecs.buffer)
    this.#slots = new Int32Array(count).fill(-1)
    this.#slotPointers = new Int32Array(count * 6)
    const packetsAt = libc.addressOf(buffers.packets)
    const namesAt = buffers.names === null ? 0n : libc.addressOf(buffers.names)
    const controlAt = buffers.control === null ? 0n : libc.addressOf(buffers.control)
    const iovecsAt = libc.addressOf(this.#iovecs)
    const iovecs = new BigUint64Array(this.#iovecs.buffer)
    const pointers = new BigUint64Array(this.#slotPointers.buffer)
    for (let slot = 0; slot < count; slot++) {
      iovecs[slot * 2] = packetsAt + BigInt(slot * buffers.slotBytes)
      iovecs[slot * 2 + 1] = BigInt(buffers.slotBytes)
      pointers[slot * 3] = namesAt === 0n ? 0n : namesAt + BigInt(slot * NAME_STRIDE_BYTES)
      pointers[slot * 3 + 1] = iovecsAt + BigInt(slot * IOVEC_BYTES)
      pointers[slot * 3 + 2] = controlAt === 0n ? 0n : controlAt + BigInt(slot * CONTROL_STRIDE_BYTES)
      this.#words[slot * HEADER_WORDS + WORD_NAME_BYTES] = buffers.nameBytes
      this.#words[slot * HEADER_WORDS + WORD_IOV_COUNT] = 1
      this.pointTo(slot, slot)
    }
  }

  /** Points header `index` to the datagram, name and control data of `slot`. */
  pointTo(index: number, slot: number): void {
    if (this.#slots[index] === slot) return
    this.#slots[index] = slot
    const at = index * HEADER_WORDS
    const from = slot * 6
    this.#words[at + WORD_NAME] = this.#slotPointers[from]
    this.#words[at + WORD_NAME + 1] = this.#slotPointers[from + 1]
    this.#words[at + WORD_IOV] = this.#slotPointers[from + 2]
    this.#words[at + WORD_IOV + 1] = this.#slotPointers[from + 3]
    this.#words[at + WORD_CONTROL] = this.#slotPointers[from + 4]
    this.#words[at + WORD_CONTROL + 1] = this.#slotPointers[from + 5]
  }

  /** Bytes that header `index` sends from `slot`. */
  setLength(slot: number, bytes: number): void {
    this.#iovecWords[slot * 4 + 2] = bytes
  }

  /** Bytes of the datagram received by header `index`, as it was sent. */
  lengthOf(index: number): number {
    return this.#words[index * HEADER_WORDS + WORD_DATAGRAM_BYTES]
  }

  /** Length of the control data, written by the kernel on receive and read by it on send. */
  controlBytesOf(index: number): number {
    return this.#words[index * HEADER_WORDS + WORD_CONTROL_BYTES]
  }

  setControlBytes(index: number, bytes: number): void {
    this.#words[index * HEADER_WORDS + WORD_CONTROL_BYTES] = bytes
  }
}
