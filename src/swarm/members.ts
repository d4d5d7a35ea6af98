// The members of WebTorrent swarms in shared memory: who announced which torrent over which connection of which worker.
// A member is found by info hash and peer id; its number stands for it in the swarm, where other protocols have
// an address. Numbers are used again, after the swarm has forgotten them.
//
//   header   keys, counts, free list      one cache line for the lock of the free list
//   shards   256 locks, a line each       of the heads whose number ends in theirs, and of the records behind them
//   heads    2^n chains                   chosen by a keyed hash of info hash and peer id
//   records  20 words each                touched, and paid for, as they are needed
//
// Locks are taken in this order: shard, then whatever the swarm takes (`swarm.ts`), then the free list.

import { randomFillSync } from 'node:crypto'
import { AquaticError } from '../errors.js'
import { halfSipHashOf5 } from '../protocol/half-siphash.js'
import { acquireLock, releaseLock } from './lock.js'

const enum Header {
  torrentKey = 1,
  peerKey = 3,
  headMask = 5,
  capacity = 6,
  /** Shared by all threads for keyed hashes of theirs. */
  offerKey = 8,
  freeLock = 16,
  freeHead = 32,
  untouched = 33,
  members = 34,
  membersIpv6 = 35,
  refused = 36,
}

const enum Layout {
  headerWords = 64,
  shardCount = 256,
  shardWords = 16,
  shardsAt = headerWords,
  headsAt = shardsAt + shardCount * shardWords,
}

/** Words of a record. */
const enum Member {
  next = 0,
  /** Number of its head + 1; 0 for a free record. */
  head = 1,
  hash = 2,
  peer = 7,
  worker = 12,
  slot = 13,
  generation = 14,
  address = 15,
  /** Bits of `MemberFlag`. */
  flags = 19,
  words = 20,
}

const enum MemberFlag {
  ipv6 = 1,
  completed = 2,
}

/** Records are numbered with 31 bits, and a number is at most one word of what the swarm stores. */
const CAPACITY_MAX = 2 ** 24
const HEADS_MIN = Layout.shardCount

/** Makes the table. @param capacity members at a time, up to 2^24; reserved, and touched as they come */
export function createMemberMemory(capacity: number): SharedArrayBuffer {
  if (!(capacity >= 1 && capacity <= CAPACITY_MAX)) throw new RangeError(`capacity must not be ${capacity}`)
  const headCount = Math.max(HEADS_MIN, 2 ** Math.ceil(Math.log2(capacity)))
  const recordsAt = Layout.headsAt + headCount
  const buffer = reserve((recordsAt + (capacity + 1) * Member.words) * 4)
  const words = new Int32Array(buffer)
  randomFillSync(new Uint8Array(buffer, Header.torrentKey * 4, 4 * 4))
  randomFillSync(new Uint8Array(buffer, Header.offerKey * 4, 4 * 4))
  words[Header.headMask] = headCount - 1
  words[Header.capacity] = capacity
  words[Header.untouched] = 1
  return buffer
}

function reserve(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes)
  } catch (cause) {
    throw new AquaticError(
      'AQ_MEMORY_UNAVAILABLE',
      `The system refused to reserve ${Math.ceil(bytes / 2 ** 20)} MiB for the members of WebTorrent swarms.`,
      { remedy: 'lower network.max_connections, or raise the limit on address space (ulimit -v)', cause },
    )
  }
}

/** How many locks of the table a thread holds; as `locksHeldBy` of the swarm, for one that has died. */
export function memberLocksHeldBy(memory: SharedArrayBuffer, lockOwner: number): number {
  const words = new Int32Array(memory)
  const isHeld = (word: number): boolean => (Atomics.load(words, word) & 0x3fffffff) === lockOwner
  let count = isHeld(Header.freeLock) ? 1 : 0
  for (let shard = 0; shard < Layout.shardCount; shard++) {
    if (isHeld(Layout.shardsAt + shard * Layout.shardWords)) count++
  }
  return count
}

/** Four words that all threads share, drawn at start: a key for what they tell each other. */
export function offerKeyOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, Header.offerKey * 4, 4)
}

/** What a member's record says, copied. Reused. */
export class MemberView {
  readonly hashWords = new Int32Array(5)
  /** The same memory as bytes: the info hash. */
  readonly hash = new Uint8Array(this.hashWords.buffer)
  readonly peerWords = new Int32Array(5)
  worker = 0
  slot = 0
  generation = 0
}

/** Where a member is connected, and from which address (four words as they lie on the wire). */
export interface MemberConnection {
  readonly worker: number
  readonly slot: number
  readonly generation: number
  readonly family: number
  readonly address0: number
  readonly address1: number
  readonly address2: number
  readonly address3: number
}

/** The words of info hash and peer id. */
export interface MemberKey {
  readonly hash0: number
  readonly hash1: number
  readonly hash2: number
  readonly hash3: number
  readonly hash4: number
  readonly peer0: number
  readonly peer1: number
  readonly peer2: number
  readonly peer3: number
  readonly peer4: number
}

/** One thread's view. Everything but `read` and the counts is called between `lock` and `unlock`. */
export class Members {
  readonly #words: Int32Array
  readonly #lockOwner: number
  readonly #headMask: number
  readonly #recordsAt: number
  #head = 0

  /** @param lockOwner as that of the swarm */
  constructor(memory: SharedArrayBuffer, lockOwner: number) {
    this.#words = new Int32Array(memory)
    this.#lockOwner = lockOwner
    this.#headMask = this.#words[Header.headMask]
    this.#recordsAt = Layout.headsAt + this.#headMask + 1
  }

  get count(): number {
    return Atomics.load(this.#words, Header.members)
  }

  get countIpv6(): number {
    return Atomics.load(this.#words, Header.membersIpv6)
  }

  /** Members that were refused since every record was taken. */
  get refused(): number {
    return Atomics.load(this.#words, Header.refused)
  }

  /** One more than the largest number that was ever given. */
  get end(): number {
    return Atomics.load(this.#words, Header.untouched)
  }

  /** Locks whatever may have this key. */
  lock(key: MemberKey): void {
    const words = this.#words
    const torrent = halfSipHashOf5(
      words[Header.torrentKey],
      words[Header.torrentKey + 1],
      key.hash0,
      key.hash1,
      key.hash2,
      key.hash3,
      key.hash4,
    )
    const hash = halfSipHashOf5(
      words[Header.peerKey] ^ torrent,
      words[Header.peerKey + 1],
      key.peer0,
      key.peer1,
      key.peer2,
      key.peer3,
      key.peer4,
    )
    this.#head = hash & this.#headMask
    acquireLock(words, lockOf(this.#head), this.#lockOwner)
  }

  /** Locks the member `member`, wherever it belongs. @returns false, without a lock, if the record is free */
  lockMember(member: number): boolean {
    const words = this.#words
    const record = this.#recordOf(member)
    for (;;) {
      const head = Atomics.load(words, record + Member.head) - 1
      if (head < 0) return false
      acquireLock(words, lockOf(head), this.#lockOwner)
      this.#head = head
      if (words[record + Member.head] === head + 1) return true
      // It was freed, and perhaps given to another key, in between.
      releaseLock(words, lockOf(head))
    }
  }

  unlock(): void {
    releaseLock(this.#words, lockOf(this.#head))
  }

  /** The member with the locked key, or 0. */
  find(key: MemberKey): number {
    const words = this.#words
    let member = words[Layout.headsAt + this.#head]
    while (member !== 0 && !this.#isKey(this.#recordOf(member), key)) {
      member = words[this.#recordOf(member) + Member.next]
    }
    return member
  }

  /** Adds a member with the locked key. @returns its number, 0 if every record is taken */
  add(key: MemberKey, connection: MemberConnection): number {
    const words = this.#words
    const member = this.#take()
    if (member === 0) {
      Atomics.add(words, Header.refused, 1)
      return 0
    }
    const record = this.#recordOf(member)
    const headAt = Layout.headsAt + this.#head
    words[record + Member.next] = words[headAt]
    words[record + Member.hash] = key.hash0
    words[record + Member.hash + 1] = key.hash1
    words[record + Member.hash + 2] = key.hash2
    words[record + Member.hash + 3] = key.hash3
    words[record + Member.hash + 4] = key.hash4
    words[record + Member.peer] = key.peer0
    words[record + Member.peer + 1] = key.peer1
    words[record + Member.peer + 2] = key.peer2
    words[record + Member.peer + 3] = key.peer3
    words[record + Member.peer + 4] = key.peer4
    words[record + Member.flags] = 0
    this.#setConnection(record, connection)
    Atomics.store(words, record + Member.head, this.#head + 1)
    words[headAt] = member
    Atomics.add(words, Header.members, 1)
    return member
  }

  /** Whether the locked member is the one of this connection. */
  isConnectedBy(member: number, worker: number, slot: number, generation: number): boolean {
    const words = this.#words
    const record = this.#recordOf(member)
    return (
      words[record + Member.worker] === worker &&
      words[record + Member.slot] === slot &&
      words[record + Member.generation] === generation >> 0
    )
  }

  /** Whether the locked member's connection came from the same address. */
  isFrom(member: number, { address0, address1, address2, address3, family }: MemberConnection): boolean {
    const words = this.#words
    const at = this.#recordOf(member) + Member.address
    const isIpv6 = (words[this.#recordOf(member) + Member.flags] & MemberFlag.ipv6) !== 0
    return (
      words[at] === address0 &&
      words[at + 1] === address1 &&
      words[at + 2] === address2 &&
      words[at + 3] === address3 &&
      isIpv6 === (family === 6)
    )
  }

  /** The locked member has come over another connection. */
  move(member: number, connection: MemberConnection): void {
    this.#setConnection(this.#recordOf(member), connection)
  }

  isCompleted(member: number): boolean {
    return (this.#words[this.#recordOf(member) + Member.flags] & MemberFlag.completed) !== 0
  }

  setCompleted(member: number): void {
    this.#words[this.#recordOf(member) + Member.flags] |= MemberFlag.completed
  }

  /** Removes the locked member. The swarm has forgotten its number. */
  remove(member: number): void {
    const words = this.#words
    const record = this.#recordOf(member)
    let link = Layout.headsAt + this.#head
    while (words[link] !== member) link = this.#recordOf(words[link]) + Member.next
    words[link] = words[record + Member.next]
    Atomics.store(words, record + Member.head, 0)
    Atomics.sub(words, Header.members, 1)
    if ((words[record + Member.flags] & MemberFlag.ipv6) !== 0) Atomics.sub(words, Header.membersIpv6, 1)
    this.#giveBack(member)
  }

  /** Copies what is known of the locked member. */
  copy(member: number, view: MemberView): void {
    const words = this.#words
    const record = this.#recordOf(member)
    for (let word = 0; word < 5; word++) {
      view.hashWords[word] = words[record + Member.hash + word]
      view.peerWords[word] = words[record + Member.peer + word]
    }
    view.worker = words[record + Member.worker]
    view.slot = words[record + Member.slot]
    view.generation = words[record + Member.generation] >>> 0
  }

  #recordOf(member: number): number {
    return this.#recordsAt + member * Member.words
  }

  #isKey(record: number, key: MemberKey): boolean {
    const words = this.#words
    return (
      words[record + Member.peer] === key.peer0 &&
      words[record + Member.peer + 1] === key.peer1 &&
      words[record + Member.peer + 2] === key.peer2 &&
      words[record + Member.peer + 3] === key.peer3 &&
      words[record + Member.peer + 4] === key.peer4 &&
      words[record + Member.hash] === key.hash0 &&
      words[record + Member.hash + 1] === key.hash1 &&
      words[record + Member.hash + 2] === key.hash2 &&
      words[record + Member.hash + 3] === key.hash3 &&
      words[record + Member.hash + 4] === key.hash4
    )
  }

  #setConnection(record: number, connection: MemberConnection): void {
    const words = this.#words
    const wasIpv6 = (words[record + Member.flags] & MemberFlag.ipv6) !== 0
    const isIpv6 = connection.family === 6
    if (isIpv6 !== wasIpv6) {
      words[record + Member.flags] ^= MemberFlag.ipv6
      Atomics.add(words, Header.membersIpv6, isIpv6 ? 1 : -1)
    }
    words[record + Member.worker] = connection.worker
    words[record + Member.slot] = connection.slot
    words[record + Member.generation] = connection.generation
    words[record + Member.address] = connection.address0
    words[record + Member.address + 1] = connection.address1
    words[record + Member.address + 2] = connection.address2
    words[record + Member.address + 3] = connection.address3
  }

  #take(): number {
    const words = this.#words
    acquireLock(words, Header.freeLock, this.#lockOwner)
    try {
      const freed = words[Header.freeHead]
      if (freed !== 0) {
        words[Header.freeHead] = words[this.#recordOf(freed) + Member.next]
        return freed
      }
      const untouched = words[Header.untouched]
      if (untouched > words[Header.capacity]) return 0
      Atomics.store(words, Header.untouched, untouched + 1)
      return untouched
    } finally {
      releaseLock(words, Header.freeLock)
    }
  }

  #giveBack(member: number): void {
    const words = this.#words
    acquireLock(words, Header.freeLock, this.#lockOwner)
    words[this.#recordOf(member) + Member.next] = words[Header.freeHead]
    words[Header.freeHead] = member
    releaseLock(words, Header.freeLock)
  }
}

function lockOf(head: number): number {
  return Layout.shardsAt + (head & (Layout.shardCount - 1)) * Layout.shardWords
}
