// The WebTorrent load generators that are compared: one thread that makes load, 64 connections that announce again
// when they were answered, without offers.
import type { LoadPlan } from '../../src/loadtest/plan.js'
import type { LoadCounts } from '../support/cost.js'
import { createAquatic } from './aquatic.js'
import { type Contender, createOurs } from './contenders.js'
import { measureToEnd } from './processor-time.js'

export interface WsLoad {
  readonly name: string
  readonly title: string
  readonly isTls: boolean
}

export const yardstickName = 'load-ws'
export const aquaticName = 'aquatic_ws_load_test'

const connections = 64
const torrents = 100

function planOf(engine: LoadPlan['engine']): Omit<LoadPlan, 'phases' | 'target'> {
  return {
    protocol: 'ws',
    engine,
    workers: 1,
    connectionsPerWorker: connections,
    window: 1,
    pacing: { mode: 'closed' },
    timeoutMs: 5000,
    mix: { connect: 0, announce: 1, scrape: 0 },
    population: {
      torrents,
      peers: connections,
      popularity: { kind: 'uniform' },
      seederShare: 0.25,
      scrapeTorrents: 5,
    },
    numwant: 0,
    verifyShare: 0,
    seed: 1,
    sourceAddresses: 1,
    receiveBufferBytes: 0,
    http: { keepsAlive: true, requestsPerConnection: 0 },
    ws: {
      offersPerAnnounce: 0,
      answers: false,
      // As good as all at once; JSON has no Infinity.
      connectionsPerSecond: 1e6,
      announceIntervalSeconds: 0,
    },
  }
}

/** Reads the last line of a program of the yardstick. */
export function parseYardstick(stdout: string): LoadCounts {
  const found = /^responses (\d+) seconds ([\d.]+) rate (\d+)/m.exec(stdout)
  if (found === null) throw new Error(`not the output of load-ws: ${stdout.slice(-200)}`)
  return { responses: Number(found[1]), seconds: Number(found[2]), responsesPerSecond: Number(found[3]) }
}

function createYardstick(loadPath: string): Contender<WsLoad> {
  return {
    name: yardstickName,
    find: () => ({
      version: 'yardstick',
      launch: (bench, _load, port) => {
        const args = [port, bench.seconds, connections].map(String)
        return measureToEnd(bench, { command: loadPath, args }, parseYardstick)
      },
    }),
  }
}

function aquaticConfiguration(_load: WsLoad, port: number, seconds: number): string {
  return `server_address = "127.0.0.1:${port}"
num_workers = 1
num_connections_per_worker = ${connections}
connection_creation_interval_ms = 1
duration = ${seconds}

[torrents]
offers_per_request = 0
number_of_torrents = ${torrents}
weight_announce = 1
weight_scrape = 0
`
}

/** Every generator there is, in the order of the page. */
export function createWsContenders(
  repository: string,
  loadPath: string,
  aquaticPath: string | undefined,
): ReadonlyMap<string, Contender<WsLoad>> {
  const ours = createOurs<WsLoad>(
    repository,
    () => planOf('native'),
    ({ isTls }) => isTls,
  )
  const node = createOurs<WsLoad>(
    repository,
    () => planOf('node'),
    ({ isTls }) => isTls,
  )
  return new Map([
    ['ours', ours],
    ['ours-node', { ...node, name: 'ours, node engine' }],
    ['load-ws', createYardstick(loadPath)],
    ['aquatic', createAquatic(aquaticName, aquaticPath, aquaticConfiguration)],
  ])
}
