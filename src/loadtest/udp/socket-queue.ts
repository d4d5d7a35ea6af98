// Sockets over which something may be sent, first come first served, each at most once.

export class SocketQueue {
  readonly #sockets: Int32Array
  readonly #isQueued: Uint8Array
  #first = 0
  #count = 0

  constructor(sockets: number) {
    this.#sockets = new Int32Array(sockets)
    this.#isQueued = new Uint8Array(sockets)
  }

  push(socket: number): void {
    if (this.#isQueued[socket] === 1) return
    this.#isQueued[socket] = 1
    const last = this.#first + this.#count
    this.#sockets[last < this.#sockets.length ? last : last - this.#sockets.length] = socket
    this.#count++
  }

  pushAll(): void {
    for (let socket = 0; socket < this.#sockets.length; socket++) this.push(socket)
  }

  /** @returns the next socket, taken out; -1: none */
  shift(): number {
    if (this.#count === 0) return -1
    const socket = this.#sockets[this.#first]
    this.#isQueued[socket] = 0
    this.#first = this.#first + 1 === this.#sockets.length ? 0 : this.#first + 1
    this.#count--
    return socket
  }
}
