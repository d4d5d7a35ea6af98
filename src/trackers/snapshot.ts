// A tracker's snapshot out of what its protocol's side knows and what the host knows of the shared swarm.

import { processFigures } from '../metrics/process-figures.js'
import {
  type AccessListSnapshot,
  addCounts,
  addTraffic,
  type CleaningSnapshot,
  type FamilySnapshot,
  type PeerClientsSnapshot,
  type PeersPerTorrent,
  type PerFamily,
  type TrackerSnapshot,
} from '../metrics/snapshot.js'
import { aquaticVersion } from '../metrics/version.js'
import type { FamilyTotals, SwarmTotals } from '../swarm/swarm.js'
import type { TrackerFigures } from './tracker.js'

/** Figures of this moment that all trackers of the process share. */
export interface HostFigures {
  readonly intervalSeconds: number
  readonly uptimeSeconds: number
  readonly swarmTotals: SwarmTotals
  readonly cleaning: CleaningSnapshot
  readonly accessList: AccessListSnapshot
  readonly outputFailures: number
  /** Absent while `torrent_peer_histograms` is off. */
  readonly peersPerTorrent: PerFamily<PeersPerTorrent | null> | undefined
  /** Null while `peer_clients` is off. */
  readonly peerClients: PeerClientsSnapshot | null
}

/** The snapshot of one tracker, without rates: `withRates` adds them. */
export function composeSnapshot(
  protocol: TrackerSnapshot['protocol'],
  figures: TrackerFigures,
  host: HostFigures,
): TrackerSnapshot {
  const { workers, isServed, kernelDrops } = figures
  const totals = host.swarmTotals
  const family = (name: 'ipv4' | 'ipv6', { torrents, peers, seeders }: FamilyTotals): FamilySnapshot => ({
    isServed: isServed[name],
    ...addTraffic(workers.map(worker => worker.families[name])),
    torrents,
    peers,
    seeders,
    leechers: peers - seeders,
    peersPerTorrent: host.peersPerTorrent?.[name] ?? null,
  })
  return {
    protocol,
    version: aquaticVersion,
    time: new Date().toISOString(),
    uptimeSeconds: host.uptimeSeconds,
    intervalSeconds: host.intervalSeconds,
    families: { ipv4: family('ipv4', totals.ipv4), ipv6: family('ipv6', totals.ipv6) },
    workers,
    drops: addCounts(workers.map(worker => worker.drops)),
    errors: addCounts(workers.map(worker => worker.errors)),
    kernelDrops,
    swarm: {
      torrents: totals.torrents,
      usedBytes: totals.usedBytes,
      touchedBytes: totals.touchedBytes,
      limitBytes: totals.limitBytes,
      refusedTorrents: totals.refusedTorrents,
      refusedPeers: totals.refusedPeers,
    },
    process: processFigures(),
    cleaning: host.cleaning,
    accessList: host.accessList,
    peerClients: host.peerClients,
    outputFailures: host.outputFailures,
    rates: null,
  }
}
