// Who gets an announcer's offers: as many as wanted, all different, never the announcer, each member equally likely.
// Fixed seeds: nothing is flaky.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemberSpeaker, makeWebTorrentMemory } from './web-torrent-fixture.js'

const settings = { memoryLimitBytes: 16 * 2 ** 20, memberCapacity: 20_000 }

function makeSwarm(members: number, seed: number): MemberSpeaker {
  const speaker = new MemberSpeaker(makeWebTorrentMemory(settings), 1, seed)
  for (let peer = 0; peer < members; peer++) speaker.say({ torrent: 1, peer })
  return speaker
}

/** Squared distances from the expected count, in units of the variance. */
function squaresOf(hits: Iterable<number>, draws: number, share: number): number[] {
  const variance = draws * share * (1 - share)
  return [...hits].map(count => (count - draws * share) ** 2 / variance)
}

/** 5.5 sigma happen once in 26 million. */
function assertUniform(squares: readonly number[]): void {
  const largest = Math.max(...squares)
  assert.ok(largest < 5.5 ** 2, `one is off by ${Math.sqrt(largest)} sigma`)
}

for (const [members, wanted] of [
  [3, 1],
  [12, 10],
  [100, 10],
  [127, 1],
  [128, 10],
  [1000, 10],
  [10_000, 10],
] as const) {
  test(`${wanted} offers among ${members} members: every other member is equally likely`, () => {
    const speaker = makeSwarm(members, 5)
    const others = members - 1
    const draws = Math.ceil((60 * others) / wanted) + 600
    const hits = new Map<number, number>()
    const asker = speaker.find(1, 1)
    for (let draw = 0; draw < draws; draw++) {
      speaker.say({ torrent: 1, peer: 1, wanted })
      const receivers = speaker.receivers()
      assert.equal(receivers.length, wanted)
      assert.equal(new Set(receivers).size, wanted)
      assert.ok(!receivers.includes(asker))
      for (const receiver of receivers) hits.set(receiver, (hits.get(receiver) ?? 0) + 1)
    }
    assert.equal(hits.size, others, 'every other member is reached')
    assertUniform(squaresOf(hits.values(), draws, wanted / others))
  })
}

test('any offer of the ten goes to any member: an offer is not tied to a place', () => {
  const members = 40
  const wanted = 10
  const draws = 40_000
  const speaker = makeSwarm(members, 6)
  const hits = new Int32Array(wanted * (members + 1))
  for (let draw = 0; draw < draws; draw++) {
    speaker.say({ torrent: 1, peer: 0, wanted })
    speaker.receivers().forEach((receiver, offer) => {
      hits[offer * (members + 1) + receiver]!++
    })
  }
  const asker = speaker.find(1, 0)
  for (let offer = 0; offer < wanted; offer++) {
    const counts = Array.from(hits.subarray(offer * (members + 1) + 1, (offer + 1) * (members + 1)))
    counts.splice(asker - 1, 1)
    assertUniform(squaresOf(counts, draws, 1 / (members - 1)))
  }
})

test('two offers reach every pair of a small swarm equally often', () => {
  const members = 12
  const draws = 20_000
  const speaker = makeSwarm(members, 7)
  const pairs = new Map<string, number>()
  for (let draw = 0; draw < draws; draw++) {
    speaker.say({ torrent: 1, peer: 0, wanted: 2 })
    const pair = speaker
      .receivers()
      .sort((left, right) => left - right)
      .join()
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  const pairCount = ((members - 1) * (members - 2)) / 2
  assert.equal(pairs.size, pairCount)
  assertUniform(squaresOf(pairs.values(), draws, 1 / pairCount))
})

for (const members of [60, 300]) {
  test(`while ${members} members announce in turn, all meet all others in the end`, () => {
    // Ten offers go to neighbours in the table; announces and the hash mix these, so that nobody stays among few.
    const speaker = makeSwarm(members, 8)
    const met = Array.from({ length: members + 1 }, () => new Set<number>())
    const rounds = members
    for (let round = 0; round < rounds; round++) {
      for (let peer = 0; peer < members; peer++) {
        speaker.say({ torrent: 1, peer, wanted: 10 })
        for (const receiver of speaker.receivers()) met[speaker.result.member]!.add(receiver)
      }
    }
    // Ten of n - 1, n times: nobody is missed but with a probability of e^-10 for a pair.
    const missed = met.slice(1).reduce((sum, others) => sum + members - 1 - others.size, 0)
    assert.ok(missed <= 10 + members ** 2 * 2 * Math.exp(-10), `${missed} pairs never met`)
  })
}
