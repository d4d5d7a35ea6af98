// A unix datagram socket that receives, as a service manager has one (Node has none): messages are waited for in the
// order in which they come.

import { read } from 'node:fs'
import { promisify } from 'node:util'
import { AF_UNIX, SO_RCVTIMEO, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from '../../src/net/native/constants.js'
import { loadLibc } from '../../src/net/native/libc.js'
import { encodeUnixAddress } from '../../src/net/native/notify.js'
import type { Owner } from './child-process.js'

const readInto = promisify(read)

/** A blocked read looks this often whether the socket is to be closed. */
const LOOK_AGAIN_US = 50_000n
const MESSAGE_BYTES_MAX = 4096
/** An upper bound against waiting forever; no test depends on its length. */
const DEADLINE_MS = 60_000

export class UnixDatagrams {
  /** Everything received so far. */
  readonly received: string[] = []
  readonly #fd: number
  readonly #waiting: { pattern: RegExp; from: number; resolve: (message: string) => void }[] = []
  #isClosing = false
  readonly #end: Promise<void>

  /** @param name a path, or `@name` */
  constructor(owner: Owner, name: string) {
    const libc = loadLibc()
    const address = encodeUnixAddress(name)
    this.#fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    const timeout = BigInt64Array.of(0n, LOOK_AGAIN_US)
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.byteLength)
    if (libc.bind(this.#fd, address, address.length) !== 0) throw new Error(`bind ${name}: ${libc.errno()}`)
    this.#end = this.#receive()
    owner.after(() => this.close())
  }

  /** Resolves with the first message that matches, of those from number `from` on. */
  message(pattern: RegExp, from = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      const expiry = AbortSignal.timeout(DEADLINE_MS)
      const list = (): string => this.received.join(' | ')
      expiry.addEventListener('abort', () => reject(new Error(`no message ${pattern}, only: ${list()}`)))
      this.#waiting.push({ pattern, from, resolve })
      this.#wake()
    })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.#end
  }

  async #receive(): Promise<void> {
    const buffer = Buffer.alloc(MESSAGE_BYTES_MAX)
    while (!this.#isClosing) {
      try {
        const { bytesRead } = await readInto(this.#fd, buffer, 0, buffer.length, null)
        this.received.push(buffer.toString('utf8', 0, bytesRead))
        this.#wake()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
    }
    loadLibc().close(this.#fd)
  }

  #wake(): void {
    for (const { pattern, from, resolve } of this.#waiting) {
      const found = this.received.slice(from).find(message => pattern.test(message))
      if (found !== undefined) resolve(found)
    }
  }
}
