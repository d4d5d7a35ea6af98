// The table of the keys that the load tests of HTTP and WebTorrent have in the same way, and what became of the keys
// of their originals.

import { expandPacing, expandRenamed } from './loadtest-rules.js'
import {
  connectionsMax,
  engineKey,
  numwantKey,
  objectivesKey,
  pacing,
  popularityKeys,
  seederShare,
  since,
  sourceAddressesKey,
  timeoutKey,
  torrentCount,
  verifyKey,
  weight,
} from './loadtest-sections.js'
import { boolean, type Finding, integer, type Layer, number, oneOf } from './schema.js'

/** Keys of `[network]`. */
export function connectionKeys(defaultConnections: number, connectionsDoc: string) {
  return {
    engine: engineKey,
    connections: integer({
      default: defaultConnections,
      min: 1,
      max: connectionsMax,
      unit: 'connections',
      since,
      flag: 'connections',
      doc: `Connections of all workers together. ${connectionsDoc}`,
    }),
    tls: oneOf({
      default: 'auto',
      allowed: ['auto', 'on', 'off'],
      since,
      flag: 'tls',
      doc: `Whether TLS is spoken with an address without a scheme. "auto" tries it with one connection before the test, and
        without it where that fails; the scheme of a URL decides by itself.`,
    }),
    verify_certificate: boolean({
      default: false,
      since,
      flag: 'verify-certificate',
      doc: `Whether the tracker's certificate has to be valid and of the name asked. aquatic 0.9 takes any; trackers under
        test often have one of their own making.`,
    }),
    source_addresses: sourceAddressesKey,
  }
}

/** Keys of `[load]`. */
export function loadKeys(kinds: readonly string[]) {
  return { ...pacing, timeout: timeoutKey(5), objectives: objectivesKey(kinds), verify: verifyKey }
}

/** Keys of `[torrents]`. */
export const torrentKeys = {
  number_of_torrents: integer({ ...torrentCount, default: 10_000, doc: 'Torrents that peers are in.' }),
  peer_seeder_probability: number({
    ...seederShare,
    default: 0.25,
    doc: 'Share of the announces that are of seeders: nothing left.',
  }),
  weight_announce: integer({
    ...weight,
    default: 5,
    doc: 'How often peers announce themselves, in relation to the other weight. The flag --mix 5:1 sets both.',
  }),
  weight_scrape: integer({ ...weight, default: 0, doc: 'How often torrents are scraped.' }),
  scrape_max_torrents: integer({
    default: 5,
    min: 1,
    max: 74,
    unit: 'torrents',
    since,
    doc: 'Most info hashes of a scrape; each has a random number of them. aquatic 0.9 always asks for 5.',
  }),
  ...popularityKeys('gamma'),
}

export const httpNumwant = numwantKey('http', -1)
export const wsNumwant = numwantKey('ws', -1)

const anyCount = { min: 0, max: Number.MAX_SAFE_INTEGER }

/** Keys of the originals above the first section. */
export const olderStreamKeys = {
  num_workers: integer({
    default: 1,
    min: 1,
    max: 1024,
    doc: 'Key of aquatic 0.9: now workers. Not to be mixed with it.',
  }),
  connection_creation_interval_ms: integer({
    ...anyCount,
    default: 10,
    unit: 'milliseconds',
    doc: `Key of aquatic 0.9: pause of each worker between two connections; with 0 each has one connection only.`,
  }),
}

/** @param perWorker the original's key for connections of each worker */
export function olderConnectionsKey(defaultConnections: number) {
  return integer({
    default: defaultConnections,
    min: 1,
    max: connectionsMax,
    doc: `Key of aquatic 0.9: connections of each worker. network.connections is the number of all, so it is multiplied
      by num_workers beside it. Not to be mixed with network.connections.`,
  })
}

/**
 * The keys that the original's HTTP and WebTorrent load tests have under other names.
 * @param connectionsKey its name for the connections of each worker
 */
export function expandStreamKeys(layer: Layer, connectionsKey: string): Finding[] {
  const workers = Number(layer.get('num_workers')?.value ?? 1)
  const perWorker = layer.get(connectionsKey)
  const interval = layer.get('connection_creation_interval_ms')
  if (interval?.value === 0 && !layer.has('network.connections')) {
    // The original then opens a connection when the one before it has ended.
    layer.set(connectionsKey, { value: 1, origin: interval.origin })
  } else if (perWorker !== undefined && workers * Number(perWorker.value) > connectionsMax) {
    layer.set(connectionsKey, { value: Math.floor(connectionsMax / workers), origin: perWorker.origin })
  }
  return [
    ...expandRenamed(layer, connectionsKey, 'network.connections', value => Number(value) * workers),
    ...expandRenamed(layer, 'num_workers', 'workers'),
    ...expandPacing(layer),
  ]
}

/** Connections opened in a second by workers that pause so long between two. */
export function connectionRate(intervalMs: number, workers: number): number {
  return (1000 / intervalMs) * workers
}
