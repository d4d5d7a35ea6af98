// Reads every torrent of a swarm once, a slice at a time, while others announce and clean.
//
// Where a walk is survives every change in between: a torrent never leaves its shard, and within that it is remembered
// how far the walk came as a hash, which orders the torrents of all tables that the shard may have meanwhile. So each
// torrent that exists during the whole walk is met exactly once, and none twice.
import { TorrentCounts } from './announce.js'
import { Header, Layout, Shard, TorrentRecord } from './layout.js'
import { acquireLock, releaseLockAndGiveWay } from './lock.js'
import { fetchSlots, slotsFetchedMax } from './lookahead.js'
import { readCounts, type Swarm } from './swarm.js'
import { hashRecord } from './torrent-record.js'

/** Torrents of one slice: with what was fetched before, their shard is locked for about a microsecond. */
export const WALK_BATCH_TORRENTS = 64

const hashWords = 5
const hashEnd = 2 ** 32

/** The torrents of one slice, as columns. Reused, also by several walks in turn. */
export class WalkBatch {
  /** Five words of each info hash, as on the wire. */
  readonly words = new Int32Array(WALK_BATCH_TORRENTS * hashWords)
  readonly bytes = new Uint8Array(this.words.buffer)
  readonly seeders = new Int32Array(WALK_BATCH_TORRENTS)
  readonly leechers = new Int32Array(WALK_BATCH_TORRENTS)
  readonly downloads = new Int32Array(WALK_BATCH_TORRENTS)
  count = 0
}

export class SwarmWalk {
  private readonly words: Int32Array
  private readonly lockOwner: number
  private readonly shardCount: number
  private readonly counts = new TorrentCounts()
  private shardIndex = 0
  /** Torrents of the shard with a lower (unsigned) hash have been read. */
  private cursor = 0

  constructor(swarm: Swarm) {
    this.words = swarm.words
    this.lockOwner = swarm.lockOwner
    this.shardCount = swarm.words[Header.shardMask]! + 1
  }

  get isOver(): boolean {
    return this.shardIndex === this.shardCount
  }

  /** Reads the next slice into `batch`; it may be empty. Several microseconds, one of them with a shard locked. */
  next(batch: WalkBatch): void {
    batch.count = 0
    if (this.isOver) return
    const { words } = this
    const shard = Layout.shardsAt + this.shardIndex * Layout.shardWords
    fetchSlots(words, shard, slotOf(this.cursor, words[shard + Shard.slotBits]!))
    acquireLock(words, shard + Shard.lock, this.lockOwner)
    try {
      this.readSlots(shard, batch)
    } finally {
      // Whoever waits for this shard goes first: the next slice mostly wants the same lock.
      releaseLockAndGiveWay(words, shard + Shard.lock)
    }
    if (this.cursor === hashEnd) {
      this.cursor = 0
      this.shardIndex++
    }
  }

  private readSlots(shard: number, batch: WalkBatch): void {
    const { words } = this
    const slots = words[shard + Shard.slots]!
    if (slots === 0) {
      this.cursor = hashEnd
      return
    }
    const bits = words[shard + Shard.slotBits]!
    const slotWidth = hashEnd / (1 << bits)
    let width = slotWidth
    for (let visited = 0; visited < slotsFetchedMax && this.cursor < hashEnd; visited++) {
      const slot = slotOf(this.cursor, bits)
      const end = Math.min((slot + 1) * slotWidth, this.cursor + width)
      const isWhole = end - this.cursor === slotWidth
      const isRead = this.readChain(words[slots + slot]!, isWhole, end, batch)
      if (!isRead && batch.count > 0) return
      // Where memory for more slots was short, a chain may have more torrents than a batch: read in parts of its
      // hashes. (More than a batch with one and the same hash of 32 bits there are not.)
      if (isRead || width === 1) this.cursor = end
      else width /= 2
    }
  }

  /**
   * Appends the chain's torrents with hashes in [cursor, end): all of them, where that is the whole slot.
   * @returns false, and appends none, if they do not fit
   */
  private readChain(first: number, isWhole: boolean, end: number, batch: WalkBatch): boolean {
    const { cursor, words } = this
    const before = batch.count
    for (let record = first; record !== 0; record = words[record + TorrentRecord.next]!) {
      if (!isWhole && !isBetween(hashRecord(words, record), cursor, end)) continue
      if (batch.count === WALK_BATCH_TORRENTS) {
        batch.count = before
        return false
      }
      this.append(record, batch)
    }
    return true
  }

  private append(record: number, batch: WalkBatch): void {
    const { counts, words } = this
    const index = batch.count++
    for (let word = 0; word < hashWords; word++) {
      batch.words[index * hashWords + word] = words[record + TorrentRecord.hash + word]!
    }
    readCounts(words, record, counts)
    batch.seeders[index] = counts.seedersIpv4 + counts.seedersIpv6
    batch.leechers[index] = counts.leechersIpv4 + counts.leechersIpv6
    batch.downloads[index] = counts.downloads
  }
}

function isBetween(hash: number, start: number, end: number): boolean {
  return hash >>> 0 >= start && hash >>> 0 < end
}

/** The slot for a hash in a table of 2^bits slots. */
function slotOf(hash: number, bits: number): number {
  return Math.floor(hash / (hashEnd / (1 << bits)))
}
