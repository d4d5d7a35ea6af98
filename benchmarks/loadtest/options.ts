// The command line of the comparisons of load generators.
import {
  type FlagTable,
  loadUsage,
  parseFlags,
  type RoundOptions,
  readRoundFlags,
  roundTable,
  text,
} from '../support/flags.js'

export interface Options extends RoundOptions {
  /** The load generator of the Rust project; undefined: it is looked for in PATH. */
  readonly aquatic: string | undefined
}

/** Reads the command line; throws UsageError. @param variable environment variable that names aquatic's generator */
export function parseOptions(args: readonly string[], only: string, variable: string): Options {
  const table: FlagTable = {
    ...roundTable(5, 3, only),
    aquatic: { ...text, default: process.env[variable] },
  }
  const usage = `${loadUsage}  --rounds N              alternating rounds (6)
  --seed N                order of the generators (drawn, and printed)
  --only LIST             ${only}
  --aquatic PATH          aquatic's load generator (${variable}, else from PATH)
  --json FILE             keep every sample there, after each one
`
  const flags = parseFlags(args, table, usage)
  return { ...readRoundFlags(flags), aquatic: flags['aquatic'] }
}
