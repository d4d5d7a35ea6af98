// Clients choose info hashes, so nobody may know which of them share a chain of the swarm's tables.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { halfSipHashOf5 } from '../../src/swarm/half-siphash.js'

const SHARD_BITS = 12
const COLLIDING = 64

/** Info hashes that fall into shard 0 under the key, as an attacker finds them who knows it. */
function collidingUnder(key0: number, key1: number): number[] {
  const found: number[] = []
  for (let word = 0; found.length < COLLIDING; word++) {
    if (shardOf(key0, key1, word) === 0) found.push(word)
  }
  return found
}

function shardOf(key0: number, key1: number, word: number): number {
  return halfSipHashOf5(key0, key1, word, 0, 0, 0, 0) & (2 ** SHARD_BITS - 1)
}

it('info hashes that collide under one key are spread under another', () => {
  const words = collidingUnder(1, 2)
  for (const key of [3, 0x8000_0000 | 0, -1]) {
    const shards = new Set(words.map(word => shardOf(key, key + 1, word)))
    // Of 64 in 4096 places some 63.5 are expected to be different; fewer than 58 come once in a million keys.
    assert.ok(shards.size >= 58, `${shards.size} different shards under key ${key}`)
  }
})
