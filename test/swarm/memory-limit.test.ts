// At the memory limit and beyond: refused, counted, survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outcome } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { createSwarmMemory, wordsOf } from '../../src/swarm/memory.js'
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
