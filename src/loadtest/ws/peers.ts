// Who a worker's connections are: one peer each, for its whole life, in a torrent drawn by popularity.

import type { LoadPlan } from '../plan.js'
import { Population } from '../population.js'
import type { Random } from '../random.js'

const ID_WORDS = 5
const ID_BYTES = 4 * ID_WORDS

/** What is left of a leecher's download, in bytes. */
export const LEFT_BYTES = 1_048_576

export class Peers {
  readonly population: Population
  /** Info hash and peer id of each slot. */
  readonly words: Int32Array
  /** The same memory. */
  readonly bytes: Uint8Array
  readonly #seeders: Uint8Array

  constructor(plan: LoadPlan, worker: number, random: Random) {
    const capacity = plan.connectionsPerWorker
    const peers = plan.workers * capacity
    this.population = new Population({ ...plan.population, peers }, plan.seed, worker, plan.workers)
    this.words = new Int32Array(2 * ID_WORDS * capacity)
    this.bytes = new Uint8Array(this.words.buffer)
    this.#seeders = new Uint8Array(capacity)
    for (let slot = 0; slot < capacity; slot++) {
      const at = 2 * ID_WORDS * slot
      this.population.writeInfoHash(this.words, at, this.population.torrentOf(slot))
      this.population.writePeerId(this.words, at + ID_WORDS, slot)
      this.#seeders[slot] = random.unit() < plan.population.seederShare ? 1 : 0
    }
  }

  /** Where the 20 bytes of a slot's info hash are. */
  hashAt(slot: number): number {
    return 2 * ID_BYTES * slot
  }

  peerAt(slot: number): number {
    return 2 * ID_BYTES * slot + ID_BYTES
  }

  /** Bytes that the peer has not got. */
  leftOf(slot: number): number {
    return this.#seeders[slot] === 1 ? 0 : LEFT_BYTES
  }

  /** Whether five words are the slot's info hash. */
  isHash(slot: number, words: Int32Array): boolean {
    return this.#isSame(2 * ID_WORDS * slot, words)
  }

  isPeerId(slot: number, words: Int32Array): boolean {
    return this.#isSame(2 * ID_WORDS * slot + ID_WORDS, words)
  }

  #isSame(at: number, words: Int32Array): boolean {
    for (let word = 0; word < ID_WORDS; word++) if (this.words[at + word] !== words[word]) return false
    return true
  }
}
