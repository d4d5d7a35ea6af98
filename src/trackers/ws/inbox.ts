// What workers have for each other: a ring of bytes in shared memory for each worker, in which the others leave offers
// and answers in order. A ring that is full loses its oldest messages, since newer offers are worth more: their senders
// still wait for an answer. Whoever finds a ring empty wakes its worker, so a burst costs one wake-up.
//
//   ring     lock · head · tail (bytes taken and put, modulo 2^32, since it was last empty) · lost offers ·
//            lost answers · data
//   message  payload bytes · kind · member · from worker · from member · offer key 2 · info hash 5 · payload, padded

import { acquireLock, ownerOfLock, releaseLock } from '../../swarm/lock.js'

export const enum RelayKind {
  offer = 0,
  answer = 1,
  /** An answer that nobody expected; it has no payload. */
  refusal = 2,
}

/** A message beside its payload. Reused. */
export class RelayMessage {
  kind: number = RelayKind.offer
  /** For whom it is. */
  member = 0
  fromWorker = 0
  /** For refusals. */
  fromMember = 0
  /** See `ExpectedAnswers`. */
  offerKey0 = 0
  offerKey1 = 0
  /** The torrent's: numbers of members are used again. */
  readonly hashWords = new Int32Array(5)
}

/** Plain data for workers. */
export interface InboxMemory {
  readonly rings: readonly SharedArrayBuffer[]
}

/** Words at the beginning of a ring. */
const enum Ring {
  lock = 0,
  head = 16,
  tail = 17,
  lostOffers = 32,
  lostAnswers = 33,
  dataAt = 48,
}

/** Words of a message's head. */
const enum Head {
  payloadBytes = 0,
  kind = 1,
  member = 2,
  fromWorker = 3,
  fromMember = 4,
  offerKey = 5,
  hash = 7,
  words = 12,
}

const HEAD_BYTES = Head.words * 4

/** What is copied out of a ring with its lock held: 20 µs at most, in which others wait. One message may be larger. */
const TAKEN_BYTES = 65_536

/** The most bytes of a ring that a message takes. */
export function inboxBytesOf(payloadBytes: number): number {
  return HEAD_BYTES + paddedBytes(payloadBytes)
}

/** Makes a ring for each worker. @param bytesPerWorker room for messages; rounded up to a power of two */
export function createInboxMemory(workers: number, bytesPerWorker: number): InboxMemory {
  const dataBytes = 2 ** Math.ceil(Math.log2(Math.max(bytesPerWorker, 4096)))
  return {
    rings: Array.from({ length: workers }, () => new SharedArrayBuffer(Ring.dataAt * 4 + dataBytes)),
  }
}

/** How many rings a thread has locked: for one that has died, see `locksHeldBy` of the swarm. */
export function inboxLocksHeldBy({ rings }: InboxMemory, lockOwner: number): number {
  return rings.filter(ring => ownerOfLock(new Int32Array(ring), Ring.lock) === lockOwner).length
}

/** Messages that made room in full rings, by kind; refusals are among the answers. */
export function lostMessages({ rings }: InboxMemory): { readonly offers: number; readonly answers: number } {
  let offers = 0
  let answers = 0
  for (const ring of rings) {
    const words = new Int32Array(ring, 0, Ring.dataAt)
    offers += Atomics.load(words, Ring.lostOffers)
    answers += Atomics.load(words, Ring.lostAnswers)
  }
  return { offers, answers }
}

class InboxRing {
  readonly words: Int32Array
  readonly data: Uint8Array
  readonly dataWords: Int32Array
  readonly bytes: number

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, Ring.dataAt)
    this.data = new Uint8Array(buffer, Ring.dataAt * 4)
    this.dataWords = new Int32Array(buffer, Ring.dataAt * 4)
    this.bytes = this.data.length
  }
}

export interface InboxesOptions {
  /** As for the locks of the swarm. */
  readonly lockOwner: number
  /** Whose inbox `drain` empties. */
  readonly worker: number
  /** Makes a worker call `drain`; called for each of them at once, too. */
  readonly wake: (worker: number) => void
}

/** One worker's view of all inboxes. */
export class Inboxes {
  readonly #rings: readonly InboxRing[]
  readonly #lockOwner: number
  readonly #own: InboxRing
  readonly #wake: (worker: number) => void
  /** Messages that are delivered, out of reach of others. */
  #taken = new Uint8Array(TAKEN_BYTES)
  #takenWords = new Int32Array(this.#taken.buffer)
  /** Whether the last `#take` left messages in the ring. */
  #hasMore = false
  readonly #worker: number
  readonly #message = new RelayMessage()

  constructor({ rings }: InboxMemory, { lockOwner, worker, wake }: InboxesOptions) {
    this.#rings = rings.map(ring => new InboxRing(ring))
    this.#lockOwner = lockOwner
    this.#worker = worker
    this.#own = this.#rings[worker]
    this.#wake = wake
    // Rings that are not empty wake nobody: a worker before this one may have died before it read its messages, or
    // after it left one elsewhere and before it woke whom that was for.
    for (let other = 0; other < this.#rings.length; other++) wake(other)
  }

  /**
   * Leaves a message with payload[start, end) for a worker; older ones make room for it.
   * @returns false, and nothing is done, if it is larger than the whole ring
   */
  push(worker: number, message: RelayMessage, payload: Uint8Array, start: number, end: number): boolean {
    const ring = this.#rings[worker]
    const { words } = ring
    const needed = inboxBytesOf(end - start)
    if (needed > ring.bytes) return false
    acquireLock(words, Ring.lock, this.#lockOwner)
    let wasEmpty: boolean
    try {
      wasEmpty = words[Ring.head] === words[Ring.tail]
      while (usedBytes(words) + needed > ring.bytes) dropOldest(ring)
      put(ring, message, payload, start, end)
      words[Ring.tail] += needed
    } finally {
      releaseLock(words, Ring.lock)
    }
    if (wasEmpty) this.#wake(worker)
    return true
  }

  /**
   * Takes what is in this worker's inbox, and hands it on outside of the lock. Message and payload are valid during the
   * call; `deliver` may push, also into this inbox.
   * @returns how many messages; where others push without pause that is about a ring's content, and this worker is
   * woken for the rest
   */
  drain(deliver: (message: RelayMessage, payload: Uint8Array, start: number, end: number) => void): number {
    let count = 0
    let bytesLeft = this.#own.bytes
    do {
      const bytes = this.#take()
      bytesLeft -= bytes
      for (let at = 0; at < bytes; count++) {
        const payloadBytes = this.#readHead(at >> 2)
        deliver(this.#message, this.#taken, at + HEAD_BYTES, at + HEAD_BYTES + payloadBytes)
        at += inboxBytesOf(payloadBytes)
      }
    } while (this.#hasMore && bytesLeft > 0)
    if (this.#hasMore) this.#wake(this.#worker)
    return count
  }

  /** Moves the oldest messages to `#taken`, about `TAKEN_BYTES`. @returns their bytes */
  #take(): number {
    const ring = this.#own
    const { bytes: ringBytes, data, words } = ring
    acquireLock(words, Ring.lock, this.#lockOwner)
    try {
      const usedNow = usedBytes(words)
      const bytes = usedNow <= TAKEN_BYTES ? usedNow : oldestBytes(ring, TAKEN_BYTES)
      this.#makeRoom(bytes)
      const from = words[Ring.head] & (ringBytes - 1)
      const first = Math.min(bytes, ringBytes - from)
      this.#taken.set(data.subarray(from, from + first))
      if (first < bytes) this.#taken.set(data.subarray(0, bytes - first), first)
      words[Ring.head] += bytes
      this.#hasMore = bytes < usedNow
      // An empty ring begins anew, so that only bursts touch all of its memory.
      if (!this.#hasMore) {
        words[Ring.head] = 0
        words[Ring.tail] = 0
      }
      return bytes
    } finally {
      releaseLock(words, Ring.lock)
    }
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#taken.length) return
    this.#taken = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)))
    this.#takenWords = new Int32Array(this.#taken.buffer)
  }

  #readHead(word: number): number {
    const words = this.#takenWords
    const message = this.#message
    message.kind = words[word + Head.kind]
    message.member = words[word + Head.member]
    message.fromWorker = words[word + Head.fromWorker]
    message.fromMember = words[word + Head.fromMember]
    message.offerKey0 = words[word + Head.offerKey]
    message.offerKey1 = words[word + Head.offerKey + 1]
    for (let index = 0; index < 5; index++) message.hashWords[index] = words[word + Head.hash + index]
    return words[word + Head.payloadBytes]
  }
}

function paddedBytes(bytes: number): number {
  return (bytes + 3) & ~3
}

function usedBytes(words: Int32Array): number {
  return (words[Ring.tail] - words[Ring.head]) >>> 0
}

/** Bytes of as many of the oldest messages as fit into `bytesMax`, or of one. The ring has more than that. */
function oldestBytes({ bytes: ringBytes, dataWords, words }: InboxRing, bytesMax: number): number {
  const mask = ringBytes / 4 - 1
  const head = (words[Ring.head] & (ringBytes - 1)) >> 2
  let bytes = 0
  for (;;) {
    const next = bytes + inboxBytesOf(dataWords[(head + (bytes >> 2) + Head.payloadBytes) & mask])
    if (next > bytesMax) return bytes === 0 ? next : bytes
    bytes = next
  }
}

function dropOldest({ bytes, dataWords, words }: InboxRing): void {
  const mask = bytes / 4 - 1
  const at = (words[Ring.head] & (bytes - 1)) >> 2
  const kind = dataWords[(at + Head.kind) & mask]
  Atomics.add(words, kind === RelayKind.offer ? Ring.lostOffers : Ring.lostAnswers, 1)
  words[Ring.head] += inboxBytesOf(dataWords[(at + Head.payloadBytes) & mask])
}

/** Writes a message at the tail, which may go on at the beginning of the ring. */
function put(ring: InboxRing, message: RelayMessage, payload: Uint8Array, start: number, end: number): void {
  const { bytes, data, dataWords, words } = ring
  const mask = bytes / 4 - 1
  const at = (words[Ring.tail] & (bytes - 1)) >> 2
  dataWords[(at + Head.payloadBytes) & mask] = end - start
  dataWords[(at + Head.kind) & mask] = message.kind
  dataWords[(at + Head.member) & mask] = message.member
  dataWords[(at + Head.fromWorker) & mask] = message.fromWorker
  dataWords[(at + Head.fromMember) & mask] = message.fromMember
  dataWords[(at + Head.offerKey) & mask] = message.offerKey0
  dataWords[(at + Head.offerKey + 1) & mask] = message.offerKey1
  for (let index = 0; index < 5; index++)
    dataWords[(at + Head.hash + index) & mask] = message.hashWords[index]
  const dataAt = ((at << 2) + HEAD_BYTES) & (bytes - 1)
  const first = Math.min(end - start, bytes - dataAt)
  data.set(payload.subarray(start, start + first), dataAt)
  if (start + first < end) data.set(payload.subarray(start + first, end), 0)
}
