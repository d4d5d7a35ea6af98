// The UDP load generators that are compared, with equal settings: one thread that makes load, 8 sockets, and where they
// know windows 64 requests in flight on each.
import type { LoadPlan, Mix } from '../../src/loadtest/plan.js'
import { torrentCount } from '../support/yardstick.js'
import { parseLoadOutput } from '../udp/yardstick.js'
import { createAquatic } from './aquatic.js'
import { type Contender, createOurs } from './contenders.js'
import { measureToEnd } from './processor-time.js'

export interface UdpLoad {
  readonly name: string
  readonly title: string
  readonly mix: Mix
}

const sockets = 8
const window = 64
const receiveBufferBytes = 2 << 20
const peers = 2 * torrentCount

function planOf({ mix }: UdpLoad): Omit<LoadPlan, 'phases' | 'target'> {
  return {
    protocol: 'udp',
    engine: 'native',
    workers: 1,
    connectionsPerWorker: sockets,
    window,
    pacing: { mode: 'closed' },
    timeoutMs: 1000,
    mix,
    population: {
      torrents: torrentCount,
      peers,
      popularity: { kind: 'exponential' },
      seederShare: 0.75,
      scrapeTorrents: 9,
    },
    numwant: 30,
    verifyShare: 0,
    seed: 1,
    sourceAddresses: 1,
    receiveBufferBytes,
    http: { keepsAlive: true, requestsPerConnection: 0 },
    ws: { offersPerAnnounce: 0, answers: false, connectionsPerSecond: 0, announceIntervalSeconds: 0 },
  }
}

function createYardstick(loadPath: string): Contender<UdpLoad> {
  return {
    name: 'load-udp',
    find: () => ({
      version: 'yardstick',
      launch: (bench, { mix }, port) => {
        const numbers = [
          port,
          bench.seconds,
          sockets,
          window,
          torrentCount,
          mix.connect,
          mix.announce,
          mix.scrape,
        ]
        return measureToEnd(bench, { command: loadPath, args: numbers.map(String) }, parseLoadOutput)
      },
    }),
  }
}

function aquaticConfiguration({ mix }: UdpLoad, port: number, seconds: number): string {
  return `server_address = "127.0.0.1:${port}"
workers = 1
duration = ${seconds}
extra_statistics = false

[network]
multiple_client_ipv4s = false
sockets_per_worker = ${sockets}
recv_buffer = ${receiveBufferBytes}

[requests]
number_of_torrents = ${torrentCount}
number_of_peers = ${peers}
scrape_max_torrents = 9
announce_peers_wanted = 30
weight_connect = ${mix.connect}
weight_announce = ${mix.announce}
weight_scrape = ${mix.scrape}
peer_seeder_probability = 0.75
`
}

/** Every generator there is, in the order of the page. */
export function createUdpContenders(
  repository: string,
  loadPath: string,
  aquaticPath: string | undefined,
): ReadonlyMap<string, Contender<UdpLoad>> {
  return new Map([
    ['ours', createOurs<UdpLoad>(repository, planOf)],
    ['load-udp', createYardstick(loadPath)],
    ['aquatic', createAquatic('aquatic_udp_load_test', aquaticPath, aquaticConfiguration)],
  ])
}
