// Where everything lies in the shared buffer of one swarm. All positions count 32-bit words from its start; word 0
// holds nothing, so 0 means "none" wherever a position is stored.
//
//   0          128              131200                      first heap slab             memory limit
//   +----------+----------------+---------------------------+---------------------------+
//   | header   | 4096 shards    | slab descriptors          | heap: slabs of 1 KiB      |
//   |          | of 32 words    | 3 words for every slab    | (touched = paid for)      |
//   +----------+----------------+---------------------------+---------------------------+

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
  /** Heads (slab numbers) of the lists of slabs with room: records, then blocks of 2, 4, ... 128 words. */
  slabLists: 16,
} as const

/** Words of one torrent record; the info hash is its first five (`torrent-record.ts`). */
export const TorrentRecord = { next: 5, ipv4: 6, ipv6: 8, downloads: 10 } as const

export const recordWords = 11

/** Within `Shard.ipv4` and `Shard.ipv6`. */
export const FamilyCounter = { peers: 0, seeders: 1, torrents: 2 } as const

/** The shards begin behind the header. */
export const shardsAt = 128
export const shardWords = 32
export const shardCountMax = 4096
export const descriptorsAt = shardsAt + shardCountMax * shardWords

export const slabBits = 8
export const slabWords = 1 << slabBits
export const descriptorWords = 3

/** Orders 0..23: one slab up to 8 GiB. */
export const poolOrderMax = 23

/** 2^31 words, so that every position is a non-negative int32. */
export const memoryMaxBytes = 2 ** 33
