// Clients choose info hashes and, of IPv6, networks, so nobody may know which of them share a chain of our tables.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hashSource } from '../../src/net/address-counts.js'
import { createSwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { hashTorrent } from '../../src/swarm/torrent-record.js'

const SHARDS = 4096
const COLLIDING = 64

/** The words of a swarm as a tracker makes it, with a key of its own. */
function swarmWords(): Int32Array {
  const options = { memoryLimitBytes: 2 ** 24, maxPeerAgeSeconds: 1200, cleaningIntervalSeconds: 120 }
  return wordsOf(createSwarmMemory(options))
}

function shardOf(words: Int32Array, hash: number): number {
  return hashTorrent(words, hash, 0, 0, 0, 0) & (SHARDS - 1)
}

it('info hashes that collide under one key are spread under another', () => {
  const known = swarmWords()
  const hashes: number[] = []
  for (let hash = 0; hashes.length < COLLIDING; hash++) {
    if (shardOf(known, hash) === 0) hashes.push(hash)
  }
  const other = swarmWords()
  const shards = new Set(hashes.map(hash => shardOf(other, hash)))
  // Of 64 in 4096 places some 63.5 are expected to be different; fewer than 58 come once in a million keys.
  assert.ok(shards.size >= 58, `${shards.size} different shards`)
})

it('networks that collide under one key are spread under another', () => {
  const placeOf = (key: number, network: number): number =>
    hashSource(key, 0, 6, 0x2001_0db8, network) & (SHARDS - 1)
  const networks: number[] = []
  for (let network = 0; networks.length < COLLIDING; network++) {
    if (placeOf(1, network) === 0) networks.push(network)
  }
  const places = new Set(networks.map(network => placeOf(2, network)))
  assert.ok(places.size >= 58, `${places.size} different places`)
})
