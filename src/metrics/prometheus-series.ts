// Every Prometheus metric that is made from a tracker's snapshot, as a table. Names and labels of the reference stay as
// they are there, so that dashboards made for it keep working; ours beside them.

import {
  type Counts,
  type PeersPerTorrent,
  sumCounts,
  type TrackerSnapshot,
  type TrafficCounts,
} from './snapshot.js'

/** The one metric that has a switch of its own. */
export const PEER_ID_PREFIXES = 'aquatic_peer_id_prefixes'

export type Labels = Readonly<Record<string, string | number>>
export type Sample = readonly [labels: Labels, value: number]

/** One metric; `samples` reads its series from a snapshot. */
export interface Series {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  /** What is the same for all trackers of one swarm, or of the process; a tracker's own figures if absent. */
  readonly sharedBy?: 'swarm' | 'process'
  readonly samples: (snapshot: TrackerSnapshot) => readonly Sample[]
}

const familyNames = [
  ['4', 'ipv4'],
  ['6', 'ipv6'],
] as const

/** A sample for each worker and family that the tracker serves. */
function perWorkerAndFamily(read: (traffic: TrafficCounts) => Counts | number): Series['samples'] {
  return ({ workers, families }) =>
    workers.flatMap((worker, worker_index) =>
      familyNames
        .filter(([, family]) => families[family].isServed)
        .flatMap(([ip_version, family]): Sample[] => {
          const figures = read(worker.families[family])
          if (typeof figures === 'number') return [[{ ip_version, worker_index }, figures]]
          return Object.entries(figures).map(([type, count]) => [
            { type: snakeCase(type), ip_version, worker_index },
            count,
          ])
        }),
    )
}

function perFamily(read: (family: TrackerSnapshot['families']['ipv4']) => number): Series['samples'] {
  return ({ families }) =>
    familyNames
      .filter(([, family]) => families[family].isServed)
      .map(([ip_version, family]) => [{ ip_version }, read(families[family])])
}

function perWorkerAndClass(
  label: string,
  read: (worker: TrackerSnapshot['workers'][number]) => Counts,
): Series['samples'] {
  return ({ workers }) =>
    workers.flatMap((worker, worker_index) =>
      Object.entries(read(worker)).map(
        ([name, count]): Sample => [{ [label]: snakeCase(name), worker_index }, count],
      ),
    )
}

function one(read: (snapshot: TrackerSnapshot) => number): Series['samples'] {
  return snapshot => [[{}, read(snapshot)]]
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

const percentiles: readonly (keyof PeersPerTorrent)[] = [
  ...(['min', 'p10', 'p20', 'p30', 'p40', 'p50', 'p60', 'p70', 'p80', 'p90'] as const),
  ...(['p95', 'p99', 'p999', 'max'] as const),
]

function peersPerTorrent({ families }: TrackerSnapshot): Sample[] {
  return familyNames.flatMap(([ip_version, family]) => {
    const figures = families[family].peersPerTorrent
    return figures === null ? [] : percentiles.map((type): Sample => [{ type, ip_version }, figures[type]])
  })
}

/** As in the reference, whose HTTP tracker does not tell families apart here. */
function openConnections({ workers, families }: TrackerSnapshot): Sample[] {
  return workers.flatMap(({ connections, webTorrent }, worker_index): Sample[] => {
    if (webTorrent === undefined) return connections === null ? [] : [[{ worker_index }, connections]]
    return familyNames
      .filter(([, family]) => families[family].isServed)
      .map(([ip_version, family]) => [{ ip_version, worker_index }, webTorrent.connections[family]])
  })
}

const byTraffic = ['ip_version', 'worker_index'] as const

/** Metrics of the reference, with its names and labels. */
const referenceSeries: readonly Series[] = [
  {
    name: 'aquatic_requests_total',
    type: 'counter',
    help: 'Requests that parse, also those dropped later for their connection id; over HTTP and WebTorrent by type.',
    labels: ['type', ...byTraffic],
    // As in the reference, where only the UDP tracker has no types here.
    samples: snapshot => {
      const isByType = snapshot.protocol !== 'udp'
      return perWorkerAndFamily(({ requests }) => (isByType ? requests : sumCounts(requests)))(snapshot)
    },
  },
  {
    name: 'aquatic_responses_total',
    type: 'counter',
    help: 'Responses by type.',
    labels: ['type', ...byTraffic],
    samples: perWorkerAndFamily(({ responses }) => responses),
  },
  {
    name: 'aquatic_active_connections',
    type: 'gauge',
    help: 'Open connections (HTTP, and WebTorrent by address family).',
    labels: byTraffic,
    samples: openConnections,
  },
  {
    name: 'aquatic_rx_bytes',
    type: 'counter',
    help: 'Bytes received, with headers and framing of an Ethernet link.',
    labels: byTraffic,
    samples: perWorkerAndFamily(({ linkBytesReceived }) => linkBytesReceived),
  },
  {
    name: 'aquatic_tx_bytes',
    type: 'counter',
    help: 'Bytes sent, with headers and framing of an Ethernet link.',
    labels: byTraffic,
    samples: perWorkerAndFamily(({ linkBytesSent }) => linkBytesSent),
  },
  {
    name: 'aquatic_torrents',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Torrents with at least one peer of the address family.',
    labels: ['ip_version'],
    samples: perFamily(({ torrents }) => torrents),
  },
  {
    name: 'aquatic_peers',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers.',
    labels: ['ip_version'],
    samples: perFamily(({ peers }) => peers),
  },
  {
    name: 'aquatic_peers_per_torrent',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers in each torrent that has some, as of the last cleaning (statistics.torrent_peer_histograms).',
    labels: ['type', 'ip_version'],
    samples: peersPerTorrent,
  },
  {
    name: 'aquatic_peer_clients',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers by client program, rare ones together as Other (statistics.peer_clients).',
    labels: ['client'],
    samples: ({ peerClients }) =>
      (peerClients?.clients ?? []).map(({ client, count }) => [{ client }, count]),
  },
  {
    name: PEER_ID_PREFIXES,
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers by the first 8 bytes of their id, the most frequent 1,000 (statistics.prometheus_peer_id_prefixes).',
    labels: ['prefix_hex'],
    samples: ({ peerClients }) =>
      (peerClients?.prefixes ?? []).map(({ prefixHex, count }) => [{ prefix_hex: prefixHex }, count]),
  },
]

const trafficSeries: readonly Series[] = [
  {
    name: 'aquatic_requests_by_type_total',
    type: 'counter',
    help: 'Requests by type.',
    labels: ['type', ...byTraffic],
    samples: perWorkerAndFamily(({ requests }) => requests),
  },
  {
    name: 'aquatic_downloads_total',
    type: 'counter',
    help: 'Announces that said "completed".',
    labels: byTraffic,
    samples: perWorkerAndFamily(({ downloads }) => downloads),
  },
  {
    name: 'aquatic_dropped_requests_total',
    type: 'counter',
    help: 'Packets without an answer, by reason.',
    labels: ['reason', 'worker_index'],
    samples: perWorkerAndClass('reason', ({ drops }) => drops),
  },
  {
    name: 'aquatic_errors_total',
    type: 'counter',
    help: 'Requests refused or answered in part, and failed sends, by class.',
    labels: ['class', 'worker_index'],
    samples: perWorkerAndClass('class', ({ errors }) => errors),
  },
  {
    name: 'aquatic_batches_total',
    type: 'counter',
    help: 'Wake-ups of a worker with at least one packet; over HTTP reads that brought something, in WebTorrent messages.',
    labels: ['worker_index'],
    samples: ({ workers }) => workers.map(({ batches }, worker_index) => [{ worker_index }, batches]),
  },
  {
    name: 'aquatic_kernel_drops_total',
    type: 'counter',
    help: 'Packets that the kernel dropped because a receive buffer was full.',
    labels: [],
    samples: one(({ kernelDrops }) => kernelDrops),
  },
]

const webTorrentSeries: readonly Series[] = [
  {
    name: 'aquatic_offers_total',
    type: 'counter',
    help: 'WebTorrent: offers by what became of them. Those that reached a client are responses of type offer.',
    labels: ['event', 'worker_index'],
    samples: perWorkerAndClass('event', ({ webTorrent }) => webTorrent?.offers ?? {}),
  },
  {
    name: 'aquatic_answers_total',
    type: 'counter',
    help: 'WebTorrent: answers by what became of them. Those that reached a client are responses of type offer_answer.',
    labels: ['event', 'worker_index'],
    samples: perWorkerAndClass('event', ({ webTorrent }) => webTorrent?.answers ?? {}),
  },
  {
    name: 'aquatic_web_sockets_total',
    type: 'counter',
    help: 'WebTorrent: WebSockets opened and closed, by how, and their messages and pings.',
    labels: ['event', 'worker_index'],
    samples: perWorkerAndClass('event', ({ webTorrent }) => webTorrent?.sockets ?? {}),
  },
  {
    name: 'aquatic_takeovers_total',
    type: 'counter',
    help: 'WebTorrent: peer ids that went over to a new connection of the same client.',
    labels: ['worker_index'],
    samples: ({ workers }) =>
      workers.flatMap(({ webTorrent }, worker_index): Sample[] =>
        webTorrent === undefined ? [] : [[{ worker_index }, webTorrent.takeovers]],
      ),
  },
]

const swarmSeries: readonly Series[] = [
  {
    name: 'aquatic_seeders',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers that have everything.',
    labels: ['ip_version'],
    samples: perFamily(({ seeders }) => seeders),
  },
  {
    name: 'aquatic_leechers',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Peers that miss something.',
    labels: ['ip_version'],
    samples: perFamily(({ leechers }) => leechers),
  },
  {
    name: 'aquatic_swarm_torrents',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Known torrents of both families, also those that wait empty for the next cleaning.',
    labels: [],
    samples: one(({ swarm }) => swarm.torrents),
  },
  {
    name: 'aquatic_swarm_memory_used_bytes',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Memory in use for torrents and peers.',
    labels: [],
    samples: one(({ swarm }) => swarm.usedBytes),
  },
  {
    name: 'aquatic_swarm_memory_touched_bytes',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'The most that was ever used: it stays with the process.',
    labels: [],
    samples: one(({ swarm }) => swarm.touchedBytes),
  },
  {
    name: 'aquatic_swarm_memory_limit_bytes',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Where new torrents and peers are refused (swarm.memory_limit).',
    labels: [],
    samples: one(({ swarm }) => swarm.limitBytes),
  },
  {
    name: 'aquatic_access_list_entries',
    sharedBy: 'process',
    type: 'gauge',
    help: 'Info hashes on the access list, by its mode.',
    labels: ['mode'],
    samples: ({ accessList }) => [[{ mode: accessList.mode }, accessList.entries]],
  },
]

const houseSeries: readonly Series[] = [
  {
    name: 'aquatic_cleaning_rounds_total',
    sharedBy: 'swarm',
    type: 'counter',
    help: 'Finished cleanings.',
    labels: [],
    samples: one(({ cleaning }) => cleaning.rounds),
  },
  {
    name: 'aquatic_cleaning_duration_seconds',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Time that the last finished cleaning took, with the pauses between its steps.',
    labels: [],
    samples: one(({ cleaning }) => cleaning.lastDurationMs / 1_000),
  },
  {
    name: 'aquatic_cleaning_longest_step_seconds',
    sharedBy: 'swarm',
    type: 'gauge',
    help: 'Longest step of a cleaning since the start.',
    labels: [],
    samples: one(({ cleaning }) => cleaning.longestStepMs / 1_000),
  },
  {
    name: 'aquatic_scrape_exports_total',
    sharedBy: 'swarm',
    type: 'counter',
    help: 'Exports of all torrents that were written or failed (scrape_exports.enable_scrape_exports).',
    labels: ['result'],
    samples: ({ scrapeExports }) => Object.entries(scrapeExports ?? {}).map(([result, n]) => [{ result }, n]),
  },
  {
    name: 'aquatic_statistics_output_failures_total',
    sharedBy: 'process',
    type: 'counter',
    help: 'Statistics files that could not be written.',
    labels: [],
    samples: one(({ outputFailures }) => outputFailures),
  },
  {
    name: 'aquatic_peer_ids_replaced_total',
    sharedBy: 'swarm',
    type: 'counter',
    help: 'Peer ids forgotten early because their table was full (statistics.peer_clients_max).',
    labels: [],
    samples: ({ peerClients }) => (peerClients === null ? [] : [[{}, peerClients.replaced]]),
  },
  {
    name: 'aquatic_uptime_seconds',
    sharedBy: 'process',
    type: 'gauge',
    help: 'Time since the tracker started.',
    labels: [],
    samples: one(({ uptimeSeconds }) => uptimeSeconds),
  },
  {
    name: 'aquatic_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'protocol', 'workers'],
    samples: ({ version, protocol, workers }) => [[{ version, protocol, workers: workers.length }, 1]],
  },
]

/** All of them. */
export const allSeries: readonly Series[] = [
  ...referenceSeries,
  ...trafficSeries,
  ...webTorrentSeries,
  ...swarmSeries,
  ...houseSeries,
]
