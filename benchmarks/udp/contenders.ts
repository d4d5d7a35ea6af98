// The trackers that are compared: each says whether it can run here, and how it is started with equal
// settings (one worker, IPv4 on one port of the loopback address, at most 30 peers in a response,
// everything else its default).
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describeCommit, firstLineOf } from '../support/environment.js'
import { torrentCount, torrentInfoHash, type Yardstick } from './yardstick.js'

/** A command that replaces itself by, or is, the tracker. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
}

/** A contender that can run: `launch` may write files into the directory, which is its own. */
export interface Found {
  readonly version: string
  readonly launch: (port: number, directory: string) => Launch
}

/** A contender that cannot run here, and why. */
interface Absent {
  readonly reason: string
}

export interface Contender {
  readonly name: string
  readonly find: () => Found | Absent
}

/** Where things are; paths are undefined when neither flag nor environment names one. */
export interface Places {
  readonly repository: string
  readonly yardstick: Yardstick
  readonly aquaticMioPath: string | undefined
  readonly aquaticIoUringPath: string | undefined
}

export const floorName = 'null-udp'
export const oursName = 'ours'
export const maxResponsePeers = 30

/** The arguments that start our tracker with the settings every contender gets. */
export function oursArguments(repository: string, port: number, more: readonly string[] = []): string[] {
  const settings = [
    'socket_workers=1',
    'network.use_ipv6=false',
    `network.address_ipv4=127.0.0.1:${port}`,
    `protocol.max_response_peers=${maxResponsePeers}`,
    ...more,
  ]
  return [
    join(repository, 'bin/aquatic.js'),
    'serve',
    'udp',
    '--json',
    ...settings.flatMap(set => ['--set', set]),
  ]
}

function findInPath(program: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, program)
    if (directory !== '' && existsSync(path)) return path
  }
  return undefined
}

function createNull(yardstick: Yardstick): Contender {
  return {
    name: floorName,
    // 20 peers in every announce response is its default, and more than the load's real announces carry.
    find: () => ({
      version: 'yardstick',
      launch: port => ({ command: yardstick.nullPath, args: [String(port)] }),
    }),
  }
}

function createOurs(repository: string, name: string, settings: readonly string[]): Contender {
  return {
    name,
    find: () => {
      const binary = join(repository, 'bin/aquatic.js')
      if (firstLineOf(process.execPath, [binary, 'serve', 'udp', '--help']) === undefined) {
        return { reason: '`node bin/aquatic.js serve udp --help` fails: run `npm run build` first' }
      }
      const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
        version: string
      }
      return {
        version: `${version}, commit ${describeCommit(repository)}`,
        launch: port => ({ command: process.execPath, args: oursArguments(repository, port, settings) }),
      }
    },
  }
}

/** The Debian build answers only for the torrents of its allow list; a build without one skips that line. */
function writeOpentrackerFiles(directory: string, port: number): string {
  let allowed = ''
  for (let torrent = 0; torrent < torrentCount; torrent++)
    allowed += `${torrentInfoHash(torrent).toString('hex')}\n`
  writeFileSync(join(directory, 'allowed'), allowed)
  const configuration = join(directory, 'opentracker.conf')
  // Started as root it changes its root directory and its user; otherwise it only changes into the directory.
  writeFileSync(
    configuration,
    [
      'listen.udp.workers 1',
      `listen.udp 127.0.0.1:${port}`,
      'access.whitelist allowed',
      `tracker.rootdir ${directory}`,
      'tracker.user nobody',
      '',
    ].join('\n'),
  )
  return configuration
}

const opentracker: Contender = {
  name: 'opentracker',
  find: () => {
    const command = findInPath('opentracker')
    if (command === undefined) return { reason: 'not in PATH (Debian: `apt-get install opentracker`)' }
    const version = firstLineOf('dpkg-query', ['-W', 'opentracker'])?.split('\t')[1]
    return {
      version: version === undefined ? 'unknown' : `${version} (Debian)`,
      launch: (port, directory) => ({ command, args: ['-f', writeOpentrackerFiles(directory, port)] }),
    }
  },
}

/**
 * 0.9.0 has one address; later versions have one per family. `printed` is the program's own default
 * configuration.
 */
export function aquaticConfiguration(printed: string, port: number, useIoUring: boolean): string {
  const address = printed.includes('address_ipv4')
    ? `use_ipv6 = false\naddress_ipv4 = "127.0.0.1:${port}"`
    : `address = "127.0.0.1:${port}"`
  const backend = printed.includes('use_io_uring') ? `\nuse_io_uring = ${useIoUring}` : ''
  return `socket_workers = 1

[network]
${address}${backend}

[protocol]
max_response_peers = ${maxResponsePeers}
`
}

function createAquatic(path: string | undefined, useIoUring: boolean): Contender {
  const flag = useIoUring ? '--aquatic-io-uring' : '--aquatic-mio'
  return {
    name: useIoUring ? 'aquatic io_uring' : 'aquatic mio',
    find: () => {
      const command = path ?? findInPath('aquatic_udp')
      if (command === undefined) return { reason: `no aquatic_udp in PATH and no ${flag} PATH` }
      try {
        accessSync(command, constants.X_OK)
      } catch (cause) {
        return { reason: `${flag} is not an executable file (${(cause as NodeJS.ErrnoException).code})` }
      }
      const printed = execFileSync(command, ['-p'], { encoding: 'utf8' })
      if (useIoUring && !printed.includes('use_io_uring')) {
        return {
          reason: `aquatic_udp is built without its io-uring feature: give one that is with ${flag} PATH`,
        }
      }
      // Rings are locked memory on old kernels: the limit is lifted where that is allowed, else the shell's
      // holds.
      const mayLift = firstLineOf('prlimit', ['--memlock=unlimited', 'true']) !== undefined
      return {
        version: firstLineOf(command, ['--version']) ?? 'unknown',
        launch: (port, directory) => {
          const configuration = join(directory, 'aquatic.toml')
          writeFileSync(configuration, aquaticConfiguration(printed, port, useIoUring))
          if (!useIoUring || !mayLift) return { command, args: ['-c', configuration] }
          return { command: 'prlimit', args: ['--memlock=unlimited', command, '-c', configuration] }
        },
      }
    },
  }
}

/** Every contender there is, in the order of the report. `ours-node` runs only when `--only` names it. */
export function createContenders(places: Places): ReadonlyMap<string, Contender> {
  return new Map([
    ['null-udp', createNull(places.yardstick)],
    ['ours', createOurs(places.repository, oursName, [])],
    ['ours-node', createOurs(places.repository, 'ours (node engine)', ['network.engine=node'])],
    ['opentracker', opentracker],
    ['aquatic-mio', createAquatic(places.aquaticMioPath, false)],
    ['aquatic-io-uring', createAquatic(places.aquaticIoUringPath, true)],
  ])
}
