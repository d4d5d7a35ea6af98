// Where everything lies in the shared buffer of one swarm. All positions count 32-bit words from its start; word 0
// holds nothing, so 0 means "none" wherever a position is stored.
//
//   0         128            640             66176                     first heap slab         memory limit
//   +---------+--------------+---------------+-------------------------+-----------------------+
//   | header  | 32 arenas of | 4096 shards   | slab descriptors:       | heap: slabs of 1 KiB  |
//   |         | 16 words     | of 16 words   | 3 words for every slab  | (touched = paid for)  |
//   +---------+--------------+---------------+-------------------------+-----------------------+

/** Words of the header: how the swarm was made, and the block pool (`block-pool.ts`). */
export const Header = {
  bucketClass: 1,
  shardMask: 2,
  tickSeconds: 3,
  torrentKey: 4,
  peerKey: 6,
  poolLock: 32,
  poolTop: 48,
  poolEnd: 49,
  poolUsed: 50,
  poolFirst: 51,
  /** One free list head (a slab number) per order. */
  poolFree: 64,
} as const

/** Words of one shard. A fresh buffer is all zeroes, which is an empty shard. */
export const Shard = {
  lock: 0,
  slots: 1,
  slotBits: 2,
  torrents: 3,
  /** Peers, seeders and torrents with peers: three words per family. */
  ipv4: 4,
  ipv6: 7,
  refusedTorrents: 10,
  refusedPeers: 11,
} as const

/** Words of one arena, an allocator for sizes below a slab (`slabs.ts`). */
export const Arena = {
  lock: 0,
  /** Heads (slab numbers) of the lists of slabs with room: records, then blocks of 2, 4, ... 128 words. */
  slabLists: 8,
} as const

/** Words of one torrent record (`torrent-record.ts`). */
export const TorrentRecord = { next: 0, hash: 1, ipv4: 6, ipv6: 8, downloads: 10 } as const

export const recordWords = 11

/** Within `Shard.ipv4` and `Shard.ipv6`. */
export const FamilyCounter = { peers: 0, seeders: 1, torrents: 2 } as const

const headerWords = 128
export const arenaWords = 16
export const arenaCount = 32
export const arenasAt = headerWords
/** One cache line. */
export const shardWords = 16
export const shardCountMax = 4096
export const shardsAt = arenasAt + arenaCount * arenaWords
export const descriptorsAt = shardsAt + shardCountMax * shardWords

export const slabBits = 8
export const slabWords = 1 << slabBits
export const descriptorWords = 3

/** Orders 0..23: one slab up to 8 GiB. */
export const poolOrderMax = 23

/**
 * The words begin 48 bytes into the buffer: the allocator puts 16 bytes before it, and 64 together make every 16th word
 * begin a cache line. Where that is not so it costs speed, nothing else.
 */
export const firstByte = 48

/** 2^31 words, so that every position is a non-negative int32. */
export const memoryMaxBytes = 2 ** 33
