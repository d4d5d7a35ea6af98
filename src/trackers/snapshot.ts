// A tracker's snapshot: what its protocol's side knows, what its swarm is like, and what all of the process share.

import assert from 'node:assert/strict'
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
  type ScrapeExportSnapshot,
  type TrackerSnapshot,
} from '../metrics/snapshot.js'
import { aquaticVersion } from '../metrics/version.js'
import type { FamilyTotals, SwarmTotals } from '../swarm/swarm.js'
import type { SwarmRooms } from './swarm-rooms.js'
import type { Tracker, TrackerFigures, TrackerSetup } from './tracker.js'

/** Figures of this moment that all trackers of the process share. */
export interface HostFigures {
  readonly intervalSeconds: number
  readonly uptimeSeconds: number
  readonly accessList: AccessListSnapshot
  readonly outputFailures: number
  /** Whether peers are counted by client, where they can be. */
  readonly countsClients: boolean
}

/** Figures of this moment that all trackers of one swarm share. */
export interface SwarmFigures {
  readonly swarmTotals: SwarmTotals
  readonly cleaning: CleaningSnapshot
  /** Null where there are none. */
  readonly scrapeExports: ScrapeExportSnapshot | null
  /** Absent while `torrent_peer_histograms` is off. */
  readonly peersPerTorrent: PerFamily<PeersPerTorrent | null> | undefined
  /** Null while `peer_clients` is off. */
  readonly peerClients: PeerClientsSnapshot | null
}

/** The snapshot of one tracker, without rates: `withRates` adds them. */
function composeSnapshot(
  protocol: TrackerSnapshot['protocol'],
  figures: TrackerFigures,
  swarm: SwarmFigures,
  host: HostFigures,
): TrackerSnapshot {
  const { workers, isServed, kernelDrops } = figures
  const totals = swarm.swarmTotals
  const family = (name: 'ipv4' | 'ipv6', { torrents, peers, seeders }: FamilyTotals): FamilySnapshot => ({
    isServed: isServed[name],
    ...addTraffic(workers.map(worker => worker.families[name])),
    torrents,
    peers,
    seeders,
    leechers: peers - seeders,
    peersPerTorrent: swarm.peersPerTorrent?.[name] ?? null,
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
    cleaning: swarm.cleaning,
    scrapeExports: swarm.scrapeExports,
    accessList: host.accessList,
    peerClients: swarm.peerClients,
    outputFailures: host.outputFailures,
    rates: null,
  }
}

/** One snapshot for each protocol that is served. @param nowSeconds the clock of announces */
export function collectSnapshots(
  setups: readonly TrackerSetup[],
  trackers: readonly Pick<Tracker, 'figures'>[],
  swarms: SwarmRooms,
  nowSeconds: number,
  host: HostFigures,
): TrackerSnapshot[] {
  const parts = trackers.flatMap((tracker, index) =>
    tracker.figures().map((figures, part) => ({ figures, protocol: setups[index].serves[part].protocol })),
  )
  const { countsClients } = host
  const ofSwarm = new Map(
    swarms.all.map(room => {
      const own = parts.filter(({ protocol }) => swarms.of(protocol) === room)
      const peerIdsReplaced = own.reduce((sum, { figures }) => sum + figures.peerIdsReplaced, 0)
      const swarmTotals = room.swarm.totals()
      return [
        room,
        room.observation.figures({ swarmTotals, peerIdsReplaced, nowSeconds, countsClients }),
      ] as const
    }),
  )
  return parts.map(({ figures, protocol }) => {
    const swarm = ofSwarm.get(swarms.of(protocol))
    assert(swarm !== undefined)
    return composeSnapshot(protocol, figures, swarm, host)
  })
}
