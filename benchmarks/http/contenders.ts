// The trackers that are compared over HTTP: each says whether it can run here, and how it is started (one
// worker, IPv4 on one port of the loopback address, everything else its default).
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Absent,
  type Contender as AnyContender,
  type Found,
  findInPath,
  findOpentracker,
  findOurs,
  type Launch,
  oursName,
  serveArguments,
} from '../support/contenders.js'
import { firstLineOf } from '../support/environment.js'
import type { Load } from './yardstick.js'

/** Paths of a certificate and its key, both PEM. */
export interface Certificate {
  readonly certificatePath: string
  readonly keyPath: string
}

/** Where a tracker listens, and where it may write files. */
export interface Place {
  readonly port: number
  /** A second free port, for a tracker behind a proxy. */
  readonly innerPort: number
  readonly directory: string
  /** Present when it speaks TLS. */
  readonly tls: Certificate | undefined
}

/** How a tracker is started: its processes, in order. */
export type LaunchOn = (place: Place) => readonly Launch[]

type Contender = AnyContender<LaunchOn>

/** Where things are; paths are undefined when neither flag nor environment names one. */
export interface Places {
  readonly repository: string
  readonly aquaticHttpPath: string | undefined
  readonly chihayaPath: string | undefined
}

export const oursNodeName = 'ours (node engine)'
export const nodeName = 'node:http'
export const opentrackerName = 'opentracker'
export const aquaticName = 'aquatic_http'
export const chihayaName = 'chihaya'
export const nginxName = 'nginx + ours'

/** Whether a contender speaks what the load speaks: opentracker has no TLS and closes after each response. */
export function canTake(name: string, load: Load): boolean {
  return name !== opentrackerName || load.name === 'close'
}

/** The arguments of node that start our tracker of a protocol that HTTP connections begin. */
export function oursArguments(
  repository: string,
  protocol: 'http' | 'ws',
  port: number,
  tls: Certificate | undefined,
  more: readonly string[] = [],
): string[] {
  const certificate =
    tls === undefined
      ? []
      : [
          'network.enable_tls=true',
          `network.tls_certificate_path=${tls.certificatePath}`,
          `network.tls_private_key_path=${tls.keyPath}`,
        ]
  return serveArguments(repository, protocol, [
    'socket_workers=1',
    'network.use_ipv6=false',
    `network.address_ipv4=127.0.0.1:${port}`,
    ...certificate,
    ...more,
  ])
}

/** Ours, with settings besides those of every run. */
export function createOurs(
  repository: string,
  protocol: 'http' | 'ws',
  name: string,
  settings: readonly string[],
): Contender {
  return {
    name,
    find: () => {
      const found = findOurs(repository, protocol)
      if ('reason' in found) return found
      return {
        ...found,
        launch: ({ port, tls }) => [
          { command: process.execPath, args: oursArguments(repository, protocol, port, tls, settings) },
        ],
      }
    },
  }
}

/** `node:http`, or `node:https` under TLS, with the minimal server. */
const minimal: Contender = {
  name: nodeName,
  find: () => ({
    version: process.version,
    launch: ({ port, tls }) => {
      const server = fileURLToPath(new URL('./minimal-server.js', import.meta.url))
      const certificate = tls === undefined ? [] : [tls.certificatePath, tls.keyPath]
      return [{ command: process.execPath, args: [server, String(port), ...certificate] }]
    },
  }),
}

const opentracker: Contender = {
  name: opentrackerName,
  find: () => {
    const found = findOpentracker()
    if ('reason' in found) return found
    return {
      version: found.version,
      launch: ({ port, directory }) => [found.launch(directory, [`listen.tcp 127.0.0.1:${port}`])],
    }
  },
}

/** The program that a flag or the environment names, else the one in PATH. */
function findProgram(path: string | undefined, program: string, flag: string): string | Absent {
  const command = path ?? findInPath(program)
  if (command === undefined) return { reason: `no ${program} in PATH and no ${flag} PATH` }
  try {
    accessSync(command, constants.X_OK)
  } catch (cause) {
    return { reason: `${flag} is not an executable file (${(cause as NodeJS.ErrnoException).code})` }
  }
  return command
}

/**
 * 0.9.0 has one address; later versions have one per family. `printed` is the program's own default
 * configuration.
 */
export function aquaticConfiguration(printed: string, port: number, tls: Certificate | undefined): string {
  const address = printed.includes('address_ipv4')
    ? `use_ipv6 = false\naddress_ipv4 = "127.0.0.1:${port}"`
    : `address = "127.0.0.1:${port}"`
  const certificate =
    tls === undefined
      ? ''
      : `\nenable_tls = true\ntls_certificate_path = "${tls.certificatePath}"` +
        `\ntls_private_key_path = "${tls.keyPath}"`
  return `socket_workers = 1\nswarm_workers = 1\n\n[network]\n${address}${certificate}\n`
}

/**
 * Looks for a tracker of the original aquatic. `configure` makes its configuration for a place, from its own default
 * one.
 */
export function findAquatic(
  path: string | undefined,
  program: string,
  flag: string,
  configure: (printed: string, place: Place) => string,
): Found<LaunchOn> | Absent {
  const command = findProgram(path, program, flag)
  if (typeof command !== 'string') return command
  const printed = execFileSync(command, ['-p'], { encoding: 'utf8' })
  // Its rings are locked memory: the limit is lifted where that is allowed, else the shell's holds.
  const mayLift = firstLineOf('prlimit', ['--memlock=unlimited', 'true']) !== undefined
  const limited = ', under a limit of locked memory that could not be lifted'
  return {
    version: `${firstLineOf(command, ['--version']) ?? 'unknown'}${mayLift ? '' : limited}`,
    launch: place => {
      const configuration = join(place.directory, 'aquatic.toml')
      writeFileSync(configuration, configure(printed, place))
      if (!mayLift) return [{ command, args: ['-c', configuration] }]
      return [{ command: 'prlimit', args: ['--memlock=unlimited', command, '-c', configuration] }]
    },
  }
}

function createAquatic(path: string | undefined): Contender {
  return {
    name: aquaticName,
    find: () =>
      findAquatic(path, 'aquatic_http', '--aquatic-http', (printed, { port, tls }) =>
        aquaticConfiguration(printed, port, tls),
      ),
  }
}

/**
 * chihaya with its storage in memory and kept-alive connections, which it does not keep by default. It
 * starts its TLS listener only beside a plain one.
 */
export function chihayaConfiguration({ port, innerPort, tls }: Omit<Place, 'directory'>): string {
  const listen =
    tls === undefined
      ? `addr: "127.0.0.1:${port}"`
      : `addr: "127.0.0.1:${innerPort}"\n    https_addr: "127.0.0.1:${port}"\n` +
        `    tls_cert_path: "${tls.certificatePath}"\n    tls_key_path: "${tls.keyPath}"`
  return `chihaya:
  announce_interval: "30m"
  min_announce_interval: "15m"
  metrics_addr: ""
  http:
    ${listen}
    read_timeout: "5s"
    write_timeout: "5s"
    enable_keepalive: true
    idle_timeout: "180s"
    enable_request_timing: false
    announce_routes: ["/announce"]
    scrape_routes: ["/scrape"]
    max_numwant: 100
    default_numwant: 50
    max_scrape_infohashes: 50
  storage:
    name: "memory"
    config:
      gc_interval: "3m"
      peer_lifetime: "31m"
      shard_count: 1024
      prometheus_reporting_interval: "1s"
`
}

function createChihaya(path: string | undefined): Contender {
  return {
    name: chihayaName,
    find: () => {
      const command = findProgram(path, 'chihaya', '--chihaya')
      if (typeof command !== 'string') return command
      return {
        version: 'it does not say which',
        launch: place => {
          const configuration = join(place.directory, 'chihaya.yaml')
          writeFileSync(configuration, chihayaConfiguration(place))
          return [{ command, args: ['--config', configuration] }]
        },
      }
    },
  }
}

/** One nginx process in front of a tracker, with connections kept on both sides for as long as asked. */
export function nginxConfiguration({ port, innerPort, directory, tls }: Place): string {
  const certificate =
    tls === undefined
      ? ''
      : `ssl_certificate ${tls.certificatePath};
    ssl_certificate_key ${tls.keyPath};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:sessions:10m;`
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `  ${kind}_temp_path ${directory};`,
  )
  return `daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  access_log off;
${temporary.join('\n')}
  keepalive_timeout 180s;
  keepalive_requests 1000000000;
  upstream tracker {
    server 127.0.0.1:${innerPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${certificate}
    location / {
      proxy_pass http://tracker;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`
}

function findNginx(): string | undefined {
  // Debian keeps it where only the administrator's shell looks.
  return findInPath('nginx') ?? ['/usr/sbin/nginx'].find(path => existsSync(path))
}

function createNginx(repository: string): Contender {
  return {
    name: nginxName,
    find: () => {
      const command = findNginx()
      if (command === undefined) return { reason: 'no nginx in PATH (Debian: `apt-get install nginx`)' }
      const found = findOurs(repository, 'http')
      if ('reason' in found) return found
      // It says its version on stderr, so the package manager is asked.
      const version = firstLineOf('dpkg-query', ['-W', 'nginx'])?.split('\t')[1] ?? 'unknown'
      return {
        version: `nginx ${version}; ours as above, its plain listener`,
        launch: place => {
          const configuration = join(place.directory, 'nginx.conf')
          writeFileSync(configuration, nginxConfiguration(place))
          const settings = ['network.runs_behind_reverse_proxy=true']
          const inner = oursArguments(repository, 'http', place.innerPort, undefined, settings)
          return [
            { command: process.execPath, args: inner },
            { command, args: ['-e', 'stderr', '-p', place.directory, '-c', configuration] },
          ]
        },
      }
    },
  }
}

/** Every contender there is, in the order of the report. */
export function createContenders(places: Places): ReadonlyMap<string, Contender> {
  return new Map([
    ['ours', createOurs(places.repository, 'http', oursName, [])],
    ['ours-node', createOurs(places.repository, 'http', oursNodeName, ['network.engine=node'])],
    ['node-http', minimal],
    ['opentracker', opentracker],
    ['aquatic-http', createAquatic(places.aquaticHttpPath)],
    ['chihaya', createChihaya(places.chihayaPath)],
    ['nginx', createNginx(places.repository)],
  ])
}
