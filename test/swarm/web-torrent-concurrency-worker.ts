// What the threads of the concurrency tests of WebTorrent swarms do; not a test itself.
import { parentPort, workerData } from 'node:worker_threads'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Members } from '../../src/swarm/members.js'
import { Random } from '../../src/swarm/random.js'
import { WebTorrentAnnounce, type WebTorrentMemory, WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { MemberSpeaker } from './web-torrent-fixture.js'

export interface WebTorrentWorkerData {
  readonly task: 'own' | 'fight' | 'die'
  readonly memory: WebTorrentMemory
  readonly worker: number
  readonly announces: number
  readonly torrents: number
}

/** `torrent:peer` of the members that this thread left behind; outcomes of its announces; successful leaves. */
export interface WebTorrentWorkerReport {
  readonly listed: readonly string[]
  readonly outcomes: readonly number[]
  readonly added: number
  readonly removed: number
}

const data = workerData as WebTorrentWorkerData
const speaker = new MemberSpeaker(data.memory, data.worker + 1)
const random = new Random(data.worker * 977)
const outcomes = [0, 0, 0, 0, 0]
const tasks = { own: announceOwn, fight: fightForPeers, die: dieInside }
const report = tasks[data.task]()
parentPort!.postMessage(report)

/** Peers of this thread alone, in torrents that all threads share. */
function announceOwn(): WebTorrentWorkerReport {
  const listed = new Map<string, number>()
  for (let index = 0; index < data.announces; index++) {
    const torrent = random.below(data.torrents)
    const peer = data.worker * 1_000_000 + random.below(300)
    const name = `${torrent}:${peer}`
    const choice = random.below(6)
    const event = choice === 0 ? AnnounceEvent.stopped : AnnounceEvent.none
    const known = listed.get(name)
    if (choice === 1 && known !== undefined) {
      if (!speaker.swarm.leave(known, data.worker, peer, 0)) throw new Error(`${name} could not leave`)
      listed.delete(name)
      continue
    }
    const wanted = random.below(20)
    const outcome = speaker.say({ torrent, peer, worker: data.worker, event, wanted, seeder: choice > 3 })
    outcomes[outcome]!++
    if (known !== undefined && outcome !== WebTorrentOutcome.stored) throw new Error(`${name} was refused`)
    if (event === AnnounceEvent.stopped) listed.delete(name)
    else if (outcome === WebTorrentOutcome.stored) listed.set(name, speaker.result.member)
    checkReceivers()
  }
  return { listed: [...listed.keys()], outcomes, added: 0, removed: 0 }
}

/** Receivers are different and others; by now some may have gone, and their numbers may be used again. */
function checkReceivers(): void {
  const receivers = speaker.receivers()
  if (new Set(receivers).size !== receivers.length || receivers.includes(speaker.result.member)) {
    throw new Error(`bad receivers: ${receivers.join()} of ${speaker.result.member}`)
  }
  // Fails where a record is torn.
  for (const receiver of receivers) speaker.read(receiver)
}

/** All threads announce the same few peers from one address: each announce takes its peer over from some other. */
function fightForPeers(): WebTorrentWorkerReport {
  let added = 0
  let removed = 0
  for (let index = 0; index < data.announces; index++) {
    const torrent = random.below(data.torrents)
    const peer = random.below(8)
    const isStopped = random.below(8) === 0
    const before = speaker.find(torrent, peer)
    if (before !== 0 && random.below(8) === 0) {
      if (speaker.swarm.leave(before, data.worker, peer, 0)) removed++
      continue
    }
    const event = isStopped ? AnnounceEvent.stopped : AnnounceEvent.none
    const outcome = speaker.say({ torrent, peer, worker: data.worker, event, wanted: 5 })
    outcomes[outcome]!++
    if (!isStopped && speaker.result.isNewMember) added++
    checkReceivers()
  }
  return { listed: [], outcomes, added, removed }
}

/** Dies with the lock of a member. */
function dieInside(): never {
  const members = new Members(data.memory.members, data.worker + 1)
  members.lock(new WebTorrentAnnounce())
  parentPort!.postMessage('inside')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  throw new Error('was not terminated')
}
