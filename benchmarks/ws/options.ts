// The command line of the WebTorrent benchmarks.
import {
  loadUsage,
  parseFlags,
  parseNumber,
  type RoundOptions,
  readList,
  readRoundFlags,
  roundTable,
  text,
} from '../support/flags.js'
import { UsageError } from '../support/program.js'
import { type Load, loads } from './loads.js'

/** What `run` is told. */
export interface Options extends RoundOptions {
  readonly loads: readonly Load[]
  readonly aquaticWs: string | undefined
}

/** What `idle` is told: `connections` stay idle. */
export interface IdleOptions extends RoundOptions {
  readonly connections: number
  readonly aquaticWs: string | undefined
}

const contenders = 'ours,ours-node,ws,bittorrent-tracker,aquatic-ws'
const loadNames = loads.map(load => load.name).join(',')
/** The loads with offers open their connections in the warm-up, which therefore cannot be left out. */
const warmUpSecondsMin = 0.1

const placesUsage = `  --aquatic-ws PATH       aquatic_ws 0.9 (BENCHMARK_AQUATIC_WS, else from PATH)
  --json FILE             keep every sample there
`
const roundsUsage = (rounds: number): string =>
  `  --rounds N              alternating rounds (${rounds})
  --seed N                order of the trackers (drawn, and printed)
  --only LIST             ${contenders}
`
const runUsage = `${loadUsage}${roundsUsage(5)}  --loads LIST            ${loadNames}
${placesUsage}`
const idleUsage = `${loadUsage}${roundsUsage(3)}\
  --connections N         idle WebSockets (50000, or as many as the limit of open files allows)
${placesUsage}`

const placesTable = { 'aquatic-ws': { ...text, default: process.env['BENCHMARK_AQUATIC_WS'] } }

function chooseLoads(names: readonly string[]): Load[] {
  for (const name of names) {
    if (!loads.some(load => load.name === name))
      throw new UsageError(`--loads ${name}: no such load; there are ${loadNames}`)
  }
  return loads.filter(load => names.includes(load.name))
}

/** Reads the command line of `run`; throws UsageError with what to give instead. */
export function parseOptions(args: readonly string[]): Options {
  const table = {
    ...roundTable(2.5, 1.5, contenders),
    rounds: { ...text, default: '5' },
    loads: { ...text, default: loadNames },
    ...placesTable,
  }
  const flags = parseFlags(args, table, runUsage)
  parseNumber('warm-up', flags['warm-up']!, warmUpSecondsMin, false)
  return {
    ...readRoundFlags(flags),
    loads: chooseLoads(readList(flags['loads']!)),
    aquaticWs: flags['aquatic-ws'],
  }
}

/**
 * Reads the command line of `idle`; throws UsageError with what to give instead. Without --connections there are
 * 50,000, or `connectionsMax` where those are fewer.
 */
export function parseIdleOptions(args: readonly string[], connectionsMax: number): IdleOptions {
  const table = {
    ...roundTable(2, 2, contenders),
    rounds: { ...text, default: '3' },
    connections: { ...text, default: String(Math.min(50_000, connectionsMax)) },
    ...placesTable,
  }
  const flags = parseFlags(args, table, idleUsage)
  return {
    ...readRoundFlags(flags),
    connections: parseNumber('connections', flags['connections']!, 1, true),
    aquaticWs: flags['aquatic-ws'],
  }
}
