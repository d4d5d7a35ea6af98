// What a soak run keeps: each of these is a line of JSON in its directory, or a document of its own.
import type { EnvironmentEntry } from '../support/environment.js'
import type { SoakPlan, StreamName } from './plan.js'

/** What the tracker says of itself, summed over workers and families. */
export interface TrackerFigures {
  readonly heapUsedBytes: number
  readonly externalBytes: number
  /** UDP's and HTTP's swarm, and WebTorrent's. */
  readonly torrents: number
  readonly peers: number
  readonly swarmUsedBytes: number
  readonly swarmTouchedBytes: number
  readonly connections: number
  /** Announces answered since the start, by protocol. */
  readonly announces: Readonly<Record<'udp' | 'http' | 'ws', number>>
  readonly kernelDrops: number
  readonly restarts: number
  /** Errors by protocol and class since the start, those that are not 0. */
  readonly errors: Readonly<Record<string, number>>
  readonly cleaningRounds: number
  readonly longestCleaningStepMs: number
}

/** One look at the tracker's process. */
export interface Sample extends TrackerFigures {
  /** Since the start of the load; negative before it. */
  readonly second: number
  /** `idle` before the load, `load`, and `after` it once the swarm has had time to empty. */
  readonly phase: 'idle' | 'load' | 'after'
  readonly rssKib: number
  /** Of it what the tracker has for itself: anonymous and shared memory, without pages of files, with what is swapped out. */
  readonly privateKib: number
  readonly descriptors: number
  readonly threads: number
  readonly processorSeconds: number
  readonly loadAverage: number
}

/**
 * Latencies of announces in microseconds, from the moment of sending: load generators that share the machine's
 * processors with the tracker are late, and that is nothing the tracker could do better.
 */
export interface SliceLatency {
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

/** One run of a load generator, of all it asked for. */
export interface Slice {
  readonly stream: StreamName
  /** When it was started and ended, since the start of the load. */
  readonly second: number
  readonly endSecond: number
  readonly measuredSeconds: number
  /** The load test's own: `generator-bound` slices were late, and ask less evenly than planned. */
  readonly verdict: string
  readonly planned: number
  /** All kinds that were asked for, offers and answers passed on included. */
  readonly answered: number
  readonly announcesAnswered: number
  /** By outcome, those that are not 0; `unsent` ones never reached the tracker. */
  readonly failed: Readonly<Record<string, number>>
  /** Late and second answers: the tracker counts them too. */
  readonly surplusAnswers: number
  readonly verified: number
  readonly wrong: number
  readonly remarks: readonly (readonly [text: string, count: number])[]
  readonly latency: SliceLatency | null
}

/** What the short-lived clients did, since their start. */
export interface LivesCounts {
  readonly started: number
  readonly ended: number
  readonly announces: number
  readonly answered: number
  readonly failed: number
  /** Answers that cannot be. */
  readonly wrong: number
}

export interface LivesTotals {
  readonly udp: LivesCounts
  readonly http: LivesCounts & { readonly abandoned: number }
  readonly ws: LivesCounts & { readonly offersReceived: number; readonly answersReceived: number }
  readonly remarks: readonly (readonly [text: string, count: number])[]
}

/** How the run ended. */
export interface Ending {
  /** The tracker ended by itself, or load could not be made any more: one sentence. */
  readonly broken: string | null
  /** Load generators that ended without a result: one sentence each. */
  readonly failedSlices: readonly string[]
  readonly lives: LivesTotals | null
  readonly exitCode: string
  readonly stopMs: number
  /** Sockets that could not be bound again, files in its directory: one each. */
  readonly leftBehind: readonly string[]
  /** Warnings and errors that the tracker logged. */
  readonly logged: readonly string[]
}

/** What is known before the load begins. */
export interface SoakFacts {
  readonly command: string
  readonly version: string
  readonly environment: readonly EnvironmentEntry[]
  /** That this process may use, tracker and load together. */
  readonly processors: number
  readonly plan: SoakPlan
}

/** All of it. `ending` is missing in an interrupted run. */
export interface SoakRecord extends SoakFacts {
  readonly samples: readonly Sample[]
  readonly slices: readonly Slice[]
  readonly ending: Ending | undefined
}
