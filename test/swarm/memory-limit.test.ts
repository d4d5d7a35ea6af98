// At the memory limit and beyond: refused, counted, survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnnounceEvent, Family, Outcome } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { createSwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { Random } from '../../src/swarm/random.js'
import { cleanAll, makeMemory, maxPeerAgeSeconds, Speaker } from './fixture.js'
import { checkInvariants } from './invariants.js'

const small = { memoryLimitBytes: 2 ** 20, shardCount: 4 }

function fillWithTorrents(speaker: Speaker): number {
  for (let torrent = 1; ; torrent++) {
    if (speaker.say({ torrent, address: torrent, port: 1 }) !== Outcome.stored) {
      return torrent
    }
  }
}

test('a new torrent beyond the limit is refused and counted, those known are served on', () => {
  const memory = makeMemory(small)
  const speaker = new Speaker(memory)
  const refused = fillWithTorrents(speaker)
  assert.ok(refused > 1000)
  const totals = speaker.swarm.totals()
  assert.equal(totals.torrents, refused - 1)
  assert.equal(totals.refusedTorrents, 1)
  assert.equal(totals.refusedPeers, 0)
  assert.ok(totals.usedBytes <= totals.limitBytes && totals.limitBytes - totals.usedBytes < 1024)
  assert.equal(speaker.say({ torrent: refused, address: 1, port: 1 }), Outcome.torrentRefused)
  for (let torrent = 1; torrent < refused; torrent++) {
    assert.equal(speaker.say({ torrent, address: torrent, port: 1, seeder: true }), Outcome.stored)
    assert.deepEqual({ ...speaker.scrape(torrent) }.seedersIpv4, 1)
  }
  checkInvariants(memory)
})

test('a peer beyond the limit is refused, counted and answered all the same', () => {
  const memory = makeMemory(small)
  const speaker = new Speaker(memory)
  let peers = 0
  while (speaker.say({ torrent: 1, address: peers, port: 1, wanted: 10 }) === Outcome.stored) {
    peers++
  }
  assert.ok(peers > 10_000)
  assert.equal(speaker.result.peersWritten, 10)
  assert.equal(speaker.result.leechers, peers)
  assert.equal(speaker.swarm.totals().refusedPeers, 1)
  assert.equal(speaker.swarm.totals().ipv4.peers, peers)
  checkInvariants(memory)
})

test('room that cleaning freed serves other sizes: torrents, then one giant, then torrents again', () => {
  const memory = makeMemory(small)
  const speaker = new Speaker(memory)
  const cleaner = new Cleaner(speaker.swarm)
  const torrents = fillWithTorrents(speaker)
  cleanAll(cleaner, maxPeerAgeSeconds)
  assert.equal(speaker.swarm.totals().usedBytes, 0)
  let peers = 0
  while (speaker.say({ torrent: 1, address: peers, port: 1 }) === Outcome.stored) {
    peers++
  }
  const fresh = new Speaker(makeMemory(small))
  for (let index = 0; index < peers; index++) {
    assert.equal(
      fresh.say({ torrent: 1, address: index, port: 1 }),
      Outcome.stored,
      'as many as in fresh memory',
    )
  }
  cleanAll(cleaner, maxPeerAgeSeconds)
  assert.equal(speaker.swarm.totals().usedBytes, 0)
  assert.equal(fillWithTorrents(speaker), torrents)
  checkInvariants(memory)
})

test('limits out of range and reservations refused are operational errors', () => {
  const options = { maxPeerAgeSeconds, cleaningIntervalSeconds: 120 }
  for (const memoryLimitBytes of [0, 2 ** 20 - 1, 2 ** 33 + 1, Number.NaN]) {
    assert.throws(() => createSwarmMemory({ ...options, memoryLimitBytes }), {
      code: 'AQ_MEMORY_UNAVAILABLE',
    })
  }
  assert.equal(createSwarmMemory({ ...options, memoryLimitBytes: 2 ** 33 }).buffer.byteLength, 2 ** 33)
})

test('the whole 8 GiB can be addressed', () => {
  const memory = makeMemory({ memoryLimitBytes: 2 ** 33 })
  const words = wordsOf(memory)
  words[2 ** 31 - 13] = 5
  assert.equal(words.length, 2 ** 31 - 12)
  assert.equal(words[2 ** 31 - 13], 5)
})

test('what the threads keep as spares is bounded, also beyond the last arena', () => {
  const memory = makeMemory(small)
  const random = new Random(7)
  const speakers = Array.from({ length: 70 }, (_, index) => new Speaker(memory, index + 1, index))
  const cleaner = new Cleaner(speakers[0]!.swarm)
  for (let round = 0; round < 4; round++) {
    const now = round * 2 * maxPeerAgeSeconds
    let refused = 0
    for (let count = 0; count < 40_000; count++) {
      const outcome = speakers[random.below(speakers.length)]!.say({
        torrent: random.below(8_000),
        family: random.below(2) === 0 ? Family.ipv4 : Family.ipv6,
        address: random.below(500),
        port: 1,
        event: random.below(4) === 0 ? AnnounceEvent.stopped : AnnounceEvent.none,
        now,
      })
      if (outcome !== Outcome.stored) refused++
    }
    assert.ok(refused > 0, 'the limit is reached in every round: what was freed is used again')
    checkInvariants(memory)
    cleanAll(cleaner, now + maxPeerAgeSeconds + 60)
    const { usedBytes, torrents } = speakers[0]!.swarm.totals()
    assert.equal(torrents, 0)
    // A spare keeps its slab: 30 threads, 8 sizes, and few slabs each, as neighbours lie together.
    assert.ok(usedBytes < 160 * 1024, `${usedBytes} bytes are kept`)
    checkInvariants(memory)
  }
})
