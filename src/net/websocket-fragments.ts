// Messages that come in several frames, collected until they are whole. Few clients send any.

/** The first piece of memory for a message, in bytes; more grows in powers of two. */
const PIECE_BYTES = 1024

interface Collected {
  bytes: Uint8Array
  length: number
}

export class Fragments {
  readonly #bytesMax: number
  readonly #messages = new Map<number, Collected>()

  /** @param bytesMax of one message; callers see to it */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes collected for the connection. */
  length(connection: number): number {
    return this.#messages.get(connection)?.length ?? 0
  }

  append(connection: number, from: Uint8Array, start: number, end: number): void {
    let message = this.#messages.get(connection)
    if (message === undefined) {
      message = { bytes: new Uint8Array(0), length: 0 }
      this.#messages.set(connection, message)
    }
    const length = message.length + end - start
    if (length > message.bytes.length) {
      const wanted = 2 ** Math.ceil(Math.log2(Math.max(PIECE_BYTES, length)))
      const larger = new Uint8Array(Math.max(length, Math.min(wanted, this.#bytesMax)))
      larger.set(message.bytes.subarray(0, message.length))
      message.bytes = larger
    }
    message.bytes.set(from.subarray(start, end), message.length)
    message.length = length
  }

  /** The memory of the connection's message, which is forgotten; `length` says how much of it. */
  take(connection: number): Uint8Array {
    const bytes = this.#messages.get(connection)?.bytes ?? new Uint8Array(0)
    this.#messages.delete(connection)
    return bytes
  }

  forget(connection: number): void {
    this.#messages.delete(connection)
  }
}
