// The table of `aquatic loadtest udp`: keys, meaning and defaults of aquatic 0.9's UDP load test, whose files load
// unchanged, and ours, which carry `since`. A key with `flag` is a flag of the command too.

import { examinePacing, examineWeights, expandPacing } from './loadtest-rules.js'
import {
  connectionsMax,
  engineKey,
  generalKeys,
  numwantKey,
  objectivesKey,
  output,
  pacing,
  peerCount,
  phases,
  popularityKeys,
  search,
  seconds,
  seederShare,
  since,
  sourceAddressesKey,
  timeoutKey,
  torrentCount,
  verifyKey,
  weight,
} from './loadtest-sections.js'
import { problem } from './rules.js'
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

const leaves = generalKeys('udp')

const network = section({
  doc: 'Sockets, and the engine that reads and writes them.',
  leaves: {
    engine: engineKey,
    sockets_per_worker: integer({
      default: 16,
      min: 1,
      max: Math.min(connectionsMax, 65_536),
      unit: 'sockets',
      flag: 'sockets',
      doc: `Sockets of each worker. A tracker with several sockets on its port gets packets spread over them by the source's
        address and port, so few sockets here leave some of its workers idle. The default of aquatic 0.9 is 4.`,
    }),
    source_addresses: sourceAddressesKey,
    recv_buffer: integer({
      default: 8_000_000,
      min: 1,
      max: 1_073_741_823,
      unit: 'bytes',
      zeroMeans: 'leave it to the operating system',
      doc: `Receive buffer of each socket. Answers that arrive while it is full are lost, and look like losses of the
        tracker; the result says how many were. To raise the operating system's limit:

        $ sudo sysctl -w net.core.rmem_max=8000000`,
    }),
  },
  legacy: {
    multiple_client_ipv4s: boolean({
      default: true,
      doc: `Key of aquatic 0.9: whether each worker has a loopback address of its own. false stands for
        source_addresses = 1. Not to be mixed with it.`,
    }),
  },
})

const load = section({
  doc: 'How fast requests are made, and what has to hold.',
  leaves: {
    ...pacing,
    window: integer({
      default: 8,
      min: 1,
      max: 65_536,
      unit: 'requests',
      since,
      flag: 'window',
      doc: 'Closed loop: requests in flight over each socket. More keep a tracker busier and wait longer in its queue.',
    }),
    timeout: timeoutKey(1),
    objectives: objectivesKey(['connect', 'announce', 'scrape']),
    verify: verifyKey,
  },
})

const requests = section({
  doc: 'What is asked. The flag --mix 50:50:1 sets the three weights.',
  leaves: {
    number_of_torrents: integer({ ...torrentCount, default: 1_000_000, doc: 'Torrents that peers are in.' }),
    number_of_peers: integer({
      ...peerCount,
      default: 2_000_000,
      doc: 'Peers that announce themselves, each in one torrent, in turn.',
    }),
    scrape_max_torrents: integer({
      default: 10,
      min: 1,
      max: 74,
      unit: 'torrents',
      doc: 'Most info hashes of a scrape; each has a random number of them. 74 fit a packet (BEP 15).',
    }),
    announce_peers_wanted: numwantKey('udp', 30),
    weight_connect: integer({
      ...weight,
      default: 50,
      doc: `How often a connection id is asked for, in relation to the other weights. Real clients ask once in two minutes: at
        50:50:1 every second request is one, and rates of answers are twice those of announces. Ids that grow old are
        renewed in any case.`,
    }),
    weight_announce: integer({ ...weight, default: 50, doc: 'How often peers announce themselves.' }),
    weight_scrape: integer({ ...weight, default: 1, doc: 'How often torrents are scraped.' }),
    peer_seeder_probability: number({
      ...seederShare,
      default: 0.75,
      doc: 'Share of the announces that are of seeders: event completed and nothing left.',
    }),
    ...popularityKeys('exponential'),
  },
})

const sections = { network, load, requests, phases: phases('udp'), search, output }

/** The table of the UDP load test. */
export const loadtestUdpTable: Table<typeof leaves, typeof sections> = {
  application: 'loadtest-udp',
  title: 'aquatic UDP load test configuration',
  doc: 'Every key may be left out; the values below are then used.',
  leaves,
  legacy: {
    summarize_last: number({
      ...seconds,
      default: 0,
      min: 0,
      doc: `Key of aquatic 0.9: only the last so many seconds of duration count. It stands for a shorter duration after a
        longer phases.warm_up.`,
    }),
    extra_statistics: boolean({
      default: true,
      doc: 'Key of aquatic 0.9: percentiles of peers and of answers for each info hash.',
      noEffect: 'what is measured is always reported; how peers are spread follows from requests.popularity.',
    }),
  },
  sections,
  expandLegacy: layer => [...expandAddresses(layer), ...expandSummary(layer), ...expandPacing(layer)],
  examine,
}

export type LoadtestUdpConfig = ConfigOf<typeof loadtestUdpTable>

function expandAddresses(layer: Layer): Finding[] {
  const older = 'network.multiple_client_ipv4s'
  const setting = layer.get(older)
  if (setting === undefined) return []
  if (layer.has('network.source_addresses')) {
    const text = `${older} is a key of aquatic 0.9 and must not be mixed with network.source_addresses. Remove ${older}.`
    return [problem([older], text)]
  }
  layer.delete(older)
  if (setting.value === false) layer.set('network.source_addresses', { value: 1, origin: setting.origin })
  return []
}

/** `duration = 60`, `summarize_last = 50`: 10 s of warm-up, 50 s that count. */
function expandSummary(layer: Layer): Finding[] {
  const setting = layer.get('summarize_last')
  if (setting === undefined) return []
  const last = Number(setting.value)
  if (last > 0 && layer.has('phases.warm_up')) {
    const text =
      'summarize_last is a key of aquatic 0.9 and must not be mixed with phases.warm_up. Remove summarize_last.'
    return [problem(['summarize_last'], text)]
  }
  layer.delete('summarize_last')
  if (last === 0) return []
  const whole = Number(layer.get('duration')?.value ?? 0)
  if (last > whole) {
    const text = `summarize_last (${last} s) is longer than duration (${whole} s). Set duration to the whole length.`
    return [problem(['summarize_last'], text)]
  }
  layer.set('duration', { value: last, origin: setting.origin })
  layer.set('phases.warm_up', { value: whole - last, origin: setting.origin })
  return []
}

/** Rules about several keys at once. */
function examine(config: LoadtestUdpConfig): Finding[] {
  const { weightConnect: connect, weightAnnounce: announce, weightScrape: scrape } = config.requests
  return [...examinePacing(config), ...examineWeights('requests', { connect, announce, scrape })]
}
