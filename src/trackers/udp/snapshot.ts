// The UDP tracker's counters and gauges as a tracker snapshot.

import type { CounterBlock } from '../../metrics/counters.js'
import { processFigures } from '../../metrics/process-figures.js'
import {
  type AccessListSnapshot,
  addCounts,
  addTraffic,
  type CleaningSnapshot,
  type Counts,
  linkOverheadBytes,
  type PeerClientsSnapshot,
  type PeersPerTorrent,
  type PerFamily,
  type TrackerSnapshot,
  type TrafficCounts,
  type WorkerSnapshot,
} from '../../metrics/snapshot.js'
import { aquaticVersion } from '../../metrics/version.js'
import type { FamilyTotals, SwarmTotals } from '../../swarm/swarm.js'
import type { UdpCounterName } from './counters.js'

/** Figures of this moment. */
export interface UdpSnapshotSources {
  readonly intervalSeconds: number
  /** What clients of each family can reach. */
  readonly isServed: PerFamily<boolean>
  readonly uptimeSeconds: number
  /** By worker. */
  readonly workerNames: readonly string[]
  readonly counters: readonly CounterBlock<UdpCounterName>[]
  readonly swarmTotals: SwarmTotals
  readonly kernelDrops: number
  readonly cleaning: CleaningSnapshot
  readonly accessList: AccessListSnapshot
  readonly outputFailures: number
  /** Absent while `torrent_peer_histograms` is off. */
  readonly peersPerTorrent: PerFamily<PeersPerTorrent | null> | undefined
  /** Null while `peer_clients` is off. */
  readonly peerClients: PeerClientsSnapshot | null
}

/** The snapshot of a UDP tracker, without rates: `withRates` adds them. */
export function collectUdpSnapshot(sources: UdpSnapshotSources): TrackerSnapshot {
  const workers = sources.counters.map((block, index) =>
    workerSnapshot(sources.workerNames[index], block.snapshot()),
  )
  const totals = sources.swarmTotals
  const perTorrent = sources.peersPerTorrent
  const family = (name: 'ipv4' | 'ipv6', { torrents, peers, seeders }: FamilyTotals) => ({
    isServed: sources.isServed[name],
    ...addTraffic(workers.map(worker => worker.families[name])),
    torrents,
    peers,
    seeders,
    leechers: peers - seeders,
    peersPerTorrent: perTorrent?.[name] ?? null,
  })
  return {
    protocol: 'udp',
    version: aquaticVersion,
    time: new Date().toISOString(),
    uptimeSeconds: sources.uptimeSeconds,
    intervalSeconds: sources.intervalSeconds,
    families: { ipv4: family('ipv4', totals.ipv4), ipv6: family('ipv6', totals.ipv6) },
    workers,
    drops: addCounts(workers.map(worker => worker.drops)),
    errors: addCounts(workers.map(worker => worker.errors)),
    kernelDrops: sources.kernelDrops,
    swarm: {
      torrents: totals.torrents,
      usedBytes: totals.usedBytes,
      touchedBytes: totals.touchedBytes,
      limitBytes: totals.limitBytes,
      refusedTorrents: totals.refusedTorrents,
      refusedPeers: totals.refusedPeers,
    },
    process: processFigures(),
    cleaning: sources.cleaning,
    accessList: sources.accessList,
    peerClients: sources.peerClients,
    outputFailures: sources.outputFailures,
    rates: null,
  }
}

type Counters = Readonly<Record<UdpCounterName, number>>

function workerSnapshot(name: string, counters: Counters): WorkerSnapshot {
  return {
    name,
    families: {
      ipv4: trafficOf(counters, 'Ipv4', linkOverheadBytes.ipv4),
      ipv6: trafficOf(counters, 'Ipv6', linkOverheadBytes.ipv6),
    },
    drops: dropsOf(counters),
    errors: errorsOf(counters),
    batches: counters.batches,
  }
}

function trafficOf(counters: Counters, family: 'Ipv4' | 'Ipv6', overheadBytes: number): TrafficCounts {
  const responses = {
    connect: counters[`responsesConnect${family}`],
    announce: counters[`responsesAnnounce${family}`],
    scrape: counters[`responsesScrape${family}`],
    error: counters[`responsesError${family}`],
  }
  const packetsReceived = counters[`packetsReceived${family}`]
  const packetsSent = responses.connect + responses.announce + responses.scrape + responses.error
  const bytesReceived = counters[`bytesReceived${family}`]
  const bytesSent = counters[`bytesSent${family}`]
  return {
    requests: {
      connect: counters[`requestsConnect${family}`],
      announce: counters[`requestsAnnounce${family}`],
      scrape: counters[`requestsScrape${family}`],
    },
    responses,
    packetsReceived,
    packetsSent,
    bytesReceived,
    bytesSent,
    linkBytesReceived: bytesReceived + packetsReceived * overheadBytes,
    linkBytesSent: bytesSent + packetsSent * overheadBytes,
    downloads: counters[`announcesCompleted${family}`],
  }
}

function dropsOf(counters: Counters): Counts {
  return {
    tooShort: counters.droppedTooShort,
    badMagic: counters.droppedBadMagic,
    unknownAction: counters.droppedUnknownAction,
    invalidConnectionId: counters.droppedInvalidConnectionId,
    sourcePortZero: counters.droppedSourcePortZero,
  }
}

function errorsOf(counters: Counters): Counts {
  return {
    refusedByAccessList: counters.announcesRefusedByAccessList,
    torrentsRefusedByMemoryLimit: counters.announcesRefusedByMemoryLimit,
    peersRefusedByMemoryLimit: counters.peersRefusedByMemoryLimit,
    scrapesCut: counters.scrapesCut,
    sendsSkipped: counters.sendsSkipped,
    sendsRetried: counters.sendsRetried,
  }
}
