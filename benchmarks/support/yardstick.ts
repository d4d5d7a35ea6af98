// The yardstick's C programs: where they are, how they are built, which torrents they announce.
// Its load generators are independent of the project, so a mistake of ours cannot flatter us.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from './program.js'

/** The torrents that every load draws from: an allow list must hold them all. */
export const torrentCount = 100_000

/**
 * The info hash of a torrent of `load-udp`, `load-http` and `load-tls`: its number in four little-endian
 * bytes, 0xab, fifteen zero bytes.
 */
export function torrentInfoHash(torrent: number): Buffer {
  const infoHash = Buffer.alloc(20)
  infoHash.writeUInt32LE(torrent, 0)
  infoHash[4] = 0xab
  return infoHash
}

/**
 * The yardstick's directory: the flag, else AQUATIC_YARDSTICK, else its place beside the repository.
 * Throws UsageError when it does not hold the source file.
 */
export function findYardstick(flag: string | undefined, repository: string, sourceFile: string): string {
  const directory = resolve(
    flag ?? process.env['AQUATIC_YARDSTICK'] ?? join(repository, '../shared/yardstick'),
  )
  if (existsSync(join(directory, sourceFile))) return directory
  throw new UsageError(
    `no ${sourceFile} in ${directory}: give the directory with --yardstick or AQUATIC_YARDSTICK`,
  )
}

/** Builds programs into `outputDirectory` (needs make and gcc; about a second) and returns their paths. */
export function buildPrograms(
  directory: string,
  outputDirectory: string,
  programs: readonly string[],
): string[] {
  const paths = programs.map(program => join(outputDirectory, program))
  const args = ['-s', '-C', directory, `OUT=${outputDirectory}`, ...paths]
  execFileSync('make', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return paths
}
