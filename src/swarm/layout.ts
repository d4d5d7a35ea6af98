// Where everything lies in the shared buffer of one swarm. All positions count 32-bit words from its start; word 0
// holds nothing, so 0 means "none" wherever a position is stored.
//
//   0         128            640             4736          70272                    first heap slab       memory limit
//   +---------+--------------+---------------+-------------+------------------------+---------------------+
//   | header  | 32 arenas of | 32 x 8 lists  | 4096 shards | slab descriptors:      | heap: slabs of 1 KiB|
//   |         | 16 words     | of 15 spares  | of 16 words | 3 words for every slab | (touched = paid for)|
//   +---------+--------------+---------------+-------------+------------------------+---------------------+
//
// The names are const enums, which the compiler replaces by their numbers: V8 does not fold constants that come from
// another module, and loaded them from memory each time (8 % of the time of an insert).

/** Words of the header: how the swarm was made, and the block pool (`block-pool.ts`). */
export const enum Header {
  bucketClass = 1,
  shardMask = 2,
  tickSeconds = 3,
  torrentKey = 4,
  peerKey = 6,
  poolLock = 32,
  poolTop = 48,
  poolEnd = 49,
  poolUsed = 50,
  poolFirst = 51,
  /** One free list head (a slab number) per order. */
  poolFree = 64,
}

/** Words of one shard. A fresh buffer is all zeroes, which is an empty shard. */
export const enum Shard {
  lock = 0,
  slots = 1,
  slotBits = 2,
  torrents = 3,
  /** Peers, seeders and torrents with peers: three words per family. */
  ipv4 = 4,
  ipv6 = 7,
  refusedTorrents = 10,
  refusedPeers = 11,
}

/** Words of one arena, an allocator for sizes below a slab (`slabs.ts`). */
export const enum Arena {
  lock = 0,
  /** Heads (slab numbers) of the lists of slabs with room: records, then blocks of 2, 4, ... 128 words. */
  slabLists = 8,
}

/** Words of one torrent record (`torrent-record.ts`). */
export const enum TorrentRecord {
  next = 0,
  hash = 1,
  ipv4 = 6,
  ipv6 = 8,
  downloads = 10,
}

/** Within `Shard.ipv4` and `Shard.ipv6`. */
export const enum FamilyCounter {
  peers = 0,
  seeders = 1,
  torrents = 2,
}

/** Where the parts begin, and their sizes: in words from the start of the buffer unless a name says otherwise. */
export const enum Layout {
  arenasAt = 128,
  arenaWords = 16,
  arenaCount = 32,
  /** Spare blocks of the threads with these numbers, a list for each size: a count and 15 positions (`slabs.ts`). */
  sparesAt = arenasAt + arenaCount * arenaWords,
  sparesWords = 16,
  sparesListCount = 8,
  shardsAt = sparesAt + arenaCount * sparesListCount * sparesWords,
  /** One cache line. */
  shardWords = 16,
  shardCountMax = 4096,
  descriptorsAt = shardsAt + shardCountMax * shardWords,
  descriptorWords = 3,
  recordWords = 11,
  slabBits = 8,
  slabWords = 1 << slabBits,
  /** Orders 0..23: one slab up to 8 GiB. */
  poolOrderMax = 23,
  /**
   * The words begin 48 bytes into the buffer: the allocator puts 16 bytes before it, and 64 together make every 16th
   * word begin a cache line. Where that is not so it costs speed, nothing else.
   */
  firstByte = 48,
  /** 2^31 words, so that every position is a non-negative int32. */
  memoryMaxBytes = 2 ** 33,
}
