// The UDP load generators that are compared, with equal settings: one thread that makes load, 8 sockets, and where they
// know windows 64 requests in flight on each.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadPlan, Mix } from '../../src/loadtest/plan.js'
import { findInPath } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { firstLineOf } from '../support/environment.js'
import { torrentCount } from '../support/yardstick.js'
import { parseLoadOutput } from '../udp/yardstick.js'
import { type Contender, createOurs, type GeneratorRunBench } from './contenders.js'
import { measureBetween, measureToEnd } from './processor-time.js'

export interface UdpLoad {
  readonly name: string
  readonly title: string
  readonly mix: Mix
}

const sockets = 8
const window = 64
const receiveBufferBytes = 2 << 20
const peers = 2 * torrentCount
/** aquatic's generator reports this often, and so it can be told for how long it runs. */
const aquaticReportSeconds = 5

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

/** Answers in the second of its reports. */
export function parseAquatic(stdout: string): LoadCounts {
  const rates = [...stdout.matchAll(/^Responses in: ([0-9.]+)\/second$/gm)].map(match => Number(match[1]))
  if (rates.length < 2) throw new Error(`not two reports of aquatic_udp_load_test: ${stdout.slice(-400)}`)
  const seconds = aquaticReportSeconds
  return { responses: rates[1]! * seconds, seconds, responsesPerSecond: rates[1]! }
}

function createAquatic(path: string | undefined): Contender<UdpLoad> {
  return {
    name: 'aquatic_udp_load_test',
    find: () => {
      const command = path ?? findInPath('aquatic_udp_load_test')
      const version = command === undefined ? undefined : firstLineOf(command, ['--version'])
      if (command === undefined || version === undefined) {
        return {
          reason:
            'give aquatic_udp_load_test 0.9 with --aquatic PATH (`cargo install aquatic_udp_load_test`)',
        }
      }
      return { version, launch: (bench, load, port) => runAquatic(bench, command, load, port) }
    },
  }
}

function runAquatic(
  bench: GeneratorRunBench,
  command: string,
  load: UdpLoad,
  port: number,
): ReturnType<typeof measureBetween> {
  const file = join(bench.scratchDirectory, `aquatic-${port}.toml`)
  writeFileSync(file, aquaticConfiguration(load, port, 2 * aquaticReportSeconds))
  let reports = 0
  const isReport = (line: string): boolean => line.startsWith('Responses in:')
  return measureBetween(
    bench,
    { command, args: ['-c', file] },
    {
      isStart: line => isReport(line) && ++reports === 1,
      isEnd: isReport,
      parse: parseAquatic,
    },
  )
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
    ['aquatic', createAquatic(aquaticPath)],
  ])
}
