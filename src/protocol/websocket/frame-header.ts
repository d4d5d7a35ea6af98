// Headers of WebSocket frames (RFC 6455 section 5.2), decoded from clients and written for them.
//
//   FIN 1 bit · RSV 3 bits · opcode 4 bits    MASK 1 bit · length 7 bits    [length 2 or 8 bytes]    [mask 4 bytes]
//
// Clients mask every frame, servers none. No extension is ever negotiated, so that a reserved bit is always an error.

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export const FrameStatus = {
  /** More bytes are needed to know. */
  incomplete: 0,
  complete: 1,
  /** Nothing a client may send: to be failed with 1002. */
  invalid: 2,
} as const

/** What a server writes: two bytes and a length of up to eight. */
export const FRAME_HEADER_BYTES_MAX = 10
/** The same with a client's mask. */
export const CLIENT_HEADER_BYTES_MAX = 14
/** Payload of a control frame (section 5.5). */
export const CONTROL_PAYLOAD_BYTES_MAX = 125

const FIN = 0x80
const RESERVED = 0x70
const MASKED = 0x80
const LENGTH_IN_2_BYTES = 126
const LENGTH_IN_8_BYTES = 127

/** One frame's header. Reused; valid only after `complete`. */
export class FrameHeader {
  isFinal = false
  /** An `Opcode`. */
  opcode: number = Opcode.continuation
  headerBytes = 0
  /** Above 2^53 not exact, but above every limit. */
  payloadBytes = 0
  /** The mask's four bytes as a little-endian word. */
  mask = 0
}

/** Data opcodes 0 to 2 and control opcodes 8 to 10; the others are reserved. */
const KNOWN_OPCODES = 0b111_0000_0111

/**
 * Reads the header that starts at input[at], of which the bytes before `end` are here. What is wrong is said as soon
 * as the byte that is wrong is here.
 * @returns a `FrameStatus`
 */
export function decodeFrameHeader(input: Uint8Array, at: number, end: number, header: FrameHeader): number {
  if (at >= end) return FrameStatus.incomplete
  const first = input[at]
  const opcode = first & 0x0f
  if ((first & RESERVED) !== 0 || ((KNOWN_OPCODES >> opcode) & 1) === 0) return FrameStatus.invalid
  const isControl = opcode >= Opcode.close
  if (isControl && (first & FIN) === 0) return FrameStatus.invalid
  if (at + 1 >= end) return FrameStatus.incomplete
  const second = input[at + 1]
  const length = second & 0x7f
  if ((second & MASKED) === 0) return FrameStatus.invalid
  if (isControl && length > CONTROL_PAYLOAD_BYTES_MAX) return FrameStatus.invalid
  const lengthBytes = length < LENGTH_IN_2_BYTES ? 0 : length === LENGTH_IN_2_BYTES ? 2 : 8
  const maskAt = at + 2 + lengthBytes
  // The highest bit of a length of eight bytes must be 0.
  if (lengthBytes === 8 && at + 2 < end && input[at + 2] >= 0x80) return FrameStatus.invalid
  if (maskAt + 4 > end) return FrameStatus.incomplete
  header.isFinal = (first & FIN) !== 0
  header.opcode = opcode
  header.headerBytes = 6 + lengthBytes
  if (lengthBytes === 0) header.payloadBytes = length
  else if (lengthBytes === 2) header.payloadBytes = (input[at + 2] << 8) | input[at + 3]
  else header.payloadBytes = wordAt(input, at + 2) * 0x1_0000_0000 + wordAt(input, at + 6)
  header.mask =
    input[maskAt] | (input[maskAt + 1] << 8) | (input[maskAt + 2] << 16) | (input[maskAt + 3] << 24)
  return FrameStatus.complete
}

function wordAt(input: Uint8Array, at: number): number {
  return ((input[at] << 24) | (input[at + 1] << 16) | (input[at + 2] << 8) | input[at + 3]) >>> 0
}

/** Bytes of a server's header for a payload of so many bytes. */
export function frameHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < LENGTH_IN_2_BYTES) return 2
  return payloadBytes <= 0xffff ? 4 : FRAME_HEADER_BYTES_MAX
}

/**
 * Writes the header of a whole (final, unmasked) frame so that it ends at `payloadStart`.
 * @returns where it starts
 */
export function writeFrameHeader(
  out: Uint8Array,
  payloadStart: number,
  payloadBytes: number,
  opcode: number,
): number {
  const at = payloadStart - frameHeaderBytes(payloadBytes)
  out[at] = FIN | opcode
  if (payloadBytes < LENGTH_IN_2_BYTES) {
    out[at + 1] = payloadBytes
  } else if (payloadBytes <= 0xffff) {
    out[at + 1] = LENGTH_IN_2_BYTES
    out[at + 2] = payloadBytes >>> 8
    out[at + 3] = payloadBytes
  } else {
    out[at + 1] = LENGTH_IN_8_BYTES
    const high = Math.floor(payloadBytes / 0x1_0000_0000)
    for (let byte = 0; byte < 4; byte++) {
      out[at + 2 + byte] = high >>> (24 - 8 * byte)
      out[at + 6 + byte] = payloadBytes >>> (24 - 8 * byte)
    }
  }
  return at
}
