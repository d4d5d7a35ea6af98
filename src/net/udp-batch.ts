// A batch of datagrams: the requests of one receive call, who sent them, and the answers written over them.
// Engines fill it and send it; trackers read and answer it. Neither knows the other.
//
//   memory   | slot 0 | slot 1 | ... |      request i lies at i * slotBytes, its answer in the same place
//   columns  lengths[i]  families[i]  addresses[4 i .. 4 i + 3]  sourcePorts[i]  ->  answerLengths[i]
//
// An engine on AF_XDP would give each request an offset of its own inside memory shared with the kernel; handlers
// therefore ask `offsetOf(i)` and never multiply.

import { PacketMemory } from '../protocol/packet-memory.js'

const CACHE_LINE_BYTES = 64

/** Slots are an odd number of cache lines: a power of two would map all of them to the same few cache sets. */
function slotBytesFor(packetBytes: number): number {
  const lines = Math.ceil(packetBytes / CACHE_LINE_BYTES)
  return (lines % 2 === 0 ? lines + 1 : lines) * CACHE_LINE_BYTES
}

export class UdpBatch {
  readonly capacity: number
  readonly slotBytes: number
  readonly memory: PacketMemory
  /** Datagrams in the batch now. */
  count = 0
  /** Bytes of each request as it was sent; of one longer than its slot only the beginning is in memory. */
  readonly lengths: Int32Array
  /** 4 or 6; an IPv4-mapped IPv6 source is an IPv4 source. */
  readonly families: Uint8Array
  /** Source addresses as they lie on the wire, four words each; IPv4 uses the first. */
  readonly addresses: Int32Array
  /** Source ports in host order; 0 can't be answered. */
  readonly sourcePorts: Uint16Array
  /** Bytes of each answer; 0: no answer. */
  readonly answerLengths: Int32Array

  /**
   * @param capacity datagrams at most
   * @param packetBytes longest request read and longest answer written
   */
  constructor(capacity: number, packetBytes: number) {
    this.capacity = capacity
    this.slotBytes = slotBytesFor(packetBytes)
    this.memory = new PacketMemory(capacity * this.slotBytes)
    this.lengths = new Int32Array(capacity)
    this.families = new Uint8Array(capacity)
    this.addresses = new Int32Array(capacity * 4)
    this.sourcePorts = new Uint16Array(capacity)
    this.answerLengths = new Int32Array(capacity)
  }

  /** Byte offset of request and answer `index` in `memory`. */
  offsetOf(index: number): number {
    return index * this.slotBytes
  }
}

/** What became of the answers of one batch; added up by the worker. */
export class SendTotals {
  /** Datagrams the kernel took. */
  sent = 0
  /** Answers given up: the address can't be reached, or the kernel had no memory after several tries. */
  skipped = 0
  /** Tries repeated because the kernel had no room. */
  retried = 0
}
