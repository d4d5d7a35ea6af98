// The command line that the benchmarks of trackers share.
import { parseArgs } from 'node:util'
import { UsageError } from './program.js'

/**
 * What every one is told: how long, on which cores, with which yardstick, and where the answer goes.
 */
export interface LoadOptions {
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly trackerCore: number
  readonly loadCore: number
  readonly yardstick: string | undefined
  readonly out: string | undefined
}

/** What a comparison in alternating rounds is told besides. */
export interface RoundOptions extends LoadOptions {
  readonly rounds: number
  readonly seed: number
  readonly only: readonly string[]
  readonly json: string | undefined
}

export const loadUsage = `  --seconds N             measured seconds of each load
  --warm-up N             unmeasured seconds before them
  --yardstick DIR         the yardstick's sources (AQUATIC_YARDSTICK, ../shared/yardstick)
  --tracker-core N        core of the tracker (0)
  --load-core N           core of the load generator (1)
  --out PATH              where the answer goes, besides or instead of stdout
`

export const text = { type: 'string' } as const

export type Flags = Record<string, string | undefined>
export type FlagTable = Record<string, { readonly type: 'string'; readonly default?: string | undefined }>

/** A number of at least `minimum` from a flag; throws UsageError. */
export function parseNumber(flag: string, given: string, minimum: number, isWhole: boolean): number {
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

/** Reads the flags of a table; throws UsageError with the usage for any other word. */
export function parseFlags(args: readonly string[], table: FlagTable, usage: string): Flags {
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

/** The flags of LoadOptions. */
export function loadTable(seconds: number, warmUpSeconds: number): FlagTable {
  return {
    seconds: { ...text, default: String(seconds) },
    'warm-up': { ...text, default: String(warmUpSeconds) },
    'tracker-core': { ...text, default: '0' },
    'load-core': { ...text, default: '1' },
    yardstick: text,
    out: text,
  }
}

/** The flags of RoundOptions. */
export function roundTable(seconds: number, warmUpSeconds: number, only: string): FlagTable {
  return {
    ...loadTable(seconds, warmUpSeconds),
    rounds: { ...text, default: '6' },
    seed: { ...text, default: String(Math.floor(Math.random() * 2 ** 32)) },
    only: { ...text, default: only },
    json: text,
  }
}

/** The values of `loadTable`; throws UsageError. */
export function readLoadFlags(flags: Flags): LoadOptions {
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

/** The words of a flag that lists them with commas. */
export function readList(given: string): string[] {
  return given.split(',').map(word => word.trim())
}

/** The values of `roundTable`; throws UsageError. */
export function readRoundFlags(flags: Flags): RoundOptions {
  return {
    ...readLoadFlags(flags),
    rounds: parseNumber('rounds', flags['rounds']!, 1, true),
    seed: parseNumber('seed', flags['seed']!, 0, true),
    only: readList(flags['only']!),
    json: flags['json'],
  }
}
