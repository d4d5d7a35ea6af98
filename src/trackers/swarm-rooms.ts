// The swarms of one process: trackers of BitTorrent (UDP, HTTP) share one, whatever their clients speak; WebTorrent,
// whose peers are reached through the tracker alone, has its own. Each has its memory, its cleaning and what looks at
// it; the access list is the same for all.

import type { EngineName } from '../net/engine.js'
import { preferHugePages } from '../net/engine.js'
import { Cleaner, type HashTest } from '../swarm/cleaner.js'
import { heapOffsetBytes, type SwarmMemory } from '../swarm/memory.js'
import { Swarm } from '../swarm/swarm.js'
import { scheduleCleaning, torrentObserverOf } from './cleaning.js'
import type { TrackerEventSink } from './events.js'
import { type Observation, type ObservationConfig, observeSwarm } from './observation.js'
import { reserveSwarm } from './processors.js'
import { MAIN_THREAD_LOCK_OWNER, type Protocol, type TrackerSetup } from './tracker.js'

export type SwarmKind = 'bittorrent' | 'webtorrent'

/** What is a swarm's in the configuration of a tracker that has its peers in it. */
export interface SwarmConfig extends Omit<ObservationConfig, 'statistics' | 'isWatched'> {
  /** In bytes; 0: as many as is reasonable. */
  readonly swarm: { readonly memoryLimit: number }
}

/** What is the same for all swarms. */
export interface SwarmRoomsOptions extends Pick<ObservationConfig, 'statistics' | 'isWatched'> {
  readonly engine: EngineName
  readonly onEvent: TrackerEventSink
}

/** One swarm, as its trackers and the main thread see it. */
export interface SwarmRoom {
  readonly kind: SwarmKind
  readonly cleaning: SwarmConfig['cleaning']
  /** For the workers. */
  readonly memory: SwarmMemory
  /** The main thread's view, for totals and cleaning. */
  readonly swarm: Swarm
  readonly observation: Observation
}

export interface RoomCleaningOptions {
  /** Torrents that are to leave every swarm. */
  readonly isForbidden: HashTest | undefined
  /** The clock of announces. */
  readonly nowSeconds: () => number
  readonly onFailure: (error: Error) => void
}

/** The swarm that a protocol has its peers in. */
function swarmKindOf(protocol: Protocol): SwarmKind {
  return protocol === 'ws' ? 'webtorrent' : 'bittorrent'
}

export class SwarmRooms {
  readonly all: readonly SwarmRoom[]

  private constructor(all: readonly SwarmRoom[]) {
    this.all = all
  }

  /** Reserves a swarm of each kind that these trackers have peers in. @throws AquaticError AQ_MEMORY_UNAVAILABLE */
  static async open(setups: readonly TrackerSetup[], options: SwarmRoomsOptions): Promise<SwarmRooms> {
    const rooms = new Map<SwarmKind, SwarmRoom>()
    for (const { protocol, swarm } of setups.flatMap(({ serves }) => serves)) {
      const kind = swarmKindOf(protocol)
      if (!rooms.has(kind)) rooms.set(kind, await openRoom(kind, swarm, options))
    }
    return new SwarmRooms([...rooms.values()])
  }

  /** The swarm of a protocol that this process serves. */
  of(protocol: Protocol): SwarmRoom {
    const kind = swarmKindOf(protocol)
    const room = this.all.find(candidate => candidate.kind === kind)
    if (room === undefined) throw new Error(`this process has no swarm for ${protocol}`)
    return room
  }

  /** Starts the cleaning of each by its own schedule. @returns a function that ends all of it */
  startCleaning({ isForbidden, nowSeconds, onFailure }: RoomCleaningOptions): () => Promise<void> {
    const stops = this.all.map(({ swarm, cleaning, observation }) => {
      const observers = observation.cleaningObservers
      return scheduleCleaning(new Cleaner(swarm, isForbidden, torrentObserverOf(observers)), {
        intervalSeconds: cleaning.torrentCleaningInterval,
        nowSeconds,
        onFailure,
        times: observation.cleaningTimes,
        observers,
      })
    })
    return async () => {
      await Promise.all(stops.map(stop => stop()))
    }
  }

  /** Of all swarms together. */
  totals(): { readonly torrents: number; readonly peers: number } {
    const totals = this.all.map(({ swarm }) => swarm.totals())
    return {
      torrents: totals.reduce((sum, { torrents }) => sum + torrents, 0),
      peers: totals.reduce((sum, { ipv4, ipv6 }) => sum + ipv4.peers + ipv6.peers, 0),
    }
  }
}

async function openRoom(
  kind: SwarmKind,
  { swarm, cleaning, scrapeExports }: SwarmConfig,
  { statistics, isWatched, engine, onEvent }: SwarmRoomsOptions,
): Promise<SwarmRoom> {
  const memory = reserveSwarm(swarm.memoryLimit, {
    maxPeerAgeSeconds: cleaning.maxPeerAge,
    cleaningIntervalSeconds: cleaning.torrentCleaningInterval,
  })
  await preferHugePages(engine, memory.buffer, heapOffsetBytes(memory))
  return {
    kind,
    cleaning,
    memory,
    swarm: new Swarm(memory, { lockOwner: MAIN_THREAD_LOCK_OWNER, randomSeed: 1 }),
    observation: observeSwarm(
      { statistics, cleaning, isWatched, ...(scrapeExports && { scrapeExports }) },
      onEvent,
    ),
  }
}
