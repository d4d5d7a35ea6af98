// The table of `aquatic loadtest ws`: keys, meaning and defaults of aquatic 0.9's WebTorrent load test, whose files
// load unchanged, and ours, which carry `since`. A key with `flag` is a flag of the command too.

import { examinePacing, examineTarget, examineWeights, expandRenamed } from './loadtest-rules.js'
import { generalKeys, output, phases, search, since } from './loadtest-sections.js'
import {
  connectionKeys,
  connectionRate,
  expandStreamKeys,
  loadKeys,
  olderConnectionsKey,
  olderStreamKeys,
  torrentKeys,
  wsNumwant,
} from './loadtest-streams.js'
import { rateSuffixes, timeSuffixes } from './quantity.js'
import {
  boolean,
  type ConfigOf,
  type Finding,
  integer,
  type Layer,
  number,
  section,
  type Table,
} from './schema.js'

/** Connections opened in a second at most; more is no ramp. */
const CONNECTION_RATE_MAX = 1e6

const leaves = generalKeys('ws')

const network = section({
  doc: 'Connections, TLS, and the engine that reads and writes.',
  leaves: {
    ...connectionKeys(
      256,
      'Each is a peer, in one torrent. 10,000 and more come from several loopback addresses. aquatic 0.9 has 16 for each worker.',
    ),
    connection_rate: number({
      default: 0,
      min: 0.001,
      max: CONNECTION_RATE_MAX,
      unit: 'connections per second',
      suffixes: rateSuffixes,
      zeroMeans: 'as fast as they open',
      since,
      flag: 'connection-rate',
      doc: 'How many connections are opened in a second, before the measurement and for those that are lost in it.',
    }),
  },
})

const load = section({
  doc: 'How fast requests are made, and what has to hold.',
  leaves: {
    ...loadKeys(['connect', 'announce', 'scrape', 'offer', 'answer']),
    announce_interval: number({
      default: 0,
      min: 0.001,
      max: 86_400,
      unit: 'seconds',
      suffixes: timeSuffixes,
      zeroMeans: 'at once',
      since,
      flag: 'announce-interval',
      doc: 'Closed loop: time from an answer to the next announce over the same connection; real clients wait for minutes.',
    }),
  },
})

const torrents = section({
  doc: 'What is asked.',
  leaves: {
    offers_per_request: integer({
      default: 10,
      min: 0,
      max: 100,
      unit: 'offers',
      flag: 'offers',
      doc: `WebRTC offers in an announce, which the tracker passes on to as many other peers of the torrent: ten of them
        make ten times as many messages.`,
    }),
    answer_offers: boolean({
      default: true,
      since,
      flag: 'answers',
      doc: `Whether offers are answered, each one, as clients do; the way from the sender of an offer or an answer to its
        receiver is measured. aquatic 0.9 answers the last one it has read.`,
    }),
    ...torrentKeys,
    announce_peers_wanted: wsNumwant,
  },
})

const sections = { network, load, torrents, phases: phases('ws'), search, output }

/** The table of the WebTorrent load test. */
export const loadtestWsTable: Table<typeof leaves, typeof sections> = {
  application: 'loadtest-ws',
  title: 'aquatic WebTorrent load test configuration',
  doc: `Every key may be left out; the values below are then used. Files of aquatic 0.9, which always speaks TLS, have
    no key for it: network.tls = "auto" then finds out whether the tracker does.`,
  leaves,
  legacy: {
    ...olderStreamKeys,
    num_connections_per_worker: olderConnectionsKey(16),
    measure_after_max_connections_reached: boolean({
      default: true,
      doc: 'Key of aquatic 0.9: whether the measurement begins when all connections are open.',
      noEffect: 'it always does here; phases.connect says how long they are waited for.',
    }),
  },
  sections,
  expandLegacy,
  examine,
}

export type LoadtestWsConfig = ConfigOf<typeof loadtestWsTable>

function expandLegacy(layer: Layer): Finding[] {
  const interval = layer.get('connection_creation_interval_ms')
  const workers = Number(layer.get('num_workers')?.value ?? layer.get('workers')?.value ?? 1)
  if (interval?.value === 0) layer.delete('connection_creation_interval_ms')
  const older = 'connection_creation_interval_ms'
  return [
    ...expandStreamKeys(layer, 'num_connections_per_worker'),
    ...expandRenamed(layer, older, 'network.connection_rate', value =>
      Math.min(CONNECTION_RATE_MAX, connectionRate(Number(value), Math.max(1, workers))),
    ),
  ]
}

/** Rules about several keys at once. */
function examine(config: LoadtestWsConfig): Finding[] {
  const { serverAddress, network, torrents } = config
  const { weightAnnounce: announce, weightScrape: scrape } = torrents
  return [
    ...examinePacing(config),
    ...examineWeights('torrents', { announce, scrape }),
    ...examineTarget('ws', serverAddress, network.tls, 'torrents', 0),
  ]
}
