// Clients choose info hashes, so nobody may know which of them share a chain of the swarm's tables.

import assert from 'node:assert/strict'
import { it } from 'node:test'
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
