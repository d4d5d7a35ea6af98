// Drops expired peers, forbidden torrents and empty torrents, a slice at a time. One cleaner per swarm at a time: it
// alone removes torrents that others may have seen, so it may keep a record's position from slice to slice.
//
// Where it is survives every change the announces make in between: in a shard and in a large set it remembers how far
// it came as a prefix of the hash, and both tables keep the order of hashes when they grow, shrink or merge.
import { Family, TorrentCounts } from './announce.js'
import {
  bucketHashEnd,
  bucketOf,
  LargeHeader,
  mergeAround,
  peersInBucket,
  setPeersInBucket,
} from './large-set.js'
import { FamilyCounter, Header, Layout, Shard, TorrentRecord } from './layout.js'
import { acquireLock, releaseLockAndGiveWay } from './lock.js'
import { fetchSlots, slotsFetchedMax } from './lookahead.js'
import { PeerEntry, type Swept, sweepEntries } from './peer-entry.js'
import * as peerSet from './peer-set.js'
import { returnSpares } from './slabs.js'
import { increase, readCounts, type Swarm } from './swarm.js'
import { removeTorrent, shrinkSlots, unlinkTorrent } from './torrent-record.js'

/** Five words of an info hash, as in `Announce`. */
export type HashTest = (hash0: number, hash1: number, hash2: number, hash3: number, hash4: number) => boolean

/** Called for every torrent that has peers after its cleaning, under its shard's lock: be brief. `counts` is reused. */
export type TorrentObserver = (
  hash0: number,
  hash1: number,
  hash2: number,
  hash3: number,
  hash4: number,
  counts: TorrentCounts,
) => void

/** Work per lock: about 2 µs, since what it needs is fetched before the lock is taken. A torrent costs as 4 entries. */
const entriesPerLock = 64
const entriesPerTorrent = 4

const hashEnd = 2 ** 32

interface LargeTorrent {
  readonly record: number
  readonly isForbidden: boolean
}

export class Cleaner {
  private readonly words: Int32Array
  private readonly lockOwner: number
  private readonly shardCount: number
  private readonly swept: Swept = { peers: 0, seeders: 0 }
  private readonly counts = new TorrentCounts()
  /** Torrents of the slot just cleaned whose large sets are still to do; the first is in work. */
  private readonly largeTorrents: LargeTorrent[] = []
  private largeFamily: number = Family.ipv4
  private largeCursor = 0
  private slotCursor = 0
  private shardIndex: number
  private nowTick = 0

  constructor(
    swarm: Swarm,
    private readonly isForbidden?: HashTest,
    private readonly observe?: TorrentObserver,
  ) {
    this.words = swarm.words
    this.lockOwner = swarm.lockOwner
    this.shardCount = swarm.words[Header.shardMask]! + 1
    this.shardIndex = this.shardCount
  }

  /** Starts a round: peers are dropped unless they are valid beyond `nowSeconds`. */
  begin(nowSeconds: number): void {
    this.nowTick = Math.floor(nowSeconds / this.words[Header.tickSeconds]!)
    this.shardIndex = 0
    this.slotCursor = 0
    this.largeTorrents.length = 0
  }

  /** Visits about `maxEntries` peers in many short locks. Returns true when the round is finished. */
  step(maxEntries: number): boolean {
    let remaining = maxEntries
    while (remaining > 0 && this.shardIndex < this.shardCount) {
      remaining -= this.cleanSlice(Math.min(remaining, entriesPerLock))
    }
    if (this.shardIndex < this.shardCount) {
      return false
    }
    // It only frees: what it kept as spares nobody would use.
    returnSpares(this.words, this.lockOwner)
    return true
  }

  private cleanSlice(entriesMax: number): number {
    const shard = Layout.shardsAt + this.shardIndex * Layout.shardWords
    const isLarge = this.largeTorrents.length > 0
    if (!isLarge) {
      fetchSlots(this.words, shard, this.nextSlot(shard))
    }
    acquireLock(this.words, shard + Shard.lock, this.lockOwner)
    try {
      return isLarge
        ? this.cleanLargeTorrent(shard, this.largeTorrents[0]!, entriesMax)
        : this.cleanSlots(shard, entriesMax)
    } finally {
      // Whoever waits for this shard goes first: the next slice mostly wants the same lock.
      releaseLockAndGiveWay(this.words, shard + Shard.lock)
    }
  }

  /** The slot of a shard that is cleaned next. */
  private nextSlot(shard: number): number {
    return Math.floor(this.slotCursor / (hashEnd / (1 << this.words[shard + Shard.slotBits]!)))
  }

  private cleanSlots(shard: number, entriesMax: number): number {
    const words = this.words
    const bits = words[shard + Shard.slotBits]!
    const slotCount = 1 << bits
    const slotWidth = hashEnd / slotCount
    let visited = 0
    let index = words[shard + Shard.slots] === 0 ? slotCount : this.nextSlot(shard)
    const end = Math.min(index + slotsFetchedMax, slotCount)
    while (index < end && visited < entriesMax && this.largeTorrents.length === 0) {
      visited += 1 + this.cleanChain(shard, words[shard + Shard.slots]! + index)
      index++
    }
    this.slotCursor = index * slotWidth
    if (index === slotCount && this.largeTorrents.length === 0) {
      shrinkSlots(words, shard)
      this.slotCursor = 0
      this.shardIndex++
    }
    return visited + 1
  }

  private cleanChain(shard: number, slot: number): number {
    const words = this.words
    let visited = 0
    let link = slot
    for (let record = words[link]!; record !== 0; record = words[link]!) {
      const isForbidden = this.isForbidden !== undefined && this.testForbidden(record)
      const isLarge =
        peerSet.isLarge(words, record + TorrentRecord.ipv4) ||
        peerSet.isLarge(words, record + TorrentRecord.ipv6)
      visited += entriesPerTorrent
      visited += this.cleanSmall(shard, record, Family.ipv4, isForbidden)
      visited += this.cleanSmall(shard, record, Family.ipv6, isForbidden)
      if (isLarge) {
        this.largeTorrents.push({ record, isForbidden })
        this.largeFamily = Family.ipv4
        this.largeCursor = 0
      } else if (isEmpty(words, record)) {
        unlinkTorrent(words, shard, link)
        continue
      } else {
        this.report(record)
      }
      link = record + TorrentRecord.next
    }
    return visited
  }

  private testForbidden(record: number): boolean {
    const words = this.words
    return this.isForbidden!(
      words[record + TorrentRecord.hash]!,
      words[record + TorrentRecord.hash + 1]!,
      words[record + TorrentRecord.hash + 2]!,
      words[record + TorrentRecord.hash + 3]!,
      words[record + TorrentRecord.hash + 4]!,
    )
  }

  private report(record: number): void {
    if (this.observe === undefined) {
      return
    }
    const words = this.words
    readCounts(words, record, this.counts)
    this.observe(
      words[record + TorrentRecord.hash]!,
      words[record + TorrentRecord.hash + 1]!,
      words[record + TorrentRecord.hash + 2]!,
      words[record + TorrentRecord.hash + 3]!,
      words[record + TorrentRecord.hash + 4]!,
      this.counts,
    )
  }

  /** Cleans one family's peers when they are few; a large set is left for `cleanLarge`. Returns the entries visited. */
  private cleanSmall(shard: number, record: number, family: number, dropAll: boolean): number {
    const words = this.words
    const set = setOf(record, family)
    if (words[set] === 0 || peerSet.isLarge(words, set)) {
      return 0
    }
    const { swept } = this
    swept.peers = 0
    swept.seeders = 0
    const peers = peerSet.peersOf(words, set)
    const left = sweepEntries(words, words[set]!, peers, wordsOf(family), this.nowTick, dropAll, swept)
    if (swept.peers > 0) {
      peerSet.addSeeders(words, set, -swept.seeders)
      peerSet.setSmallPeers(words, shard, set, left, wordsOf(family))
      this.countSwept(shard, family, left)
    }
    return peers
  }

  /** Works on the first of the large torrents; when both its families are done, it leaves the list. */
  private cleanLargeTorrent(shard: number, torrent: LargeTorrent, entriesMax: number): number {
    const words = this.words
    const { record, isForbidden } = torrent
    const set = setOf(record, this.largeFamily)
    if (peerSet.isLarge(words, set) && this.largeCursor < hashEnd) {
      return this.cleanLarge(shard, set, isForbidden, entriesMax)
    }
    // What a large set left behind when it became small holds peers that were not visited yet.
    const visited = 1 + this.cleanSmall(shard, record, this.largeFamily, isForbidden)
    this.largeCursor = 0
    if (this.largeFamily === Family.ipv4) {
      this.largeFamily = Family.ipv6
      return visited
    }
    this.largeFamily = Family.ipv4
    this.largeTorrents.shift()
    if (isEmpty(words, record)) {
      removeTorrent(words, shard, record)
    } else {
      this.report(record)
    }
    return visited
  }

  private cleanLarge(shard: number, set: number, dropAll: boolean, entriesMax: number): number {
    const words = this.words
    const { swept } = this
    const entryWords = wordsOf(this.largeFamily)
    const header = words[set]!
    let visited = 0
    swept.peers = 0
    swept.seeders = 0
    while (visited < entriesMax && this.largeCursor < hashEnd) {
      const hash = this.largeCursor | 0
      const bucket = bucketOf(words, header, hash)
      const peers = peersInBucket(words, bucket)
      const left = sweepEntries(words, bucket, peers, entryWords, this.nowTick, dropAll, swept)
      this.largeCursor = bucketHashEnd(words, header, hash)
      setPeersInBucket(words, header, bucket, left)
      mergeAround(words, shard, header, hash, entryWords)
      visited += entriesPerTorrent + peers
    }
    peerSet.addSeeders(words, set, -swept.seeders)
    this.countSwept(shard, this.largeFamily, words[header + LargeHeader.peers]!)
    peerSet.becomeSmallIfFew(words, shard, set, entryWords)
    return visited
  }

  private countSwept(shard: number, family: number, peersLeft: number): void {
    const { words, swept } = this
    const counters = shard + (family === Family.ipv4 ? Shard.ipv4 : Shard.ipv6)
    increase(words, counters + FamilyCounter.peers, -swept.peers)
    increase(words, counters + FamilyCounter.seeders, -swept.seeders)
    if (peersLeft === 0 && swept.peers > 0) {
      increase(words, counters + FamilyCounter.torrents, -1)
    }
  }
}

function setOf(record: number, family: number): number {
  return record + (family === Family.ipv4 ? TorrentRecord.ipv4 : TorrentRecord.ipv6)
}

function wordsOf(family: number): number {
  return family === Family.ipv4 ? PeerEntry.ipv4Words : PeerEntry.ipv6Words
}

function isEmpty(words: Int32Array, record: number): boolean {
  return words[record + TorrentRecord.ipv4] === 0 && words[record + TorrentRecord.ipv6] === 0
}
