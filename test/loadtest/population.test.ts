// Who announces what: popularity by the formulas, and the same torrents for every worker.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Popularity, PopulationPlan } from '../../src/loadtest/plan.js'
import { Population, torrentSampler } from '../../src/loadtest/population.js'
import { Random } from '../../src/loadtest/random.js'

function planOf(changes: Partial<PopulationPlan> = {}): PopulationPlan {
  const popularity: Popularity = { kind: 'exponential' }
  return { torrents: 1000, peers: 2000, popularity, seederShare: 0.75, scrapeTorrents: 10, ...changes }
}

/** How often each torrent is drawn. */
function countsOf(plan: PopulationPlan, draws: number, seed = 1): Float64Array {
  const draw = torrentSampler(plan, new Random(seed))
  const counts = new Float64Array(plan.torrents)
  for (let each = 0; each < draws; each++) counts[draw()]++
  return counts
}

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0)

/** Within four and a half standard errors of a share of the draws. */
function assertShare(count: number, draws: number, share: number, what: string): void {
  const error = Math.abs(count / draws - share)
  assert.ok(error <= 4.5 * Math.sqrt((share * (1 - share)) / draws), `${what}: ${count / draws} for ${share}`)
}

/** Every torrent that is expected at least fifty times, and the sums of tenths. */
function assertWeights(plan: PopulationPlan, weightOf: (torrent: number) => number): void {
  const draws = 200_000
  const counts = countsOf(plan, draws)
  const weights = Float64Array.from({ length: plan.torrents }, (_, torrent) => weightOf(torrent))
  const all = sum(weights)
  for (const [torrent, weight] of weights.entries()) {
    const share = weight / all
    if (share * draws >= 50) assertShare(counts[torrent], draws, share, `torrent ${torrent}`)
  }
  for (let tenth = 0; tenth < 10; tenth++) {
    const [from, to] = [(plan.torrents * tenth) / 10, (plan.torrents * (tenth + 1)) / 10]
    assertShare(sum(counts.slice(from, to)), draws, sum(weights.slice(from, to)) / all, `tenth ${tenth}`)
  }
}

describe('popularity', () => {
  it("is T/P + e^(6.5 - 500 i/T) as in aquatic's UDP load test", () => {
    assertWeights(planOf(), torrent => 0.5 + Math.exp(6.5 - torrent / 2))
    assertWeights(
      planOf({ torrents: 50_000, peers: 100_000 }),
      torrent => 0.5 + Math.exp(6.5 - torrent / 100),
    )
  })

  it('has the numbers that follow from its defaults, and is there in no time', () => {
    const before = process.cpuUsage()
    const population = new Population(planOf({ torrents: 1e6, peers: 2e6 }), 1, 0, 1)
    const { user, system } = process.cpuUsage(before)
    const counts = new Float64Array(1e6)
    for (let peer = 0; peer < 2e6; peer++) counts[population.torrentOf(peer)]++
    assert.ok(Math.abs(counts[0] - 727) < 4 * Math.sqrt(727), `${counts[0]} peers in torrent 0`)
    assertShare(sum(counts.slice(0, 1000)), 2e6, 0.2865, 'the first thousand')
    assert.ok(Math.abs(sum(counts.slice(0, 10_000)) / 2e6 - 0.72) < 0.01)
    const filled = counts.filter(count => count > 0).length
    assert.ok(Math.abs(filled - 429_000) < 2_000, `${filled} torrents with peers`)
    // 0.1 s of a processor of 2024, twice that while the code is cold.
    assert.ok(user + system < 1.5e6, `${user + system} µs of processor time`)
  })

  it("is a cut gamma distribution as in aquatic's HTTP and WebTorrent load tests", () => {
    const draws = 200_000
    const plan = planOf({ torrents: 10_000, popularity: { kind: 'gamma', shape: 0.2, scale: 100 } })
    const counts = countsOf(plan, draws)
    assert.equal(sum(counts), draws)
    const near = (count: number, share: number): void =>
      assert.ok(Math.abs(count / draws - share) < 0.006, `${count / draws} for ${share}`)
    near(counts[0], 0.43)
    near(counts[9_999], 0.05)
    near(sum(counts.slice(0, 1000)), 0.69)
  })

  it('has the tail of a gamma distribution, for shapes below and above 1', () => {
    // Shape 1/2: P(X > x) = erfc(√x), from tables. Whole shapes: e^-x Σ x^k / k!.
    const erfc = new Map([
      [0.5, 0.317_311],
      [1, 0.157_299],
      [2, 0.045_5],
    ])
    const tail = (shape: number, x: number): number => {
      if (shape === 0.5) return erfc.get(x) ?? Number.NaN
      let term = 1
      let terms = 1
      for (let k = 1; k < shape; k++) terms += term *= x / k
      return Math.exp(-x) * terms
    }
    const torrents = 1_000_001
    for (const [shape, ...values] of [
      [0.5, 0.5, 1, 2],
      [1, 0.5, 1, 3],
      [3, 1, 3, 8],
      [20, 12, 20, 30],
    ]) {
      // Nothing that is looked at is cut off at 1 or 101; torrents are steps of 1/10,000.
      const popularity: Popularity = { kind: 'gamma', shape, scale: 3 }
      const draw = torrentSampler(planOf({ torrents, popularity }), new Random(3))
      const draws = 50_000
      const drawn = Array.from({ length: draws }, () => (draw() / 10_000 + 1) / 3)
      for (const x of values) {
        const above = drawn.filter(value => value > x).length
        assertShare(above, draws, tail(shape, x), `shape ${shape}, above ${x}`)
      }
    }
  })

  it('is 1/(i+1)^s, or the same for all', () => {
    for (const exponent of [0.5, 1, 1.5]) {
      assertWeights(planOf({ popularity: { kind: 'zipf', exponent } }), torrent => (torrent + 1) ** -exponent)
    }
    assertWeights(planOf({ popularity: { kind: 'uniform' } }), () => 1)
  })

  it('never leads to a torrent that is not there', () => {
    const popularity = fc.oneof(
      fc.constant<Popularity>({ kind: 'exponential' }),
      fc.constant<Popularity>({ kind: 'uniform' }),
      fc.double({ min: 0, max: 50, noNaN: true }).map((exponent): Popularity => ({ kind: 'zipf', exponent })),
      fc
        .tuple(fc.double({ min: 0.01, max: 20, noNaN: true }), fc.double({ min: 0.1, max: 1e6, noNaN: true }))
        .map(([shape, scale]): Popularity => ({ kind: 'gamma', shape, scale })),
    )
    fc.assert(
      fc.property(popularity, fc.integer({ min: 1, max: 300 }), fc.integer(), (kind, torrents, seed) => {
        const draw = torrentSampler(planOf({ torrents, popularity: kind }), new Random(seed))
        for (let each = 0; each < 100; each++) {
          const torrent = draw()
          assert.ok(Number.isInteger(torrent) && torrent >= 0 && torrent < torrents, `${torrent}`)
        }
      }),
    )
  })
})

describe('a population', () => {
  it('is divided among the workers, each with one peer at least', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 40 }), (peers, workers) => {
        const shares = Array.from(
          { length: workers },
          (_, worker) => new Population(planOf({ peers }), 1, worker, workers),
        )
        const counts = shares.map(population => population.peers)
        const total = counts.reduce((all, count) => all + count, 0)
        if (peers >= workers) assert.equal(total, peers)
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1 && Math.min(...counts) >= 1)
      }),
    )
  })

  const idOf = (word: (at: number) => number): string => [0, 1, 2, 3, 4].map(word).join()

  it('has the same torrents in every worker, and others with another seed', () => {
    const workers = [0, 1, 2].map(worker => new Population(planOf(), 5, worker, 3))
    const hashOf = (population: Population, torrent: number): string =>
      idOf(at => population.infoHashWord(torrent, at))
    const hashes = new Set<string>()
    for (let torrent = 0; torrent < 1000; torrent++) {
      const [first, ...others] = workers.map(population => hashOf(population, torrent))
      for (const other of others) assert.equal(other, first)
      hashes.add(first)
    }
    assert.equal(hashes.size, 1000)
    for (const seed of [6, 5 + 2 ** 32, -5]) {
      const other = new Population(planOf(), seed, 0, 1)
      for (let torrent = 0; torrent < 1000; torrent++) assert.ok(!hashes.has(hashOf(other, torrent)))
    }
  })

  it('has different first words for all of a million torrents', () => {
    const population = new Population(planOf({ torrents: 1e6, popularity: { kind: 'uniform' } }), 7, 0, 1)
    const words = new Set<number>()
    for (let torrent = 0; torrent < 1e6; torrent++) words.add(population.infoHashWord(torrent, 0))
    assert.equal(words.size, 1e6)
  })

  it('has peers that all differ, with ids of this program and ports that can be bound', () => {
    const ids = new Set<string>()
    for (const worker of [0, 1]) {
      const population = new Population(planOf(), 5, worker, 2)
      const words = new Int32Array(6)
      for (let peer = 0; peer < population.peers; peer++) {
        population.writePeerId(words, 1, peer)
        assert.equal(words[0], 0)
        const bytes = Buffer.from(words.buffer, 4)
        assert.equal(bytes.toString('latin1', 0, 8), '-LT0001-')
        ids.add(bytes.toString('latin1'))
        const port = population.portOf(peer)
        assert.ok(port >= 1024 && port <= 65_535)
      }
    }
    assert.equal(ids.size, 2000)
  })

  it('writes info hashes as it says them', () => {
    const population = new Population(planOf(), 5, 0, 1)
    const words = new Int32Array(7)
    population.writeInfoHash(words, 1, 42)
    const said = [0, 1, 2, 3, 4].map(word => population.infoHashWord(42, word))
    assert.deepEqual([...words], [0, ...said, 0])
  })

  it('is the same for the same seed', () => {
    const torrentsOf = (seed: number, worker: number): number[] => {
      const population = new Population(planOf(), seed, worker, 2)
      return Array.from({ length: population.peers }, (_, peer) => population.torrentOf(peer))
    }
    assert.deepEqual(torrentsOf(1, 0), torrentsOf(1, 0))
    assert.notDeepEqual(torrentsOf(1, 0), torrentsOf(1, 1))
    assert.notDeepEqual(torrentsOf(1, 0), torrentsOf(2, 0))
  })
})
