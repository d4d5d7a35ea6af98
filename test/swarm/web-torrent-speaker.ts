// What the tests of WebTorrent swarms share: small swarms, keys of whole numbers, and announces in one line.

import { AnnounceEvent, TorrentCounts } from '../../src/swarm/announce.js'
import {
  createWebTorrentMemory,
  MemberView,
  WebTorrentAnnounce,
  type WebTorrentMemory,
  WebTorrentResult,
  WebTorrentSwarm,
} from '../../src/swarm/web-torrent.js'
import { hashKey, maxPeerAgeSeconds } from './fixture.js'

export const RECEIVERS_MAX = 5000

/** A connection as the swarm knows it. */
export interface TestConnection {
  readonly worker: number
  readonly slot: number
  readonly generation: number
  readonly family: number
  readonly address: number
}

export const anyConnection: TestConnection = { worker: 0, slot: 1, generation: 1, family: 4, address: 9 }

export interface MemberAnnounce {
  torrent: number
  peer: number
  connection?: TestConnection
  event?: number
  seeder?: boolean
  wanted?: number
  now?: number
  age?: number
}

export interface TestMemoryOptions {
  readonly memberCapacity?: number
  readonly memoryLimitBytes?: number
  readonly shardCount?: number
  readonly bucketClass?: number
}

export function makeWebTorrentMemory(options: TestMemoryOptions = {}): WebTorrentMemory {
  return createWebTorrentMemory({
    memoryLimitBytes: 4 * 2 ** 20,
    maxPeerAgeSeconds,
    cleaningIntervalSeconds: 120,
    hashKey,
    memberCapacity: 10_000,
    ...options,
  })
}

type Words = readonly [number, number, number, number, number]

/** The words of a torrent's hash, or of a peer id. */
export function wordsOfNumber(number: number): Words {
  return [number, Math.imul(number, 0x9e3779b1), ~number, 1, -1]
}

/** One thread's view with everything an announce needs. */
export class MemberSpeaker {
  readonly swarm: WebTorrentSwarm
  readonly result = new WebTorrentResult(RECEIVERS_MAX)
  readonly view = new MemberView()
  readonly #announce = new WebTorrentAnnounce()
  readonly #counts = new TorrentCounts()

  constructor(memory: WebTorrentMemory, lockOwner = 1, randomSeed = 1) {
    this.swarm = new WebTorrentSwarm(memory, { lockOwner, randomSeed })
  }

  say(said: MemberAnnounce): number {
    const announce = this.#announce
    const { worker, slot, generation, family, address } = said.connection ?? anyConnection
    const [hash0, hash1, hash2, hash3, hash4] = wordsOfNumber(said.torrent)
    const [peer0, peer1, peer2, peer3, peer4] = wordsOfNumber(said.peer)
    Object.assign(announce, { hash0, hash1, hash2, hash3, hash4, peer0, peer1, peer2, peer3, peer4 })
    announce.worker = worker
    announce.slot = slot
    announce.generation = generation
    announce.family = family
    // Addresses that differ in one word only, each in another one.
    announce.address0 = (address & 3) === 0 ? address : 7
    announce.address1 = (address & 3) === 1 ? address : 7
    announce.address2 = (address & 3) === 2 ? address : 7
    announce.address3 = (address & 3) === 3 ? address : 7
    announce.event = said.event ?? AnnounceEvent.none
    announce.seeder = said.seeder ?? false
    announce.wantedReceivers = said.wanted ?? 0
    announce.nowSeconds = said.now ?? 0
    announce.maxPeerAgeSeconds = said.age ?? maxPeerAgeSeconds
    return this.swarm.announce(announce, this.result)
  }

  /** Members chosen by the last announce. */
  receivers(): number[] {
    return [...this.result.receivers.subarray(0, this.result.receiverCount)]
  }

  find(torrent: number, peer: number): number {
    return this.swarm.find(...wordsOfNumber(torrent), ...wordsOfNumber(peer))
  }

  /** Torrent and peer of a member; undefined if nobody has the number. */
  read(member: number): { torrent: number; peer: number } | undefined {
    if (!this.swarm.read(member, this.view)) return undefined
    const { hashWords, peerWords } = this.view
    for (const words of [hashWords, peerWords]) {
      if (wordsOfNumber(words[0]!).some((word, index) => word !== words[index]))
        throw new Error(`member ${member} is torn: ${words.join(' ')}`)
    }
    return { torrent: hashWords[0]!, peer: peerWords[0]! }
  }

  /** Closes a connection for one member. */
  leave(member: number, { worker, slot, generation }: TestConnection): boolean {
    return this.swarm.leave(member, worker, slot, generation)
  }

  scrape(torrent: number): TorrentCounts {
    this.swarm.scrape(...wordsOfNumber(torrent), this.#counts)
    return this.#counts
  }
}
