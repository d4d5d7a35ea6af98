// The configuration of `aquatic serve` without a protocol: all trackers in one process, UDP and HTTP on one
// swarm, WebTorrent on its own. What they share has the sections of a single tracker; what is a protocol's own is below
// its name, with the keys of its own table: `[udp.network]`, `[http.protocol]`, `[ws.cleaning]`.

import { type HttpConfig, httpTable } from './http.js'
import { notice, openOne, problem } from './rules.js'
import {
  boolean,
  type ConfigOf,
  entriesOf,
  type Finding,
  integer,
  type Leaves,
  oneOf,
  type Section,
  section,
  type Table,
} from './schema.js'
import {
  accessList,
  daySeconds,
  logLevels,
  privileges,
  scrapeExportsTo,
  sinceFirstRelease,
  statistics,
  swarm,
  workers,
} from './sections.js'
import { examineIdleKeys, examineListeners, haveOneListener } from './shared-listener.js'
import { type UdpConfig, udpTable } from './udp.js'
import { type WsConfig, wsTable } from './ws.js'

const since = '0.1.0'

/** The name of a protocol's part. */
export type Part = 'udp' | 'http' | 'ws'

const leaves = {
  log_level: oneOf({
    default: 'warn',
    allowed: logLevels,
    doc: `What is logged to stderr while the trackers run. The lines at start and stop are not part of the log; --quiet
      leaves them out.`,
  }),
}

const workersDoc =
  'Worker threads of this protocol. Each has its own sockets; the workers of all protocols share one swarm.'

const partOf = (name: string, doc = workersDoc) =>
  section({
    doc: `The ${name} tracker.`,
    leaves: {
      enabled: boolean({ default: true, since, doc: `Serve ${name}.` }),
      socket_workers: integer({ ...workers, doc }),
    },
  })

/** A protocol's section without the keys that all protocols share here. */
function own<const S extends Section, const K extends string>(
  whole: S,
  shared: readonly K[],
): { readonly doc: string; readonly leaves: Omit<S['leaves'], K> } {
  const left = Object.entries(whole.leaves).filter(([key]) => !shared.includes(key as K))
  return { doc: whole.doc, leaves: Object.fromEntries(left) as Leaves as Omit<S['leaves'], K> }
}

const sharedOfNetwork = ['engine'] as const
/** WebTorrent's peers are other ones than those of UDP and HTTP: they are connections, and can't speak to those. */
const wsSwarm = section({
  doc: 'WebTorrent has torrents and peers of its own.',
  leaves: {
    memory_limit: integer({
      ...swarm.leaves.memory_limit,
      default: 256 * 1024 ** 2,
      doc: `The most memory that they may take, beside swarm.memory_limit. It is reserved at start and costs memory only
        as it fills. When it is full, new torrents and peers are refused, counted and logged; known ones are served
        on.`,
    }),
  },
})

const sharedOfCleaning = ['torrent_cleaning_interval', 'max_peer_age'] as const

const sections = {
  network: section({
    doc: 'The engine that reads and writes.',
    leaves: {
      engine: oneOf({
        default: 'auto',
        allowed: ['auto', 'native', 'node'],
        since,
        doc: `"native": system calls through koffi (Linux, x64 and arm64); "node": the sockets of node, everywhere. "auto"
          takes native where it can, and the line at start says which is active and why.`,
      }),
    },
  }),
  swarm,
  statistics: sinceFirstRelease(statistics),
  cleaning: section({
    doc: 'What UDP and HTTP forget, and when.',
    leaves: {
      torrent_cleaning_interval: integer({
        default: 60,
        min: 1,
        max: daySeconds,
        unit: 'seconds',
        doc: 'Time between two removals of expired peers and empty torrents.',
      }),
      max_peer_age: integer({
        default: 1800,
        min: 1,
        max: daySeconds,
        unit: 'seconds',
        doc: `Peers that have not announced for this long are removed. Keep it above peer_announce_interval of every
          protocol.`,
      }),
    },
  }),
  privileges,
  access_list: accessList,
  scrape_exports: sinceFirstRelease(scrapeExportsTo('./scrape-export.txt')),
  udp: partOf('UDP'),
  'udp.network': own(udpTable.sections.network, sharedOfNetwork),
  'udp.protocol': udpTable.sections.protocol,
  'udp.cleaning': own(udpTable.sections.cleaning, sharedOfCleaning),
  http: partOf('HTTP'),
  'http.network': own(httpTable.sections.network, sharedOfNetwork),
  'http.protocol': httpTable.sections.protocol,
  'http.cleaning': own(httpTable.sections.cleaning, sharedOfCleaning),
  ws: partOf(
    'WebTorrent',
    `Worker threads of this protocol. Where [ws.network] has the addresses of [http.network], as it does by default, both
      share one port and HTTP's workers, and this has no effect.`,
  ),
  'ws.network': own(wsTable.sections.network, sharedOfNetwork),
  'ws.swarm': wsSwarm,
  'ws.protocol': wsTable.sections.protocol,
  'ws.cleaning': own(wsTable.sections.cleaning, []),
}

/** The table of all trackers together. */
export const serveTable: Table<typeof leaves, typeof sections> = {
  application: 'serve',
  title: 'aquatic configuration of all trackers in one process',
  doc: 'Every key may be left out; the values below are then used.',
  leaves,
  sections,
  parts: (['udp', 'http', 'ws'] as const).map(part => ({
    application: part,
    keyOf: dotted => keyOfPart(part, dotted),
  })),
  examine: examineServe,
}

export type ServeConfig = ConfigOf<typeof serveTable>

/** What the UDP tracker of this process is configured with. */
export function udpPart(config: ServeConfig): UdpConfig {
  return {
    ...sharedBy(config),
    socketWorkers: config.udp.socketWorkers,
    network: { ...config['udp.network'], ...config.network },
    scrapeExports: config.scrapeExports,
    protocol: config['udp.protocol'],
    cleaning: { ...config.cleaning, ...config['udp.cleaning'] },
  }
}

/** What the HTTP tracker of this process is configured with. */
export function httpPart(config: ServeConfig): HttpConfig {
  return {
    ...sharedBy(config),
    socketWorkers: config.http.socketWorkers,
    network: { ...config['http.network'], ...config.network },
    scrapeExports: config.scrapeExports,
    protocol: config['http.protocol'],
    cleaning: { ...config.cleaning, ...config['http.cleaning'] },
  }
}

/** What the WebTorrent tracker of this process is configured with; its torrents are not exported. */
export function wsPart(config: ServeConfig): WsConfig {
  return {
    ...sharedBy(config),
    socketWorkers: config.ws.socketWorkers,
    network: { ...config['ws.network'], ...config.network },
    swarm: config['ws.swarm'],
    protocol: config['ws.protocol'],
    cleaning: config['ws.cleaning'],
  }
}

/** Whether HTTP and WebTorrent have one listener and one set of workers, those of `httpPart`. */
export function sharesListener(config: ServeConfig): boolean {
  return (
    config.http.enabled &&
    config.ws.enabled &&
    haveOneListener(httpPart(config).network, wsPart(config).network)
  )
}

function sharedBy({ logLevel, swarm, statistics, privileges, accessList }: ServeConfig) {
  return { logLevel, swarm, statistics, privileges, accessList }
}

/** Where a key of one tracker's table stands in this one: `network.address_ipv4` is `udp.network.address_ipv4`. */
export function keyOfPart(part: Part, key: string): string {
  return entriesOf(serveTable).has(`${part}.${key}`) ? `${part}.${key}` : key
}

function examineServe(config: ServeConfig): Finding[] {
  const findings = [
    ...(config.udp.enabled ? inPart('udp', udpTable.examine?.(udpPart(config)) ?? []) : []),
    ...(config.http.enabled ? inPart('http', httpTable.examine?.(httpPart(config)) ?? []) : []),
    ...(config.ws.enabled ? inPart('ws', wsTable.examine?.(wsPart(config)) ?? []) : []),
    ...(config.http.enabled && config.ws.enabled
      ? examineListeners(httpPart(config).network, wsPart(config).network)
      : []),
    ...(sharesListener(config) ? examineIdleKeys(config, config['ws.network']) : []),
    ...examineEnabled(config),
  ]
  // Rules about what is shared are found by all.
  return findings.filter(({ text }, index) => findings.findIndex(other => other.text === text) === index)
}

function examineEnabled({ udp, http, ws, scrapeExports }: ServeConfig): Finding[] {
  if (udp.enabled || http.enabled) return []
  const keys = ['udp.enabled', 'http.enabled', 'ws.enabled']
  if (!ws.enabled) {
    const text = `${keys.slice(0, 2).join(', ')} and ws.enabled are all false, so there is nothing to serve. Set one to true.`
    return [problem(keys, text)]
  }
  if (!scrapeExports.enableScrapeExports) return []
  const key = 'scrape_exports.enable_scrape_exports'
  return [
    notice(
      [key],
      `${key} is true, and the torrents of UDP and HTTP are exported, neither of which is served.`,
    ),
  ]
}

/** Findings of one tracker's rules, in the keys of this table. One that nobody could reach may be left out here. */
function inPart(part: Part, findings: readonly Finding[]): Finding[] {
  const rename = (text: string): string =>
    text
      .replace(/\b[a-z_]+\.[a-z0-9_]+\b/g, key => keyOfPart(part, key))
      .replace(openOne, `${openOne.slice(0, -1)}, or ${part}.enabled = false.`)
  return findings.map(({ severity, keys, text }) => ({
    severity,
    keys: keys.map(key => keyOfPart(part, key)),
    text: rename(text),
  }))
}
