// What a tracker knows about itself at one moment: one plain document that lines, page, JSON file and Prometheus
// are written from. Counters only grow and count from the tracker's start; gauges are of the moment.

/** Counters by class, `{ connect: 12, announce: 34 }`. Which classes there are depends on the protocol. */
export type Counts = Readonly<Record<string, number>>

/** What went over one address family. */
export interface TrafficCounts {
  /** Requests that parse, by type, also those dropped later (for their connection id). */
  readonly requests: Counts
  /** Responses by type; `error` is among them. */
  readonly responses: Counts
  readonly packetsReceived: number
  readonly packetsSent: number
  /** Payload alone. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** With headers and framing of an Ethernet link, see `linkOverheadBytes`. */
  readonly linkBytesReceived: number
  readonly linkBytesSent: number
  /** Announces that said `completed`. */
  readonly downloads: number
}

/** Peers in each torrent that has some, as of the last cleaning. */
export interface PeersPerTorrent {
  readonly torrents: number
  readonly min: number
  readonly p10: number
  readonly p20: number
  readonly p30: number
  readonly p40: number
  readonly p50: number
  readonly p60: number
  readonly p70: number
  readonly p80: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface FamilySnapshot extends TrafficCounts {
  /** False for a family that this tracker has no socket for. */
  readonly isServed: boolean
  /** Torrents with at least one peer of the family. */
  readonly torrents: number
  readonly peers: number
  readonly seeders: number
  readonly leechers: number
  /** Null while `torrent_peer_histograms` is off, and before the first cleaning. */
  readonly peersPerTorrent: PeersPerTorrent | null
}

/** A value for each address family. */
export interface PerFamily<Value> {
  readonly ipv4: Value
  readonly ipv6: Value
}

/** What only a WebTorrent tracker counts. */
export interface WebTorrentFigures {
  /** WebSockets open at this moment, by the family of the client's address. */
  readonly connections: PerFamily<number>
  /** Offers by what became of them; those that reached a client are among the responses. */
  readonly offers: Counts
  readonly answers: Counts
  /** Peer ids that went over to a new connection of the same client. */
  readonly takeovers: number
  /** WebSockets opened, their messages and pings, and how they were closed. */
  readonly sockets: Counts
}

export interface WorkerSnapshot {
  /** Name of its thread: `socket-01`. */
  readonly name: string
  readonly families: PerFamily<TrafficCounts>
  readonly drops: Counts
  readonly errors: Counts
  /** Connections open at this moment; null where the protocol has none. */
  readonly connections: number | null
  /** Wake-ups with at least one packet; of a protocol with connections, reads that brought something. */
  readonly batches: number
  /** Only of a WebTorrent tracker. */
  readonly webTorrent?: WebTorrentFigures
}

/** Memory of the swarms. */
export interface SwarmSnapshot {
  /** Known torrents, also those that wait empty for the next cleaning. */
  readonly torrents: number
  readonly usedBytes: number
  /** The most that was ever used: it stays with the process. */
  readonly touchedBytes: number
  readonly limitBytes: number
  /** Announces that the memory limit kept out, since the start. */
  readonly refusedTorrents: number
  readonly refusedPeers: number
}

export interface ProcessSnapshot {
  readonly rssBytes: number
  readonly cpuUserSeconds: number
  readonly cpuSystemSeconds: number
  /** JavaScript heap of the main thread. */
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
}

export interface CleaningSnapshot {
  readonly intervalSeconds: number
  /** Rounds finished. */
  readonly rounds: number
  /** Of the last finished round; 0 before the first. A round gives way between its steps. */
  readonly lastDurationMs: number
  readonly lastSteps: number
  /** Longest stretch of the main thread in one step, since the start. */
  readonly longestStepMs: number
}

/** Scrape exports since the start. */
export interface ScrapeExportSnapshot {
  readonly written: number
  readonly failed: number
}

export interface AccessListSnapshot {
  readonly mode: string
  readonly entries: number
}

/** Peers of one client program, as its peer ids tell. */
export interface ClientCount {
  /** `QBitTorrent 4.5.2` */
  readonly client: string
  readonly count: number
}

export interface PeerIdPrefixCount {
  /** First 8 bytes of the peer id as 16 hexadecimal digits in lower case. */
  readonly prefixHex: string
  readonly count: number
}

/** Peers by program; see `docs/statistics.md` for how they are counted. */
export interface PeerClientsSnapshot {
  readonly peers: number
  /** Most frequent first. */
  readonly clients: readonly ClientCount[]
  readonly prefixes: readonly PeerIdPrefixCount[]
  /** Peers forgotten early because the table was full, since the start. */
  readonly replaced: number
}

export interface TrackerSnapshot {
  readonly protocol: 'udp' | 'http' | 'ws'
  /** Of aquatic. */
  readonly version: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly uptimeSeconds: number
  /** Between two snapshots, as configured. */
  readonly intervalSeconds: number
  readonly families: PerFamily<FamilySnapshot>
  readonly workers: readonly WorkerSnapshot[]
  /** Requests without an answer, by class, all workers together. */
  readonly drops: Counts
  /** Requests refused or answered in part, and failed sends, by class, all workers together. */
  readonly errors: Counts
  /** Packets that the kernel dropped for want of buffer space. */
  readonly kernelDrops: number
  readonly swarm: SwarmSnapshot
  readonly process: ProcessSnapshot
  readonly cleaning: CleaningSnapshot
  /** Null while `enable_scrape_exports` is off, and of a swarm that is never exported. */
  readonly scrapeExports: ScrapeExportSnapshot | null
  readonly accessList: AccessListSnapshot
  /** Null while `peer_clients` is off. */
  readonly peerClients: PeerClientsSnapshot | null
  /** Statistics files that could not be written, since the start. */
  readonly outputFailures: number
  /** Null in the first snapshot. */
  readonly rates: SnapshotRates | null
}

/** Figures of one family over the time between two snapshots. */
export interface FamilyRates {
  readonly requestsPerSecond: number
  /** By type, and `total`. */
  readonly responsesPerSecond: Counts
  /** With headers and framing, as a link's load is given. */
  readonly receivedBitsPerSecond: number
  readonly sentBitsPerSecond: number
}

export interface SnapshotRates {
  /** Time the rates are of. */
  readonly seconds: number
  readonly families: PerFamily<FamilyRates>
  readonly dropsPerSecond: number
  readonly kernelDropsPerSecond: number
}

/**
 * What an Ethernet link carries for each UDP packet beside its payload: preamble 8, MAC header and checksum 18,
 * IP header 20 or 40, UDP header 8. The reference's estimate, so that figures can be compared.
 */
export const linkOverheadBytes: PerFamily<number> = { ipv4: 54, ipv6: 74 }

/** Sum of the counters of all classes. */
export function sumCounts(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** What a worker did for both families since the start. */
export function trafficOfWorker({ families }: Pick<WorkerSnapshot, 'families'>): TrafficCounts {
  return addTraffic([families.ipv4, families.ipv6])
}

/** Connections open in all workers together; null where the protocol has none. */
export function connectionsOf({ workers }: Pick<TrackerSnapshot, 'workers'>): number | null {
  const all = workers.map(({ connections }) => connections).filter(connections => connections !== null)
  return all.length === 0 ? null : all.reduce((sum, connections) => sum + connections, 0)
}

/** Figures of WebTorrent in all workers together; null where another protocol is spoken. */
export function webTorrentOf({ workers }: Pick<TrackerSnapshot, 'workers'>): WebTorrentFigures | null {
  const all = workers.flatMap(({ webTorrent }) => (webTorrent === undefined ? [] : [webTorrent]))
  if (all.length === 0) return null
  const sum = (figure: (figures: WebTorrentFigures) => number): number =>
    all.reduce((total, figures) => total + figure(figures), 0)
  return {
    connections: {
      ipv4: sum(({ connections }) => connections.ipv4),
      ipv6: sum(({ connections }) => connections.ipv6),
    },
    offers: addCounts(all.map(({ offers }) => offers)),
    answers: addCounts(all.map(({ answers }) => answers)),
    takeovers: sum(({ takeovers }) => takeovers),
    sockets: addCounts(all.map(({ sockets }) => sockets)),
  }
}

/** Adds up counters of the same classes. */
export function addCounts(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}

/** Adds up what several workers saw of one family; there is at least one. */
export function addTraffic(all: readonly TrafficCounts[]): TrafficCounts {
  const sum = (figure: (traffic: TrafficCounts) => number): number =>
    all.reduce((total, traffic) => total + figure(traffic), 0)
  return {
    requests: addCounts(all.map(traffic => traffic.requests)),
    responses: addCounts(all.map(traffic => traffic.responses)),
    packetsReceived: sum(traffic => traffic.packetsReceived),
    packetsSent: sum(traffic => traffic.packetsSent),
    bytesReceived: sum(traffic => traffic.bytesReceived),
    bytesSent: sum(traffic => traffic.bytesSent),
    linkBytesReceived: sum(traffic => traffic.linkBytesReceived),
    linkBytesSent: sum(traffic => traffic.linkBytesSent),
    downloads: sum(traffic => traffic.downloads),
  }
}

/** `current` with its rates since `previous`; without a previous one, with none. */
export function withRates(previous: TrackerSnapshot | undefined, current: TrackerSnapshot): TrackerSnapshot {
  return previous === undefined ? current : { ...current, rates: ratesBetween(previous, current) }
}

/** Rates over the time that really passed between two snapshots of one tracker; null if none passed. */
export function ratesBetween(previous: TrackerSnapshot, current: TrackerSnapshot): SnapshotRates | null {
  const seconds = current.uptimeSeconds - previous.uptimeSeconds
  if (!(seconds > 0)) return null
  // A figure that shrank (the kernel counts drops per socket, and sockets come and go) is no negative rate.
  const rate = (before: number, after: number): number => Math.max(0, after - before) / seconds
  const familyRates = (before: TrafficCounts, after: TrafficCounts): FamilyRates => ({
    requestsPerSecond: rate(sumCounts(before.requests), sumCounts(after.requests)),
    responsesPerSecond: {
      total: rate(sumCounts(before.responses), sumCounts(after.responses)),
      ...Object.fromEntries(
        Object.entries(after.responses).map(([type, count]) => [
          type,
          rate(before.responses[type] ?? 0, count),
        ]),
      ),
    },
    receivedBitsPerSecond: 8 * rate(before.linkBytesReceived, after.linkBytesReceived),
    sentBitsPerSecond: 8 * rate(before.linkBytesSent, after.linkBytesSent),
  })
  return {
    seconds,
    families: {
      ipv4: familyRates(previous.families.ipv4, current.families.ipv4),
      ipv6: familyRates(previous.families.ipv6, current.families.ipv6),
    },
    dropsPerSecond: rate(sumCounts(previous.drops), sumCounts(current.drops)),
    kernelDropsPerSecond: rate(previous.kernelDrops, current.kernelDrops),
  }
}
