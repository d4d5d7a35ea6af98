// Frames of a WebSocket client for tests, right and wrong ones, and what a server sends back (RFC 6455 section 5.2).

/** What to put into a frame; a whole, masked text frame if not said otherwise. */
export interface FrameOptions {
  readonly opcode?: number
  readonly payload?: Uint8Array | string
  readonly isFinal?: boolean
  /** RSV1 to RSV3 as a number of three bits. */
  readonly reserved?: number
  /** Four bytes; null sends the payload unmasked. */
  readonly mask?: Uint8Array | null
  /** Bytes of the extended length, instead of the shortest form; and the length said, instead of the right one. */
  readonly lengthBytes?: 0 | 2 | 8
  readonly length?: bigint
}

const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

/** The bytes of one frame. */
export function frame(options: FrameOptions = {}): Buffer {
  const { opcode = 1, isFinal = true, reserved = 0, mask = MASK } = options
  const payload = Buffer.from(options.payload ?? '')
  const length = options.length ?? BigInt(payload.length)
  const lengthBytes = options.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8)
  const head = Buffer.alloc(2 + lengthBytes)
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode
  head[1] = (mask === null ? 0 : 0x80) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2)
  else if (lengthBytes === 8) head.writeBigUInt64BE(length, 2)
  if (mask === null) return Buffer.concat([head, payload])
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4])])
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason)])
}

/** A frame as a server sent it. */
export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/**
 * The whole frames in what a server sent.
 * @throws when one of them is masked, fragmented, has a reserved bit, or says its length in too many bytes
 */
export function serverFrames(bytes: Buffer): { readonly frames: ServerFrame[]; readonly rest: Buffer } {
  const frames: ServerFrame[] = []
  let at = 0
  for (;;) {
    const frameAt = at
    if (bytes.length - at < 2) return { frames, rest: bytes.subarray(frameAt) }
    const [first, second] = [bytes[at], bytes[at + 1]]
    if ((first & 0xf0) !== 0x80 || (second & 0x80) !== 0)
      throw new Error(`a frame begins ${first}, ${second}`)
    const lengthBytes = second === 126 ? 2 : second === 127 ? 8 : 0
    if (bytes.length - at < 2 + lengthBytes) return { frames, rest: bytes.subarray(frameAt) }
    let length = second
    if (lengthBytes === 2) length = bytes.readUInt16BE(at + 2)
    else if (lengthBytes === 8) length = Number(bytes.readBigUInt64BE(at + 2))
    if (lengthBytes > 0 && length < (lengthBytes === 2 ? 126 : 65_536)) throw new Error('a length too long')
    at += 2 + lengthBytes
    if (bytes.length - at < length) return { frames, rest: bytes.subarray(frameAt) }
    frames.push({ opcode: first & 0x0f, payload: Buffer.from(bytes.subarray(at, at + length)) })
    at += length
  }
}
