// The yardstick's programs for UDP: how they are built, what they print.
import { runPinned } from '../support/children.js'
import type { LoadCounts } from '../support/cost.js'
import { buildPrograms, findYardstick } from '../support/yardstick.js'

/** What one run of `load-udp` counted. */
export interface LoadResult extends LoadCounts {
  readonly connectsPerSecond: number
  readonly announcesPerSecond: number
  readonly scrapesPerSecond: number
  readonly errors: number
  readonly lost: number
  readonly peersPerAnnounce: number
}

/** One mix of requests: the arguments of `load-udp` after port and seconds. */
export interface Load {
  readonly name: string
  readonly title: string
  readonly args: readonly string[]
}

export const loads: readonly Load[] = [
  { name: 'mixed', title: 'Mixed load: 50 connect : 50 announce : 1 scrape', args: [] },
  { name: 'announces', title: 'Announces only', args: ['8', '64', '100000', '0', '100', '1'] },
]

/** The built programs. */
export interface Yardstick {
  readonly loadPath: string
  readonly nullPath: string
}

/** Reads the two lines that `load-udp` prints; throws on anything else. */
export function parseLoadOutput(output: string): LoadResult {
  const number = '([0-9.]+)'
  const rates = new RegExp(
    `^connect/s ${number} announce/s ${number} scrape/s ${number} ` +
      `errors (\\d+) lost (\\d+) peers/announce ${number}$`,
    'm',
  ).exec(output)
  const total = new RegExp(`^responses (\\d+) seconds ${number} rate ${number}$`, 'm').exec(output)
  if (rates === null || total === null)
    throw new Error(`not the output of load-udp: ${JSON.stringify(output)}`)
  return {
    responses: Number(total[1]),
    seconds: Number(total[2]),
    responsesPerSecond: Number(total[3]),
    connectsPerSecond: Number(rates[1]),
    announcesPerSecond: Number(rates[2]),
    scrapesPerSecond: Number(rates[3]),
    errors: Number(rates[4]),
    lost: Number(rates[5]),
    peersPerAnnounce: Number(rates[6]),
  }
}

/** Builds load generator and floor into `outputDirectory`; `flag` may name the directory of their sources. */
export function buildYardstick(
  flag: string | undefined,
  repository: string,
  outputDirectory: string,
): Yardstick {
  const directory = findYardstick(flag, repository, 'load-udp.c')
  const [loadPath, nullPath] = buildPrograms(directory, outputDirectory, ['load-udp', 'null-udp'])
  return { loadPath: loadPath!, nullPath: nullPath! }
}

/** Runs one load against a port of this machine, pinned to `core`. */
export async function runLoad(
  yardstick: Yardstick,
  load: Load,
  port: number,
  seconds: number,
  core: number,
): Promise<LoadResult> {
  const args = [String(port), String(seconds), ...load.args]
  return parseLoadOutput(await runPinned({ command: yardstick.loadPath, args, core }))
}
