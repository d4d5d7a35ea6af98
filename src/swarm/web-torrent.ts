// One thread's view of the WebTorrent swarms: a `Swarm` in which each peer is the number of its record in `Members`.
// What the swarm does for addresses (counts, selection, limits, cleaning) it does for these numbers; and whoever is
// given one as a receiver learns from its record over which connection the peer is reached.

import { Announce, AnnounceEvent, AnnounceResult, Family, Outcome, type TorrentCounts } from './announce.js'
import { createMemberMemory, type MemberConnection, type MemberKey, Members, MemberView } from './members.js'
import { createSwarmMemory, type SwarmMemory, type SwarmMemoryOptions } from './memory.js'
import { Swarm, type SwarmOptions } from './swarm.js'

export { MemberView }

/** Handed to every thread as plain data. */
export interface WebTorrentMemory {
  readonly swarm: SwarmMemory
  readonly members: SharedArrayBuffer
}

/** Reserves both. @throws AQ_MEMORY_UNAVAILABLE */
export function createWebTorrentMemory(
  options: SwarmMemoryOptions & { readonly memberCapacity: number },
): WebTorrentMemory {
  return { swarm: createSwarmMemory(options), members: createMemberMemory(options.memberCapacity) }
}

/** What became of an announce. */
export const enum WebTorrentOutcome {
  stored = 0,
  /** The torrent is answered, but the memory limit left no room for this peer. */
  peerRefused = 1,
  /** The memory limit left no room for the torrent. */
  torrentRefused = 2,
  /** Every record of a member is taken. */
  membersFull = 3,
  /** Another connection, from another address, has announced the peer id: nothing is changed. */
  foreignPeerId = 4,
}

/** One announce; words hold bytes as they lie on the wire. Reused. */
export class WebTorrentAnnounce implements MemberKey, MemberConnection {
  hash0 = 0
  hash1 = 0
  hash2 = 0
  hash3 = 0
  hash4 = 0
  peer0 = 0
  peer1 = 0
  peer2 = 0
  peer3 = 0
  peer4 = 0
  worker = 0
  slot = 0
  generation = 0
  /** 4 or 6, or 0 without an address (a Unix socket). */
  family = 0
  address0 = 0
  address1 = 0
  address2 = 0
  address3 = 0
  /** As in the swarm. */
  event: number = AnnounceEvent.none
  seeder = false
  /** Other members to be chosen, at most; the result has room for them. */
  wantedReceivers = 0
  nowSeconds = 0
  maxPeerAgeSeconds = 0
}

/** Filled by the swarm. Counts include the announcer; where an announce is refused all is 0, unless it is answered. */
export class WebTorrentResult {
  complete = 0
  incomplete = 0
  downloads = 0
  /** The announcer's member; 0 when it is not listed. */
  member = 0
  isNewMember = false
  /** It was another connection's before. */
  isTakenOver = false
  receiverCount = 0
  readonly receivers: Int32Array

  /** @param receiversMax the most that will be wanted */
  constructor(receiversMax: number) {
    this.receivers = new Int32Array(receiversMax)
  }
}

/** 16-bit halves of a peer as the swarm writes it: two of the address, one of the port. */
const HALVES_PER_PEER = 3
/** The swarm lists nobody without a port. */
const ANY_PORT = 1

export class WebTorrentSwarm {
  readonly #swarm: Swarm
  readonly #members: Members
  readonly #announce = new Announce()
  readonly #result = new AnnounceResult()
  readonly #key = new WebTorrentAnnounce()
  readonly #view = new MemberView()
  #halves = new Uint16Array(16 * HALVES_PER_PEER)

  constructor({ swarm, members }: WebTorrentMemory, options: SwarmOptions) {
    this.#swarm = new Swarm(swarm, options)
    this.#members = new Members(members, options.lockOwner)
  }

  /** The swarm behind it, for totals and cleaning. */
  get swarm(): Swarm {
    return this.#swarm
  }

  get members(): number {
    return this.#members.count
  }

  get membersIpv6(): number {
    return this.#members.countIpv6
  }

  /**
   * Applies one announce, and chooses members that are to get its offers: different ones, never the announcer.
   * The same peer id from another connection takes the member over if the address is the same.
   * @returns a `WebTorrentOutcome`
   */
  announce(announce: WebTorrentAnnounce, result: WebTorrentResult): number {
    const members = this.#members
    clearResult(result)
    members.lock(announce)
    try {
      const known = members.find(announce)
      const { worker, slot, generation } = announce
      if (known !== 0 && !members.isConnectedBy(known, worker, slot, generation)) {
        if (!members.isFrom(known, announce)) return WebTorrentOutcome.foreignPeerId
        members.move(known, announce)
        result.isTakenOver = true
      }
      return announce.event === AnnounceEvent.stopped
        ? this.#stop(known, announce, result)
        : this.#list(known, announce, result)
    } finally {
      members.unlock()
    }
  }

  /** The member of a torrent with this peer id; 0 if there is none. */
  find(
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
    peer0: number,
    peer1: number,
    peer2: number,
    peer3: number,
    peer4: number,
  ): number {
    const key = this.#key
    key.hash0 = hash0
    key.hash1 = hash1
    key.hash2 = hash2
    key.hash3 = hash3
    key.hash4 = hash4
    key.peer0 = peer0
    key.peer1 = peer1
    key.peer2 = peer2
    key.peer3 = peer3
    key.peer4 = peer4
    this.#members.lock(key)
    const member = this.#members.find(key)
    this.#members.unlock()
    return member
  }

  /** Copies what is known of a member. @returns false if nobody has this number any more */
  read(member: number, view: MemberView): boolean {
    if (!this.#members.lockMember(member)) return false
    this.#members.copy(member, view)
    this.#members.unlock()
    return true
  }

  /** A connection was closed. @returns whether the member was still the connection's, and is removed */
  leave(member: number, worker: number, slot: number, generation: number): boolean {
    if (!this.#members.lockMember(member)) return false
    try {
      if (!this.#members.isConnectedBy(member, worker, slot, generation)) return false
      this.#removeLocked(member)
      return true
    } finally {
      this.#members.unlock()
    }
  }

  /** Removes every member of a worker that has died. @returns how many */
  forgetWorker(worker: number): number {
    const view = this.#view
    let forgotten = 0
    for (let member = 1; member < this.#members.end; member++) {
      if (!this.read(member, view) || view.worker !== worker) continue
      if (this.leave(member, worker, view.slot, view.generation)) forgotten++
    }
    return forgotten
  }

  /** Everything the torrent counts, among the IPv4 counts whatever the clients' addresses; zeros for an unknown one. */
  scrape(
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
    counts: TorrentCounts,
  ): void {
    this.#swarm.scrape(hash0, hash1, hash2, hash3, hash4, counts)
  }

  #list(known: number, announce: WebTorrentAnnounce, result: WebTorrentResult): number {
    const members = this.#members
    const member = known === 0 ? members.add(announce, announce) : known
    if (member === 0) return WebTorrentOutcome.membersFull
    if (announce.event === AnnounceEvent.completed) members.setCompleted(member)
    const isSeeder = announce.seeder || members.isCompleted(member)
    const outcome = this.#ask(member, isSeeder, announce)
    if (outcome !== Outcome.stored) {
      members.remove(member)
      if (outcome === Outcome.torrentRefused) return WebTorrentOutcome.torrentRefused
      this.#count(result, 0, false)
      return WebTorrentOutcome.peerRefused
    }
    result.member = member
    result.isNewMember = known === 0
    this.#count(result, 1, isSeeder)
    this.#readReceivers(result)
    return WebTorrentOutcome.stored
  }

  #stop(known: number, announce: WebTorrentAnnounce, result: WebTorrentResult): number {
    this.#ask(known, false, announce)
    if (known !== 0) this.#members.remove(known)
    this.#count(result, 0, false)
    return WebTorrentOutcome.stored
  }

  /** @returns an `Outcome` of the swarm */
  #ask(member: number, isSeeder: boolean, from: WebTorrentAnnounce): number {
    const announce = this.#announce
    announce.hash0 = from.hash0
    announce.hash1 = from.hash1
    announce.hash2 = from.hash2
    announce.hash3 = from.hash3
    announce.hash4 = from.hash4
    announce.family = Family.ipv4
    announce.address0 = member
    announce.wirePort = ANY_PORT
    announce.event = from.event
    announce.seeder = isSeeder
    announce.wanted = from.event === AnnounceEvent.stopped ? 0 : from.wantedReceivers
    announce.nowSeconds = from.nowSeconds
    announce.maxPeerAgeSeconds = from.maxPeerAgeSeconds
    const halves = announce.wanted * HALVES_PER_PEER
    if (halves > this.#halves.length) this.#halves = new Uint16Array(halves)
    return this.#swarm.announce(announce, this.#result, this.#halves, 0)
  }

  #count(result: WebTorrentResult, own: number, isSeeder: boolean): void {
    const { seeders, leechers, downloads } = this.#result
    result.complete = seeders + (isSeeder ? own : 0)
    result.incomplete = leechers + (isSeeder ? 0 : own)
    result.downloads = downloads
  }

  #readReceivers(result: WebTorrentResult): void {
    const halves = this.#halves
    const count = this.#result.peersWritten
    for (let index = 0; index < count; index++) {
      const at = index * HALVES_PER_PEER
      result.receivers[index] = halves[at] | (halves[at + 1] << 16)
    }
    result.receiverCount = count
  }

  #removeLocked(member: number): void {
    const view = this.#view
    this.#members.copy(member, view)
    const announce = this.#key
    announce.hash0 = view.hashWords[0]
    announce.hash1 = view.hashWords[1]
    announce.hash2 = view.hashWords[2]
    announce.hash3 = view.hashWords[3]
    announce.hash4 = view.hashWords[4]
    announce.event = AnnounceEvent.stopped
    this.#ask(member, false, announce)
    this.#members.remove(member)
  }
}

function clearResult(result: WebTorrentResult): void {
  result.complete = 0
  result.incomplete = 0
  result.downloads = 0
  result.member = 0
  result.isNewMember = false
  result.isTakenOver = false
  result.receiverCount = 0
}
