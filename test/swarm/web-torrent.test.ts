// Who is a member of a WebTorrent swarm, over which connection, and what the counts say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { cleanAll, maxPeerAgeSeconds } from './fixture.js'
import { checkMembers, MemberSpeaker, makeWebTorrentMemory } from './web-torrent-fixture.js'

function countsOf({ result }: MemberSpeaker): [number, number, number] {
  return [result.complete, result.incomplete, result.downloads]
}

test('counts include the announcer, and a member is found by info hash and peer id', () => {
  const speaker = new MemberSpeaker(makeWebTorrentMemory())
  assert.equal(speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.started }), WebTorrentOutcome.stored)
  assert.deepEqual(countsOf(speaker), [0, 1, 0])
  assert.ok(speaker.result.isNewMember)
  const first = speaker.result.member
  speaker.say({ torrent: 1, peer: 2, seeder: true })
  assert.deepEqual(countsOf(speaker), [1, 1, 0])
  speaker.say({ torrent: 1, peer: 1 })
  assert.deepEqual(countsOf(speaker), [1, 1, 0])
  assert.ok(!speaker.result.isNewMember && !speaker.result.isTakenOver)
  assert.equal(speaker.result.member, first)
  assert.equal(speaker.find(1, 1), first)
  assert.equal(speaker.find(1, 3), 0)
  assert.equal(speaker.find(2, 1), 0)
  assert.deepEqual(speaker.read(first)?.connection.slot, 1)
  assert.equal(speaker.swarm.read(0, speaker.view), false, 'nobody has number 0')
  assert.deepEqual(speaker.scrape(1), [1, 1, 0])
  assert.deepEqual(speaker.scrape(5), [0, 0, 0])
})

test('stopped removes the member, is answered with counts, and needs no member', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  speaker.say({ torrent: 1, peer: 1 })
  const member = speaker.result.member
  speaker.say({ torrent: 1, peer: 2, seeder: true })
  assert.equal(
    speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.stopped, wanted: 5 }),
    WebTorrentOutcome.stored,
  )
  assert.deepEqual(countsOf(speaker), [1, 0, 0])
  assert.equal(speaker.result.member, 0)
  assert.equal(speaker.result.receiverCount, 0, 'who leaves sends no offers')
  assert.equal(speaker.find(1, 1), 0)
  assert.equal(speaker.read(member), undefined)
  speaker.say({ torrent: 1, peer: 9, event: AnnounceEvent.stopped })
  assert.deepEqual(countsOf(speaker), [1, 0, 0])
  speaker.say({ torrent: 7, peer: 9, event: AnnounceEvent.stopped })
  assert.deepEqual(countsOf(speaker), [0, 0, 0])
  assert.deepEqual(checkMembers(memory, 8), new Set(['1:2']))
})

test('completed counts one download, and the peer is a seeder until it stops', () => {
  const speaker = new MemberSpeaker(makeWebTorrentMemory())
  speaker.say({ torrent: 1, peer: 1 })
  speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.completed })
  assert.deepEqual(countsOf(speaker), [1, 0, 1])
  speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.completed, seeder: true })
  assert.deepEqual(countsOf(speaker), [1, 0, 1])
  speaker.say({ torrent: 1, peer: 1 })
  assert.deepEqual(countsOf(speaker), [1, 0, 1])
  speaker.say({ torrent: 1, peer: 2, seeder: true })
  speaker.say({ torrent: 1, peer: 2, event: AnnounceEvent.completed, seeder: true })
  assert.deepEqual(countsOf(speaker), [2, 0, 1], 'a seeder that completes has not downloaded')
  speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.stopped })
  speaker.say({ torrent: 1, peer: 1 })
  assert.deepEqual(countsOf(speaker), [1, 1, 1])
})

test('the same peer id is another member in another torrent, also on one connection', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  for (const torrent of [1, 2, 3]) speaker.say({ torrent, peer: 1 })
  speaker.say({ torrent: 1, peer: 2, slot: 1, wanted: 3 })
  assert.deepEqual(speaker.receivers(), [speaker.find(1, 1)])
  assert.deepEqual(checkMembers(memory, 4), new Set(['1:1', '2:1', '3:1', '1:2']))
})

test('the same address takes a peer id over: counted once, reached over the new connection', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  speaker.say({ torrent: 1, peer: 1, worker: 0, slot: 4, generation: 9, event: AnnounceEvent.completed })
  const { member } = speaker.result
  assert.equal(
    speaker.say({ torrent: 1, peer: 1, worker: 2, slot: 5, generation: 2 ** 32 - 1 }),
    WebTorrentOutcome.stored,
  )
  assert.ok(speaker.result.isTakenOver && !speaker.result.isNewMember)
  assert.equal(speaker.result.member, member)
  assert.deepEqual(countsOf(speaker), [1, 0, 1])
  const { worker, slot, generation } = speaker.read(member)!.connection
  assert.deepEqual([worker, slot, generation], [2, 5, 2 ** 32 - 1])
  assert.equal(speaker.swarm.leave(member, 0, 4, 9), false, 'the old connection takes nobody with it')
  assert.equal(speaker.find(1, 1), member)
  assert.equal(speaker.swarm.leave(member, 2, 5, 2 ** 32 - 1), true)
  assert.equal(speaker.swarm.leave(member, 2, 5, 2 ** 32 - 1), false)
  assert.deepEqual(checkMembers(memory, 2), new Set())
})

test('another generation of the same slot is another connection', () => {
  const speaker = new MemberSpeaker(makeWebTorrentMemory())
  speaker.say({ torrent: 1, peer: 1, slot: 4, generation: 1 })
  const { member } = speaker.result
  speaker.say({ torrent: 1, peer: 1, slot: 4, generation: 2 })
  assert.ok(speaker.result.isTakenOver)
  assert.equal(speaker.swarm.leave(member, 0, 4, 1), false)
})

test('another address changes nothing, whatever it announces', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  const mine = { torrent: 1, peer: 1, slot: 1, address: 5, family: 6 }
  speaker.say({ ...mine, seeder: true })
  const { member } = speaker.result
  for (const theirs of [
    { address: 6 },
    { address: 5, family: 4 },
    { address: 6, event: AnnounceEvent.stopped },
    { address: 6, event: AnnounceEvent.completed },
  ]) {
    assert.equal(
      speaker.say({ ...mine, slot: 2, wanted: 5, ...theirs }),
      WebTorrentOutcome.foreignPeerId,
      JSON.stringify(theirs),
    )
    assert.deepEqual([speaker.result.member, speaker.result.receiverCount], [0, 0])
    assert.deepEqual(countsOf(speaker), [0, 0, 0])
    assert.equal(speaker.read(member)!.connection.slot, 1)
    assert.deepEqual(speaker.scrape(1), [1, 0, 0])
  }
  assert.equal(speaker.say({ ...mine, slot: 2, address: 6, torrent: 2 }), WebTorrentOutcome.stored)
  speaker.swarm.leave(member, 0, 1, 0)
  assert.equal(speaker.say({ ...mine, slot: 2, address: 6 }), WebTorrentOutcome.stored, 'free again')
})

test('a member that the cleaner dropped is listed again with its next announce, and counted as in UDP', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  const cleaner = new Cleaner(speaker.swarm.swarm)
  speaker.say({ torrent: 1, peer: 1 })
  speaker.say({ torrent: 1, peer: 2, now: 600 })
  const member = speaker.find(1, 1)
  cleanAll(cleaner, maxPeerAgeSeconds)
  assert.deepEqual(speaker.scrape(1), [0, 1, 0])
  assert.equal(speaker.find(1, 1), member, 'its connection is open')
  speaker.say({ torrent: 1, peer: 2, wanted: 5, now: maxPeerAgeSeconds })
  assert.deepEqual(speaker.receivers(), [])
  speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.completed, now: maxPeerAgeSeconds })
  assert.deepEqual([speaker.result.member, speaker.result.isNewMember], [member, false])
  assert.deepEqual(countsOf(speaker), [1, 1, 1])
  cleanAll(cleaner, 3 * maxPeerAgeSeconds)
  assert.deepEqual(checkMembers(memory, 2), new Set())
  assert.equal(speaker.swarm.members, 2)
  assert.equal(speaker.swarm.leave(member, 0, 1, 0), true, 'nothing is in the swarm, and it still can leave')
  assert.equal(speaker.swarm.members, 1)
})

test('members are told apart by their address family', () => {
  const { swarm, say } = bound(new MemberSpeaker(makeWebTorrentMemory()))
  say({ torrent: 1, peer: 1 })
  say({ torrent: 1, peer: 2, family: 6 })
  say({ torrent: 2, peer: 2, family: 6 })
  say({ torrent: 1, peer: 3, family: 0, address: 0 })
  assert.deepEqual([swarm.members, swarm.membersIpv6], [4, 2])
  say({ torrent: 1, peer: 2, family: 6, event: AnnounceEvent.stopped })
  say({ torrent: 1, peer: 1, event: AnnounceEvent.stopped })
  assert.deepEqual([swarm.members, swarm.membersIpv6], [2, 1])
  say({ torrent: 1, peer: 1, family: 6 })
  assert.deepEqual([swarm.members, swarm.membersIpv6], [3, 2], 'what was known of a freed record is gone')
})

test('every member of a worker that died is forgotten, and nobody else', () => {
  const memory = makeWebTorrentMemory()
  const speaker = new MemberSpeaker(memory)
  for (let peer = 0; peer < 900; peer++) {
    speaker.say({ torrent: peer % 10, peer, worker: peer % 3, generation: peer, family: 4 + 2 * (peer & 1) })
  }
  for (let peer = 0; peer < 900; peer += 9) {
    speaker.say({ torrent: peer % 10, peer, worker: 1, generation: peer + 1, family: 4 + 2 * (peer & 1) })
  }
  assert.equal(speaker.swarm.forgetWorker(1), 400)
  assert.equal(speaker.swarm.forgetWorker(1), 0)
  const left = Array.from({ length: 900 }, (_, peer) => peer).filter(peer => peer % 3 !== 1 && peer % 9 !== 0)
  assert.deepEqual(checkMembers(memory, 10), new Set(left.map(peer => `${peer % 10}:${peer}`)))
  assert.equal(speaker.swarm.membersIpv6, left.filter(peer => peer & 1).length)
})

function bound(speaker: MemberSpeaker): Pick<MemberSpeaker, 'swarm' | 'say'> {
  return { swarm: speaker.swarm, say: said => speaker.say(said) }
}
