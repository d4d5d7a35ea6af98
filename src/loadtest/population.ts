// Who announces what: torrents with info hashes that follow from the seed, and peers spread over them. A worker has
// its own share of the peers; nothing but one number for each is kept.

import type { Popularity, PopulationPlan } from './plan.js'
import { mix32, Random } from './random.js'

const enum Salt {
  hash = 0x1b87_3593,
  peerId = 0x2545_f491,
  port = 0x5bd1_e995,
}

/** Words of an info hash or peer id. */
const ID_WORDS = 5
/** Between the words of one id: the golden ratio of 2^32. */
const WORD_STEP = 0x9e37_79b9
/** "-LT0001-": peer ids of the load test, in the Azureus style. */
const PEER_ID_PREFIX = [0x3054_4c2d, 0x2d31_3030] as const

export class Population {
  /** Peers of this worker: 0 to `peers` - 1. At least one. */
  readonly peers: number
  readonly torrents: number
  readonly seederShare: number
  readonly scrapeTorrents: number
  readonly #seed: number
  readonly #firstPeer: number
  /** Torrent of each peer. */
  readonly #torrentOf: Uint32Array

  constructor(plan: PopulationPlan, seed: number, worker: number, workers: number) {
    this.torrents = plan.torrents
    this.seederShare = plan.seederShare
    this.scrapeTorrents = plan.scrapeTorrents
    this.#seed = mix32((seed | 0) ^ Math.floor(seed / 2 ** 32))
    this.#firstPeer = Math.floor((plan.peers * worker) / workers)
    this.peers = Math.max(1, Math.floor((plan.peers * (worker + 1)) / workers) - this.#firstPeer)
    const random = new Random(seed, worker)
    const draw = torrentSampler(plan, random)
    this.#torrentOf = new Uint32Array(this.peers)
    for (let peer = 0; peer < this.peers; peer++) this.#torrentOf[peer] = draw()
  }

  torrentOf(peer: number): number {
    return this.#torrentOf[peer]
  }

  /** Word 0 to 4 of a torrent's info hash, as it is stored (low byte first). The same in every worker. */
  infoHashWord(torrent: number, word: number): number {
    return mix32(this.#hashBase(torrent) + Math.imul(word + 1, WORD_STEP))
  }

  /** Word 0 to 4 of a peer's id. */
  peerIdWord(peer: number, word: number): number {
    if (word < PEER_ID_PREFIX.length) return PEER_ID_PREFIX[word]
    return mix32(this.#peerIdBase(peer) + Math.imul(word, WORD_STEP))
  }

  /** 1024 to 65535. */
  portOf(peer: number): number {
    const word = mix32((this.#firstPeer + peer) ^ this.#seed ^ Salt.port)
    return 1024 + ((word >>> 0) % (65_536 - 1024))
  }

  /** Writes a torrent's info hash from word `at` on. */
  writeInfoHash(words: Int32Array, at: number, torrent: number): void {
    // Once for all words, not once for each: half of what an announce costs to write.
    const base = this.#hashBase(torrent)
    for (let word = 0; word < ID_WORDS; word++) {
      words[at + word] = mix32(base + Math.imul(word + 1, WORD_STEP))
    }
  }

  /** Writes a peer's id from word `at` on. */
  writePeerId(words: Int32Array, at: number, peer: number): void {
    const base = this.#peerIdBase(peer)
    words[at] = PEER_ID_PREFIX[0]
    words[at + 1] = PEER_ID_PREFIX[1]
    for (let word = PEER_ID_PREFIX.length; word < ID_WORDS; word++) {
      words[at + word] = mix32(base + Math.imul(word, WORD_STEP))
    }
  }

  #hashBase(torrent: number): number {
    return mix32(torrent ^ this.#seed ^ Salt.hash)
  }

  #peerIdBase(peer: number): number {
    return mix32((this.#firstPeer + peer) ^ this.#seed ^ Salt.peerId)
  }
}

/** Draws torrents by their popularity. */
export function torrentSampler(
  { torrents, peers, popularity }: Pick<PopulationPlan, 'torrents' | 'peers' | 'popularity'>,
  random: Random,
): () => number {
  if (popularity.kind === 'uniform') return () => random.below(torrents)
  if (popularity.kind === 'gamma') {
    const { shape, scale } = popularity
    return () => {
      const part = (Math.min(gamma(random, shape) * scale, 101) - 1) / 100
      return Math.max(0, Math.floor(part * (torrents - 1)))
    }
  }
  return aliasSampler(weightsOf(popularity, torrents, peers), torrents, random)
}

function weightsOf(
  popularity: Exclude<Popularity, { kind: 'uniform' | 'gamma' }>,
  torrents: number,
  peers: number,
): (torrent: number) => number {
  if (popularity.kind === 'zipf') return torrent => (torrent + 1) ** -popularity.exponent
  return torrent => torrents / peers + Math.exp(6.5 - (500 * torrent) / torrents)
}

/**
 * By an alias table (Walker 1974, Vose 1991): every torrent has a place of the same width, its own share below and
 * another torrent's above. Two numbers for each draw; a search among sums misses the cache twenty times.
 */
function aliasSampler(weightOf: (torrent: number) => number, torrents: number, random: Random): () => number {
  const { shares, others } = aliasTable(weightOf, torrents)
  return () => {
    const torrent = random.below(torrents)
    return random.unit() < shares[torrent] ? torrent : others[torrent]
  }
}

function aliasTable(
  weightOf: (torrent: number) => number,
  torrents: number,
): { shares: Float64Array; others: Uint32Array } {
  const shares = new Float64Array(torrents)
  let sum = 0
  for (let torrent = 0; torrent < torrents; torrent++) sum += shares[torrent] = weightOf(torrent)
  for (let torrent = 0; torrent < torrents; torrent++) shares[torrent] *= torrents / sum
  const others = new Uint32Array(torrents)
  // One array, filled from both ends: those that leave room in their places, and those that need more than one.
  const waiting = new Uint32Array(torrents)
  let small = 0
  let large = torrents
  for (let torrent = 0; torrent < torrents; torrent++) {
    if (shares[torrent] < 1) waiting[small++] = torrent
    else waiting[--large] = torrent
  }
  while (small > 0 && large < torrents) {
    const torrent = waiting[--small]
    const other = waiting[large]
    others[torrent] = other
    shares[other] -= 1 - shares[torrent]
    if (shares[other] >= 1) continue
    large++
    waiting[small++] = other
  }
  // What is left has a whole place, but for rounding.
  while (small > 0) shares[waiting[--small]] = 1
  return { shares, others }
}

/** A gamma variate of scale 1 (Marsaglia and Tsang, 2000; shapes below 1 by a power of a uniform one). */
function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.unit()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit())
    const cubed = (1 + c * normal) ** 3
    if (cubed <= 0) continue
    const u = 1 - random.unit()
    if (Math.log(u) < (normal * normal) / 2 + d - d * cubed + d * Math.log(cubed)) return d * cubed
  }
}
