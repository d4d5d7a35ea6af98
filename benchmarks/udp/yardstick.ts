// The yardstick's C programs: where they are, how they are built, what they print.
// Its load generator is independent of the project, so a mistake of ours cannot flatter us.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runPinned } from '../support/children.js'
import { UsageError } from '../support/program.js'

/** What one run of `load-udp` counted. Rates are per second; `seconds` is how long it really took. */
export interface LoadResult {
  readonly responses: number
  readonly seconds: number
  readonly responsesPerSecond: number
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

/** The torrents that every load here draws from: an allow list must hold them all. */
export const torrentCount = 100_000

/** The built programs. */
export interface Yardstick {
  readonly loadPath: string
  readonly nullPath: string
}

/**
 * The info hash of a torrent of `load-udp`: its number in four little-endian bytes, 0xab, fifteen zero
 * bytes.
 */
export function torrentInfoHash(torrent: number): Buffer {
  const infoHash = Buffer.alloc(20)
  infoHash.writeUInt32LE(torrent, 0)
  infoHash[4] = 0xab
  return infoHash
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

/**
 * The yardstick's directory: the flag, else AQUATIC_YARDSTICK, else its place beside the repository.
 * Throws UsageError when there is none.
 */
export function findYardstick(flag: string | undefined, repository: string): string {
  const directory = resolve(
    flag ?? process.env['AQUATIC_YARDSTICK'] ?? join(repository, '../shared/yardstick'),
  )
  if (existsSync(join(directory, 'load-udp.c'))) return directory
  throw new UsageError(
    `no load-udp.c in ${directory}: give the directory with --yardstick or AQUATIC_YARDSTICK`,
  )
}

/** Builds load generator and floor into `outputDirectory` (needs make and gcc; about a second). */
export function buildYardstick(directory: string, outputDirectory: string): Yardstick {
  const loadPath = join(outputDirectory, 'load-udp')
  const nullPath = join(outputDirectory, 'null-udp')
  const args = ['-s', '-C', directory, `OUT=${outputDirectory}`, loadPath, nullPath]
  execFileSync('make', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return { loadPath, nullPath }
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
