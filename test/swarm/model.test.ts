// Random sequences of announces, scrapes and cleanings do in the swarm what they do in plain Maps.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnnounceEvent, Family, Outcome } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { Header } from '../../src/swarm/layout.js'
import { type SwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { cleanAll, makeMemory, type PeerAnnounce, Speaker } from './fixture.js'
import { checkInvariants } from './invariants.js'
import { Model } from './model.js'

type Operation =
  | { kind: 'announce'; peer: Required<PeerAnnounce> }
  | { kind: 'burst'; peer: Required<PeerAnnounce>; count: number }
  | { kind: 'scrape'; torrent: number }
  | { kind: 'wait'; seconds: number }
  | { kind: 'clean'; entries: number }
  | { kind: 'forbid'; torrent: number }

const torrent = fc.nat({ max: 4 })
const peer: fc.Arbitrary<Required<PeerAnnounce>> = fc.record({
  torrent,
  family: fc.constantFrom(Family.ipv4, Family.ipv6),
  address: fc.nat({ max: 40 }),
  port: fc.constantFrom(0, 1, 1, 1, 0xffff),
  event: fc.constantFrom(0, 0, 1, 2, 3, 3),
  seeder: fc.boolean(),
  bothFamilies: fc.constant(false),
  wanted: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 100 })),
  now: fc.constant(0),
  age: fc.nat({ max: 1200 }),
})
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ kind: fc.constant('announce' as const), peer }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('burst' as const), peer, count: fc.nat({ max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('scrape' as const), torrent }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat({ max: 900 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clean' as const), entries: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forbid' as const), torrent }) },
)

/** Runs one sequence on both; `mayRefuse` where memory is short. */
class Comparison {
  private readonly speaker: Speaker
  private readonly model = new Model()
  private readonly forbidden = new Set<number>()
  private readonly cleaner: Cleaner
  private now = 100
  private cleanedAt = 100
  refusals = 0

  constructor(
    private readonly memory: SwarmMemory,
    private readonly mayRefuse: boolean,
  ) {
    this.speaker = new Speaker(memory)
    this.cleaner = new Cleaner(this.speaker.swarm, hash0 => this.forbidden.has(hash0))
  }

  run(operations: readonly Operation[]): void {
    for (const operation of operations) {
      this.apply(operation)
    }
    this.compareTotals()
    checkInvariants(this.memory)
    this.now += 2000
    this.apply({ kind: 'clean', entries: 1000 })
    const totals = this.speaker.swarm.totals()
    assert.equal(totals.torrents, 0)
    assert.equal(totals.usedBytes, 0, 'all memory came back')
    checkInvariants(this.memory)
  }

  private apply(operation: Operation): void {
    switch (operation.kind) {
      case 'announce':
        this.announce({ ...operation.peer, now: this.now })
        break
      case 'burst':
        for (let index = 0; index < operation.count; index++) {
          this.announce({ ...operation.peer, address: operation.peer.address + index, now: this.now })
        }
        break
      case 'scrape':
        this.compareScrape(operation.torrent)
        break
      case 'wait':
        this.now += operation.seconds
        // Expiry wraps around: the swarm asks to be cleaned at least every `cleaningIntervalSeconds` or two.
        if (this.now - this.cleanedAt > 3000) {
          this.apply({ kind: 'clean', entries: 100 })
        }
        break
      case 'clean':
        this.cleanedAt = this.now
        cleanAll(this.cleaner, this.now, operation.entries)
        this.model.clean(this.now, number => this.forbidden.has(number))
        break
      case 'forbid':
        if (!this.forbidden.delete(operation.torrent)) {
          this.forbidden.add(operation.torrent)
        }
    }
  }

  private announce(peer: Required<PeerAnnounce>): void {
    const outcome = this.speaker.say(peer)
    const isRefused = outcome !== Outcome.stored
    this.refusals += isRefused ? 1 : 0
    assert.ok(this.mayRefuse || !isRefused)
    if (outcome === Outcome.torrentRefused) {
      assert.ok(!this.model.torrents.has(peer.torrent))
    }
    const expected = this.model.announce(peer, isRefused)
    const { result } = this.speaker
    const peers = this.speaker.peers()
    assert.deepEqual(
      [result.seeders, result.leechers, result.downloads, result.peersWritten],
      [expected.seeders, expected.leechers, expected.downloads, Math.min(peer.wanted, expected.others.size)],
    )
    assert.equal(new Set(peers).size, peers.length, 'peers are distinct')
    assert.ok(
      peers.every(other => expected.others.has(other)),
      'peers are others of this torrent and family',
    )
  }

  private compareScrape(number: number): void {
    const counts = this.speaker.scrape(number)
    const ipv4 = this.model.count(Family.ipv4, number)
    const ipv6 = this.model.count(Family.ipv6, number)
    assert.deepEqual(
      { ...counts },
      {
        seedersIpv4: ipv4.seeders,
        leechersIpv4: ipv4.peers - ipv4.seeders,
        seedersIpv6: ipv6.seeders,
        leechersIpv6: ipv6.peers - ipv6.seeders,
        downloads: this.model.torrents.get(number)?.downloads ?? 0,
      },
    )
  }

  private compareTotals(): void {
    const totals = this.speaker.swarm.totals()
    assert.equal(totals.torrents, this.model.torrents.size)
    for (const [family, counted] of [
      [Family.ipv4, totals.ipv4] as const,
      [Family.ipv6, totals.ipv6] as const,
    ]) {
      const { peers, seeders } = this.model.count(family)
      assert.deepEqual([counted.peers, counted.seeders], [peers, seeders])
    }
    assert.equal(totals.refusedPeers + totals.refusedTorrents, this.refusals)
  }
}

function compareMany(numRuns: number, make: () => SwarmMemory, mayRefuse: boolean): number {
  let refusals = 0
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150, size: 'max' }), operations => {
      const comparison = new Comparison(make(), mayRefuse)
      comparison.run(operations)
      refusals += comparison.refusals
    }),
    { numRuns },
  )
  return refusals
}

test('sequences agree with plain Maps while sets become large from 7 and 3 peers on', () => {
  compareMany(1500, () => makeMemory({ memoryLimitBytes: 4 * 2 ** 20, shardCount: 2, bucketClass: 4 }), false)
})

test('sequences agree with plain Maps in the real geometry', () => {
  compareMany(500, () => makeMemory({ memoryLimitBytes: 4 * 2 ** 20 }), false)
})

test('sequences agree with plain Maps where memory runs out all the time', () => {
  const refusals = compareMany(
    1000,
    () => {
      const memory = makeMemory({ memoryLimitBytes: 2 ** 20, shardCount: 2, bucketClass: 4 })
      const words = wordsOf(memory)
      words[Header.poolEnd] = words[Header.poolFirst]! + 9
      return memory
    },
    true,
  )
  assert.ok(refusals > 1000, `memory was short only ${refusals} times`)
})

test('a round drops what had expired when it began, whatever is announced meanwhile', () => {
  const announces = fc.array(peer, { maxLength: 250, size: 'max' })
  fc.assert(
    fc.property(announces, announces, fc.integer({ min: 1, max: 40 }), (before, meanwhile, entries) => {
      const memory = makeMemory({ memoryLimitBytes: 4 * 2 ** 20, shardCount: 1, bucketClass: 4 })
      const speaker = new Speaker(memory)
      const cleaner = new Cleaner(speaker.swarm)
      const model = new Model()
      const say = (said: Required<PeerAnnounce>): void => {
        model.announce(said)
        assert.equal(speaker.say(said), Outcome.stored)
      }
      // Half of the first ones expire at 600; whoever speaks again after that is valid for long.
      before.forEach((said, index) => {
        say({ ...said, now: 0, age: index % 2 === 0 ? 600 : 1200 })
      })
      cleaner.begin(600)
      let isDone = false
      for (const said of meanwhile) {
        isDone ||= cleaner.step(entries)
        say({ ...said, now: 600, age: 1200 })
      }
      while (!isDone) {
        isDone = cleaner.step(entries)
      }
      model.clean(600, () => false)
      checkInvariants(memory)
      for (const family of [Family.ipv4, Family.ipv6]) {
        for (let number = 0; number <= 4; number++) {
          speaker.say({ torrent: number, family, address: 1, port: 0, wanted: 10_000 })
          const expected = model.torrents.get(number)?.peers.get(family)?.keys() ?? []
          assert.deepEqual(new Set(speaker.peers()), new Set(expected))
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('stopped and port 0 create no torrent and are answered', () => {
  const speaker = new Speaker(makeMemory())
  assert.equal(speaker.say({ torrent: 1, address: 1, port: 1, event: AnnounceEvent.stopped }), Outcome.stored)
  assert.equal(speaker.say({ torrent: 1, address: 1, port: 0, wanted: 5 }), Outcome.stored)
  assert.equal(speaker.swarm.totals().torrents, 0)
  speaker.say({ torrent: 1, address: 2, port: 2, seeder: true })
  speaker.say({ torrent: 1, address: 1, port: 0, wanted: 5 })
  assert.deepEqual(speaker.peers(), ['2:2'])
  assert.equal(speaker.result.seeders, 1)
})
