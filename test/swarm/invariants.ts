// Walks a whole swarm, while no thread touches it, and asserts everything its parts rely on about each other.
import assert from 'node:assert/strict'
import { halfSipHashOf2, halfSipHashOf5 } from '../../src/protocol/half-siphash.js'
import { bucketCapacity, LargeHeader, localDepthOf, peersInBucket } from '../../src/swarm/large-set.js'
import { Arena, Header, Layout, Shard, TorrentRecord } from '../../src/swarm/layout.js'
import { type SwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { isLarge, peersOf, seedersOf } from '../../src/swarm/peer-set.js'
import { hashPrefix, hashRecord } from '../../src/swarm/torrent-record.js'

interface Family {
  readonly set: number
  readonly counters: number
  readonly entryWords: number
}

const families: readonly Family[] = [
  { set: TorrentRecord.ipv4, counters: Shard.ipv4, entryWords: 2 },
  { set: TorrentRecord.ipv6, counters: Shard.ipv6, entryWords: 5 },
]

/** Asserts that tables, counters, entries and allocators agree. */
export function checkInvariants(memory: SwarmMemory): void {
  new Inspection(memory).run()
}

class Inspection {
  private readonly words: Int32Array
  /** Blocks in use per slab, and the size class that slab is for. */
  private readonly slabs = new Map<number, { sizeClass: number; blocks: Set<number> }>()
  private poolSlabs = 0

  constructor(memory: SwarmMemory) {
    this.words = wordsOf(memory)
  }

  run(): void {
    const shards = this.words[Header.shardMask]! + 1
    for (let index = 0; index < shards; index++) {
      const shard = Layout.shardsAt + index * Layout.shardWords
      if (this.words.subarray(shard, shard + Layout.shardWords).some(word => word !== 0)) {
        this.checkShard(index)
      }
    }
    this.useSpares()
    this.checkSlabs()
    this.checkPool()
  }

  /** For its slab, a block that a thread keeps as a spare is in use; nobody else may have it. */
  private useSpares(): void {
    const { words } = this
    for (let list = 0; list < Layout.arenaCount * Layout.sparesListCount; list++) {
      const spares = Layout.sparesAt + list * Layout.sparesWords
      const count = words[spares]!
      assert.ok(count >= 0 && count < Layout.sparesWords)
      for (const position of words.subarray(spares + 1, spares + 1 + count)) {
        this.useBlock(position, list % Layout.sparesListCount)
      }
    }
  }

  private checkShard(index: number): void {
    const { words } = this
    const shard = Layout.shardsAt + index * Layout.shardWords
    assert.equal(words[shard + Shard.lock], 0, 'no lock is held')
    const expected = { torrents: 0, families: families.map(() => ({ peers: 0, seeders: 0, torrents: 0 })) }
    const slots = words[shard + Shard.slots]!
    const bits = words[shard + Shard.slotBits]!
    if (slots !== 0) {
      this.useBlock(slots, bits)
      for (let slot = 0; slot < 1 << bits; slot++) {
        for (let record = words[slots + slot]!; record !== 0; record = words[record + TorrentRecord.next]!) {
          const hash = hashRecord(words, record)
          assert.equal(hash & words[Header.shardMask]!, index, 'torrent is in its shard')
          assert.equal(hashPrefix(hash, bits), slot, 'torrent is in its slot')
          this.useBlock(record, 0)
          expected.torrents++
          families.forEach((family, which) => {
            const peers = this.checkSet(record + family.set, family.entryWords)
            const sums = expected.families[which]!
            sums.peers += peers
            sums.seeders += peers === 0 ? 0 : seedersOf(words, record + family.set)
            sums.torrents += peers === 0 ? 0 : 1
          })
        }
      }
    }
    assert.equal(words[shard + Shard.torrents], expected.torrents, 'torrents counted')
    families.forEach((family, which) => {
      const { peers, seeders, torrents } = expected.families[which]!
      const counted = [...words.subarray(shard + family.counters, shard + family.counters + 3)]
      assert.deepEqual(counted, [peers, seeders, torrents], 'peers, seeders and torrents counted')
    })
  }

  private checkSet(set: number, entryWords: number): number {
    const { words } = this
    const meta = words[set + 1]!
    if (words[set] === 0) {
      assert.equal(meta, 0)
      return 0
    }
    const entries = new Set<string>()
    let seeders = 0
    const take = (container: number, count: number): void => {
      for (let entry = container; entry < container + count * entryWords; entry += entryWords) {
        const entryMeta = words[entry + entryWords - 1]!
        entries.add(`${[...words.subarray(entry, entry + entryWords - 1)]}:${entryMeta & 0xffff}`)
        seeders += (entryMeta >>> 16) & 1
      }
    }
    if (isLarge(words, set)) {
      this.checkLarge(words[set]!, entryWords, take)
    } else {
      const sizeClass = meta >>> 16
      const bucketClass = words[Header.bucketClass]!
      const capacity =
        sizeClass === bucketClass
          ? bucketCapacity(words, entryWords)
          : Math.floor(2 ** sizeClass / entryWords)
      assert.ok(
        sizeClass <= bucketClass && (meta & 0xff) >= 1 && (meta & 0xff) <= capacity,
        'block holds its peers',
      )
      this.useBlock(words[set]!, sizeClass)
      take(words[set]!, meta & 0xff)
    }
    assert.equal(entries.size, peersOf(words, set), 'peers are distinct and counted')
    assert.equal(seeders, seedersOf(words, set), 'seeders counted in the set')
    return entries.size
  }

  private checkLarge(
    header: number,
    entryWords: number,
    take: (bucket: number, count: number) => void,
  ): void {
    const { words } = this
    const depth = words[header + LargeHeader.depth]!
    const directory = words[header + LargeHeader.directory]!
    const bucketClass = words[Header.bucketClass]!
    this.useBlock(header, 5)
    this.useBlock(directory, words[header + LargeHeader.directoryClass]!)
    const bucketsOfDepth = new Array<number>(24).fill(0)
    let peers = 0
    for (let index = 0; index < 1 << depth; ) {
      const bucket = words[directory + index]!
      const localDepth = localDepthOf(words, bucket)
      const span = 1 << (depth - localDepth)
      assert.ok(localDepth <= depth && index % span === 0, 'bucket range is aligned')
      for (let other = 0; other < span; other++) {
        assert.equal(words[directory + index + other], bucket, 'bucket owns its range')
      }
      this.useBlock(bucket, bucketClass)
      const count = peersInBucket(words, bucket)
      for (let entry = bucket; entry < bucket + count * entryWords; entry += entryWords) {
        assert.equal(
          hashPrefix(this.hashEntry(entry, entryWords), localDepth),
          index / span,
          'peer is in its bucket',
        )
      }
      take(bucket, count)
      peers += count
      bucketsOfDepth[localDepth]!++
      index += span
    }
    assert.equal(words[header + LargeHeader.peers], peers)
    const start = header + LargeHeader.bucketsOfDepth
    assert.deepEqual([...words.subarray(start, start + 24)], bucketsOfDepth, 'buckets of each depth counted')
    const total = bucketsOfDepth.reduce((sum, count) => sum + count, 0)
    assert.equal(words[header + LargeHeader.buckets], total, 'buckets counted')
  }

  private hashEntry(entry: number, entryWords: number): number {
    const { words } = this
    const [key0, key1] = [words[Header.peerKey]!, words[Header.peerKey + 1]!]
    const port = words[entry + entryWords - 1]! & 0xffff
    const [word0, word1, word2, word3] = words.subarray(entry, entry + 4)
    return entryWords === 2
      ? halfSipHashOf2(key0, key1, word0!, port)
      : halfSipHashOf5(key0, key1, word0!, word1!, word2!, word3!, port)
  }

  /** Class 0 is a torrent record. */
  private useBlock(position: number, sizeClass: number): void {
    assert.ok(position > 0, 'block is somewhere')
    if (sizeClass >= Layout.slabBits) {
      assert.equal(position % Layout.slabWords, 0)
      assert.equal(
        this.words[Layout.descriptorsAt + (position >>> Layout.slabBits) * Layout.descriptorWords],
        0,
        'block is not free',
      )
      assert.ok(!this.slabs.has(position >>> Layout.slabBits), 'block is used once')
      this.poolSlabs += 2 ** (sizeClass - Layout.slabBits)
      return
    }
    const slab = position >>> Layout.slabBits
    const known = this.slabs.get(slab) ?? { sizeClass, blocks: new Set() }
    this.slabs.set(slab, known)
    assert.equal(known.sizeClass, sizeClass, 'a slab holds one size')
    assert.ok(!known.blocks.has(position), 'block is used once')
    known.blocks.add(position)
  }

  private checkSlabs(): void {
    const { words } = this
    for (const [slab, { sizeClass, blocks }] of this.slabs) {
      const state = words[Layout.descriptorsAt + slab * Layout.descriptorWords]!
      const size = sizeClass === 0 ? Layout.recordWords : 1 << sizeClass
      let freed = 0
      for (let next = (state >>> 8) & 0x1ff; next !== 0; next = words[slab * Layout.slabWords + next - 1]!) {
        assert.ok(!blocks.has(slab * Layout.slabWords + next - 1), 'a freed block is not in use')
        freed++
      }
      assert.equal(state & 0xff, blocks.size, 'blocks in use counted')
      assert.equal(
        ((state >>> 17) & 0x1ff) / size,
        blocks.size + freed,
        'every block is in use, freed or untouched',
      )
    }
    let listed = 0
    for (let list = 0; list < Layout.arenaCount * 8; list++) {
      const head = Layout.arenasAt + (list >>> 3) * Layout.arenaWords + Arena.slabLists + (list & 7)
      for (
        let slab = words[head]!;
        slab !== 0;
        slab = words[Layout.descriptorsAt + slab * Layout.descriptorWords + 1]!
      ) {
        assert.ok(this.slabs.has(slab), 'a listed slab has blocks in use')
        listed++
      }
    }
    const withRoom = [...this.slabs].filter(([slab, { sizeClass }]) => {
      const state = words[Layout.descriptorsAt + slab * Layout.descriptorWords]!
      return (
        ((state >>> 8) & 0x1ff) !== 0 ||
        ((state >>> 17) & 0x1ff) + (sizeClass === 0 ? Layout.recordWords : 1 << sizeClass) <= Layout.slabWords
      )
    })
    assert.equal(listed, withRoom.length, 'slabs with room are listed')
  }

  private checkPool(): void {
    const { words } = this
    let free = 0
    for (let order = 0; order <= Layout.poolOrderMax; order++) {
      for (
        let slab = words[Header.poolFree + order]!;
        slab !== 0;
        slab = words[Layout.descriptorsAt + slab * Layout.descriptorWords + 1]!
      ) {
        assert.equal(words[Layout.descriptorsAt + slab * Layout.descriptorWords], ~order)
        assert.equal(slab % 2 ** order, 0)
        free += 2 ** order
      }
    }
    const used = this.slabs.size + this.poolSlabs
    assert.equal(words[Header.poolUsed], used, 'slabs in use counted')
    assert.equal(words[Header.poolTop]! - words[Header.poolFirst]!, used + free, 'every slab is used or free')
  }
}
