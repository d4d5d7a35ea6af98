// WebTorrent swarms: the same as plain Maps, fair to every member, and right after many threads at once.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { Header } from '../../src/swarm/layout.js'
import { createMemberMemory, Members, memberLocksHeldBy } from '../../src/swarm/members.js'
import { wordsOf } from '../../src/swarm/memory.js'
import { WebTorrentAnnounce, type WebTorrentMemory, WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { cleanAll } from './fixture.js'
import { checkInvariants } from './invariants.js'
import { isSameConnection, WebTorrentModel } from './web-torrent-model.js'
import {
  anyConnection,
  type MemberAnnounce,
  MemberSpeaker,
  makeWebTorrentMemory,
  type TestConnection,
} from './web-torrent-speaker.js'
import type { MemberHammerData, MemberHammerReport } from './web-torrent-worker.js'

const TORRENTS = 4
const PEERS = 24
const WORKERS = 2

type Said = Required<Omit<MemberAnnounce, 'connection' | 'now'>> & { readonly slot: number }
type Operation =
  | { kind: 'announce'; said: Said }
  | { kind: 'close'; slot: number }
  | { kind: 'forget'; worker: number }
  | { kind: 'clean'; seconds: number }

const slot = fc.nat({ max: 11 })
const said: fc.Arbitrary<Said> = fc.record({
  torrent: fc.nat({ max: TORRENTS - 1 }),
  peer: fc.nat({ max: PEERS - 1 }),
  slot,
  event: fc.constantFrom(0, 0, 0, 1, 2, 3),
  seeder: fc.boolean(),
  wanted: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 40 })),
  age: fc.nat({ max: 1200 }),
})
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('announce' as const), said }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), slot }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('forget' as const), worker: fc.nat({ max: WORKERS - 1 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clean' as const), seconds: fc.nat({ max: 900 }) }),
  },
)

/** Runs one sequence on a swarm and on a model. */
class Comparison {
  readonly outcomes = new Map<number, number>()
  private readonly speaker: MemberSpeaker
  private readonly model: WebTorrentModel
  private readonly cleaner: Cleaner
  /** By slot; large ones, as unsigned words may be. */
  private readonly generations = new Map<number, number>()
  /** Numbers that connections were ever given, by slot; some are of others now. */
  private readonly given = new Map<number, Set<number>>()
  private now = 0

  constructor(
    private readonly memory: WebTorrentMemory,
    capacity: number,
  ) {
    this.speaker = new MemberSpeaker(memory)
    this.model = new WebTorrentModel(capacity)
    this.cleaner = new Cleaner(this.speaker.swarm.swarm)
  }

  run(operations: readonly Operation[]): void {
    for (const each of operations) this.apply(each)
    this.compareAll()
    for (let worker = 0; worker < WORKERS; worker++) this.apply({ kind: 'forget', worker })
    assert.equal(this.speaker.swarm.members, 0)
    this.apply({ kind: 'clean', seconds: 2000 })
    this.compareAll()
    assert.equal(this.speaker.swarm.swarm.totals().usedBytes, 0, 'all memory came back')
  }

  private apply(operation: Operation): void {
    if (operation.kind === 'announce') this.announce(operation.said)
    else if (operation.kind === 'close') this.close(operation.slot)
    else if (operation.kind === 'forget') {
      const expected = this.model.remove(member => member.connection.worker === operation.worker)
      assert.equal(this.speaker.swarm.forgetWorker(operation.worker), expected)
    } else {
      this.now += operation.seconds
      cleanAll(this.cleaner, this.now, 7)
      this.model.clean(this.now)
    }
  }

  /** Two slots have the same address; half of the addresses are IPv6. */
  private connection(slot: number): TestConnection {
    const address = slot >> 1
    const generation = this.generations.get(slot) ?? 0xffff_fff0
    return { worker: slot % WORKERS, slot, generation, family: address % 2 === 0 ? 4 : 6, address }
  }

  private announce({ slot, ...said }: Said): void {
    const { speaker } = this
    const full = { ...said, connection: this.connection(slot), now: this.now }
    const numberBefore = speaker.find(said.torrent, said.peer)
    const outcome = speaker.say(full)
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
    const isRefusal =
      outcome === WebTorrentOutcome.peerRefused || outcome === WebTorrentOutcome.torrentRefused
    const expected = this.model.announce(full, isRefusal ? outcome : undefined)
    const { result } = speaker
    assert.deepEqual(
      [outcome, result.member !== 0, result.isNewMember, result.isTakenOver],
      [expected.outcome, expected.isListed, expected.isNewMember, expected.isTakenOver],
    )
    if (result.member !== 0) {
      if (!result.isNewMember) assert.equal(result.member, numberBefore)
      this.given.set(slot, (this.given.get(slot) ?? new Set()).add(result.member))
    }
    if (outcome === WebTorrentOutcome.stored || outcome === WebTorrentOutcome.peerRefused) {
      assert.deepEqual(
        [result.complete, result.incomplete, result.downloads],
        [expected.complete, expected.incomplete, expected.downloads],
      )
    }
    const mayReceive = outcome === WebTorrentOutcome.stored && said.event !== AnnounceEvent.stopped
    const receivers = speaker.receivers()
    assert.equal(receivers.length, mayReceive ? Math.min(said.wanted, expected.others.size) : 0)
    assert.equal(new Set(receivers).size, receivers.length, 'receivers are different ones')
    for (const receiver of receivers) {
      const read = speaker.read(receiver)
      assert.ok(read?.torrent === said.torrent && expected.others.has(read.peer), 'another of the torrent')
    }
  }

  private close(slot: number): void {
    const connection = this.connection(slot)
    const expected = this.model.remove(member => isSameConnection(member.connection, connection))
    const given = [...(this.given.get(slot) ?? [])]
    assert.equal(given.filter(member => this.speaker.leave(member, connection)).length, expected)
    this.given.delete(slot)
    this.generations.set(slot, (connection.generation + 1) >>> 0)
  }

  private compareAll(): void {
    const { model, speaker } = this
    const { view } = speaker
    let listed = 0
    for (let torrent = 0; torrent < TORRENTS; torrent++) {
      const all = model.listed(torrent)
      listed += all.length
      const seeders = all.filter(member => member.seeder).length
      const counts = speaker.scrape(torrent)
      assert.deepEqual(
        [counts.seedersIpv4, counts.leechersIpv4, counts.downloads],
        [seeders, all.length - seeders, model.downloads.get(torrent) ?? 0],
      )
      for (let peer = 0; peer < PEERS; peer++) {
        const member = speaker.find(torrent, peer)
        const expected = model.find(torrent, peer)
        assert.equal(member !== 0, expected !== undefined)
        if (expected === undefined) continue
        assert.deepEqual(speaker.read(member), { torrent, peer })
        assert.ok(isSameConnection(view, expected.connection))
      }
    }
    const members = [...model.members.values()]
    assert.equal(speaker.swarm.members, members.length)
    assert.equal(speaker.swarm.membersIpv6, members.filter(member => member.connection.family === 6).length)
    assert.equal(speaker.swarm.swarm.totals().ipv4.peers, listed)
    checkInvariants(this.memory.swarm)
  }
}

/** @returns how often each outcome came */
function compareMany(numRuns: number, capacity: number, make: () => WebTorrentMemory): Map<number, number> {
  const outcomes = new Map<number, number>()
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), operations => {
      const comparison = new Comparison(make(), capacity)
      comparison.run(operations)
      for (const [outcome, count] of comparison.outcomes)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count)
    }),
    { numRuns },
  )
  return outcomes
}

describe('sequences of announces, closed connections and lost workers agree with plain Maps', () => {
  it('while swarms become large from 7 members on', () => {
    const outcomes = compareMany(500, 1000, () =>
      makeWebTorrentMemory({ memberCapacity: 1000, shardCount: 2, bucketClass: 4 }),
    )
    assert.ok(outcomes.get(WebTorrentOutcome.foreignPeerId)! > 1000)
  })

  it('where the records of members run out', () => {
    const outcomes = compareMany(300, 9, () => makeWebTorrentMemory({ memberCapacity: 9 }))
    assert.ok(outcomes.get(WebTorrentOutcome.membersFull)! > 1000)
  })

  it("where the swarm's memory runs out", () => {
    const outcomes = compareMany(300, 1000, () => {
      const memory = makeWebTorrentMemory({
        memberCapacity: 1000,
        memoryLimitBytes: 2 ** 20,
        shardCount: 2,
        bucketClass: 4,
      })
      const words = wordsOf(memory.swarm)
      words[Header.poolEnd] = words[Header.poolFirst]! + 4
      return memory
    })
    assert.ok(outcomes.get(WebTorrentOutcome.peerRefused)! > 100)
    assert.ok(outcomes.get(WebTorrentOutcome.torrentRefused)! > 100)
  })
})

const elsewhere: TestConnection = { ...anyConnection, worker: 1, slot: 2 }

describe('a member', () => {
  it('stays a seeder once it has completed, also after a takeover, and is one download', () => {
    const speaker = new MemberSpeaker(makeWebTorrentMemory())
    const counts = (): number[] => [
      speaker.result.complete,
      speaker.result.incomplete,
      speaker.result.downloads,
    ]
    speaker.say({ torrent: 1, peer: 1 })
    assert.deepEqual(counts(), [0, 1, 0])
    speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.completed })
    assert.deepEqual(counts(), [1, 0, 1])
    speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.completed, connection: elsewhere })
    assert.deepEqual(counts(), [1, 0, 1])
    speaker.say({ torrent: 1, peer: 1, seeder: false, connection: elsewhere })
    assert.deepEqual(counts(), [1, 0, 1])
    // Somebody who leaves and begins anew is new.
    speaker.say({ torrent: 1, peer: 1, event: AnnounceEvent.stopped, connection: elsewhere })
    assert.deepEqual(counts(), [0, 0, 1])
    speaker.say({ torrent: 1, peer: 1 })
    assert.deepEqual(counts(), [0, 1, 1])
  })

  it('that was taken over is not removed with its first connection', () => {
    const speaker = new MemberSpeaker(makeWebTorrentMemory())
    speaker.say({ torrent: 1, peer: 1 })
    const { member } = speaker.result
    speaker.say({ torrent: 1, peer: 1, connection: elsewhere })
    assert.deepEqual([speaker.result.isTakenOver, speaker.result.member], [true, member])
    assert.equal(speaker.leave(member, anyConnection), false)
    assert.equal(speaker.leave(member, { ...elsewhere, generation: 2 }), false)
    assert.equal(speaker.find(1, 1), member)
    assert.equal(speaker.leave(member, elsewhere), true)
    assert.equal(speaker.leave(member, elsewhere), false)
    assert.equal(speaker.find(1, 1), 0)
  })

  it('of another address can be neither taken over nor stopped', () => {
    const speaker = new MemberSpeaker(makeWebTorrentMemory())
    for (const [address, family] of [
      [8, 4],
      [9, 6],
      [11, 4],
    ] as const) {
      speaker.say({ torrent: 1, peer: 1 })
      const connection = { ...elsewhere, address, family }
      for (const event of [AnnounceEvent.none, AnnounceEvent.stopped]) {
        assert.equal(speaker.say({ torrent: 1, peer: 1, connection, event }), WebTorrentOutcome.foreignPeerId)
        assert.equal(speaker.read(speaker.find(1, 1))?.peer, 1)
        assert.equal(speaker.view.worker, anyConnection.worker)
      }
    }
  })

  it('finds its record used again by the next one', () => {
    const speaker = new MemberSpeaker(makeWebTorrentMemory({ memberCapacity: 2 }))
    for (let peer = 0; peer < 10; peer++) {
      assert.equal(speaker.say({ torrent: peer, peer }), WebTorrentOutcome.stored)
      assert.equal(speaker.say({ torrent: peer, peer: 100 }), WebTorrentOutcome.stored)
      assert.equal(speaker.say({ torrent: peer, peer: 101 }), WebTorrentOutcome.membersFull)
      for (const other of [peer, 100]) {
        const member = speaker.find(peer, other)
        assert.ok(member >= 1 && member <= 2)
        speaker.leave(member, anyConnection)
        assert.equal(speaker.read(member), undefined)
      }
    }
    assert.throws(() => createMemberMemory(0), RangeError)
    assert.throws(() => createMemberMemory(2 ** 24 + 1), RangeError)
  })

  it('has no number that was never given', () => {
    const speaker = new MemberSpeaker(makeWebTorrentMemory())
    assert.equal(speaker.read(0), undefined)
    assert.equal(speaker.read(1), undefined)
    assert.equal(speaker.leave(1, { ...anyConnection, worker: 0, slot: 0, generation: 0 }), false)
  })
})

interface Draw {
  readonly others: number
  readonly wanted: number
}

describe('receivers', () => {
  const draws: readonly Draw[] = [
    { others: 1, wanted: 1 },
    { others: 3, wanted: 1 },
    { others: 20, wanted: 10 },
    { others: 126, wanted: 10 },
    { others: 1000, wanted: 1 },
    { others: 1000, wanted: 10 },
  ]
  for (const { others, wanted } of draws) {
    it(`are ${wanted} of ${others} others, each as likely as any`, () => {
      const speaker = new MemberSpeaker(makeWebTorrentMemory())
      for (let peer = 1; peer <= others; peer++) speaker.say({ torrent: 1, peer })
      // The numbers are not in one piece: some members have gone, and others have theirs.
      for (let peer = 1; peer <= others; peer += 3) speaker.leave(speaker.find(1, peer), anyConnection)
      for (let peer = 1; peer <= others; peer += 3) speaker.say({ torrent: 1, peer: peer + 10_000 })
      speaker.say({ torrent: 1, peer: 0 })
      const own = speaker.result.member
      const rounds = Math.ceil((60 * others) / wanted) + 600
      const hits = new Map<number, number>()
      for (let round = 0; round < rounds; round++) {
        speaker.say({ torrent: 1, peer: 0, wanted })
        const receivers = speaker.receivers()
        assert.equal(new Set(receivers).size, wanted)
        for (const receiver of receivers) hits.set(receiver, (hits.get(receiver) ?? 0) + 1)
      }
      assert.ok(!hits.has(own), 'never the announcer')
      assert.equal(hits.size, others, 'everybody is reached')
      const share = wanted / others
      const sigma = Math.sqrt(rounds * share * (1 - share)) || 1
      const worst = Math.max(...[...hits.values()].map(count => Math.abs(count - rounds * share) / sigma))
      // 5.5 sigma happen once in 26 million, and seed and keys are fixed.
      assert.ok(worst < 5.5, `one member is off by ${worst} sigma`)
    })
  }
})

describe('many threads', () => {
  it('announce, take over and leave at once, and nothing is lost or torn', async () => {
    const memory = makeWebTorrentMemory({ memberCapacity: 3000, shardCount: 1, bucketClass: 4 })
    const torrents = 3
    const workers = [1, 2, 3, 4]
    const reports = workers.map(async worker => {
      const workerData: MemberHammerData = { memory, worker, torrents, announces: 25_000 }
      const thread = new Worker(new URL('./web-torrent-worker.js', import.meta.url), { workerData })
      const [report] = (await once(thread, 'message')) as [MemberHammerReport]
      return report
    })
    const listed = (await Promise.all(reports)).flatMap(report => report.listed)
    const speaker = new MemberSpeaker(memory, 9)
    checkInvariants(memory.swarm)
    const own: string[] = []
    const found: string[] = []
    for (let member = 1; member <= 3000; member++) {
      const read = speaker.read(member)
      if (read === undefined) continue
      assert.equal(speaker.find(read.torrent, read.peer), member)
      found.push(`${read.torrent}:${read.peer}`)
      if (read.peer < 1_000_000) continue
      assert.equal(speaker.view.worker, Math.floor(read.peer / 1_000_000))
      own.push(`${read.torrent}:${read.peer}`)
    }
    assert.equal(new Set(found).size, found.length, 'nobody is there twice')
    assert.deepEqual(own.sort(), listed.sort())
    assert.ok(found.length > own.length, 'some of those that all threads announced are there')
    assert.equal(speaker.swarm.members, found.length)
    assert.equal(speaker.swarm.swarm.totals().ipv4.peers, found.length)
    const forgotten = workers.map(worker => speaker.swarm.forgetWorker(worker))
    assert.equal(
      forgotten.reduce((sum, count) => sum + count, 0),
      found.length,
    )
    assert.equal(speaker.swarm.swarm.totals().ipv4.peers, 0)
    assert.equal(speaker.swarm.members + speaker.swarm.membersIpv6, 0)
  })

  it('leave locks behind that are found when they die', () => {
    const memory = createMemberMemory(10)
    const members = new Members(memory, 7)
    const key = new WebTorrentAnnounce()
    assert.equal(memberLocksHeldBy(memory, 7), 0)
    members.lock(key)
    assert.equal(memberLocksHeldBy(memory, 7), 1)
    assert.equal(memberLocksHeldBy(memory, 6), 0)
    members.unlock()
    assert.equal(memberLocksHeldBy(memory, 7), 0)
  })
})
