// What the threads of the concurrency and kill tests do; not a test itself.
import { parentPort, workerData } from 'node:worker_threads'
import { Announce, AnnounceEvent, AnnounceResult, Family } from '../../src/swarm/announce.js'
import type { SwarmMemory } from '../../src/swarm/memory.js'
import { Random } from '../../src/swarm/random.js'
import { Swarm } from '../../src/swarm/swarm.js'
import { Speaker } from './fixture.js'

export interface SwarmWorkerData {
  readonly task: 'hammer' | 'die'
  readonly memory: SwarmMemory
  readonly lockOwner: number
  readonly announces: number
  readonly torrents: number
}

/** Announces as seen from one thread: which of its own peers must be there in the end, as `torrent:family:address`. */
export interface HammerReport {
  readonly listed: readonly string[]
}

/** An announce that stops half-way, under its shard's lock, and says so. */
class EndlessAnnounce extends Announce {
  // Read once when the peers are counted, well inside the critical section.
  private readonly gate = new Int32Array(new SharedArrayBuffer(4))

  wait(): void {
    Object.defineProperty(this, 'wanted', {
      get: () => {
        parentPort!.postMessage('inside')
        Atomics.wait(this.gate, 0, 0)
        return 0
      },
    })
  }
}

const task = workerData as SwarmWorkerData
if (task.task === 'hammer') {
  parentPort!.postMessage(hammer(task))
} else {
  dieInside(task)
}

/** Random announces for peers of this thread alone, in torrents that all threads share. */
function hammer({ memory, lockOwner, announces, torrents }: SwarmWorkerData): HammerReport {
  const speaker = new Speaker(memory, lockOwner, lockOwner)
  const random = new Random(lockOwner * 977)
  const listed = new Set<string>()
  for (let index = 0; index < announces; index++) {
    const torrent = random.below(torrents)
    const family = random.below(2) === 0 ? Family.ipv4 : Family.ipv6
    const address = lockOwner * 1_000_000 + random.below(400)
    const isStopped = random.below(3) === 0
    const event = isStopped ? AnnounceEvent.stopped : AnnounceEvent.none
    speaker.say({
      torrent,
      family,
      address,
      port: 5,
      event,
      seeder: random.below(2) === 0,
      wanted: random.below(80),
    })
    if (isStopped) {
      listed.delete(`${torrent}:${family}:${address}`)
    } else {
      listed.add(`${torrent}:${family}:${address}`)
    }
    const peers = speaker.peers()
    if (new Set(peers).size !== peers.length || peers.includes(`${address}:5`)) {
      throw new Error(`bad answer: ${peers.join(' ')}`)
    }
  }
  return { listed: [...listed] }
}

function dieInside({ memory, lockOwner }: SwarmWorkerData): void {
  const swarm = new Swarm(memory, { lockOwner, randomSeed: 1 })
  const announce = new EndlessAnnounce()
  announce.wirePort = 1
  announce.wait()
  swarm.announce(announce, new AnnounceResult(), new Uint16Array(10), 0)
}
