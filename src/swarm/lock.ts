// Locks in shared memory: one word each, 0 when free, else the owner's id and a bit that says somebody sleeps on it.
// A thread that is killed while it holds a lock leaves it held: `locksHeldBy` tells the supervisor, nothing repairs it.
import { Arena, Header, Layout, Shard } from './layout.js'
import { type SwarmMemory, wordsOf } from './memory.js'

/** Set while a thread waits for the lock, spinning or asleep; its release then wakes one. */
const waitersBit = 0x40000000
const ownerMask = waitersBit - 1

/** Owners are 1 to this. */
export const lockOwnerMax = ownerMask

/** A lock is held for well under a microsecond mostly; 200 looks take about 2 µs. */
const spinLooks = 200

/** A thread that sleeps needs some 50 µs to wake up: 10,000 looks take about 100 µs. */
const giveWayLooks = 10_000

/** A lost wake-up can't happen by design; the timeout turns one into a delay instead of a hang. */
const waitMs = 20

/**
 * Waits in a row without a release before a lock counts as abandoned: two seconds for what takes microseconds. Its
 * owner is dead, and waiting for ever would hide that. Counted in waits, not by a clock, so that a process that was
 * stopped and goes on is not misled.
 */
const waitsMax = 100

/** Takes the lock at `word`; `owner` is this thread's number, unique in the swarm. Not reentrant. */
export function acquireLock(words: Int32Array, word: number, owner: number): void {
  if (Atomics.compareExchange(words, word, 0, owner) !== 0) {
    acquireContended(words, word, owner)
  }
}

function acquireContended(words: Int32Array, word: number, owner: number): void {
  const held = Atomics.load(words, word)
  if (held !== 0 && (held & waitersBit) === 0) {
    Atomics.compareExchange(words, word, held, held | waitersBit)
  }
  // Taken with the waiters bit always: others may sleep too, and only the bit makes a release wake them.
  for (let look = 0; look < spinLooks; look++) {
    if (
      Atomics.load(words, word) === 0 &&
      Atomics.compareExchange(words, word, 0, owner | waitersBit) === 0
    ) {
      return
    }
  }
  for (let waits = 0; waits < waitsMax; ) {
    const held = Atomics.load(words, word)
    if (held === 0) {
      if (Atomics.compareExchange(words, word, 0, owner | waitersBit) === 0) {
        return
      }
      continue
    }
    const marked = held | waitersBit
    if (held === marked || Atomics.compareExchange(words, word, held, marked) === held) {
      // Somebody who is woken and comes too late is not stuck: the lock moves. Only silence counts.
      waits = Atomics.wait(words, word, marked, waitMs) === 'timed-out' ? waits + 1 : 0
    }
  }
  throw new Error(`a lock of the swarm was not released in time by thread ${ownerOfLock(words, word)}`)
}

/** Releases the lock at `word`, which this thread holds. */
export function releaseLock(words: Int32Array, word: number): void {
  const held = Atomics.exchange(words, word, 0)
  if ((held & waitersBit) !== 0) {
    Atomics.notify(words, word, 1)
  }
}

/**
 * Releases the lock at `word`. Where somebody waits for it, returns when it was taken again, or after a while: for a
 * caller that would take the same lock again at once, and win against threads that have to wake up first.
 */
export function releaseLockAndGiveWay(words: Int32Array, word: number): void {
  const hasWaiters = (Atomics.load(words, word) & waitersBit) !== 0
  releaseLock(words, word)
  for (let look = 0; hasWaiters && look < giveWayLooks && Atomics.load(words, word) === 0; look++);
}

/** The owner's id of a lock that is held, without the waiters bit; 0 when free. */
export function ownerOfLock(words: Int32Array, word: number): number {
  return words[word]! & ownerMask
}

/**
 * How many locks of the swarm `lockOwner` holds at this moment. For a thread that is dead, more than 0 means that it
 * died inside a critical section: what the lock guards may be half written, and every other thread will hang on it.
 */
export function locksHeldBy(memory: SwarmMemory, lockOwner: number): number {
  const words = wordsOf(memory)
  let count = heldBy(words, Header.poolLock, lockOwner)
  for (let arena = 0; arena < Layout.arenaCount; arena++) {
    count += heldBy(words, Layout.arenasAt + arena * Layout.arenaWords + Arena.lock, lockOwner)
  }
  for (let shard = 0; shard < Layout.shardCountMax; shard++) {
    count += heldBy(words, Layout.shardsAt + shard * Layout.shardWords + Shard.lock, lockOwner)
  }
  return count
}

function heldBy(words: Int32Array, word: number, lockOwner: number): number {
  return (Atomics.load(words, word) & ownerMask) === lockOwner ? 1 : 0
}
