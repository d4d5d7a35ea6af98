// What the tests of WebTorrent swarms share: small tables, one-line announces, and a walk over everything stored.
import assert from 'node:assert/strict'
import { AnnounceEvent, TorrentCounts } from '../../src/swarm/announce.js'
import { Members } from '../../src/swarm/members.js'
import type { SwarmMemoryOptions } from '../../src/swarm/memory.js'
import {
  createWebTorrentMemory,
  MemberView,
  WebTorrentAnnounce,
  type WebTorrentMemory,
  WebTorrentResult,
  WebTorrentSwarm,
} from '../../src/swarm/web-torrent.js'
import { hashKey, maxPeerAgeSeconds, Speaker } from './fixture.js'
import { checkInvariants } from './invariants.js'

export function makeWebTorrentMemory(
  options: Partial<SwarmMemoryOptions & { memberCapacity: number }> = {},
): WebTorrentMemory {
  return createWebTorrentMemory({
    memoryLimitBytes: 4 * 2 ** 20,
    maxPeerAgeSeconds,
    cleaningIntervalSeconds: 120,
    hashKey,
    memberCapacity: 20_000,
    ...options,
  })
}

export interface Connection {
  readonly worker?: number
  readonly slot?: number
  readonly generation?: number
  readonly family?: number
  readonly address?: number
}

export interface MemberAnnounce extends Connection {
  readonly torrent: number
  readonly peer: number
  readonly event?: number
  readonly seeder?: boolean
  readonly wanted?: number
  readonly now?: number
  readonly age?: number
}

/** The words of a torrent's info hash; as `Speaker` has them. */
function hashOf(torrent: number): [number, number, number, number, number] {
  return [torrent, Math.imul(torrent, 0x9e3779b1), ~torrent, 1, -1]
}

/** All peer ids begin alike, as those of one client program do. */
function peerOf(peer: number): [number, number, number, number, number] {
  return [0x2d575720, 0x30303030, 1, 2, peer]
}

/** One thread's WebTorrent swarm with everything an announce needs. */
export class MemberSpeaker {
  readonly swarm: WebTorrentSwarm
  readonly result = new WebTorrentResult(5000)
  readonly view = new MemberView()
  readonly #announce = new WebTorrentAnnounce()
  readonly #counts = new TorrentCounts()

  constructor(memory: WebTorrentMemory, lockOwner = 1, randomSeed = lockOwner) {
    this.swarm = new WebTorrentSwarm(memory, { lockOwner, randomSeed })
  }

  /** Announces; without a connection it is slot `peer` of worker 0, at address 1. @returns the outcome */
  say(said: MemberAnnounce): number {
    const announce = this.#announce
    const [hash0, hash1, hash2, hash3, hash4] = hashOf(said.torrent)
    const [peer0, peer1, peer2, peer3, peer4] = peerOf(said.peer)
    Object.assign(announce, { hash0, hash1, hash2, hash3, hash4, peer0, peer1, peer2, peer3, peer4 })
    announce.worker = said.worker ?? 0
    announce.slot = said.slot ?? said.peer
    announce.generation = said.generation ?? 0
    announce.family = said.family ?? 4
    announce.address0 = said.address ?? 1
    announce.address1 = announce.family === 6 ? 7 : 0
    announce.address2 = announce.family === 6 ? -7 : 0
    announce.address3 = announce.family === 6 ? ~announce.address0 : 0
    announce.event = said.event ?? AnnounceEvent.none
    announce.seeder = said.seeder ?? false
    announce.wantedReceivers = said.wanted ?? 0
    announce.nowSeconds = said.now ?? 0
    announce.maxPeerAgeSeconds = said.age ?? maxPeerAgeSeconds
    return this.swarm.announce(announce, this.result)
  }

  /** The members chosen by the last announce. */
  receivers(): number[] {
    return [...this.result.receivers.subarray(0, this.result.receiverCount)]
  }

  find(torrent: number, peer: number): number {
    return this.swarm.find(...hashOf(torrent), ...peerOf(peer))
  }

  /** Torrent and peer of a member; undefined when nobody has its number. */
  read(member: number): { torrent: number; peer: number; connection: Required<Connection> } | undefined {
    const { view } = this
    if (!this.swarm.read(member, view)) return undefined
    const torrent = view.hashWords[0]!
    const peer = view.peerWords[4]!
    assert.deepEqual([...view.hashWords], hashOf(torrent).map(int32), 'the info hash is not torn')
    assert.deepEqual([...view.peerWords], peerOf(peer).map(int32), 'the peer id is not torn')
    const { worker, slot, generation } = view
    return { torrent, peer, connection: { worker, slot, generation, family: 0, address: 0 } }
  }

  /** Seeders, leechers and downloads. */
  scrape(torrent: number): [number, number, number] {
    const counts = this.#counts
    this.swarm.scrape(...hashOf(torrent), counts)
    assert.equal(counts.seedersIpv6 + counts.leechersIpv6, 0)
    return [counts.seedersIpv4, counts.leechersIpv4, counts.downloads]
  }
}

function int32(word: number): number {
  return word | 0
}

/** Every member's `torrent:peer` by its number, while no thread changes anything. */
export function listMembers(memory: WebTorrentMemory): Map<number, string> {
  const reader = new MemberSpeaker(memory, 63)
  const { end } = new Members(memory.members, 63)
  const found = new Map<number, string>()
  for (let member = 1; member < end; member++) {
    const read = reader.read(member)
    if (read === undefined) continue
    assert.equal(reader.find(read.torrent, read.peer), member, 'a member is found by its key')
    found.set(member, `${read.torrent}:${read.peer}`)
  }
  assert.equal(found.size, reader.swarm.members)
  assert.equal(new Set(found.values()).size, found.size, 'no key has two members')
  return found
}

/**
 * Asserts that every peer of the swarm is a member of that torrent, none twice.
 * @returns the peers listed, as `torrent:peer`, of torrents 0 to `torrents` - 1
 */
export function checkMembers(memory: WebTorrentMemory, torrents: number): Set<string> {
  checkInvariants(memory.swarm)
  const members = listMembers(memory)
  const speaker = new Speaker(memory.swarm, 62)
  const listed = new Set<string>()
  for (let torrent = 0; torrent < torrents; torrent++) {
    speaker.say({ torrent, address: 0, port: 0, wanted: 66_000 })
    for (const peer of speaker.peers()) {
      const [member, port] = peer.split(':').map(Number)
      const name = members.get(member!)
      assert.equal(port, 1)
      const isOfTorrent = name?.startsWith(`${torrent}:`) ?? false
      assert.ok(isOfTorrent, `torrent ${torrent} lists member ${member}, which is ${name}`)
      listed.add(name!)
    }
  }
  const { ipv4, ipv6 } = speaker.swarm.totals()
  assert.equal(ipv4.peers, listed.size)
  assert.equal(ipv6.peers, 0)
  return listed
}
