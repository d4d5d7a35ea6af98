// WebSocket frames as a client sends and reads them (RFC 6455, section 5), as far as the benchmarks need them.

/** Neither zero nor regular: unmasking costs the tracker what it costs with a key drawn for each frame. */
const maskKey = Uint8Array.of(0x9a, 0x3c, 0x51, 0xe7)

const FIN = 0x80
const MASKED = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127

export const Opcode = { text: 1, close: 8, ping: 9 } as const

/** Asks for a WebSocket at `/`; any tracker may be asked so. The key is the RFC's example. */
export const upgradeRequest = Buffer.from(
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  'latin1',
)

/** One masked text frame whose payload can be changed in place, byte for byte. */
export class TextFrame {
  readonly bytes: Buffer
  readonly #payloadAt: number

  /** `text` is of at most 65,535 bytes, encoded as UTF-8. */
  constructor(text: string) {
    const payload = Buffer.from(text, 'utf8')
    if (payload.length > 0xffff) throw new Error(`a frame of ${payload.length} bytes is not made here`)
    const header =
      payload.length < LENGTH_16
        ? [FIN | Opcode.text, MASKED | payload.length]
        : [FIN | Opcode.text, MASKED | LENGTH_16, payload.length >> 8, payload.length & 255]
    this.bytes = Buffer.concat([Uint8Array.from(header), maskKey, payload])
    this.#payloadAt = header.length + maskKey.length
    for (let index = 0; index < payload.length; index++) this.set(index, payload[index]!)
  }

  /** Sets one byte of the payload. */
  set(offset: number, byte: number): void {
    this.bytes[this.#payloadAt + offset] = byte ^ maskKey[offset & 3]!
  }

  /** Copies bytes into the payload. */
  copy(offset: number, source: Uint8Array, start: number, count: number): void {
    for (let index = 0; index < count; index++) this.set(offset + index, source[start + index]!)
  }
}

/** A frame that a tracker sent: where its payload lies in the bytes that were read. Reused. */
export class ReceivedFrame {
  opcode = 0
  start = 0
  end = 0

  /** Reads the frame at `at`. @returns false while bytes of it are missing */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < 2) return false
    let length = bytes[at + 1]! & 127
    let headerEnd = at + 2
    if (length === LENGTH_16) {
      headerEnd += 2
      if (headerEnd > end) return false
      length = (bytes[at + 2]! << 8) | bytes[at + 3]!
    } else if (length === LENGTH_64) {
      throw new Error('a tracker sent a frame of more than 65,535 bytes')
    }
    this.opcode = bytes[at]! & 15
    this.start = headerEnd
    this.end = headerEnd + length
    return this.end <= end
  }
}
