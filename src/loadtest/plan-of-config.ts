// From a checked configuration to the plan of a load test. Pure: what the machine and the target are is told.

import type { LoadtestHttpConfig } from '../config/loadtest-http.js'
import { parseStage } from '../config/loadtest-stages.js'
import type { LoadtestUdpConfig } from '../config/loadtest-udp.js'
import type { LoadtestWsConfig } from '../config/loadtest-ws.js'
import type { LoadPlan, LoadTarget, Pacing, PhaseLengths, Popularity, PopulationPlan, Stage } from './plan.js'
import { isLoopback } from './target.js'

export type LoadTestConfig =
  | { readonly protocol: 'udp'; readonly config: LoadtestUdpConfig }
  | { readonly protocol: 'http'; readonly config: LoadtestHttpConfig }
  | { readonly protocol: 'ws'; readonly config: LoadtestWsConfig }

/** What a plan depends on beside its configuration. */
export interface PlanFacts {
  readonly target: LoadTarget
  readonly engine: LoadPlan['engine']
  /** That this process may use. */
  readonly processors: number
  /** Whether the tracker shares them. */
  readonly isTargetHere: boolean
}

/** Connections from one address to one port; the system gives out 28,232 ports, and uses some twice with others. */
const CONNECTIONS_PER_ADDRESS = 10_000
/** Connections that end leave their ports unusable for a minute, on one side. */
const ADDRESSES_OF_SHORT_CONNECTIONS = 64
const ADDRESSES_MAX = 65_536
const MICRO = 1e6

type CommonPlan = Omit<
  LoadPlan,
  'connectionsPerWorker' | 'window' | 'mix' | 'population' | 'numwant' | 'receiveBufferBytes' | 'http' | 'ws'
>

export function planOf(test: LoadTestConfig, facts: PlanFacts): LoadPlan {
  switch (test.protocol) {
    case 'udp':
      return udpPlan(test.config, facts)
    case 'http':
      return httpPlan(test.config, facts)
    case 'ws':
      return wsPlan(test.config, facts)
  }
}

function udpPlan(config: LoadtestUdpConfig, facts: PlanFacts): LoadPlan {
  const { network, load, requests } = config
  const workers = workersOf(config.workers, facts)
  const socketsPerWorker = network.socketsPerWorker
  return {
    ...common({ protocol: 'udp', config }, facts, workers),
    sourceAddresses: sourceAddresses(facts, network.sourceAddresses, workers * socketsPerWorker),
    connectionsPerWorker: socketsPerWorker,
    window: load.window,
    mix: {
      connect: requests.weightConnect,
      announce: requests.weightAnnounce,
      scrape: requests.weightScrape,
    },
    population: population(requests, requests.numberOfPeers),
    numwant: requests.announcePeersWanted,
    receiveBufferBytes: network.recvBuffer,
    ...streamDefaults,
  }
}

function httpPlan(config: LoadtestHttpConfig, facts: PlanFacts): LoadPlan {
  const { network, torrents, keepAlive, requestsPerConnection } = config
  const workers = Math.min(workersOf(config.workers, facts), network.connections)
  const areShort = !keepAlive || requestsPerConnection > 0
  const wanted = Math.max(
    areShort ? ADDRESSES_OF_SHORT_CONNECTIONS : 1,
    Math.ceil(network.connections / CONNECTIONS_PER_ADDRESS),
  )
  return {
    ...common({ protocol: 'http', config }, facts, workers),
    sourceAddresses: sourceAddresses(facts, network.sourceAddresses, wanted),
    connectionsPerWorker: Math.ceil(network.connections / workers),
    window: 1,
    mix: { connect: 0, announce: torrents.weightAnnounce, scrape: torrents.weightScrape },
    population: population(torrents, torrents.numberOfPeers),
    numwant: torrents.announcePeersWanted,
    receiveBufferBytes: 0,
    ...streamDefaults,
    http: { keepsAlive: keepAlive, requestsPerConnection },
  }
}

function wsPlan(config: LoadtestWsConfig, facts: PlanFacts): LoadPlan {
  const { network, load, torrents } = config
  const workers = Math.min(workersOf(config.workers, facts), network.connections)
  const connectionsPerWorker = Math.ceil(network.connections / workers)
  const wanted = Math.ceil(network.connections / CONNECTIONS_PER_ADDRESS)
  return {
    ...common({ protocol: 'ws', config }, facts, workers),
    sourceAddresses: sourceAddresses(facts, network.sourceAddresses, wanted),
    connectionsPerWorker,
    window: 1,
    mix: { connect: 0, announce: torrents.weightAnnounce, scrape: torrents.weightScrape },
    population: population(torrents, connectionsPerWorker * workers),
    numwant: torrents.announcePeersWanted,
    receiveBufferBytes: 0,
    http: streamDefaults.http,
    ws: {
      offersPerAnnounce: torrents.offersPerRequest,
      answers: torrents.answerOffers,
      connectionsPerSecond: network.connectionRate === 0 ? Number.POSITIVE_INFINITY : network.connectionRate,
      announceIntervalSeconds: load.announceInterval,
    },
  }
}

/** Of no use to the other protocols. */
const streamDefaults = {
  http: { keepsAlive: true, requestsPerConnection: 0 },
  ws: {
    offersPerAnnounce: 0,
    answers: false,
    connectionsPerSecond: Number.POSITIVE_INFINITY,
    announceIntervalSeconds: 0,
  },
} as const

function common(
  { protocol, config }: LoadTestConfig,
  { target, engine }: PlanFacts,
  workers: number,
): CommonPlan {
  const { load, seed } = config
  const stages = load.stages.map(text => parseStage(text)!)
  const phases = phasesOf(config, stages)
  return {
    protocol,
    engine,
    target,
    workers,
    pacing: pacingOf(load, stages, phases),
    phases,
    timeoutMs: Math.round(load.timeout * 1000),
    verifyShare: load.verify,
    seed,
    sourceAddresses: 1,
  }
}

/** 0: half of the processors where the tracker has the other half, at least one; all of them where it has its own. */
function workersOf(
  asked: number,
  { processors, isTargetHere }: Pick<PlanFacts, 'processors' | 'isTargetHere'>,
): number {
  if (asked > 0) return asked
  return isTargetHere ? Math.max(1, Math.floor(processors / 2)) : Math.max(1, processors)
}

/** 0: as many as are wanted. Only trackers on the loopback interface can be asked from several addresses. */
function sourceAddresses({ target }: PlanFacts, asked: number, wanted: number): number {
  if (target.family !== 4 || !isLoopback(target.address)) return 1
  return asked > 0 ? asked : Math.min(ADDRESSES_MAX, Math.max(1, wanted))
}

function phasesOf(
  { duration, load, phases }: LoadTestConfig['config'],
  stages: readonly Stage[],
): PhaseLengths {
  const ofStages = stages.reduce((sum, { seconds }) => sum + seconds, 0)
  return {
    connectSeconds: phases.connect,
    fillSeconds: phases.fill,
    // What begins at 0 warms up by itself.
    warmUpSeconds: stages[0]?.from === 0 ? 0 : phases.warmUp,
    measureSeconds: ofStages > 0 ? exactly(ofStages) : duration === 0 ? Number.POSITIVE_INFINITY : duration,
    drainSeconds: phases.drain === 0 ? load.timeout : phases.drain,
  }
}

/** Sums of tenths come out as 0.30000000000000004. */
function exactly(seconds: number): number {
  return Math.round(seconds * MICRO) / MICRO
}

function pacingOf(
  { rate, spacing }: LoadTestConfig['config']['load'],
  stages: readonly Stage[],
  { warmUpSeconds, measureSeconds }: PhaseLengths,
): Pacing {
  if (stages.length === 0)
    return rate === 0 ? { mode: 'closed' } : openPacing(rate, spacing, warmUpSeconds, measureSeconds)
  const { from } = stages[0]!
  const warmUp = warmUpSeconds > 0 ? [{ seconds: warmUpSeconds, from, to: from }] : []
  return { mode: 'open', spacing, stages: [...warmUp, ...stages] }
}

function openPacing(
  rate: number,
  spacing: 'even' | 'poisson',
  warmUpSeconds: number,
  measureSeconds: number,
): Pacing {
  return {
    mode: 'open',
    spacing,
    stages: [{ seconds: warmUpSeconds + measureSeconds, from: rate, to: rate }],
  }
}

/** The same test at another rate and length, as a trial of a search; null: a closed loop. */
export function trialPlan(plan: LoadPlan, ratePerSecond: number | null, measureSeconds: number): LoadPlan {
  const phases = { ...plan.phases, measureSeconds }
  if (ratePerSecond === null) return { ...plan, phases, pacing: { mode: 'closed' } }
  const spacing = plan.pacing.mode === 'open' ? plan.pacing.spacing : 'even'
  return { ...plan, phases, pacing: openPacing(ratePerSecond, spacing, phases.warmUpSeconds, measureSeconds) }
}

interface Torrents {
  readonly numberOfTorrents: number
  readonly peerSeederProbability: number
  readonly scrapeMaxTorrents: number
  readonly popularity: 'exponential' | 'gamma' | 'zipf' | 'uniform'
  readonly zipfExponent: number
  readonly torrentGammaShape: number
  readonly torrentGammaScale: number
}

function population(torrents: Torrents, peers: number): PopulationPlan {
  return {
    torrents: torrents.numberOfTorrents,
    peers,
    popularity: popularityOf(torrents),
    seederShare: torrents.peerSeederProbability,
    scrapeTorrents: torrents.scrapeMaxTorrents,
  }
}

function popularityOf(torrents: Torrents): Popularity {
  switch (torrents.popularity) {
    case 'exponential':
    case 'uniform':
      return { kind: torrents.popularity }
    case 'gamma':
      return { kind: 'gamma', shape: torrents.torrentGammaShape, scale: torrents.torrentGammaScale }
    case 'zipf':
      return { kind: 'zipf', exponent: torrents.zipfExponent }
  }
}
