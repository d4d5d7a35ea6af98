// The values one announce brings to the swarm and takes away. Both are reused for every packet: nothing is allocated.

/** Address family of a peer, as its IP version. */
export const enum Family {
  ipv4 = 4,
  ipv6 = 6,
}

/** BEP 15 event numbers; anything else is treated as `none` before it comes here. */
export const enum AnnounceEvent {
  none = 0,
  completed = 1,
  /** Nothing here depends on it. @public */
  started = 2,
  stopped = 3,
}

/** What became of the announcer's own entry. */
export const enum Outcome {
  /** The swarm now says what the announce said (inserted, refreshed, removed, or not listed because of port 0). */
  stored = 0,
  /** The torrent is known and answered, but the memory limit left no room for this peer. */
  peerRefused = 1,
  /** The torrent is new and the memory limit left no room for it: nothing to answer with. */
  torrentRefused = 2,
}

/**
 * One announce. 32-bit words hold bytes exactly as they lie on the wire, loaded by a (little-endian) Int32Array;
 * so a word is only ever compared, hashed and copied, never calculated with.
 */
export class Announce {
  hash0 = 0
  hash1 = 0
  hash2 = 0
  hash3 = 0
  hash4 = 0
  /** 4 or 6; an IPv4 peer uses `address0` alone. */
  family: number = Family.ipv4
  address0 = 0
  address1 = 0
  address2 = 0
  address3 = 0
  /** The two port bytes as on the wire, loaded by a little-endian Uint16Array; 0 is never listed. */
  wirePort = 0
  event: number = AnnounceEvent.none
  /** `left == 0`. */
  seeder = false
  /** Peers to return at most, already clamped by the caller (0 and more). */
  wanted = 0
  /** Fill up with peers of the other family, behind those of the announcer's own, and count these too (BEP 7). */
  bothFamilies = false
  nowSeconds = 0
  /** The entry is valid while `nowSeconds < this + the announce's nowSeconds`. */
  maxPeerAgeSeconds = 0
}

/**
 * Filled by the swarm. Counts are those of the announcer's own family, or of both with `bothFamilies`, and leave the
 * announcer out.
 */
export class AnnounceResult {
  /** Compact peers of the announcer's family written to `out`, each 3 (IPv4) or 9 (IPv6) 16-bit halves. */
  peersWritten = 0
  /** Peers of the other family, written behind those; 0 without `bothFamilies`. */
  otherPeersWritten = 0
  seeders = 0
  leechers = 0
  /** `completed` events seen for this torrent, both families. */
  downloads = 0
}

/** Filled by `Swarm.scrape`: everything one torrent counts. All zero for an unknown torrent. */
export class TorrentCounts {
  seedersIpv4 = 0
  leechersIpv4 = 0
  seedersIpv6 = 0
  leechersIpv6 = 0
  downloads = 0
}
