// Percentiles of peers per torrent, filled while the swarm is cleaned: torrent by torrent, published at the end.

import type { PeersPerTorrent, PerFamily } from './snapshot.js'
import { ValueHistogram } from './value-histogram.js'

const fractions = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999] as const

export class PeersPerTorrentHistograms {
  readonly #ipv4 = new ValueHistogram()
  readonly #ipv6 = new ValueHistogram()
  #published: PerFamily<PeersPerTorrent | null> = { ipv4: null, ipv6: null }

  /** A round of cleaning starts. */
  begin(): void {
    this.#ipv4.clear()
    this.#ipv6.clear()
  }

  /** One torrent after its cleaning; families without a peer in it are left out, as in the reference. */
  record(peersIpv4: number, peersIpv6: number): void {
    if (peersIpv4 > 0) this.#ipv4.record(peersIpv4)
    if (peersIpv6 > 0) this.#ipv6.record(peersIpv6)
  }

  /** The round is over: from now on `published` tells of it. */
  end(): void {
    this.#published = { ipv4: describe(this.#ipv4), ipv6: describe(this.#ipv6) }
  }

  /** Of the last finished round; null before it and for a family without torrents. */
  get published(): PerFamily<PeersPerTorrent | null> {
    return this.#published
  }
}

function describe(histogram: ValueHistogram): PeersPerTorrent | null {
  if (histogram.count === 0) return null
  const [p10, p20, p30, p40, p50, p60, p70, p80, p90, p95, p99, p999] = histogram.percentiles(fractions)
  return {
    torrents: histogram.count,
    min: histogram.min,
    ...{ p10, p20, p30, p40, p50, p60, p70, p80, p90, p95, p99, p999 },
    max: histogram.max,
  }
}
