// Batches of datagrams through the UDP tracker without its sockets: each answer is what a plain model of the swarm
// says, never longer than its request allows (docs/security.md), and no id means no answer. Afterwards all is
// forgotten.
//
// The input is a row of datagrams, each behind three bytes: who sends it and with which id, and its length.

import assert from 'node:assert/strict'
import { UdpBatch } from '../../../src/net/udp-batch.js'
import { Cleaner } from '../../../src/swarm/cleaner.js'
import { Lookahead } from '../../../src/swarm/lookahead.js'
import { Swarm } from '../../../src/swarm/swarm.js'
import { ConnectionIds } from '../../../src/trackers/udp/connection-id.js'
import { UdpCounter, udpCounterNames } from '../../../src/trackers/udp/counters.js'
import { packetBytesFor, UdpHandler, type UdpRules } from '../../../src/trackers/udp/handler.js'
import {
  announceRequest,
  connectRequest,
  infoHash,
  readAnnounceResponse,
  scrapeRequest,
} from '../../support/udp-messages.js'
import { cleanAll, makeMemory } from '../../swarm/fixture.js'
import { checkInvariants } from '../../swarm/invariants.js'
import { Model } from '../../swarm/model.js'
import type { FuzzTarget } from '../target.js'

const rules: UdpRules = {
  maxScrapeTorrents: 5,
  maxResponsePeers: 4,
  announceIntervalSeconds: 900,
  maxPeerAgeSeconds: 1200,
}
const NOW_SECONDS = 1000
const BATCH = 4
const POISON = 0xa5
const POISON_SLOTS = 1

/** Of `who`, the first byte before a datagram. */
const Who = {
  source: 0b0000_0111,
  /** The id of its address instead of its first eight bytes. */
  isProven: 0b0001_0000,
  fromPortZero: 0b0010_0000,
  /** The batch ends behind it. */
  endsBatch: 0b0100_0000,
} as const

interface Source {
  readonly family: number
  readonly words: Int32Array
}

const sources: readonly Source[] = [1, 2, 3, 4, 5, 6, 7, 8].map(number => ({
  family: number % 2 === 0 ? 6 : 4,
  words:
    number % 2 === 0 ? Int32Array.of(number, 0, -1, number) : Int32Array.of(0x0100_007f + number, 0, 0, 0),
}))

/** As an answer shows the address. */
const textOf = ({ family, words }: Source): string => {
  const bytes = Buffer.from(words.buffer).subarray(0, family === 6 ? 16 : 4)
  return family === 6 ? bytes.toString('hex') : bytes.join('.')
}
const numberOf = new Map(sources.map((source, index) => [textOf(source), index]))

const memory = makeMemory({ shardCount: 1, memoryLimitBytes: 8 * 2 ** 20 })
const swarm = new Swarm(memory, { lockOwner: 1, randomSeed: 1 })
const cleaner = new Cleaner(swarm)
const ids = new ConnectionIds(Int32Array.of(1, 2, 3, 4), 120)
const counters = new Float64Array(udpCounterNames.length)
const handler = new UdpHandler(rules, swarm, ids, null, counters, new Lookahead(memory, BATCH), null)
const batch = new UdpBatch(BATCH + POISON_SLOTS, packetBytesFor(rules))

interface Datagram {
  readonly source: number
  readonly bytes: Buffer
  readonly isProven: boolean
  readonly sourcePort: number
}

/** @returns whether the batch ends behind it */
function put(who: number, content: Uint8Array, datagrams: Datagram[]): boolean {
  const bytes = Buffer.from(content)
  const source = who & Who.source
  const { family, words } = sources[source]!
  if ((who & Who.isProven) !== 0 && bytes.length >= 8) {
    ids.issue(family, words, 0, NOW_SECONDS)
    bytes.writeInt32LE(ids.word0, 0)
    bytes.writeInt32LE(ids.word1, 4)
  }
  const index = datagrams.length
  const offset = batch.offsetOf(index)
  batch.memory.bytes.fill(POISON, offset, offset + batch.slotBytes)
  batch.memory.bytes.set(bytes.subarray(0, batch.slotBytes), offset)
  batch.lengths[index] = bytes.length
  batch.families[index] = family
  batch.addresses.set(words, index * 4)
  const sourcePort = (who & Who.fromPortZero) !== 0 ? 0 : 1000 + source
  batch.sourcePorts[index] = sourcePort
  const isProven = bytes.length >= 8 && isIdOf(bytes, source)
  datagrams.push({ source, bytes, isProven, sourcePort })
  return (who & Who.endsBatch) !== 0 || datagrams.length === BATCH
}

/** One that was issued within the last two minutes or is a minute ahead; here all are of this second. */
function isIdOf(bytes: Buffer, source: number): boolean {
  const { family, words } = sources[source]!
  const seconds = bytes.readInt32LE(0)
  ids.issue(family, words, 0, seconds)
  return ids.word1 === bytes.readInt32LE(4) && seconds <= NOW_SECONDS + 60 && seconds >= NOW_SECONDS - 120
}

class Run {
  readonly #model = new Model()
  readonly #torrents = new Map<string, number>()
  readonly #kinds: string[] = []

  /** What happened, in a few letters. */
  get outcome(): string {
    return this.#kinds.slice(0, 6).join('')
  }

  handle(datagrams: readonly Datagram[]): void {
    batch.count = datagrams.length
    handler.handleBatch(batch, NOW_SECONDS)
    for (const [index, datagram] of datagrams.entries()) {
      const offset = batch.offsetOf(index)
      const length = batch.answerLengths[index]!
      assert.ok(length >= 0 && length <= batch.slotBytes, `an answer of ${length} bytes`)
      const answer = Buffer.from(batch.memory.bytes.subarray(offset, offset + length))
      this.#kinds.push(this.#judge(datagram, answer))
    }
    const behind = batch.memory.bytes.subarray(batch.offsetOf(datagrams.length), batch.offsetOf(BATCH + 1))
    assert.ok(
      behind.every(byte => byte === POISON),
      'written behind the batch',
    )
    batch.memory.bytes.fill(POISON)
  }

  /** Fails unless the answer is the one that the book and the model say. @returns a letter for it */
  #judge({ bytes, source, isProven, sourcePort }: Datagram, answer: Buffer): string {
    const action = bytes.length >= 16 && sourcePort !== 0 ? bytes.readUInt32BE(8) : -1
    if (action === 0 && bytes.readBigUInt64BE(0) === 0x41727101980n) {
      assert.deepEqual([answer.length, answer.readInt32BE(0)], [16, 0])
      assertSameTransaction(bytes, answer)
      assert.ok(isIdOf(answer.subarray(8), source), 'another id')
      return 'c'
    }
    const isAnswered = isProven && ((action === 1 && bytes.length >= 98) || action === 2)
    if (!isAnswered) {
      assert.equal(answer.length, 0, 'what is no request, or not proven, is not answered')
      return '-'
    }
    assertSameTransaction(bytes, answer)
    return action === 1
      ? this.#judgeAnnounce(bytes, source, answer)
      : this.#judgeScrape(bytes, source, answer)
  }

  #judgeAnnounce(bytes: Buffer, source: number, answer: Buffer): string {
    const family = sources[source]!.family as 4 | 6
    const event = bytes.readUInt32BE(80)
    const wanted = bytes.readInt32BE(92)
    const { others, seeders, leechers } = this.#model.announce({
      torrent: this.#torrent(bytes.subarray(16, 36)),
      family,
      address: source,
      port: bytes.readUInt16BE(96),
      event: event > 3 ? 0 : event,
      seeder: bytes.readBigUInt64BE(64) === 0n,
      wanted,
      bothFamilies: false,
      now: NOW_SECONDS,
      age: rules.maxPeerAgeSeconds,
    })
    const found = readAnnounceResponse(answer, family)
    assert.deepEqual(
      [found.action, found.interval, found.seeders, found.leechers],
      [1, rules.announceIntervalSeconds, seeders, leechers],
    )
    const most = wanted <= 0 ? rules.maxResponsePeers : Math.min(wanted, rules.maxResponsePeers)
    // A peer that stops is told of nobody; who announces port 0 is served all the same.
    const peers = new Set(
      found.peers.map(peer => {
        const colon = peer.lastIndexOf(':')
        return `${numberOf.get(peer.slice(0, colon))}:${peer.slice(colon + 1)}`
      }),
    )
    assert.equal(peers.size, found.peers.length, 'a peer is given twice')
    assert.ok(peers.size <= Math.min(most, others.size), `${peers.size} peers`)
    for (const peer of peers) assert.ok(others.has(peer), `${peer} is none of the others`)
    if (event !== 3) assert.equal(peers.size, Math.min(most, others.size))
    return event === 3 ? 's' : `a${Math.min(peers.size, 2)}`
  }

  #judgeScrape(bytes: Buffer, source: number, answer: Buffer): string {
    const hashes = (bytes.length - 16) / 20
    if (hashes === 0 || !Number.isInteger(hashes)) {
      assert.equal(answer.readInt32BE(0), 3)
      assert.ok(answer.length <= 36)
      return 'e'
    }
    const asked = Math.min(hashes, rules.maxScrapeTorrents)
    assert.deepEqual([answer.length, answer.readInt32BE(0)], [8 + 12 * asked, 2])
    for (let index = 0; index < asked; index++) {
      const number = this.#torrent(bytes.subarray(16 + index * 20, 36 + index * 20))
      const { peers, seeders } = this.#model.count(sources[source]!.family, number)
      const downloads = this.#model.torrents.get(number)?.downloads ?? 0
      const at = 8 + 12 * index
      assert.deepEqual(
        [answer.readInt32BE(at), answer.readInt32BE(at + 4), answer.readInt32BE(at + 8)],
        [seeders, downloads, peers - seeders],
      )
    }
    return `${Math.min(asked, 2)}`
  }

  /** The model knows torrents by number. */
  #torrent(hash: Buffer): number {
    const text = hash.toString('hex')
    const number = this.#torrents.get(text) ?? this.#torrents.size
    this.#torrents.set(text, number)
    return number
  }
}

function assertSameTransaction(request: Buffer, answer: Buffer): void {
  assert.ok(answer.length >= 8, 'no answer')
  assert.equal(answer.readInt32BE(4), request.readInt32BE(12), 'the answer to another request')
}

function run(bytes: Uint8Array): string {
  const run = new Run()
  counters.fill(0)
  batch.memory.bytes.fill(POISON)
  let datagrams: Datagram[] = []
  let handled = 0
  for (let at = 0; at + 3 <= bytes.length; ) {
    const length = (bytes[at + 1]! << 8) | bytes[at + 2]!
    const content = bytes.subarray(at + 3, at + 3 + length)
    at += 3 + content.length
    handled++
    if (!put(bytes[at - 3 - content.length]!, content, datagrams)) continue
    run.handle(datagrams)
    datagrams = []
  }
  run.handle(datagrams)
  const received = UdpCounter.packetsReceived
  assert.equal(
    counters[received]! + counters[received + UdpCounter.ipv6]!,
    handled,
    'datagrams are not counted',
  )
  checkInvariants(memory)
  cleanAll(cleaner, NOW_SECONDS + rules.maxPeerAgeSeconds + 120)
  const { torrents, ipv4, ipv6 } = swarm.totals()
  assert.deepEqual([torrents, ipv4.peers, ipv6.peers], [0, 0, 0], 'something is not forgotten')
  return run.outcome
}

/** A datagram as it stands in the input. */
function sent(who: number, packet: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(who, packet.length >> 8, packet.length & 0xff), packet])
}

const { isProven, endsBatch, fromPortZero } = Who
const announce = (who: number, fields: Parameters<typeof announceRequest>[0]): Uint8Array =>
  sent(who | isProven, announceRequest({ infoHash: infoHash(1), ...fields }))

/** Datagrams of all kinds. */
const datagrams: readonly Uint8Array[] = [
  sent(0, connectRequest(7)),
  sent(1 | endsBatch, connectRequest(8)),
  sent(fromPortZero, connectRequest(9)),
  announce(0, { port: 1, left: 0n }),
  announce(2, { port: 1, event: 2, numwant: 1 }),
  announce(4, { port: 2, event: 1 }),
  announce(6, { port: 3, numwant: 0x7fff_ffff }),
  announce(2 | endsBatch, { port: 1, event: 3 }),
  announce(1, { port: 5, infoHash: infoHash(2) }),
  announce(3, { port: 0, left: 0n, infoHash: infoHash(2) }),
  announce(5, { port: 6, event: 77, infoHash: infoHash(2), options: Buffer.from('0209/announce0000') }),
  sent(0, announceRequest({ infoHash: infoHash(1), port: 9 })),
  sent(isProven, scrapeRequest(0n, 1, [infoHash(1), infoHash(2)])),
  sent(isProven | 1, scrapeRequest(0n, 2, [])),
  sent(isProven | 2, scrapeRequest(0n, 3, [infoHash(1)]).subarray(0, 20)),
  sent(
    isProven | 3 | endsBatch,
    scrapeRequest(
      0n,
      4,
      Array.from({ length: 74 }, (_, index) => infoHash(index)),
    ),
  ),
]

export const udpHandler: FuzzTarget = {
  name: 'udp-handler',
  seeds: [
    Buffer.concat(datagrams),
    Buffer.concat(datagrams.slice(3, 8)),
    ...datagrams,
    Buffer.concat(Array.from({ length: 12 }, (_, index) => announce(index % 8, { port: 1 + index }))),
  ],
  dictionary: [...datagrams, infoHash(1), infoHash(2), Buffer.from('0000041727101980', 'hex')],
  bytesMax: 4000,
  run,
}
