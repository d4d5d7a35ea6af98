// A batch of datagrams of a client: what is sent over one connected socket, or what was received from it.

import { PacketMemory } from '../protocol/packet-memory.js'

const CACHE_LINE_BYTES = 64

/** Slots are an odd number of cache lines: a power of two would map all of them to the same few cache sets. */
function slotBytesFor(datagramBytes: number): number {
  const lines = Math.ceil(datagramBytes / CACHE_LINE_BYTES)
  return (lines % 2 === 0 ? lines + 1 : lines) * CACHE_LINE_BYTES
}

export class DatagramBatch {
  readonly capacity: number
  readonly slotBytes: number
  readonly memory: PacketMemory
  /** Bytes of each datagram as it was or is sent; of a longer one only `slotBytes` are in memory. */
  readonly lengths: Int32Array
  /** Datagrams in the batch now. */
  count = 0

  constructor(capacity: number, datagramBytes: number) {
    this.capacity = capacity
    this.slotBytes = slotBytesFor(datagramBytes)
    this.memory = new PacketMemory(capacity * this.slotBytes)
    this.lengths = new Int32Array(capacity)
  }

  /** Byte offset of datagram `index` in `memory`. */
  offsetOf(index: number): number {
    return index * this.slotBytes
  }
}
