// Frames from the client's side (RFC 6455 section 5): headers of a server's, and our own, which are masked.

import {
  CONTROL_PAYLOAD_BYTES_MAX,
  type FrameHeader,
  FrameStatus,
  frameHeaderBytes,
  Opcode,
  writeFrameHeader,
} from './frame-header.js'
import { Unmasker } from './unmask.js'

const FIN = 0x80
const RESERVED = 0x70
const MASKED = 0x80
const MASK_BYTES = 4
const LENGTH_IN_2_BYTES = 126
/** Data opcodes 0 to 2 and control opcodes 8 to 10; the others are reserved. */
const KNOWN_OPCODES = 0b111_0000_0111

/**
 * Reads the header of a server's frame at input[at], of which the bytes before `end` are here. What is wrong is said
 * as soon as the byte that is wrong is here: a server masks nothing, and no extension was asked for.
 * @returns a `FrameStatus`
 */
export function decodeServerFrameHeader(
  input: Uint8Array,
  at: number,
  end: number,
  header: FrameHeader,
): number {
  if (at >= end) return FrameStatus.incomplete
  const first = input[at]
  const opcode = first & 0x0f
  if ((first & RESERVED) !== 0 || ((KNOWN_OPCODES >> opcode) & 1) === 0) return FrameStatus.invalid
  const isControl = opcode >= Opcode.close
  if (isControl && (first & FIN) === 0) return FrameStatus.invalid
  if (at + 1 >= end) return FrameStatus.incomplete
  const length = input[at + 1]
  if ((length & MASKED) !== 0) return FrameStatus.invalid
  if (isControl && length > CONTROL_PAYLOAD_BYTES_MAX) return FrameStatus.invalid
  const lengthBytes = length < LENGTH_IN_2_BYTES ? 0 : length === LENGTH_IN_2_BYTES ? 2 : 8
  // The highest bit of a length of eight bytes must be 0.
  if (lengthBytes === 8 && at + 2 < end && input[at + 2] >= 0x80) return FrameStatus.invalid
  if (at + 2 + lengthBytes > end) return FrameStatus.incomplete
  header.isFinal = (first & FIN) !== 0
  header.opcode = opcode
  header.headerBytes = 2 + lengthBytes
  header.mask = 0
  if (lengthBytes === 0) header.payloadBytes = length
  else {
    header.payloadBytes = 0
    for (let byte = 0; byte < lengthBytes; byte++) {
      header.payloadBytes = header.payloadBytes * 256 + input[at + 2 + byte]
    }
  }
  return FrameStatus.complete
}

/** Bytes of a client's header for a payload of so many bytes. */
export function clientHeaderBytes(payloadBytes: number): number {
  return frameHeaderBytes(payloadBytes) + MASK_BYTES
}

/** Writes masked frames around payloads that lie where they are sent from. */
export class ClientFrames {
  readonly #masker = new Unmasker()

  /**
   * Masks out[payloadStart, payloadEnd) in place and writes the header of a whole frame in front of it, for which there
   * are `clientHeaderBytes`.
   * @param mask a random word: an eavesdropper may not be able to guess it (section 10.3)
   * @returns where the frame starts
   */
  write(out: Uint8Array, payloadStart: number, payloadEnd: number, opcode: number, mask: number): number {
    const payloadBytes = payloadEnd - payloadStart
    const maskAt = payloadStart - MASK_BYTES
    this.#masker.unmask(out, payloadStart, payloadStart, payloadEnd, mask)
    out[maskAt] = mask
    out[maskAt + 1] = mask >>> 8
    out[maskAt + 2] = mask >>> 16
    out[maskAt + 3] = mask >>> 24
    const at = writeFrameHeader(out, maskAt, payloadBytes, opcode)
    out[at + 1] |= MASKED
    return at
  }
}
