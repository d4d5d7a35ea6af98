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
    this.#torrentOf = Uint32Array.from({ length: this.peers }, draw)
  }

  torrentOf(peer: number): number {
    return this.#torrentOf[peer]
  }

  /** Word 0 to 4 of a torrent's info hash, as it is stored (low byte first). The same in every worker. */
  infoHashWord(torrent: number, word: number): number {
    return mix32(mix32(torrent ^ this.#seed ^ Salt.hash) + Math.imul(word + 1, 0x9e37_79b9))
  }

  /** Word 0 to 4 of a peer's id. */
  peerIdWord(peer: number, word: number): number {
    if (word < PEER_ID_PREFIX.length) return PEER_ID_PREFIX[word]
    return mix32(mix32((this.#firstPeer + peer) ^ this.#seed ^ Salt.peerId) + Math.imul(word, 0x9e37_79b9))
  }

  /** 1024 to 65535. */
  portOf(peer: number): number {
    const word = mix32((this.#firstPeer + peer) ^ this.#seed ^ Salt.port)
    return 1024 + ((word >>> 0) % (65_536 - 1024))
  }

  /** Writes a torrent's info hash; `at` is a multiple of four. */
  writeInfoHash(words: Int32Array, at: number, torrent: number): void {
    for (let word = 0; word < ID_WORDS; word++) words[at + word] = this.infoHashWord(torrent, word)
  }

  writePeerId(words: Int32Array, at: number, peer: number): void {
    for (let word = 0; word < ID_WORDS; word++) words[at + word] = this.peerIdWord(peer, word)
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
  return cumulativeSampler(weightsOf(popularity, torrents, peers), torrents, random)
}

function weightsOf(
  popularity: Exclude<Popularity, { kind: 'uniform' | 'gamma' }>,
  torrents: number,
  peers: number,
): (torrent: number) => number {
  if (popularity.kind === 'zipf') return torrent => (torrent + 1) ** -popularity.exponent
  return torrent => torrents / peers + Math.exp(6.5 - (500 * torrent) / torrents)
}

/** By a search among the sums of the weights. */
function cumulativeSampler(
  weightOf: (torrent: number) => number,
  torrents: number,
  random: Random,
): () => number {
  const sums = new Float64Array(torrents)
  let sum = 0
  for (let torrent = 0; torrent < torrents; torrent++) {
    sum += weightOf(torrent)
    sums[torrent] = sum
  }
  return () => {
    const wanted = random.unit() * sum
    let low = 0
    let high = torrents - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle] > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
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
