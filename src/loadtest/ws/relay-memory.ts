// What the workers of a WebTorrent test know of each other's offers and answers: shared memory, as sender and receiver
// may be in different workers.

import { randomBytes } from 'node:crypto'
import type { LoadPlan } from '../plan.js'

/** Answers of a worker under way at a time; a power of two. Further ones are not sent. */
export const ANSWERS_MAX = 1 << 16

/** Plain data for workers. */
export interface RelayMemoryBuffers {
  readonly words: SharedArrayBuffer
  readonly times: SharedArrayBuffer
}

export function createRelayMemory(
  plan: Pick<LoadPlan, 'workers' | 'connectionsPerWorker'>,
): RelayMemoryBuffers {
  const connections = plan.workers * plan.connectionsPerWorker
  const answers = plan.workers * ANSWERS_MAX
  const words = new SharedArrayBuffer((1 + 2 * connections + answers) * 4)
  new Int32Array(words, 0, 1)[0] = randomBytes(4).readInt32LE()
  return { words, times: new SharedArrayBuffer((connections + answers) * 8) }
}

/** Connections are numbered through all workers; an answer's place is one of its worker's `ANSWERS_MAX`. */
export class RelayMemory {
  /** What the test is known by: no other one has it, whatever its seed. */
  readonly tag: number
  /** Times a connection was opened or ended: odd while it is open. */
  readonly #epochs: Int32Array
  /** Which offers of a connection's last announce have arrived. */
  readonly #arrived: Int32Array
  /** When that announce was sent, in microseconds. */
  readonly #announcedUs: Float64Array
  /** Number of the answer that is under way, 0 for none. */
  readonly #answers: Int32Array
  readonly #answeredMs: Float64Array

  constructor(
    { words, times }: RelayMemoryBuffers,
    plan: Pick<LoadPlan, 'workers' | 'connectionsPerWorker'>,
  ) {
    const connections = plan.workers * plan.connectionsPerWorker
    const answers = plan.workers * ANSWERS_MAX
    this.tag = new Int32Array(words, 0, 1)[0]
    this.#epochs = new Int32Array(words, 4, connections)
    this.#arrived = new Int32Array(words, 4 + connections * 4, connections)
    this.#answers = new Int32Array(words, 4 + 2 * connections * 4, answers)
    this.#announcedUs = new Float64Array(times, 0, connections)
    this.#answeredMs = new Float64Array(times, connections * 8, answers)
  }

  /** The connection was opened, or has ended. */
  turn(connection: number): void {
    Atomics.add(this.#epochs, connection, 1)
  }

  epoch(connection: number): number {
    return Atomics.load(this.#epochs, connection)
  }

  /** A connection is about to announce with offers. */
  announce(connection: number, sentUs: number): void {
    Atomics.store(this.#arrived, connection, 0)
    this.#announcedUs[connection] = sentUs
  }

  /** Notes that an offer has arrived. @returns false if it had before: known of the first 32 of the last announce */
  arrive(connection: number, sentUs: number, offer: number): boolean {
    if (offer >= 32 || this.#announcedUs[connection] !== sentUs) return true
    const bit = 1 << offer
    return (Atomics.or(this.#arrived, connection, bit) & bit) === 0
  }

  /** An answer is about to be sent. @param number not 0 */
  sendAnswer(worker: number, place: number, number: number, sentMs: number): void {
    this.#answeredMs[worker * ANSWERS_MAX + place] = sentMs
    Atomics.store(this.#answers, worker * ANSWERS_MAX + place, number)
  }

  /** Takes an answer out of those under way. @returns false if it is not: received before, or given up */
  takeAnswer(worker: number, place: number, number: number): boolean {
    return Atomics.compareExchange(this.#answers, worker * ANSWERS_MAX + place, number, 0) === number
  }

  isUnderWay(worker: number, place: number, number: number): boolean {
    return Atomics.load(this.#answers, worker * ANSWERS_MAX + place) === number
  }

  /** When the answer of a place was sent, or the one that had the place since. */
  answerSentMs(worker: number, place: number): number {
    return this.#answeredMs[worker * ANSWERS_MAX + place]
  }
}
