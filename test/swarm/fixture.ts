// What the swarm's tests share: small swarms, one-line announces, and reading back what was written.
import { Announce, AnnounceEvent, AnnounceResult, Family, TorrentCounts } from '../../src/swarm/announce.js'
import type { Cleaner } from '../../src/swarm/cleaner.js'
import { createSwarmMemory, type SwarmMemory, type SwarmMemoryOptions } from '../../src/swarm/memory.js'
import { Swarm } from '../../src/swarm/swarm.js'

export const maxPeerAgeSeconds = 1200

/** A fixed key makes every test repeatable. */
export const hashKey = Uint8Array.from({ length: 16 }, (_, index) => index * 11 + 3)

export function makeMemory(options: Partial<SwarmMemoryOptions> = {}): SwarmMemory {
  return createSwarmMemory({
    memoryLimitBytes: 64 * 2 ** 20,
    maxPeerAgeSeconds,
    cleaningIntervalSeconds: 120,
    hashKey,
    ...options,
  })
}

export interface PeerAnnounce {
  torrent: number
  family?: number
  address: number
  port: number
  event?: number
  seeder?: boolean
  wanted?: number
  bothFamilies?: boolean
  now?: number
  age?: number
}

/** 16-bit halves of a compact peer. */
function halvesOf(family: number): number {
  return family === Family.ipv4 ? 3 : 9
}

/** One thread's swarm with everything an announce needs; `say` fills it in and announces. */
export class Speaker {
  readonly swarm: Swarm
  readonly announce = new Announce()
  readonly result = new AnnounceResult()
  readonly out = new Uint16Array(200_000)
  private readonly counts = new TorrentCounts()

  constructor(memory: SwarmMemory, lockOwner = 1, randomSeed = 1) {
    this.swarm = new Swarm(memory, { lockOwner, randomSeed })
  }

  say(peer: PeerAnnounce): number {
    const { announce } = this
    announce.hash0 = peer.torrent
    announce.hash1 = Math.imul(peer.torrent, 0x9e3779b1)
    announce.hash2 = ~peer.torrent
    announce.hash3 = 1
    announce.hash4 = -1
    announce.family = peer.family ?? Family.ipv4
    announce.address0 = peer.address
    announce.address1 = peer.address ^ 0x55
    announce.address2 = -peer.address
    announce.address3 = 9
    announce.wirePort = peer.port
    announce.event = peer.event ?? AnnounceEvent.none
    announce.seeder = peer.seeder ?? false
    announce.wanted = peer.wanted ?? 0
    announce.bothFamilies = peer.bothFamilies ?? false
    announce.nowSeconds = peer.now ?? 0
    announce.maxPeerAgeSeconds = peer.age ?? maxPeerAgeSeconds
    return this.swarm.announce(announce, this.result, this.out, 0)
  }

  /** The peers of the announcer's family in the last answer, as `address:port`. */
  peers(): string[] {
    return this.read(0, halvesOf(this.announce.family), this.result.peersWritten)
  }

  /** Those of the other family. */
  otherPeers(): string[] {
    const { family } = this.announce
    const otherFamily = family === Family.ipv4 ? Family.ipv6 : Family.ipv4
    const from = this.result.peersWritten * halvesOf(family)
    return this.read(from, halvesOf(otherFamily), this.result.otherPeersWritten)
  }

  private read(from: number, halves: number, count: number): string[] {
    return Array.from({ length: count }, (_, index) => {
      const at = from + index * halves
      return `${this.out[at]! | (this.out[at + 1]! << 16)}:${this.out[at + halves - 1]!}`
    })
  }

  scrape(torrent: number): TorrentCounts {
    const { counts } = this
    this.swarm.scrape(torrent, Math.imul(torrent, 0x9e3779b1), ~torrent, 1, -1, counts)
    return counts
  }
}

/** A whole cleaning round in steps of `entries`. */
export function cleanAll(cleaner: Cleaner, nowSeconds: number, entries = 1000): void {
  cleaner.begin(nowSeconds)
  while (!cleaner.step(entries)) {
    // The next step goes on where this one ended.
  }
}
