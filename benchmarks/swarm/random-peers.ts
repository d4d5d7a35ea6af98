// Announces of made-up peers, the same for every section: fast, repeatable, and never the same peer twice.

import { chooseEngine, preferHugePages } from '../../src/net/engine.js'
import { Announce, AnnounceResult } from '../../src/swarm/announce.js'
import { Lookahead } from '../../src/swarm/lookahead.js'
import { createSwarmMemory, heapOffsetBytes, type SwarmMemory } from '../../src/swarm/memory.js'
import { Swarm } from '../../src/swarm/swarm.js'

export const MAX_PEER_AGE_SECONDS = 1200
const CLEANING_INTERVAL_SECONDS = 120
export const WANTED_PEERS = 30
/** Announces looked ahead together. */
export const BATCH = 128

/** As much memory as a swarm can have; only what is touched counts. With huge pages, as the tracker asks for them. */
export async function createLargeMemory(): Promise<SwarmMemory> {
  const memory = createSwarmMemory({
    memoryLimitBytes: 8 * 1024 ** 3,
    maxPeerAgeSeconds: MAX_PEER_AGE_SECONDS,
    cleaningIntervalSeconds: CLEANING_INTERVAL_SECONDS,
  })
  await preferHugePages((await chooseEngine('auto', false)).engine, memory.buffer, heapOffsetBytes(memory))
  return memory
}

/** Announces peers of random addresses to torrents chosen by number. */
export class Announcer {
  readonly announce = new Announce()
  readonly result = new AnnounceResult()
  readonly #swarm: Swarm
  readonly #out = new Uint16Array(1024)
  readonly #lookahead: Lookahead
  #state: number

  constructor(memory: SwarmMemory, lockOwner: number, seed: number) {
    this.#swarm = new Swarm(memory, { lockOwner, randomSeed: seed })
    this.#lookahead = new Lookahead(memory, BATCH)
    this.#state = seed
    this.announce.maxPeerAgeSeconds = MAX_PEER_AGE_SECONDS
  }

  /** A random unsigned 32-bit number (xorshift). */
  random(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return this.#state >>> 0
  }

  /** One announce of a random IPv4 peer. @returns the outcome */
  add(torrent: number, wanted: number, nowSeconds: number): number {
    const { announce } = this
    this.#setTorrent(torrent)
    this.#setPeer(wanted, nowSeconds)
    return this.#swarm.announce(announce, this.result, this.#out, 0)
  }

  /** A batch of announces, looked ahead as a worker does with the packets it has received. */
  addBatch(torrents: Int32Array, wanted: number, nowSeconds: number): void {
    const { announce } = this
    this.#lookahead.clear()
    for (const torrent of torrents) {
      this.#setTorrent(torrent)
      const { hash0, hash1, hash2, hash3, hash4 } = announce
      this.#lookahead.add(hash0, hash1, hash2, hash3, hash4)
    }
    this.#lookahead.fetch()
    for (let index = 0; index < torrents.length; index++) {
      this.#setTorrent(torrents[index])
      this.#setPeer(wanted, nowSeconds)
      this.#swarm.announceHashed(this.#lookahead.hashes[index], announce, this.result, this.#out, 0)
    }
  }

  #setTorrent(torrent: number): void {
    const { announce } = this
    announce.hash0 = torrent
    announce.hash1 = Math.imul(torrent ^ 0x5bd1e995, 0x9e3779b1)
    announce.hash2 = Math.imul(torrent, 3)
    announce.hash3 = 7
    announce.hash4 = 9
  }

  #setPeer(wanted: number, nowSeconds: number): void {
    const { announce } = this
    const random = this.random()
    announce.address0 = random | 0
    announce.wirePort = 1 + (this.random() % 65_535)
    announce.seeder = (random & 3) === 0
    announce.wanted = wanted
    announce.nowSeconds = nowSeconds
  }

  get swarm(): Swarm {
    return this.#swarm
  }
}
