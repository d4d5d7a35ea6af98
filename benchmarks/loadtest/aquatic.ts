// aquatic's own load generators for UDP and WebTorrent, which report and are told in the same way.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findInPath } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { firstLineOf } from '../support/environment.js'
import type { Contender } from './contenders.js'
import { measureBetween } from './processor-time.js'

/** They report this often, and so they can be told for how long they run. */
const reportSeconds = 5

/** Responses in the second of the reports of `program`. Throws when there is none. */
export function parseAquatic(program: string, stdout: string): LoadCounts {
  const rates = [...stdout.matchAll(/^Responses in: ([0-9.]+)\/second$/gm)].map(match => Number(match[1]))
  if (rates.length < 2) throw new Error(`not two reports of ${program}: ${stdout.slice(-400)}`)
  return { responses: rates[1]! * reportSeconds, seconds: reportSeconds, responsesPerSecond: rates[1]! }
}

/**
 * @param program `aquatic_udp_load_test` or `aquatic_ws_load_test`
 * @param path of the program, if it is not to be looked for
 * @param configuration of a load against a port, for so many seconds
 */
export function createAquatic<Load>(
  program: string,
  path: string | undefined,
  configuration: (load: Load, port: number, seconds: number) => string,
): Contender<Load> {
  return {
    name: program,
    find: () => {
      const command = path ?? findInPath(program)
      const version = command === undefined ? undefined : firstLineOf(command, ['--version'])
      if (command === undefined || version === undefined)
        return { reason: `give ${program} 0.9 with --aquatic PATH (\`cargo install ${program}\`)` }
      return {
        version,
        launch: (bench, load, port) => {
          const file = join(bench.scratchDirectory, `${program}-${port}.toml`)
          writeFileSync(file, configuration(load, port, 2 * reportSeconds))
          let reports = 0
          const isReport = (line: string): boolean => line.startsWith('Responses in:')
          return measureBetween(
            bench,
            { command, args: ['-c', file] },
            {
              isStart: line => isReport(line) && ++reports === 1,
              isEnd: isReport,
              parse: stdout => parseAquatic(program, stdout),
            },
          )
        },
      }
    },
  }
}
