// The table of `aquatic loadtest http`: keys, meaning and defaults of aquatic 0.9's HTTP load test, whose files load
// unchanged, and ours, which carry `since`. A key with `flag` is a flag of the command too.

import { examinePacing, examineTarget, examineWeights, expandRenamed } from './loadtest-rules.js'
import { generalKeys, output, peerCount, phases, search, since } from './loadtest-sections.js'
import {
  connectionKeys,
  expandStreamKeys,
  httpNumwant,
  loadKeys,
  olderConnectionsKey,
  olderStreamKeys,
  torrentKeys,
} from './loadtest-streams.js'
import { notice } from './rules.js'
import {
  boolean,
  type ConfigOf,
  type Finding,
  integer,
  type Layer,
  section,
  string,
  type Table,
} from './schema.js'

const suffixForm = {
  name: 'the end of a path',
  examples: ['/0123456789abcdef', '?passkey=0123'],
  pattern: '^([/&.-].*|\\?.+|\\w.*)$',
  problemOf: (text: string) =>
    /^[\w/?&=%.~+:@!$'()*,;-]+$/.test(text) && text !== '?'
      ? undefined
      : 'It goes behind /announce and /scrape as it is.',
} as const

const leaves = {
  ...generalKeys('http'),
  url_suffix: string({
    default: '',
    emptyMeans: 'nothing',
    form: suffixForm,
    doc: 'What is appended to the paths of announces and scrapes, such as a key that a private tracker gives its users.',
  }),
  keep_alive: boolean({
    default: true,
    flag: 'keep-alive',
    doc: 'Whether connections stay open for further requests. Without it, each request has a connection of its own.',
  }),
  requests_per_connection: integer({
    default: 0,
    min: 1,
    max: 1_000_000_000,
    unit: 'requests',
    zeroMeans: 'no limit',
    since,
    flag: 'requests-per-connection',
    doc: 'With keep_alive: after so many requests a connection is closed and another one opened.',
  }),
}

const network = section({
  doc: 'Connections, TLS, and the engine that reads and writes.',
  leaves: connectionKeys(
    128,
    `Each has one request under way, so in a closed loop they are how many clients wait at a time. aquatic 0.9 has 128 for
      each worker.`,
  ),
})

const load = section({
  doc: 'How fast requests are made, and what has to hold.',
  leaves: loadKeys(['connect', 'announce', 'scrape']),
})

const torrents = section({
  doc: 'What is asked.',
  leaves: {
    ...torrentKeys,
    number_of_peers: integer({
      ...peerCount,
      default: 100_000,
      since,
      doc: `Peers that announce themselves, each in one torrent, in turn. aquatic 0.9 invents a new peer for every announce,
        so that a swarm grows as long as the test takes; a large number comes near to that.`,
    }),
    announce_peers_wanted: httpNumwant,
  },
})

const sections = { network, load, torrents, phases: phases('http'), search, output }

/** The table of the HTTP load test. */
export const loadtestHttpTable: Table<typeof leaves, typeof sections> = {
  application: 'loadtest-http',
  title: 'aquatic HTTP load test configuration',
  doc: 'Every key may be left out; the values below are then used.',
  leaves,
  legacy: {
    ...olderStreamKeys,
    num_connections: olderConnectionsKey(128),
    enable_tls: boolean({
      default: true,
      doc: 'Key of aquatic 0.9: now network.tls = "on" or "off". Not to be mixed with it.',
    }),
  },
  sections,
  expandLegacy,
  examine,
}

export type LoadtestHttpConfig = ConfigOf<typeof loadtestHttpTable>

function expandLegacy(layer: Layer): Finding[] {
  const interval = layer.get('connection_creation_interval_ms')
  const findings = [
    ...expandStreamKeys(layer, 'num_connections'),
    ...expandRenamed(layer, 'enable_tls', 'network.tls', value => (value === true ? 'on' : 'off')),
  ]
  layer.delete('connection_creation_interval_ms')
  if (interval === undefined || interval.value === 0 || interval.value === 10) return findings
  const text =
    'connection_creation_interval_ms has no effect: connections are opened before anything is measured, at once.'
  return [...findings, notice(['connection_creation_interval_ms'], text)]
}

/** Rules about several keys at once. */
function examine(config: LoadtestHttpConfig): Finding[] {
  const { serverAddress, network, torrents, keepAlive, requestsPerConnection } = config
  const { weightAnnounce: announce, weightScrape: scrape } = torrents
  const findings = [
    ...examinePacing(config),
    ...examineWeights('torrents', { announce, scrape }),
    ...examineTarget('http', serverAddress, network.tls, 'torrents', scrape),
  ]
  if (keepAlive || requestsPerConnection === 0) return findings
  const text = 'keep_alive is false, so requests_per_connection has no effect: each has one.'
  return [...findings, notice(['requests_per_connection', 'keep_alive'], text)]
}
