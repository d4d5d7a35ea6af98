// A snapshot with a different figure nearly everywhere.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addTraffic, type TrackerSnapshot, type TrafficCounts } from '../../src/metrics/snapshot.js'
import { schemaProblems } from '../support/json-schema.js'
import { packageRoot } from '../support/tracker-process.js'

const traffic = (first: number, overheadBytes: number): TrafficCounts => ({
  requests: { connect: first, announce: first + 1, scrape: first + 2 },
  responses: { connect: first, announce: first + 1, scrape: first + 2, error: first + 3 },
  packetsReceived: 3 * first + 10,
  packetsSent: 4 * first + 6,
  bytesReceived: first * 100,
  bytesSent: first * 200,
  linkBytesReceived: first * 100 + (3 * first + 10) * overheadBytes,
  linkBytesSent: first * 200 + (4 * first + 6) * overheadBytes,
  downloads: first + 5,
})

const percentiles = { p10: 1, p20: 2, p30: 3, p40: 4, p50: 5, p60: 6, p70: 7, p80: 8, p90: 9 }

/** @param first what the counters count up from: a later snapshot has a higher one */
export function sampleSnapshot(first: number, uptimeSeconds: number): TrackerSnapshot {
  const families = { ipv4: traffic(first, 54), ipv6: traffic(first + 1000, 74) }
  const drops = { tooShort: first, invalidConnectionId: 3 }
  const errors = { refusedByAccessList: 0, sendsSkipped: 7 }
  return {
    protocol: 'udp',
    version: '1.2.3',
    time: '2026-01-05T12:00:00.000Z',
    uptimeSeconds,
    intervalSeconds: 5,
    families: {
      ipv4: {
        isServed: true,
        ...addTraffic([families.ipv4]),
        torrents: 1_234_567,
        peers: 20_000,
        seeders: 15_000,
        leechers: 5_000,
        peersPerTorrent: { torrents: 77, min: 1, ...percentiles, p95: 95, p99: 99, p999: 999, max: 12_345 },
      },
      ipv6: {
        isServed: true,
        ...addTraffic([families.ipv6]),
        torrents: 3,
        peers: 4,
        seeders: 1,
        leechers: 3,
        peersPerTorrent: null,
      },
    },
    workers: [{ name: 'socket-01', families, drops, errors, connections: null, batches: 11 }],
    drops,
    errors,
    kernelDrops: 17,
    swarm: {
      torrents: 1_234_570,
      usedBytes: 2 ** 20,
      touchedBytes: 3 * 2 ** 20,
      limitBytes: 2 ** 30,
      refusedTorrents: 0,
      refusedPeers: 0,
    },
    process: {
      rssBytes: 80 * 2 ** 20,
      cpuUserSeconds: 1.25,
      cpuSystemSeconds: 2.5,
      heapUsedBytes: 5e6,
      heapTotalBytes: 6e6,
    },
    cleaning: { intervalSeconds: 120, rounds: 2, lastDurationMs: 12.34, lastSteps: 9, longestStepMs: 1.26 },
    scrapeExports: { written: 21, failed: 2 },
    accessList: { mode: 'off', entries: 1_000 },
    peerClients: {
      peers: 5,
      clients: [
        { client: 'QBitTorrent 4.5.2', count: 4 },
        { client: 'Other (<b>)', count: 1 },
      ],
      prefixes: [{ prefixHex: '2d7142343532302d', count: 4 }],
      replaced: 0,
    },
    outputFailures: 0,
    rates: null,
  }
}

const readSchema = (): { $defs: { tracker: object } } =>
  JSON.parse(readFileSync(join(packageRoot, 'schemas/tracker-snapshot.json'), 'utf8'))

/** What of one tracker's snapshot schemas/tracker-snapshot.json does not allow. */
export function snapshotProblems(snapshot: unknown): string[] {
  const { $defs } = readSchema()
  return schemaProblems({ ...$defs.tracker, $defs }, snapshot)
}

/** The same of a whole document, of one tracker or several. */
export function documentProblems(document: unknown): string[] {
  return schemaProblems({ ...readSchema() }, document)
}
