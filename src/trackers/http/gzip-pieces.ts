// A gzip file (RFC 1952) made piece by piece, each compressed on its own and at once: nothing is kept between two but
// a checksum and a length, so a hundred slow readers cost nothing, and no thread pool is waited for.
//
//   header   deflate blocks of piece 1, flushed to a whole byte   … piece 2 …   empty last block   CRC-32   length

import { constants, crc32, deflateRawSync } from 'node:zlib'

/** Deflate, no name, no time, fastest, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff)
/** A block of fixed codes that is the last one and holds nothing (RFC 1951 section 3.2.6). */
const EMPTY_LAST_BLOCK = Uint8Array.of(3, 0)
const TRAILER_BYTES = 8

export class GzipPieces {
  #crc = 0
  #bytes = 0
  #hasBegun = false

  /** Bytes of the file's next part, which holds `piece`; at most a little longer than that. */
  compress(piece: Uint8Array): Uint8Array {
    this.#crc = crc32(piece, this.#crc)
    this.#bytes += piece.length
    // One call of the compressor for each piece: its result is asked for in one part, and its window is not larger.
    const blocks = deflateRawSync(piece, {
      level: constants.Z_BEST_SPEED,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: Math.max(constants.Z_MIN_CHUNK, piece.length),
    })
    return this.#hasBegun ? blocks : Buffer.concat([this.#begin(), blocks])
  }

  /** The end of the file; nothing follows. */
  end(): Uint8Array {
    const trailer = Buffer.alloc(TRAILER_BYTES)
    trailer.writeUInt32LE(this.#crc)
    trailer.writeUInt32LE(this.#bytes % 2 ** 32, 4)
    return Buffer.concat([this.#begin(), EMPTY_LAST_BLOCK, trailer])
  }

  #begin(): Uint8Array {
    const header = this.#hasBegun ? HEADER.subarray(0, 0) : HEADER
    this.#hasBegun = true
    return header
  }
}
