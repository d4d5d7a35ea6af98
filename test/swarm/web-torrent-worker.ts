// What each thread of the concurrency test of WebTorrent swarms does; not a test itself.

import { parentPort, workerData } from 'node:worker_threads'
import { AnnounceEvent } from '../../src/swarm/announce.js'
import { Random } from '../../src/swarm/random.js'
import { type WebTorrentMemory, WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { MemberSpeaker, type TestConnection } from './web-torrent-speaker.js'

export interface MemberHammerData {
  readonly memory: WebTorrentMemory
  readonly worker: number
  readonly torrents: number
  readonly announces: number
}

/** Which of this thread's own peers must be there in the end, as `torrent:peer`. */
export interface MemberHammerReport {
  readonly listed: readonly string[]
}

/** Announces peers of this thread alone, and those with small numbers, which all threads take from each other. */
function hammer({ memory, worker, torrents, announces }: MemberHammerData): MemberHammerReport {
  const speaker = new MemberSpeaker(memory, worker, worker)
  const random = new Random(worker * 977)
  const connection: TestConnection = { worker, slot: worker, generation: 1, family: 6, address: 5 }
  const listed = new Map<string, number>()
  for (let index = 0; index < announces; index++) {
    const torrent = random.below(torrents)
    const isShared = random.below(3) === 0
    const peer = isShared ? random.below(30) : worker * 1_000_000 + random.below(150)
    const isStopped = random.below(3) === 0
    const event = isStopped ? AnnounceEvent.stopped : AnnounceEvent.none
    const wanted = random.below(20)
    const outcome = speaker.say({ torrent, peer, connection, event, wanted, seeder: random.below(2) === 0 })
    if (outcome !== WebTorrentOutcome.stored) throw new Error(`outcome ${outcome}`)
    const { member } = speaker.result
    const receivers = speaker.receivers()
    if (new Set(receivers).size !== receivers.length || (member !== 0 && receivers.includes(member)))
      throw new Error(`bad receivers of ${member}: ${receivers.join(' ')}`)
    // Throws if what it reads is torn.
    for (const receiver of receivers) speaker.read(receiver)
    if (isShared) continue
    const key = `${torrent}:${peer}`
    if (isStopped) listed.delete(key)
    else listed.set(key, member)
    if (!isStopped && random.below(5) === 0) {
      if (!speaker.leave(member, connection)) throw new Error(`${key} was not there any more`)
      listed.delete(key)
    }
  }
  return { listed: [...listed.keys()] }
}

parentPort!.postMessage(hammer(workerData as MemberHammerData))
