// What is set up so that the UDP tracker can be looked at: histograms, the table of peer ids, times, the scrape export,
// and the one function that takes a snapshot of everything.

import type { UdpConfig } from '../../config/udp.js'
import { CleaningTimes } from '../../metrics/cleaning-times.js'
import type { CounterBlock } from '../../metrics/counters.js'
import { PeersPerTorrentHistograms } from '../../metrics/peers-per-torrent.js'
import type { TrackerSnapshot } from '../../metrics/snapshot.js'
import type { SwarmTotals } from '../../swarm/swarm.js'
import type { CleaningObserver } from '../cleaning.js'
import type { TrackerEventSink } from '../events.js'
import { countPeerClients } from '../peer-clients.js'
import { createPeerIdTable, PeerIdTable, type PeerIdTableMemory } from '../peer-id-table.js'
import { scrapeExportOf } from '../scrape-export.js'
import { areStatisticsActive } from '../statistics.js'
import { UdpCounter, type UdpCounterName } from './counters.js'
import { collectUdpSnapshot } from './snapshot.js'

export interface UdpObservation {
  /** For the workers; null while clients are not counted. */
  readonly peerIds: PeerIdTableMemory | null
  readonly cleaningTimes: CleaningTimes
  readonly cleaningObservers: readonly CleaningObserver[]
  collect(sources: UdpObservationSources): TrackerSnapshot
}

/** What only the running tracker has. */
export interface UdpObservationSources {
  readonly workers: { nameOf(workerIndex: number): string }
  readonly counters: readonly CounterBlock<UdpCounterName>[]
  readonly swarm: { totals(): SwarmTotals }
  readonly sockets: { kernelDrops(): number }
  /** Null without an access list. */
  readonly filter: { readonly entries: number } | null
  /** Undefined while the tracker starts. */
  readonly statistics: { outputFailures(): number } | undefined
  /** The clock of announces, in whole seconds since the start. */
  readonly nowSeconds: () => number
}

/** Nothing that costs memory or time is made unless the configuration asks for it and somebody would see it. */
export function observeUdpTracker(config: UdpConfig, onEvent: TrackerEventSink): UdpObservation {
  const { statistics, cleaning, network, accessList } = config
  const isActive = areStatisticsActive(statistics)
  const isCountingClients = isActive && statistics.peerClients
  const memory = isCountingClients ? createPeerIdTable(statistics.peerClientsMax, cleaning.maxPeerAge) : null
  const table = memory === null ? null : new PeerIdTable(memory)
  const histograms = isActive && statistics.torrentPeerHistograms ? new PeersPerTorrentHistograms() : null
  const cleaningTimes = new CleaningTimes(cleaning.torrentCleaningInterval)
  const startedAtMs = performance.now()
  const isServed = {
    ipv4: network.useIpv4 || !network.setOnlyIpv6,
    ipv6: network.useIpv6,
  }
  return {
    peerIds: memory,
    cleaningTimes,
    cleaningObservers: [
      ...(histograms === null ? [] : [histogramObserver(histograms)]),
      ...scrapeExportOf(config.scrapeExports, onEvent),
    ],
    collect: ({ workers, counters, swarm, sockets, filter, statistics: outputs, nowSeconds }) =>
      collectUdpSnapshot({
        intervalSeconds: statistics.interval,
        isServed,
        uptimeSeconds: (performance.now() - startedAtMs) / 1000,
        workerNames: counters.map((_, index) => workers.nameOf(index)),
        counters,
        swarmTotals: swarm.totals(),
        kernelDrops: sockets.kernelDrops(),
        cleaning: cleaningTimes.snapshot(),
        accessList: { mode: accessList.mode, entries: filter?.entries ?? 0 },
        outputFailures: outputs?.outputFailures() ?? 0,
        peersPerTorrent: histograms?.published,
        peerClients: table && countPeerClients(table, nowSeconds(), replacedBy(counters)),
      }),
  }
}

function histogramObserver(histograms: PeersPerTorrentHistograms): CleaningObserver {
  return {
    begin: () => histograms.begin(),
    torrent: (_hash0, _hash1, _hash2, _hash3, _hash4, counts) =>
      histograms.record(counts.seedersIpv4 + counts.leechersIpv4, counts.seedersIpv6 + counts.leechersIpv6),
    end: () => void histograms.end(),
  }
}

function replacedBy(counters: readonly CounterBlock<UdpCounterName>[]): number {
  return counters.reduce((sum, { values }) => sum + values[UdpCounter.peerIdsReplaced], 0)
}
