// One answer with peers of both families (BEP 7): the announcer's own first, filled up with the other's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnnounceEvent, Family } from '../../src/swarm/announce.js'
import { makeMemory, Speaker } from './fixture.js'

interface Case {
  readonly ipv4: number
  readonly ipv6: number
  readonly wanted: number
}

const cases: readonly Case[] = [
  { ipv4: 0, ipv6: 0, wanted: 50 },
  { ipv4: 3, ipv6: 4, wanted: 0 },
  { ipv4: 3, ipv6: 4, wanted: 2 },
  { ipv4: 3, ipv6: 4, wanted: 5 },
  { ipv4: 3, ipv6: 4, wanted: 7 },
  { ipv4: 3, ipv6: 4, wanted: 50 },
  { ipv4: 10, ipv6: 1000, wanted: 50 },
  { ipv4: 1000, ipv6: 10, wanted: 50 },
]

/** A torrent in which every third peer is a seeder. */
function fill({ ipv4, ipv6 }: Case): Speaker {
  const speaker = new Speaker(makeMemory())
  for (const [family, count] of [[Family.ipv4, ipv4] as const, [Family.ipv6, ipv6] as const]) {
    for (let index = 0; index < count; index++) {
      speaker.say({ torrent: 1, family, address: 100 + index, port: family, seeder: index % 3 === 0 })
    }
  }
  return speaker
}

for (const family of [Family.ipv4, Family.ipv6]) {
  for (const shape of cases) {
    test(`IPv${family} asks for ${shape.wanted} of ${shape.ipv4} IPv4 and ${shape.ipv6} IPv6 peers`, () => {
      const speaker = fill(shape)
      const [own, other] = family === Family.ipv4 ? [shape.ipv4, shape.ipv6] : [shape.ipv6, shape.ipv4]
      const asker = { torrent: 1, family, address: 1, port: 9, wanted: shape.wanted, bothFamilies: true }
      for (let round = 0; round < 3; round++) {
        speaker.say(asker)
        const peers = speaker.peers()
        const otherPeers = speaker.otherPeers()
        assert.equal(peers.length, Math.min(shape.wanted, own))
        assert.equal(otherPeers.length, Math.min(shape.wanted - peers.length, other))
        assert.equal(new Set(peers).size, peers.length, 'nobody twice')
        assert.equal(new Set(otherPeers).size, otherPeers.length, 'nobody twice')
        assert.ok(peers.every(peer => peer.endsWith(`:${family}`)))
        assert.ok(otherPeers.every(peer => peer.endsWith(`:${10 - family}`)))
        const seeders = Math.ceil(shape.ipv4 / 3) + Math.ceil(shape.ipv6 / 3)
        assert.equal(speaker.result.seeders, seeders, 'seeders of both families')
        assert.equal(speaker.result.leechers, shape.ipv4 + shape.ipv6 - seeders, 'without the announcer')
      }
    })
  }
}

test('without the wish for both, the other family is neither counted nor written', () => {
  const speaker = fill({ ipv4: 3, ipv6: 4, wanted: 0 })
  speaker.say({ torrent: 1, family: Family.ipv4, address: 1, port: 9, wanted: 50 })
  assert.deepEqual(
    { ...speaker.result },
    { peersWritten: 3, otherPeersWritten: 0, seeders: 1, leechers: 2, downloads: 0 },
  )
})

test('a stop and an unknown torrent leave nothing of an earlier answer behind', () => {
  const speaker = fill({ ipv4: 3, ipv6: 4, wanted: 0 })
  const asker = { torrent: 1, family: Family.ipv6, address: 1, port: 9, wanted: 50, bothFamilies: true }
  speaker.say(asker)
  speaker.say({ ...asker, event: AnnounceEvent.stopped })
  assert.equal(speaker.peers().length, 4)
  assert.equal(speaker.otherPeers().length, 3)
  speaker.say({ ...asker, torrent: 2, event: AnnounceEvent.stopped })
  assert.deepEqual(
    { ...speaker.result },
    { peersWritten: 0, otherPeersWritten: 0, seeders: 0, leechers: 0, downloads: 0 },
  )
})
