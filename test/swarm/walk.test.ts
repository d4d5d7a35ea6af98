// A walk meets each torrent that exists during all of it once, and none twice, whatever is announced and cleaned
// between its slices.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnnounceEvent, Family, Outcome } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { Header, Layout, Shard } from '../../src/swarm/layout.js'
import { type SwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { SwarmWalk, WALK_BATCH_TORRENTS, WalkBatch } from '../../src/swarm/walk.js'
import { cleanAll, makeMemory, Speaker } from './fixture.js'

type Operation =
  | { kind: 'add'; first: number; count: number }
  | { kind: 'stop'; first: number; count: number }
  | { kind: 'clean' }
  | { kind: 'clear' }
  | { kind: 'walk'; slices: number }

const range = { first: fc.nat({ max: 3000 }), count: fc.nat({ max: 900 }) }
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), ...range }),
  fc.record({ kind: fc.constant('stop' as const), ...range }),
  fc.record({ kind: fc.constant('clean' as const) }),
  // Most torrents go, so that tables shrink.
  fc.record({ kind: fc.constant('clear' as const) }),
  fc.record({ kind: fc.constant('walk' as const), slices: fc.integer({ min: 1, max: 30 }) }),
)

/** A swarm whose torrents have one peer each, beside what is known of them. */
class Torrents {
  readonly speaker: Speaker
  /** Torrents in the tables, and whether they still have their peer. */
  readonly present = new Map<number, boolean>()
  /** Removed since the walk began. */
  readonly gone = new Set<number>()
  readonly ever = new Set<number>()

  constructor(
    memory: SwarmMemory,
    private readonly mayRefuse = false,
  ) {
    this.speaker = new Speaker(memory)
  }

  apply(operation: Exclude<Operation, { kind: 'walk' }>): void {
    if (operation.kind === 'clear') {
      for (const torrent of this.present.keys()) if (torrent % 50 !== 0) this.stop(torrent)
    }
    if (operation.kind === 'clean' || operation.kind === 'clear') {
      cleanAll(new Cleaner(this.speaker.swarm), 0)
      for (const [torrent, hasPeer] of this.present) if (!hasPeer) this.remove(torrent)
      return
    }
    for (let torrent = operation.first; torrent < operation.first + operation.count; torrent++) {
      if (operation.kind === 'add') this.add(torrent)
      else this.stop(torrent)
    }
  }

  add(torrent: number): void {
    const outcome = this.speaker.say({ torrent, address: torrent, port: 1 })
    assert.ok(outcome === Outcome.stored || this.mayRefuse)
    if (outcome !== Outcome.stored) return
    this.present.set(torrent, true)
    this.ever.add(torrent)
  }

  private stop(torrent: number): void {
    this.speaker.say({ torrent, address: torrent, port: 1, event: AnnounceEvent.stopped })
    if (this.present.has(torrent)) this.present.set(torrent, false)
  }

  private remove(torrent: number): void {
    this.present.delete(torrent)
    this.gone.add(torrent)
  }
}

/** The torrents of one slice. */
function slice(walk: SwarmWalk, batch: WalkBatch): number[] {
  walk.next(batch)
  assert.ok(batch.count <= WALK_BATCH_TORRENTS)
  return Array.from({ length: batch.count }, (_, index) => batch.words[index * 5])
}

function walkAll(walk: SwarmWalk): number[] {
  const batch = new WalkBatch()
  const met: number[] = []
  while (!walk.isOver) met.push(...slice(walk, batch))
  return met
}

test('meets each torrent once while others come and go between its slices', () => {
  let resized = 0
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 25, size: 'max' }),
      fc.nat({ max: 2500 }),
      (operations, before) => {
        const memory = makeMemory({ memoryLimitBytes: 4 * 2 ** 20, shardCount: 2 })
        const words = wordsOf(memory)
        const torrents = new Torrents(memory)
        torrents.apply({ kind: 'add', first: 0, count: before })
        const throughout = new Set(torrents.present.keys())
        const walk = new SwarmWalk(torrents.speaker.swarm)
        const batch = new WalkBatch()
        const met: number[] = []
        for (const operation of operations) {
          const bits = words[Layout.shardsAt + Shard.slotBits]
          if (operation.kind === 'walk') {
            for (let count = 0; count < operation.slices; count++) met.push(...slice(walk, batch))
          } else torrents.apply(operation)
          if (met.length > 0 && !walk.isOver && bits !== words[Layout.shardsAt + Shard.slotBits]) resized++
        }
        met.push(...walkAll(walk))
        assert.equal(new Set(met).size, met.length, 'none twice')
        for (const torrent of met) assert.ok(torrents.ever.has(torrent), 'none that never was')
        const all = new Set(met)
        for (const torrent of throughout) {
          assert.ok(all.has(torrent) || torrents.gone.has(torrent), `torrent ${torrent} was left out`)
        }
      },
    ),
    { numRuns: 400 },
  )
  assert.ok(resized > 50, `tables were resized in the middle of a walk only ${resized} times`)
})

test('reads chains longer than a batch, where memory for more slots was short', () => {
  const memory = makeMemory({ memoryLimitBytes: 2 ** 20, shardCount: 1 })
  const words = wordsOf(memory)
  words[Header.poolEnd] = words[Header.poolFirst] + 400
  const torrents = new Torrents(memory, true)
  torrents.add(0)
  // As if the pool had never had a block for a larger table.
  words[Layout.shardsAt + Shard.torrents] = -1_000_000
  for (let torrent = 1; torrent < 3000; torrent++) torrents.add(torrent)
  const expected = [...torrents.present.keys()]
  const slots = 1 << words[Layout.shardsAt + Shard.slotBits]
  assert.ok(expected.length / slots > WALK_BATCH_TORRENTS, `${expected.length} torrents in ${slots} slots`)
  const met = walkAll(new SwarmWalk(torrents.speaker.swarm))
  assert.deepEqual(
    met.sort((a, b) => a - b),
    expected,
  )
})

test('says what a scrape says, of small and large swarms', () => {
  const memory = makeMemory({ shardCount: 2, bucketClass: 4 })
  const speaker = new Speaker(memory)
  for (let torrent = 0; torrent < 20; torrent++) {
    for (let peer = 0; peer < torrent * 7; peer++) {
      const family = peer % 3 === 0 ? Family.ipv6 : Family.ipv4
      const event = peer % 5 === 0 ? AnnounceEvent.completed : AnnounceEvent.none
      speaker.say({ torrent, family, address: peer, port: 1, seeder: peer % 2 === 0, event })
    }
  }
  const walk = new SwarmWalk(speaker.swarm)
  const batch = new WalkBatch()
  let met = 0
  while (!walk.isOver) {
    for (const [index, torrent] of slice(walk, batch).entries()) {
      const counts = speaker.scrape(torrent)
      assert.equal(batch.seeders[index], counts.seedersIpv4 + counts.seedersIpv6)
      assert.equal(batch.leechers[index], counts.leechersIpv4 + counts.leechersIpv6)
      assert.equal(batch.downloads[index], counts.downloads)
      met++
    }
  }
  assert.equal(met, 19)
})

test('is over at once in an empty swarm, and stays over', () => {
  const walk = new SwarmWalk(new Speaker(makeMemory()).swarm)
  assert.deepEqual(walkAll(walk), [])
  assert.deepEqual(slice(walk, new WalkBatch()), [])
  assert.ok(walk.isOver)
})
