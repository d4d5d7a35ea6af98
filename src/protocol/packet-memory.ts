// One stretch of memory that holds packets, seen as bytes, 16-bit halves and 32-bit words at once.
// The codecs load fields as whole words where the layout allows: one load instead of four.

import { strict as assert } from 'node:assert'
import { endianness } from 'node:os'

// Words are loaded in the machine's order and the codecs assume the low byte first (x86, ARM, RISC-V, ...).
assert.equal(endianness(), 'LE', 'aquatic needs a little-endian processor')

/** A buffer under three views. Offsets given to the codecs are in bytes and multiples of four. */
export class PacketMemory {
  readonly bytes: Uint8Array
  readonly halves: Uint16Array
  readonly words: Int32Array

  /** @param sizeBytes a multiple of four */
  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(sizeBytes)
    this.bytes = new Uint8Array(buffer)
    this.halves = new Uint16Array(buffer)
    this.words = new Int32Array(buffer)
  }
}

/** Reverses the bytes of a 32-bit word: network order to host order and back. Result is a signed 32-bit number. */
export function swap32(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

/** Reverses the bytes of a 16-bit half, 0..65535. */
export function swap16(half: number): number {
  return ((half & 0xff) << 8) | ((half >>> 8) & 0xff)
}
