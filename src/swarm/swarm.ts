// One thread's view of a swarm in shared memory: announce, scrape, totals. No I/O and no clock: time and seed are
// given.
// announce() allocates nothing, and holds its shard's lock from finding the torrent to the last peer copied.
import {
  type Announce,
  AnnounceEvent,
  type AnnounceResult,
  Family,
  Outcome,
  type TorrentCounts,
} from './announce.js'
import { FamilyCounter, Header, Layout, Shard, TorrentRecord } from './layout.js'
import { acquireLock, lockOwnerMax, releaseLock } from './lock.js'
import { type SwarmMemory, wordsOf } from './memory.js'
import { PeerEntry, packMeta, swapEntries, writeEntry } from './peer-entry.js'
import * as peerSet from './peer-set.js'
import { Random } from './random.js'
import { selectFromLarge, selectFromSmall } from './selection.js'
import { addTorrent, findTorrent, hashTorrent, removeTorrent } from './torrent-record.js'

export interface SwarmOptions {
  /** This thread's number, 1 and up, unique among the threads of the swarm: it marks the locks the thread holds. */
  readonly lockOwner: number
  /** Any int32; decides which peers are returned. */
  readonly randomSeed: number
}

export interface FamilyTotals {
  readonly peers: number
  readonly seeders: number
  /** Torrents with at least one peer of the family. */
  readonly torrents: number
}

/** Live figures over all shards, without locks: each is exact, together they may straddle an announce. */
export interface SwarmTotals {
  /** Torrents known, also those that wait empty for the cleaner. */
  readonly torrents: number
  readonly ipv4: FamilyTotals
  readonly ipv6: FamilyTotals
  /** Announces refused at the memory limit. */
  readonly refusedTorrents: number
  readonly refusedPeers: number
  /** Given out to torrents and peers, in whole KiB. */
  readonly usedBytes: number
  /** The most that `usedBytes` ever needed: memory touched once stays with the process. */
  readonly touchedBytes: number
  /** What `usedBytes` can reach. */
  readonly limitBytes: number
}

export class Swarm {
  readonly words: Int32Array
  readonly lockOwner: number
  private readonly random: Random
  private readonly shardMask: number
  private readonly tickSeconds: number

  constructor(memory: SwarmMemory, options: SwarmOptions) {
    if (!(options.lockOwner >= 1 && options.lockOwner <= lockOwnerMax)) {
      throw new RangeError(`lockOwner must be 1 or more, not ${options.lockOwner}`)
    }
    this.words = wordsOf(memory)
    this.lockOwner = options.lockOwner
    this.random = new Random(options.randomSeed)
    this.shardMask = this.words[Header.shardMask]!
    this.tickSeconds = this.words[Header.tickSeconds]!
  }

  /**
   * Applies one announce and answers it (BEP 3, BEP 15, BEP 23): counts into `result`, compact peers as 16-bit halves
   * into `out` from `outIndex` on, which must have room for `announce.wanted` peers. Returns an `Outcome`.
   */
  announce(announce: Announce, result: AnnounceResult, out: Uint16Array, outIndex: number): number {
    const { hash0, hash1, hash2, hash3, hash4 } = announce
    const hash = hashTorrent(this.words, hash0, hash1, hash2, hash3, hash4)
    return this.announceHashed(hash, announce, result, out, outIndex)
  }

  /** As `announce`, for a caller that has the torrent's keyed hash already (`Lookahead`). */
  announceHashed(
    hash: number,
    announce: Announce,
    result: AnnounceResult,
    out: Uint16Array,
    outIndex: number,
  ): number {
    const { hash0, hash1, hash2, hash3, hash4 } = announce
    const words = this.words
    const shard = Layout.shardsAt + (hash & this.shardMask) * Layout.shardWords
    acquireLock(words, shard + Shard.lock, this.lockOwner)
    try {
      let record = findTorrent(words, shard, hash, hash0, hash1, hash2, hash3, hash4)
      if (record !== 0) {
        return this.announceTo(record, shard, announce, result, out, outIndex)
      }
      clearResult(result)
      if (announce.wirePort === 0 || announce.event === AnnounceEvent.stopped) {
        return Outcome.stored
      }
      record = addTorrent(words, shard, hash, announce)
      if (record === 0) {
        increase(words, shard + Shard.refusedTorrents, 1)
        return Outcome.torrentRefused
      }
      if (this.announceTo(record, shard, announce, result, out, outIndex) === Outcome.stored) {
        return Outcome.stored
      }
      removeTorrent(words, shard, record)
      increase(words, shard + Shard.refusedPeers, -1)
      increase(words, shard + Shard.refusedTorrents, 1)
      return Outcome.torrentRefused
    } finally {
      releaseLock(words, shard + Shard.lock)
    }
  }

  /** Everything the torrent counts (BEP 15, BEP 48); zeroes for an unknown one. */
  scrape(
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
    counts: TorrentCounts,
  ): void {
    const words = this.words
    const hash = hashTorrent(words, hash0, hash1, hash2, hash3, hash4)
    const shard = Layout.shardsAt + (hash & this.shardMask) * Layout.shardWords
    acquireLock(words, shard + Shard.lock, this.lockOwner)
    try {
      const record = findTorrent(words, shard, hash, hash0, hash1, hash2, hash3, hash4)
      readCounts(words, record, counts)
    } finally {
      releaseLock(words, shard + Shard.lock)
    }
  }

  /** Sums the counters of all shards: some 40 000 loads, for once a second or so. */
  totals(): SwarmTotals {
    const { words } = this
    const usable = words[Header.poolEnd]! - words[Header.poolFirst]!
    return {
      torrents: this.sum(Shard.torrents),
      ipv4: this.familyTotals(Shard.ipv4),
      ipv6: this.familyTotals(Shard.ipv6),
      refusedTorrents: this.sum(Shard.refusedTorrents),
      refusedPeers: this.sum(Shard.refusedPeers),
      usedBytes: Atomics.load(words, Header.poolUsed) * Layout.slabWords * 4,
      touchedBytes: (Atomics.load(words, Header.poolTop) - words[Header.poolFirst]!) * Layout.slabWords * 4,
      limitBytes: usable * Layout.slabWords * 4,
    }
  }

  private familyTotals(family: number): FamilyTotals {
    return {
      peers: this.sum(family + FamilyCounter.peers),
      seeders: this.sum(family + FamilyCounter.seeders),
      torrents: this.sum(family + FamilyCounter.torrents),
    }
  }

  private sum(counter: number): number {
    let total = 0
    for (let shard = 0; shard <= this.shardMask; shard++) {
      total += Atomics.load(this.words, Layout.shardsAt + shard * Layout.shardWords + counter)
    }
    return total
  }

  /** The torrent is known and its shard locked: update the announcer's entry, count, select. */
  private announceTo(
    record: number,
    shard: number,
    announce: Announce,
    result: AnnounceResult,
    out: Uint16Array,
    outIndex: number,
  ): number {
    const words = this.words
    const isIpv4 = announce.family === Family.ipv4
    const entryWords = isIpv4 ? PeerEntry.ipv4Words : PeerEntry.ipv6Words
    const set = record + (isIpv4 ? TorrentRecord.ipv4 : TorrentRecord.ipv6)
    const counters = shard + (isIpv4 ? Shard.ipv4 : Shard.ipv6)
    let container = peerSet.containerOf(words, set, entryWords, announce)
    const entry = peerSet.findPeer(words, set, container, entryWords, announce)
    const oldMeta = entry === 0 ? 0 : words[entry + entryWords - 1]!
    let outcome: number = Outcome.stored
    let isListed = 0
    let newMeta = 0
    if (announce.wirePort !== 0 && announce.event !== AnnounceEvent.stopped) {
      newMeta = this.metaOf(announce, oldMeta)
      if (entry !== 0) {
        const last = container + (peerSet.peersIn(words, set, container) - 1) * entryWords
        swapEntries(words, entry, last, entryWords)
        writeEntry(words, last, entryWords, announce, newMeta)
      } else {
        container = peerSet.addPeer(words, shard, set, entryWords, announce, newMeta)
      }
      if (container !== 0) {
        isListed = 1
        if (announce.event === AnnounceEvent.completed && (oldMeta & PeerEntry.seederBit) === 0) {
          increase(words, record + TorrentRecord.downloads, 1)
        }
      } else {
        newMeta = 0
        outcome = Outcome.peerRefused
        increase(words, shard + Shard.refusedPeers, 1)
      }
    } else if (entry !== 0) {
      // What was counted goes first: removing the last peer frees what keeps the count.
      peerSet.addSeeders(words, set, -((oldMeta >>> 16) & 1))
      peerSet.removePeer(words, shard, set, container, entry, entryWords, announce)
    }
    const seederChange = ((newMeta >>> 16) & 1) - ((oldMeta >>> 16) & 1)
    const peerChange = isListed - (entry === 0 ? 0 : 1)
    if (isListed !== 0 && seederChange !== 0) {
      peerSet.addSeeders(words, set, seederChange)
    }
    const peers = peerSet.peersOf(words, set)
    this.count(counters, peers, peerChange, seederChange)
    this.answer(
      record,
      set,
      entryWords,
      isListed === 0 ? 0 : container,
      newMeta,
      announce,
      result,
      out,
      outIndex,
    )
    return outcome
  }

  private metaOf(announce: Announce, oldMeta: number): number {
    const completed =
      announce.event === AnnounceEvent.completed ? PeerEntry.completedBit : oldMeta & PeerEntry.completedBit
    const seeder = announce.seeder || completed !== 0 ? PeerEntry.seederBit : 0
    return packMeta(
      announce.wirePort,
      completed | seeder,
      announce.nowSeconds,
      announce.maxPeerAgeSeconds,
      this.tickSeconds,
    )
  }

  private count(counters: number, peers: number, peerChange: number, seederChange: number): void {
    const words = this.words
    if (peerChange !== 0) {
      increase(words, counters + FamilyCounter.peers, peerChange)
      if (peers === 0) {
        increase(words, counters + FamilyCounter.torrents, -1)
      } else if (peers === 1 && peerChange === 1) {
        increase(words, counters + FamilyCounter.torrents, 1)
      }
    }
    if (seederChange !== 0) {
      increase(words, counters + FamilyCounter.seeders, seederChange)
    }
  }

  /** `ownContainer` is the block or bucket whose last entry is the announcer, with `ownMeta`; 0 when not listed. */
  private answer(
    record: number,
    set: number,
    entryWords: number,
    ownContainer: number,
    ownMeta: number,
    announce: Announce,
    result: AnnounceResult,
    out: Uint16Array,
    outIndex: number,
  ): void {
    const words = this.words
    const others = peerSet.peersOf(words, set) - (ownContainer === 0 ? 0 : 1)
    const seeders = peerSet.seedersOf(words, set) - ((ownMeta >>> 16) & 1)
    const wanted = Math.min(announce.wanted, others)
    result.seeders = seeders
    result.leechers = others - seeders
    result.downloads = words[record + TorrentRecord.downloads]!
    result.peersWritten = wanted
    result.otherPeersWritten = 0
    const next = this.select(set, ownContainer, others, entryWords, wanted, out, outIndex)
    if (announce.bothFamilies) {
      this.answerOtherFamily(record, set, announce, result, out, next)
    }
  }

  /** Adds the other family's counts, and its peers as far as the own family had fewer than wanted. */
  private answerOtherFamily(
    record: number,
    ownSet: number,
    announce: Announce,
    result: AnnounceResult,
    out: Uint16Array,
    outIndex: number,
  ): void {
    const words = this.words
    const isIpv4 = ownSet !== record + TorrentRecord.ipv4
    const set = record + (isIpv4 ? TorrentRecord.ipv4 : TorrentRecord.ipv6)
    const entryWords = isIpv4 ? PeerEntry.ipv4Words : PeerEntry.ipv6Words
    const peers = peerSet.peersOf(words, set)
    const seeders = peerSet.seedersOf(words, set)
    const wanted = Math.min(announce.wanted - result.peersWritten, peers)
    result.seeders += seeders
    result.leechers += peers - seeders
    result.otherPeersWritten = wanted
    this.select(set, 0, peers, entryWords, wanted, out, outIndex)
  }

  /** Copies `wanted` of the `others` peers of a set. @returns the index behind the last half written */
  private select(
    set: number,
    ownContainer: number,
    others: number,
    entryWords: number,
    wanted: number,
    out: Uint16Array,
    outIndex: number,
  ): number {
    if (wanted === 0) {
      return outIndex
    }
    const { words, random } = this
    const position = words[set]!
    return peerSet.isLarge(words, set)
      ? selectFromLarge(words, position, ownContainer, entryWords, wanted, random, out, outIndex)
      : selectFromSmall(words, position, others, entryWords, wanted, random, out, outIndex)
  }
}

/** Reads a record's counts; record 0 gives zeroes. The shard must be locked. */
export function readCounts(words: Int32Array, record: number, counts: TorrentCounts): void {
  if (record === 0) {
    counts.seedersIpv4 = 0
    counts.leechersIpv4 = 0
    counts.seedersIpv6 = 0
    counts.leechersIpv6 = 0
    counts.downloads = 0
    return
  }
  const ipv4 = record + TorrentRecord.ipv4
  const ipv6 = record + TorrentRecord.ipv6
  counts.seedersIpv4 = peerSet.seedersOf(words, ipv4)
  counts.leechersIpv4 = peerSet.peersOf(words, ipv4) - counts.seedersIpv4
  counts.seedersIpv6 = peerSet.seedersOf(words, ipv6)
  counts.leechersIpv6 = peerSet.peersOf(words, ipv6) - counts.seedersIpv6
  counts.downloads = words[record + TorrentRecord.downloads]!
}

/** Adds to a counter that the caller's lock guards. */
export function increase(words: Int32Array, counter: number, change: number): void {
  words[counter] = words[counter]! + change
}

function clearResult(result: AnnounceResult): void {
  result.peersWritten = 0
  result.otherPeersWritten = 0
  result.seeders = 0
  result.leechers = 0
  result.downloads = 0
}
