import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Announce, AnnounceResult, Outcome, TorrentCounts } from '../../src/swarm/announce.js'
import { Layout } from '../../src/swarm/layout.js'
import { Lookahead } from '../../src/swarm/lookahead.js'
import { createSwarmMemory, wordsOf } from '../../src/swarm/memory.js'
import { Swarm } from '../../src/swarm/swarm.js'

const options = { memoryLimitBytes: 2 ** 22, maxPeerAgeSeconds: 100, cleaningIntervalSeconds: 100 }

describe('lookahead', () => {
  it('gives the hash by which the swarm finds the torrent, and changes nothing', () => {
    const memory = createSwarmMemory(options)
    const swarm = new Swarm(memory, { lockOwner: 1, randomSeed: 1 })
    const lookahead = new Lookahead(memory, 64)
    const announce = Object.assign(new Announce(), {
      address0: 1,
      wirePort: 1,
      wanted: 30,
      maxPeerAgeSeconds: 100,
    })
    const [result, counts] = [new AnnounceResult(), new TorrentCounts()]
    const out = new Uint16Array(1000)
    for (let round = 0; round < 3; round++) {
      lookahead.clear()
      for (let torrent = 0; torrent < 64; torrent++) assert.equal(lookahead.add(torrent, 2, 3, 4, 5), torrent)
      const before = wordsOf(memory).slice()
      lookahead.fetch()
      assert.deepEqual(wordsOf(memory), before)
      announce.wirePort = round + 1
      for (let torrent = 0; torrent < 64; torrent++) {
        Object.assign(announce, { hash0: torrent, hash1: 2, hash2: 3, hash3: 4, hash4: 5 })
        const outcome = swarm.announceHashed(lookahead.hashes[torrent], announce, result, out, 0)
        assert.equal(outcome, Outcome.stored)
        assert.equal(result.peersWritten, round)
        // The plain way finds the same torrent.
        swarm.scrape(torrent, 2, 3, 4, 5, counts)
        assert.equal(counts.leechersIpv4, round + 1)
      }
    }
  })

  it('reads without harm whatever positions it meets', () => {
    const memory = createSwarmMemory(options)
    const words = wordsOf(memory)
    const lookahead = new Lookahead(memory, 1000)
    // As if other threads were writing everywhere while it looks: all positions are nonsense.
    const header = words.slice(0, Layout.shardsAt)
    for (let word = 0; word < words.length; word++) words[word] = Math.imul(word, 0x9e3779b1)
    words.set(header)
    lookahead.clear()
    for (let torrent = 0; torrent < 1000; torrent++) lookahead.add(torrent, 0, 0, 0, 0)
    lookahead.fetch()
    assert.equal(typeof lookahead.touched, 'number')
  })
})
