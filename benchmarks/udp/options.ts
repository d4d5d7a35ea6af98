// The command line of the UDP benchmarks.
import {
  type LoadOptions,
  loadTable,
  loadUsage,
  parseFlags,
  type RoundOptions,
  readLoadFlags,
  readRoundFlags,
  roundTable,
  text,
} from '../support/flags.js'

/** What `run` is told. */
export interface Options extends RoundOptions {
  readonly aquaticMio: string | undefined
  readonly aquaticIoUring: string | undefined
}

const defaultContenders = 'null-udp,ours,opentracker,aquatic-mio,aquatic-io-uring'

const runUsage = `${loadUsage}  --rounds N              alternating rounds (6)
  --seed N                order of the trackers (drawn, and printed)
  --only LIST             ${defaultContenders}; and ours-node
  --aquatic-mio PATH      aquatic_udp 0.9 (BENCHMARK_AQUATIC_MIO, else from PATH)
  --aquatic-io-uring PATH aquatic_udp 0.9 with its io-uring feature (BENCHMARK_AQUATIC_IO_URING, else from PATH)
  --json FILE             keep every sample there, after each one
`

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
    ...roundTable(5, 2, defaultContenders),
    'aquatic-mio': { ...text, default: process.env['BENCHMARK_AQUATIC_MIO'] },
    'aquatic-io-uring': { ...text, default: process.env['BENCHMARK_AQUATIC_IO_URING'] },
  }
  const flags = parseFlags(args, table, runUsage)
  return {
    ...readRoundFlags(flags),
    aquaticMio: flags['aquatic-mio'],
    aquaticIoUring: flags['aquatic-io-uring'],
  }
}
