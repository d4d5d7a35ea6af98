// What every comparison of trackers needs to know of a contender: whether it can run here, how it is
// started, and which are the same for all protocols.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describeCommit, firstLineOf } from './environment.js'
import { report, UsageError } from './program.js'
import { torrentCount, torrentInfoHash } from './yardstick.js'

/** A command that replaces itself by, or is, a process of the tracker. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
}

/** A contender that can run. */
export interface Found<LaunchOn> {
  readonly version: string
  readonly launch: LaunchOn
}

/** A contender that cannot run here, and why. */
export interface Absent {
  readonly reason: string
}

export interface Contender<LaunchOn> {
  readonly name: string
  readonly find: () => Found<LaunchOn> | Absent
}

/** Who takes part, in the order of the report, and who does not and why. */
export interface Lineup<LaunchOn> {
  readonly found: readonly (Found<LaunchOn> & { readonly name: string })[]
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
}

export const oursName = 'ours'

/** The path of a program that the shell would find; undefined when it would find none. */
export function findInPath(program: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, program)
    if (directory !== '' && existsSync(path)) return path
  }
  return undefined
}

/** Whether the tracker of a protocol is built, and its version. */
export function findOurs(repository: string, protocol: string): { readonly version: string } | Absent {
  const binary = join(repository, 'bin/aquatic.js')
  if (firstLineOf(process.execPath, [binary, 'serve', protocol, '--help']) === undefined) {
    return { reason: `\`node bin/aquatic.js serve ${protocol} --help\` fails: run \`npm run build\` first` }
  }
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    version: string
  }
  return { version: `${version}, commit ${describeCommit(repository)}` }
}

/** The arguments of node that start a tracker of ours with settings. */
export function serveArguments(repository: string, protocol: string, settings: readonly string[]): string[] {
  const flags = settings.flatMap(set => ['--set', set])
  return [join(repository, 'bin/aquatic.js'), 'serve', protocol, '--json', ...flags]
}

/** The Debian build answers only for the torrents of its allow list; a build without one skips that line. */
function writeOpentrackerFiles(directory: string, listenLines: readonly string[]): string {
  let allowed = ''
  for (let torrent = 0; torrent < torrentCount; torrent++)
    allowed += `${torrentInfoHash(torrent).toString('hex')}\n`
  writeFileSync(join(directory, 'allowed'), allowed)
  const configuration = join(directory, 'opentracker.conf')
  // Started as root it changes its root directory and its user; otherwise it only changes into the directory.
  writeFileSync(
    configuration,
    [
      ...listenLines,
      'access.whitelist allowed',
      `tracker.rootdir ${directory}`,
      'tracker.user nobody',
      '',
    ].join('\n'),
  )
  return configuration
}

/** Looks for opentracker, which is then started with the lines of its configuration that say where it listens. */
export function findOpentracker():
  | Found<(directory: string, listenLines: readonly string[]) => Launch>
  | Absent {
  const command = findInPath('opentracker')
  if (command === undefined) return { reason: 'not in PATH (Debian: `apt-get install opentracker`)' }
  const version = firstLineOf('dpkg-query', ['-W', 'opentracker'])?.split('\t')[1]
  return {
    version: version === undefined ? 'unknown' : `${version} (Debian)`,
    launch: (directory, listenLines) => ({
      command,
      args: ['-f', writeOpentrackerFiles(directory, listenLines)],
    }),
  }
}

/** The contenders with these keys; throws UsageError for a key that none has. */
export function chooseContenders<LaunchOn>(
  contenders: ReadonlyMap<string, Contender<LaunchOn>>,
  only: readonly string[],
): Contender<LaunchOn>[] {
  return only.map(key => {
    const contender = contenders.get(key)
    if (contender === undefined) {
      throw new UsageError(`--only ${key}: no such tracker; there are ${[...contenders.keys()].join(', ')}`)
    }
    return contender
  })
}

/** Asks every contender whether it can run here, and says so. */
export function lineUp<LaunchOn>(contenders: readonly Contender<LaunchOn>[]): Lineup<LaunchOn> {
  const found: (Found<LaunchOn> & { name: string })[] = []
  const absent: { name: string; reason: string }[] = []
  for (const { name, find } of contenders) {
    const finding = find()
    if ('reason' in finding) absent.push({ name, reason: finding.reason })
    else found.push({ name, ...finding })
    report(`${name}: ${'reason' in finding ? `skipped, ${finding.reason}` : finding.version}\n`)
  }
  return { found, absent }
}
