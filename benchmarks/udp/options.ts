// The command line that the UDP benchmarks share.
import { parseArgs } from 'node:util'
import { UsageError } from '../support/program.js'

/**
 * What every UDP benchmark is told: how long, on which cores, with which yardstick, and where the answer
 * goes.
 */
export interface LoadOptions {
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly trackerCore: number
  readonly loadCore: number
  readonly yardstick: string | undefined
  readonly out: string | undefined
}

/** What `run` is told besides. */
export interface Options extends LoadOptions {
  readonly rounds: number
  readonly seed: number
  readonly only: readonly string[]
  readonly aquaticMio: string | undefined
  readonly aquaticIoUring: string | undefined
  readonly json: string | undefined
}

const defaultContenders = 'null-udp,ours,opentracker,aquatic-mio,aquatic-io-uring'

const loadUsage = `  --seconds N             measured seconds of each load
  --warm-up N             unmeasured seconds before them
  --yardstick DIR         the yardstick's sources (AQUATIC_YARDSTICK, ../shared/yardstick)
  --tracker-core N        core of the tracker (0)
  --load-core N           core of the load generator (1)
  --out PATH              where the answer goes, besides or instead of stdout
`

const runUsage = `${loadUsage}  --rounds N              alternating rounds (6)
  --seed N                order of the trackers (drawn, and printed)
  --only LIST             ${defaultContenders}; and ours-node
  --aquatic-mio PATH      aquatic_udp 0.9 (BENCHMARK_AQUATIC_MIO, else from PATH)
  --aquatic-io-uring PATH aquatic_udp 0.9 with its io-uring feature (BENCHMARK_AQUATIC_IO_URING, else from PATH)
  --json FILE             keep every sample there, after each one
`

const text = { type: 'string' } as const

type Flags = Record<string, string | undefined>
type FlagTable = Record<string, { readonly type: 'string'; readonly default?: string | undefined }>

/** A number of at least `minimum` from a flag; throws UsageError. */
function parseNumber(flag: string, given: string, minimum: number, isWhole: boolean): number {
  const value = Number(given)
  if (
    given.trim() !== '' &&
    value >= minimum &&
    Number.isFinite(value) &&
    (!isWhole || Number.isInteger(value))
  ) {
    return value
  }
  throw new UsageError(`--${flag} ${given}: give a ${isWhole ? 'whole ' : ''}number of at least ${minimum}`)
}

function parseFlags(args: readonly string[], table: FlagTable, usage: string): Flags {
  try {
    // A default of undefined means that there is none; parseArgs wants it absent.
    const known = Object.entries(table).map(([flag, entry]) => [
      flag,
      entry.default === undefined ? text : entry,
    ])
    const options = Object.fromEntries(known) as Record<string, { type: 'string' }>
    return parseArgs({ args: [...args], options, strict: true }).values as Flags
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}\nOptions:\n${usage}`, { cause })
  }
}

function loadTable(seconds: number, warmUpSeconds: number): FlagTable {
  return {
    seconds: { ...text, default: String(seconds) },
    'warm-up': { ...text, default: String(warmUpSeconds) },
    'tracker-core': { ...text, default: '0' },
    'load-core': { ...text, default: '1' },
    yardstick: text,
    out: text,
  }
}

function readLoadFlags(flags: Flags): LoadOptions {
  const trackerCore = parseNumber('tracker-core', flags['tracker-core']!, 0, true)
  const loadCore = parseNumber('load-core', flags['load-core']!, 0, true)
  if (trackerCore === loadCore) throw new UsageError('--tracker-core and --load-core must differ')
  return {
    seconds: parseNumber('seconds', flags['seconds']!, 0.1, false),
    warmUpSeconds: parseNumber('warm-up', flags['warm-up']!, 0, false),
    trackerCore,
    loadCore,
    yardstick: flags['yardstick'],
    out: flags['out'],
  }
}

/**
 * Reads the command line of a benchmark that loads our tracker once; throws UsageError with what to give
 * instead.
 */
export function parseLoadOptions(
  args: readonly string[],
  defaults: { readonly seconds: number; readonly warmUpSeconds: number },
): LoadOptions {
  return readLoadFlags(parseFlags(args, loadTable(defaults.seconds, defaults.warmUpSeconds), loadUsage))
}

/** Reads the command line of `run`; throws UsageError with what to give instead. */
export function parseOptions(args: readonly string[]): Options {
  const table = {
    ...loadTable(5, 2),
    rounds: { ...text, default: '6' },
    seed: { ...text, default: String(Math.floor(Math.random() * 2 ** 32)) },
    only: { ...text, default: defaultContenders },
    'aquatic-mio': { ...text, default: process.env['BENCHMARK_AQUATIC_MIO'] },
    'aquatic-io-uring': { ...text, default: process.env['BENCHMARK_AQUATIC_IO_URING'] },
    json: text,
  }
  const flags = parseFlags(args, table, runUsage)
  return {
    ...readLoadFlags(flags),
    rounds: parseNumber('rounds', flags['rounds']!, 1, true),
    seed: parseNumber('seed', flags['seed']!, 0, true),
    only: flags['only']!.split(',').map(name => name.trim()),
    aquaticMio: flags['aquatic-mio'],
    aquaticIoUring: flags['aquatic-io-uring'],
    json: flags['json'],
  }
}
