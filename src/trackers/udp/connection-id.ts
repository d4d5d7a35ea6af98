// Connection ids: proof that a client receives at the address it claims (BEP 15), without memory of any client.
//
// Threat: a sender with a forged source address lists a victim as a peer, or has big answers sent to it. An id is
//   word 0: seconds since the tracker started, when the id was given
//   word 1: low 32 bits of SipHash-2-4(secret, word 0 ‖ source address)
// so it fits one address only, ages visibly and needs no table. The secret is drawn at start and shared by all
// workers: an id is good on each of them, and worth nothing after a restart. A blind guess succeeds with 2^-32; the
// upper bound on the time stamp stops an attacker from searching for an id that stays valid for years. The port is
// left out: clients behind one address may share an id (as in the reference).

import { randomFillSync } from 'node:crypto'
import { type SipHashKey, sipHash24 } from './siphash.js'

/** Clocks of two workers may differ by their rounding; nothing later than this is believed. */
const FUTURE_TOLERANCE_SECONDS = 60

/** Draws the secret of one run. */
export function createConnectionIdKey(): SipHashKey {
  return randomFillSync(new Int32Array(4))
}

/** Issues and checks connection ids. `word0` and `word1` hold the id last issued. */
export class ConnectionIds {
  word0 = 0
  word1 = 0
  readonly #key: SipHashKey
  readonly #maxAgeSeconds: number
  readonly #message = new Int32Array(5)

  constructor(key: SipHashKey, maxAgeSeconds: number) {
    this.#key = key
    this.#maxAgeSeconds = maxAgeSeconds
  }

  /**
   * Sets `word0` and `word1` to an id for the source address.
   * @param addresses address words, four for each source; IPv4 uses the first
   * @param at index of the source's first word
   */
  issue(family: number, addresses: Int32Array, at: number, nowSeconds: number): void {
    this.word0 = nowSeconds
    this.word1 = this.#hash(nowSeconds, family, addresses, at)
  }

  /**
   * Whether the id was issued to this source address and is not older than the limit. Times are whole seconds, so it
   * lives for the limit at least and for a second more at most.
   */
  isValid(
    word0: number,
    word1: number,
    family: number,
    addresses: Int32Array,
    at: number,
    nowSeconds: number,
  ): boolean {
    const ageSeconds = nowSeconds - word0
    // One 32-bit comparison: its time does not depend on which bits differ.
    const isAuthentic = this.#hash(word0, family, addresses, at) === word1
    return isAuthentic && ageSeconds <= this.#maxAgeSeconds && ageSeconds >= -FUTURE_TOLERANCE_SECONDS
  }

  #hash(seconds: number, family: number, addresses: Int32Array, at: number): number {
    const message = this.#message
    message[0] = seconds
    message[1] = addresses[at]
    if (family === 4) return sipHash24(this.#key, message, 2)
    message[2] = addresses[at + 1]
    message[3] = addresses[at + 2]
    message[4] = addresses[at + 3]
    return sipHash24(this.#key, message, 5)
  }
}
