// What is set up so that a swarm can be looked at: histograms, the table of peer ids, cleaning times, the scrape
// export.

import { CleaningTimes } from '../metrics/cleaning-times.js'
import { PeersPerTorrentHistograms } from '../metrics/peers-per-torrent.js'
import type { SwarmTotals } from '../swarm/swarm.js'
import type { CleaningObserver } from './cleaning.js'
import type { TrackerEventSink } from './events.js'
import { countPeerClients } from './peer-clients.js'
import { createPeerIdTable, PeerIdTable, type PeerIdTableMemory } from './peer-id-table.js'
import { type ScrapeExportConfig, scrapeExportOf } from './scrape-export.js'
import type { SwarmFigures } from './snapshot.js'
import { areStatisticsActive, type StatisticsConfig } from './statistics.js'

export interface ObservationConfig {
  readonly statistics: StatisticsConfig & { readonly peerClientsMax: number }
  /** Both in seconds. */
  readonly cleaning: { readonly torrentCleaningInterval: number; readonly maxPeerAge: number }
  /** Absent for a swarm that is never exported. */
  readonly scrapeExports?: ScrapeExportConfig
  /** Somebody looks at the tracker while it runs, whatever the statistics' outputs are. */
  readonly isWatched: boolean
}

export interface Observation {
  /** For the workers; null while clients are not counted. */
  readonly peerIds: PeerIdTableMemory | null
  readonly cleaningTimes: CleaningTimes
  readonly cleaningObservers: readonly CleaningObserver[]
  figures(sources: ObservationSources): SwarmFigures
}

/** What only the running host has. */
export interface ObservationSources {
  readonly swarmTotals: SwarmTotals
  readonly peerIdsReplaced: number
  /** The clock of announces, in whole seconds since the start. */
  readonly nowSeconds: number
  /** Whether clients are counted, which takes a walk over all peer ids. */
  readonly countsClients: boolean
}

/** Nothing that costs memory or time is made unless the configuration asks for it and somebody would see it. */
export function observeSwarm(config: ObservationConfig, onEvent: TrackerEventSink): Observation {
  const { statistics, cleaning, scrapeExports, isWatched } = config
  const isActive = areStatisticsActive(statistics) || isWatched
  const isCountingClients = isActive && statistics.peerClients
  const memory = isCountingClients ? createPeerIdTable(statistics.peerClientsMax, cleaning.maxPeerAge) : null
  const table = memory === null ? null : new PeerIdTable(memory)
  const histograms = isActive && statistics.torrentPeerHistograms ? new PeersPerTorrentHistograms() : null
  const scrapeExport = scrapeExportOf(scrapeExports, onEvent)
  const cleaningTimes = new CleaningTimes(cleaning.torrentCleaningInterval)
  return {
    peerIds: memory,
    cleaningTimes,
    cleaningObservers: [
      ...(histograms === null ? [] : [histogramObserver(histograms)]),
      ...(scrapeExport === null ? [] : [scrapeExport]),
    ],
    figures: ({ swarmTotals, peerIdsReplaced, nowSeconds, countsClients }) => ({
      swarmTotals,
      cleaning: cleaningTimes.snapshot(),
      scrapeExports: scrapeExport?.snapshot() ?? null,
      peersPerTorrent: histograms?.published,
      peerClients:
        countsClients && table !== null ? countPeerClients(table, nowSeconds, peerIdsReplaced) : null,
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
