// Who is returned: exactly as many as wanted, everybody reachable, nobody preferred. Fixed seeds: nothing is flaky.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Family } from '../../src/swarm/announce.js'
import { makeMemory, Speaker } from './fixture.js'

interface Case {
  readonly peers: number
  readonly wanted: number
  readonly family?: number
  /** Whether the announcer is one of the peers, besides those to be returned. */
  readonly isMember?: boolean
}

const cases: readonly Case[] = [
  { peers: 2, wanted: 1 },
  { peers: 20, wanted: 1 },
  { peers: 20, wanted: 7, isMember: true },
  { peers: 20, wanted: 19, isMember: true },
  { peers: 126, wanted: 50, isMember: true },
  { peers: 126, wanted: 2 },
  { peers: 40, wanted: 11, family: Family.ipv6, isMember: true },
  { peers: 300, wanted: 1, isMember: true },
  { peers: 300, wanted: 299, isMember: true },
  { peers: 1000, wanted: 51 },
  { peers: 1000, wanted: 200, isMember: true },
  { peers: 1000, wanted: 400, family: Family.ipv6, isMember: true },
  { peers: 3000, wanted: 1, family: Family.ipv6 },
]

const member = { torrent: 1, address: 1_000_000, port: 7 }

for (const { peers, wanted, family = Family.ipv4, isMember = false } of cases) {
  test(`${wanted} of ${peers} IPv${family} peers are uniform${isMember ? ', the announcer among them' : ''}`, () => {
    const speaker = new Speaker(makeMemory())
    for (let index = 0; index < peers; index++) {
      speaker.say({ torrent: 1, family, address: index * 7919, port: 1 + (index % 5) })
    }
    const asker = { ...member, family, wanted, port: isMember ? member.port : 0 }
    const draws = Math.ceil((60 * peers) / wanted) + 600
    const hits = new Map<string, number>()
    for (let draw = 0; draw < draws; draw++) {
      speaker.say(asker)
      const answer = speaker.peers()
      assert.equal(answer.length, wanted)
      assert.equal(new Set(answer).size, wanted)
      for (const peer of answer) {
        hits.set(peer, (hits.get(peer) ?? 0) + 1)
      }
    }
    assert.ok(!hits.has(`${member.address}:${member.port}`), 'the announcer is never returned')
    assert.equal(hits.size, peers, 'every peer is reachable')
    const share = wanted / peers
    const variance = draws * share * (1 - share)
    const squares = [...hits.values()].map(count => (count - draws * share) ** 2 / variance)
    // Each term is the square of a nearly standard normal variable: 5.5 sigma happen once in 26 million.
    assert.ok(Math.max(...squares) < 5.5 ** 2, `one peer is off by ${Math.sqrt(Math.max(...squares))} sigma`)
    if (wanted === 1) {
      // Single draws are independent, so the sum is chi-square with peers - 1 degrees of freedom.
      const sum = squares.reduce((total, square) => total + square, 0) * (1 - share)
      const bound = peers - 1 + 5 * Math.sqrt(2 * (peers - 1))
      assert.ok(sum < bound, `chi-square ${sum} over ${bound}`)
    }
  })
}

test('wanting more than there are gives all others, small and large', () => {
  for (const peers of [1, 5, 127, 128, 5000]) {
    const speaker = new Speaker(makeMemory())
    for (let index = 0; index < peers; index++) {
      speaker.say({ torrent: 1, address: index, port: 1, wanted: 20_000 })
      assert.equal(speaker.result.peersWritten, index)
    }
    assert.equal(new Set(speaker.peers()).size, peers - 1)
    speaker.say({ torrent: 1, address: 0, port: 1, wanted: 0 })
    assert.equal(speaker.result.peersWritten, 0)
  }
})

test('peers are written as they lie on the wire, from the given index on', () => {
  const speaker = new Speaker(makeMemory())
  speaker.say({ torrent: 1, address: 0x04030201, port: 0x6655 })
  speaker.say({ torrent: 1, family: Family.ipv6, address: 0x04030201, port: 0x6655 })
  for (const [family, hex] of [
    [Family.ipv4, '010203045566'],
    [Family.ipv6, '0102030454020304fffdfcfb090000005566'],
  ] as const) {
    speaker.say({ torrent: 1, family, address: 1, port: 0, wanted: 3 })
    const out = new Uint16Array(20)
    assert.equal(speaker.swarm.announce(speaker.announce, speaker.result, out, 2), 0)
    assert.equal(Buffer.from(out.buffer).toString('hex', 4, 4 + hex.length / 2), hex)
    assert.equal(out[0], 0)
  }
})
