// The trackers that are compared over WebSocket: each says whether it can run here, and how it is started (one
// worker, IPv4 on one port of the loopback address, everything else its default).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Certificate, createOurs, findAquatic, type LaunchOn } from '../http/contenders.js'
import { type Contender as AnyContender, oursName } from '../support/contenders.js'

type Contender = AnyContender<LaunchOn>

/** Where things are; the path is undefined when neither flag nor environment names it. */
export interface Places {
  readonly repository: string
  readonly aquaticWsPath: string | undefined
}

const oursNodeName = 'ours (node engine)'
export const wsName = 'ws'
const bittorrentTrackerName = 'bittorrent-tracker'
export const aquaticName = 'aquatic_ws'

/** A contender that is a package of node_modules behind a server of this directory. */
function createPackaged(repository: string, name: string, server: string): Contender {
  return {
    name,
    find: () => {
      const manifest = readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8')
      const { version } = JSON.parse(manifest) as { version: string }
      const program = fileURLToPath(new URL(`./${server}.js`, import.meta.url))
      return {
        version: `${version}, node ${process.version}`,
        launch: ({ port, tls }) => {
          const certificate = tls === undefined ? [] : [tls.certificatePath, tls.keyPath]
          return [{ command: process.execPath, args: [program, String(port), ...certificate] }]
        },
      }
    },
  }
}

/** aquatic_ws 0.9: two threads, one for sockets and one for the swarm. */
export function aquaticConfiguration(port: number, tls: Certificate | undefined): string {
  const certificate =
    tls === undefined
      ? ''
      : `\nenable_tls = true\ntls_certificate_path = "${tls.certificatePath}"` +
        `\ntls_private_key_path = "${tls.keyPath}"`
  return `socket_workers = 1\nswarm_workers = 1\n\n[network]\naddress = "127.0.0.1:${port}"${certificate}\n`
}

/** Every contender there is, in the order of the report. */
export function createContenders({ repository, aquaticWsPath }: Places): ReadonlyMap<string, Contender> {
  const findRust: Contender['find'] = () =>
    findAquatic(aquaticWsPath, 'aquatic_ws', '--aquatic-ws', (_printed, { port, tls }) =>
      aquaticConfiguration(port, tls),
    )
  return new Map([
    ['ours', createOurs(repository, 'ws', oursName, [])],
    ['ours-node', createOurs(repository, 'ws', oursNodeName, ['network.engine=node'])],
    ['ws', createPackaged(repository, wsName, 'minimal-server')],
    ['bittorrent-tracker', createPackaged(repository, bittorrentTrackerName, 'bittorrent-tracker-server')],
    ['aquatic-ws', { name: aquaticName, find: findRust }],
  ])
}
