// The trackers that are compared: each says whether it can run here, and how it is started with equal
// settings (one worker, IPv4 on one port of the loopback address, at most 30 peers in a response,
// everything else its default).
import { execFileSync } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Contender as AnyContender,
  findInPath,
  findOpentracker,
  findOurs,
  type Launch,
  oursName,
  serveArguments,
} from '../support/contenders.js'
import { firstLineOf } from '../support/environment.js'
import type { Yardstick } from './yardstick.js'

/** How a tracker is started on a port; it may write files into the directory, which is its own. */
type LaunchOn = (port: number, directory: string) => Launch

type Contender = AnyContender<LaunchOn>

/** Where things are; paths are undefined when neither flag nor environment names one. */
export interface Places {
  readonly repository: string
  readonly yardstick: Yardstick
  readonly aquaticMioPath: string | undefined
  readonly aquaticIoUringPath: string | undefined
}

export const floorName = 'null-udp'
export const maxResponsePeers = 30

/** The arguments that start our tracker with the settings every contender gets. */
export function oursArguments(repository: string, port: number, more: readonly string[] = []): string[] {
  return serveArguments(repository, 'udp', [
    'socket_workers=1',
    'network.use_ipv6=false',
    `network.address_ipv4=127.0.0.1:${port}`,
    `protocol.max_response_peers=${maxResponsePeers}`,
    ...more,
  ])
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
      const found = findOurs(repository, 'udp')
      if ('reason' in found) return found
      return {
        ...found,
        launch: port => ({ command: process.execPath, args: oursArguments(repository, port, settings) }),
      }
    },
  }
}

const opentracker: Contender = {
  name: 'opentracker',
  find: () => {
    const found = findOpentracker()
    if ('reason' in found) return found
    return {
      version: found.version,
      launch: (port, directory) =>
        found.launch(directory, ['listen.udp.workers 1', `listen.udp 127.0.0.1:${port}`]),
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
