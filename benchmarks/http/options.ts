// The command line of the HTTP benchmarks.
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
import { type Load, loads } from './yardstick.js'

/** What `run` is told. */
export interface Options extends RoundOptions {
  readonly loads: readonly Load[]
  readonly aquaticHttp: string | undefined
  readonly chihaya: string | undefined
}

/** What `idle` is told: `connections` stay idle. */
export interface IdleOptions extends RoundOptions {
  readonly connections: number
  readonly aquaticHttp: string | undefined
  readonly chihaya: string | undefined
}

const runContenders = 'ours,ours-node,node-http,opentracker,aquatic-http,chihaya,nginx'
const idleContenders = 'ours,ours-node,node-http'
const loadNames = loads.map(load => load.name).join(',')

const placesUsage = `  --aquatic-http PATH     aquatic_http 0.9 (BENCHMARK_AQUATIC_HTTP, else from PATH)
  --chihaya PATH          chihaya (BENCHMARK_CHIHAYA, else from PATH)
  --json FILE             keep every sample there
`
const roundsUsage = (rounds: number, contenders: string): string =>
  `  --rounds N              alternating rounds (${rounds})
  --seed N                order of the trackers (drawn, and printed)
  --only LIST             ${contenders}
`
const runUsage = `${loadUsage}${roundsUsage(6, runContenders)}  --loads LIST            ${loadNames}
${placesUsage}`
const idleUsage = `${loadUsage}${roundsUsage(4, `${idleContenders}; and the others of run`)}\
  --connections N         idle kept-alive connections (10000)
${placesUsage}`

const placesTable = {
  'aquatic-http': { ...text, default: process.env['BENCHMARK_AQUATIC_HTTP'] },
  chihaya: { ...text, default: process.env['BENCHMARK_CHIHAYA'] },
}

function chooseLoads(names: readonly string[]): Load[] {
  for (const name of names) {
    if (!loads.some(load => load.name === name))
      throw new UsageError(`--loads ${name}: no such load; there are ${loadNames}`)
  }
  return loads.filter(load => names.includes(load.name))
}

/** Reads the command line of `run`; throws UsageError with what to give instead. */
export function parseOptions(args: readonly string[]): Options {
  const table = { ...roundTable(4, 2, runContenders), loads: { ...text, default: loadNames }, ...placesTable }
  const flags = parseFlags(args, table, runUsage)
  return {
    ...readRoundFlags(flags),
    loads: chooseLoads(readList(flags['loads']!)),
    aquaticHttp: flags['aquatic-http'],
    chihaya: flags['chihaya'],
  }
}

/** Reads the command line of `idle`; throws UsageError with what to give instead. */
export function parseIdleOptions(args: readonly string[]): IdleOptions {
  const table = {
    ...roundTable(3, 2, idleContenders),
    rounds: { ...text, default: '4' },
    connections: { ...text, default: '10000' },
    ...placesTable,
  }
  const flags = parseFlags(args, table, idleUsage)
  return {
    ...readRoundFlags(flags),
    connections: parseNumber('connections', flags['connections']!, 1, true),
    aquaticHttp: flags['aquatic-http'],
    chihaya: flags['chihaya'],
  }
}
