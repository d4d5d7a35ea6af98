// At the limits of the member table and of the swarm's memory: refused, counted, survived, and no number is lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { createMemberMemory, Members } from '../../src/swarm/members.js'
import { WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { cleanAll, maxPeerAgeSeconds } from './fixture.js'
import { checkMembers, MemberSpeaker, makeWebTorrentMemory } from './web-torrent-fixture.js'

const small = { memoryLimitBytes: 2 ** 20, shardCount: 4 }

for (const memberCapacity of [1, 2, 255, 256, 257, 1000]) {
  test(`${memberCapacity} members fit, and not one more, again and again`, () => {
    const memory = makeWebTorrentMemory({ memberCapacity })
    const speaker = new MemberSpeaker(memory)
    const table = new Members(memory.members, 2)
    for (let round = 1; round <= 3; round++) {
      for (let peer = 0; peer < memberCapacity; peer++) {
        assert.equal(speaker.say({ torrent: peer % 7, peer: peer * round }), WebTorrentOutcome.stored)
        assert.ok(speaker.result.member >= 1 && speaker.result.member <= memberCapacity)
      }
      assert.equal(speaker.say({ torrent: 1, peer: -1 }), WebTorrentOutcome.membersFull)
      assert.deepEqual([speaker.result.member, speaker.find(1, -1)], [0, 0])
      assert.equal(table.refused, round)
      assert.equal(speaker.swarm.members, memberCapacity)
      assert.equal(speaker.say({ torrent: 0, peer: 0 }), WebTorrentOutcome.stored, 'who is in stays in')
      assert.equal(checkMembers(memory, 7).size, memberCapacity)
      assert.equal(speaker.swarm.forgetWorker(0), memberCapacity)
    }
  })
}

test('whom the swarm has no room for is no member', () => {
  const memory = makeWebTorrentMemory({ ...small, memberCapacity: 100_000 })
  const speaker = new MemberSpeaker(memory)
  let peers = 0
  while (speaker.say({ torrent: 1, peer: peers, wanted: 5 }) === WebTorrentOutcome.stored) peers++
  assert.equal(speaker.say({ torrent: 1, peer: peers, wanted: 5 }), WebTorrentOutcome.peerRefused)
  assert.ok(peers > 10_000)
  const { member, isNewMember, receiverCount, incomplete } = speaker.result
  assert.deepEqual([member, isNewMember, receiverCount, incomplete], [0, false, 0, peers])
  assert.equal(speaker.find(1, peers), 0)
  assert.equal(speaker.swarm.members, peers)
  let torrents = 2
  while (speaker.say({ torrent: torrents, peer: 1 }) === WebTorrentOutcome.stored) torrents++
  assert.equal(speaker.say({ torrent: torrents, peer: 1 }), WebTorrentOutcome.torrentRefused)
  assert.deepEqual([speaker.result.member, speaker.find(torrents, 1)], [0, 0])
  assert.equal(speaker.say({ torrent: 1, peer: 1, wanted: 5 }), WebTorrentOutcome.stored)
  assert.equal(speaker.result.receiverCount, 5)
  assert.equal(checkMembers(memory, torrents).size, peers + torrents - 2)
  assert.equal(speaker.swarm.members, peers + torrents - 2)
})

test('a member that had expired and finds no room is a member no longer', () => {
  const memory = makeWebTorrentMemory({ ...small, memberCapacity: 100_000 })
  const speaker = new MemberSpeaker(memory)
  speaker.say({ torrent: 0, peer: 1 })
  cleanAll(new Cleaner(speaker.swarm.swarm), maxPeerAgeSeconds)
  let torrents = 1
  const now = maxPeerAgeSeconds
  while (speaker.say({ torrent: torrents, peer: 1, now }) === WebTorrentOutcome.stored) torrents++
  assert.equal(speaker.swarm.members, torrents)
  const announce = { torrent: 0, peer: 1, now, event: AnnounceEvent.completed }
  assert.equal(speaker.say(announce), WebTorrentOutcome.torrentRefused)
  assert.equal(speaker.find(0, 1), 0)
  assert.equal(checkMembers(memory, torrents).size, torrents - 1)
  assert.equal(speaker.swarm.members, torrents - 1)
})

test('capacities out of range are refused, the largest is reserved and not paid for', () => {
  for (const capacity of [0, -1, Number.NaN, 2 ** 24 + 1]) {
    assert.throws(() => createMemberMemory(capacity), RangeError)
  }
  const residentBefore = process.memoryUsage().rss
  const memory = makeWebTorrentMemory({ memberCapacity: 2 ** 24 })
  assert.ok(memory.members.byteLength > 2 ** 24 * 80)
  const speaker = new MemberSpeaker(memory)
  for (let peer = 0; peer < 1000; peer++) speaker.say({ torrent: peer, peer })
  assert.equal(speaker.swarm.members, 1000)
  const grownBytes = process.memoryUsage().rss - residentBefore
  assert.ok(grownBytes < 64 * 2 ** 20, `${grownBytes} bytes for a thousand members`)
})
