// Random sequences of announces, takeovers, closed connections and dead workers do what they do in plain Maps.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { cleanAll } from './fixture.js'
import {
  checkMembers,
  type MemberAnnounce,
  MemberSpeaker,
  makeWebTorrentMemory,
} from './web-torrent-fixture.js'

type Operation =
  | { kind: 'announce'; said: Required<MemberAnnounce> }
  | { kind: 'close'; worker: number; slot: number; generation: number }
  | { kind: 'die'; worker: number }
  | { kind: 'wait'; seconds: number }
  | { kind: 'clean' }

interface ModelMember {
  number: number
  said: Required<MemberAnnounce>
  isCompleted: boolean
  /** What the swarm lists; undefined once that has expired. */
  listed: { seeder: boolean; validUntil: number } | undefined
}

const torrentCount = 3
const worker = fc.nat({ max: 2 })
const slot = fc.nat({ max: 3 })
const generation = fc.constantFrom(0, 1, 2 ** 32 - 1)
const announced = fc.record({
  torrent: fc.nat({ max: torrentCount - 1 }),
  peer: fc.nat({ max: 12 }),
  worker,
  slot,
  generation,
  event: fc.constantFrom(0, 0, 1, 2, 3),
  seeder: fc.boolean(),
  wanted: fc.nat({ max: 15 }),
  now: fc.constant(0),
  age: fc.constant(180),
})
/** A connection has one address for ever: two clients at one, one at another, and one at an IPv6 address. */
const said: fc.Arbitrary<Required<MemberAnnounce>> = announced.map(announce => ({
  ...announce,
  family: announce.slot === 3 ? 6 : 4,
  address: announce.slot === 2 ? 2 : 1,
}))
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('announce' as const), said }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), worker, slot, generation }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), worker }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat({ max: 120 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clean' as const) }) },
)

class Comparison {
  readonly #memory
  readonly #capacity: number
  readonly #speaker: MemberSpeaker
  readonly #cleaner: Cleaner
  readonly #members = new Map<string, ModelMember>()
  readonly #downloads = Array.from({ length: torrentCount }, () => 0)
  #now = 100

  constructor(memberCapacity: number, bucketClass: number) {
    this.#capacity = memberCapacity
    this.#memory = makeWebTorrentMemory({ memberCapacity, bucketClass, shardCount: 2 })
    this.#speaker = new MemberSpeaker(this.#memory)
    this.#cleaner = new Cleaner(this.#speaker.swarm.swarm)
  }

  run(operations: readonly Operation[]): void {
    for (const operation of operations) this.#apply(operation)
    const listed = [...this.#members].filter(([, { listed }]) => listed !== undefined).map(([name]) => name)
    assert.deepEqual(checkMembers(this.#memory, torrentCount), new Set(listed))
    const members = [...this.#members.values()]
    const { swarm } = this.#speaker
    assert.equal(swarm.members, members.length)
    assert.equal(swarm.membersIpv6, members.filter(member => member.said.family === 6).length)
    for (const { number, said } of members) {
      const read = this.#speaker.read(number)!
      assert.deepEqual([read.torrent, read.peer], [said.torrent, said.peer])
      const { worker, slot, generation } = read.connection
      assert.deepEqual([worker, slot, generation], [said.worker, said.slot, said.generation])
    }
  }

  #apply(operation: Operation): void {
    if (operation.kind === 'announce') this.#announce({ ...operation.said, now: this.#now })
    else if (operation.kind === 'close') this.#close(operation)
    else if (operation.kind === 'die') this.#die(operation.worker)
    else if (operation.kind === 'wait') this.#now += operation.seconds
    else this.#clean()
  }

  #announce(said: Required<MemberAnnounce>): void {
    const key = `${said.torrent}:${said.peer}`
    const known = this.#members.get(key)
    const outcome = this.#speaker.say(said)
    const { result } = this.#speaker
    const isStopped = said.event === AnnounceEvent.stopped
    const isForeign = known !== undefined && !isSameAddress(known.said, said)
    const isFull = known === undefined && !isStopped && this.#members.size === this.#capacity
    if (isForeign || isFull) {
      assert.equal(outcome, isForeign ? WebTorrentOutcome.foreignPeerId : WebTorrentOutcome.membersFull)
      assert.deepEqual([result.member, result.receiverCount, result.isTakenOver], [0, 0, false])
      return
    }
    assert.equal(outcome, WebTorrentOutcome.stored)
    assert.equal(result.isTakenOver, known !== undefined && !isSameConnection(known.said, said))
    const others = this.#others(said)
    if (isStopped) this.#members.delete(key)
    else this.#list(key, said)
    this.#compareCounts(said.torrent)
    assert.equal(result.receiverCount, isStopped ? 0 : Math.min(said.wanted, others.size))
    const receivers = this.#speaker.receivers()
    assert.equal(new Set(receivers).size, receivers.length, 'receivers are distinct')
    assert.ok(
      receivers.every(receiver => others.has(receiver)),
      'and other members of the torrent',
    )
  }

  #list(key: string, said: Required<MemberAnnounce>): void {
    const { result } = this.#speaker
    const known = this.#members.get(key)
    const isCompleted = said.event === AnnounceEvent.completed || known?.isCompleted === true
    if (said.event === AnnounceEvent.completed && known?.listed?.seeder !== true) {
      // Downloads are forgotten with the last peer, by the cleaner alone.
      this.#downloads[said.torrent]!++
    }
    assert.equal(result.isNewMember, known === undefined)
    if (known !== undefined) assert.equal(result.member, known.number)
    const listed = { seeder: said.seeder || isCompleted, validUntil: said.now + said.age }
    this.#members.set(key, { number: result.member, said, isCompleted, listed })
  }

  #others({ torrent, peer }: Required<MemberAnnounce>): Set<number> {
    const others = this.#listedIn(torrent).filter(member => member.said.peer !== peer)
    return new Set(others.map(member => member.number))
  }

  #listedIn(torrent: number): ModelMember[] {
    const members = [...this.#members.values()]
    return members.filter(({ listed, said }) => listed !== undefined && said.torrent === torrent)
  }

  #compareCounts(torrent: number): void {
    const { complete, incomplete, downloads } = this.#speaker.result
    const listed = this.#listedIn(torrent)
    const seeders = listed.filter(member => member.listed?.seeder).length
    const expected = [seeders, listed.length - seeders, this.#downloads[torrent]!]
    assert.deepEqual([complete, incomplete, downloads], expected)
    assert.deepEqual(this.#speaker.scrape(torrent), expected)
  }

  #close({ worker, slot, generation }: { worker: number; slot: number; generation: number }): void {
    for (const [key, { number, said }] of this.#members) {
      const isTheirs = isSameConnection(said, { worker, slot, generation })
      assert.equal(this.#speaker.swarm.leave(number, worker, slot, generation), isTheirs)
      if (isTheirs) this.#members.delete(key)
    }
  }

  #die(worker: number): void {
    const dead = [...this.#members].filter(([, { said }]) => said.worker === worker)
    assert.equal(this.#speaker.swarm.forgetWorker(worker), dead.length)
    for (const [key] of dead) this.#members.delete(key)
  }

  #clean(): void {
    cleanAll(this.#cleaner, this.#now)
    for (const member of this.#members.values()) {
      if (member.listed !== undefined && member.listed.validUntil <= this.#now) member.listed = undefined
    }
    for (let torrent = 0; torrent < torrentCount; torrent++) {
      if (this.#listedIn(torrent).length === 0) this.#downloads[torrent] = 0
    }
  }
}

type ModelConnection = Pick<Required<MemberAnnounce>, 'worker' | 'slot' | 'generation'>

function isSameConnection(left: ModelConnection, right: ModelConnection): boolean {
  return left.worker === right.worker && left.slot === right.slot && left.generation === right.generation
}

function isSameAddress(known: Required<MemberAnnounce>, said: Required<MemberAnnounce>): boolean {
  return known.family === said.family && known.address === said.address
}

for (const [memberCapacity, bucketClass] of [
  [100, 8],
  [100, 4],
  [5, 8],
] as const) {
  test(`sequences agree with plain Maps: ${memberCapacity} members, buckets of class ${bucketClass}`, () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), operations => {
        new Comparison(memberCapacity, bucketClass).run(operations)
      }),
      { numRuns: 500 },
    )
  })
}
