// The connection ids of a worker's sockets, one each: BEP 15 lets a client use one for a minute after it came, so each
// is asked for anew in time. One that the tracker refuses, or does not answer to any more, is replaced at once.

/** An id is asked for anew at this age, and not used from the next on. */
const REFRESH_MS = 45_000
const EXPIRY_MS = 60_000
/** Shortest time between two requests for an id over one socket: a tracker that refuses each one is not flooded. */
const RETRY_MS = 100

export class ConnectionIds {
  /** Raw words, as they lie on the wire. */
  readonly words: Int32Array
  /** Sockets that have had an id. */
  opened = 0
  readonly #cameMs: Float64Array
  /** When the next one may be asked for; Infinity while one is on its way. */
  readonly #dueMs: Float64Array
  readonly #isWanted: Uint8Array

  constructor(sockets: number) {
    this.words = new Int32Array(sockets * 2)
    this.#cameMs = new Float64Array(sockets).fill(Number.NEGATIVE_INFINITY)
    this.#dueMs = new Float64Array(sockets).fill(Number.NEGATIVE_INFINITY)
    this.#isWanted = new Uint8Array(sockets).fill(1)
  }

  /** Whether requests can be sent over a socket. */
  isUsable(socket: number, nowMs: number): boolean {
    return nowMs - this.#cameMs[socket] < EXPIRY_MS
  }

  /** Whether an id should be asked for now. */
  isDue(socket: number, nowMs: number): boolean {
    return this.#isWanted[socket] === 1 && nowMs >= this.#dueMs[socket]
  }

  /** To be called now and then: finds ids that are old. */
  look(socket: number, nowMs: number): void {
    if (nowMs - this.#cameMs[socket] >= REFRESH_MS) this.#isWanted[socket] = 1
  }

  /** The id is of no use, or may be: asks for another, and goes on with this one until it comes. */
  doubt(socket: number): void {
    this.#isWanted[socket] = 1
  }

  /** It has been asked for. */
  asked(socket: number): void {
    this.#dueMs[socket] = Number.POSITIVE_INFINITY
  }

  /** What was asked for will not come. */
  failed(socket: number, askedMs: number): void {
    this.#dueMs[socket] = askedMs + RETRY_MS
  }

  /** The network says that nobody is there: no need to wait for the answer before another try. */
  refused(socket: number, nowMs: number): void {
    if (this.#dueMs[socket] === Number.POSITIVE_INFINITY) this.#dueMs[socket] = nowMs + RETRY_MS
  }

  /** An id has come. @returns whether it is the socket's first */
  came(socket: number, word0: number, word1: number, nowMs: number): boolean {
    const isFirst = this.#cameMs[socket] === Number.NEGATIVE_INFINITY
    this.words[socket * 2] = word0
    this.words[socket * 2 + 1] = word1
    this.#cameMs[socket] = nowMs
    this.#dueMs[socket] = nowMs + RETRY_MS
    this.#isWanted[socket] = 0
    if (isFirst) this.opened++
    return isFirst
  }
}
