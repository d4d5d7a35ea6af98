// The datagram socket on which a service manager listens for what a service has to say (sd_notify(3), NOTIFY_SOCKET).
// It is connected once, at start: after a change of the root directory its path can't be reached any more.

import { errnoName } from '../errno.js'
import {
  AF_UNIX,
  MSG_NOSIGNAL,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  SUN_PATH_BYTES,
} from './constants.js'
import { loadLibc } from './libc.js'

/** A manager that does not read must not hold the main thread up for longer; the message is lost then. */
const SEND_TIMEOUT_MS = 500

export class NotifySocket {
  readonly #address: Uint8Array
  #fd: number

  /**
   * @param name a path, or `@name` in Linux's abstract namespace
   * @throws Error when there is no such socket
   */
  constructor(name: string) {
    this.#address = encodeUnixAddress(name)
    this.#fd = connectTo(this.#address)
  }

  /** Sends one message. A manager that was restarted is looked for once more. @throws Error when that fails too */
  send(message: string): void {
    const bytes = Buffer.from(message)
    if (loadLibc().send(this.#fd, bytes, bytes.length, MSG_NOSIGNAL) >= 0) return
    const again = connectTo(this.#address)
    loadLibc().close(this.#fd)
    this.#fd = again
    if (loadLibc().send(again, bytes, bytes.length, MSG_NOSIGNAL) < 0) throw failed('send')
  }

  close(): void {
    if (this.#fd >= 0) loadLibc().close(this.#fd)
    this.#fd = -1
  }
}

/** `struct sockaddr_un`; an abstract name starts with a zero byte instead of `@` and has no end but its length. */
export function encodeUnixAddress(name: string): Uint8Array {
  const path = Buffer.from(name)
  const isAbstract = name.startsWith('@')
  if (!isAbstract && !name.startsWith('/')) throw new Error(`${name} is neither a path nor an abstract name`)
  if (path.length >= SUN_PATH_BYTES) throw new Error(`${name} is longer than ${SUN_PATH_BYTES - 1} bytes`)
  const address = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1))
  new DataView(address.buffer).setUint16(0, AF_UNIX, true)
  address.set(path, 2)
  if (isAbstract) address[2] = 0
  return address
}

function connectTo(address: Uint8Array): number {
  const libc = loadLibc()
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw failed('socket')
  const timeout = BigInt64Array.of(0n, BigInt(SEND_TIMEOUT_MS * 1000))
  libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeout, timeout.byteLength)
  if (libc.connect(fd, address, address.length) === 0) return fd
  const error = failed('connect')
  libc.close(fd)
  throw error
}

function failed(call: string): Error {
  return new Error(`${call}: ${errnoName(loadLibc().errno())}`)
}
