// The WebTorrent load generators that are compared: one thread that makes load, 64 connections that announce again
// when they were answered, without offers.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { findInPath } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { firstLineOf } from '../support/environment.js'
import { type Contender, createOurs, type GeneratorRunBench } from './contenders.js'
import { measureBetween, measureToEnd } from './processor-time.js'

export interface WsLoad {
  readonly name: string
  readonly title: string
  readonly isTls: boolean
}

export const yardstickName = 'load-ws'
export const aquaticName = 'aquatic_ws_load_test'

const connections = 64
const torrents = 100
/** aquatic's generator reports this often, and so it can be told for how long it runs. */
const aquaticReportSeconds = 5

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

function aquaticConfiguration(port: number, seconds: number): string {
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

/** Responses in the second of its reports. */
export function parseAquatic(stdout: string): LoadCounts {
  const rates = [...stdout.matchAll(/^Responses in: ([0-9.]+)\/second$/gm)].map(match => Number(match[1]))
  if (rates.length < 2) throw new Error(`not two reports of aquatic_ws_load_test: ${stdout.slice(-400)}`)
  const seconds = aquaticReportSeconds
  return { responses: rates[1]! * seconds, seconds, responsesPerSecond: rates[1]! }
}

function createAquatic(path: string | undefined): Contender<WsLoad> {
  return {
    name: aquaticName,
    find: () => {
      const command = path ?? findInPath('aquatic_ws_load_test')
      const version = command === undefined ? undefined : firstLineOf(command, ['--version'])
      if (command === undefined || version === undefined) {
        return {
          reason: 'give aquatic_ws_load_test 0.9 with --aquatic PATH (`cargo install aquatic_ws_load_test`)',
        }
      }
      return { version, launch: (bench, _load, port) => runAquatic(bench, command, port) }
    },
  }
}

function runAquatic(
  bench: GeneratorRunBench,
  command: string,
  port: number,
): ReturnType<typeof measureBetween> {
  const file = join(bench.scratchDirectory, `aquatic-ws-${port}.toml`)
  writeFileSync(file, aquaticConfiguration(port, 2 * aquaticReportSeconds))
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
    ['aquatic', createAquatic(aquaticPath)],
  ])
}
