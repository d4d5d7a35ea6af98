// Which peers are still to be announced while the swarm is filled: each once, and once more where the first announce
// was lost.

import type { RequestLedger } from './ledger.js'

export class FillQueue {
  /** Whether the swarm is being filled: otherwise lost announces are nobody's. */
  isOpen = false
  readonly #peers: number
  #nextPeer = 0
  /** Lost ones are announced again before new ones, so no more wait than are in flight. */
  readonly #again: Int32Array
  #againCount = 0

  constructor(peers: number, ledger: RequestLedger) {
    this.#peers = peers
    this.#again = new Int32Array(ledger.capacity)
  }

  get isEmpty(): boolean {
    return this.#nextPeer === this.#peers && this.#againCount === 0
  }

  /** The detail of the next announce, where there is one: its peer, or the complement of it for a second try. */
  next(): number {
    if (this.#againCount > 0) return ~this.#again[--this.#againCount]
    return this.#nextPeer++
  }

  /** @param detail of an announce that nobody answered */
  lost(detail: number): void {
    if (!this.isOpen || detail < 0 || this.#againCount === this.#again.length) return
    this.#again[this.#againCount++] = detail
  }
}

/** The peer of an announce's detail. */
export function peerOf(detail: number): number {
  return detail < 0 ? ~detail : detail
}
