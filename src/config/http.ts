// The HTTP tracker's configuration: the one place where its keys are declared. Longer than other files: it is
// a table. Keys and meaning are those of aquatic 0.9 and of its development version, whose files load unchanged;
// keys of ours carry `since`, and where a default is not theirs, its text says so. Rules are in http-rules.ts.

import { defaultMinInterval, examineHttp } from './http-rules.js'
import { expandMetrics, metricsOfHttp } from './older-metrics.js'
import { expandReleasedAddress, releasedCleaning, releasedListening, releasedWorkers } from './released.js'
import { boolean, type ConfigOf, integer, oneOf, section, socketAddress, type Table } from './schema.js'
import {
  accessList,
  addressIpv4Doc,
  daySeconds,
  families,
  ipv6Listening,
  logLevels,
  privileges,
  scrapeExportsTo,
  sinceFirstRelease,
  statistics,
  swarm,
  workers,
} from './sections.js'
import { connectionLimits, proxies, streamEngine, tcpBacklog, tls, unixSocket } from './streams.js'

const since = '0.1.0'

const leaves = {
  socket_workers: integer({
    ...workers,
    doc: `Worker threads. Each has its own sockets and serves connections from beginning to end; all share one swarm.
      aquatic 0.9 has 1 here as its default.`,
  }),
  log_level: oneOf({
    default: 'warn',
    allowed: logLevels,
    doc: `What is logged to stderr while the tracker runs: "warn" adds what an operator should know (a limit reached, a
      certificate that could not be renewed) to errors. The lines at start and stop are not part of the log; --quiet
      leaves them out.`,
  }),
}

const connections = {
  keep_alive: boolean({
    default: true,
    doc: `Keep connections open for further requests of the same client. false closes them after a response, and is
      better where clients come once in many minutes and few are wanted at the same time.`,
  }),
  ...connectionLimits,
  max_request_bytes: integer({
    default: 16_384,
    min: 2048,
    max: 65_536,
    unit: 'bytes',
    since,
    doc: `The most bytes of a request: its first line and headers. Longer ones are answered with an error. A scrape of
      100 info hashes has some 7,000. aquatic 0.9 takes 2,048.`,
  }),
}

const network = section({
  doc: 'Sockets, TLS, reverse proxies, and the engine that reads and writes.',
  leaves: {
    engine: streamEngine,
    ...families,
    address_ipv4: socketAddress({ family: 'ipv4', default: '0.0.0.0:3000', doc: addressIpv4Doc }),
    ...ipv6Listening,
    ...unixSocket,
    tcp_backlog: tcpBacklog,
    ...tls,
    ...connections,
    ...proxies,
  },
  legacy: releasedListening,
})

const protocol = section({
  doc: 'What clients are told.',
  leaves: {
    max_scrape_torrents: integer({
      default: 100,
      min: 1,
      max: 10_000,
      unit: 'torrents',
      doc: 'Torrents answered in one scrape; further ones are left out.',
    }),
    max_peers: integer({
      default: 50,
      min: 1,
      max: 5000,
      unit: 'peers',
      doc: 'Peers in one announce response, and how many a client gets that does not say how many it wants.',
    }),
    peer_announce_interval: integer({
      default: 900,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: `Time that clients are asked to let pass between announces. aquatic 0.9 has 120 here as its default; lists of
        public trackers such as newTrackon refuse trackers below 300.`,
    }),
    min_announce_interval: integer({
      default: defaultMinInterval,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      zeroMeans: 'not said',
      since,
      doc: `Time that clients must let pass between announces, also when their user presses a button ("min interval").
        More than peer_announce_interval acts as that.`,
    }),
    full_scrape: oneOf({
      default: 'off',
      allowed: ['off', 'on'],
      since,
      doc: `Whether a scrape without info hashes is answered with all torrents, some 80 bytes for each (a third of that
        where the client accepts gzip), or with an error. It is streamed in constant memory, four at a time in each
        worker, in no order of the hashes. scrape_exports writes the same to a file at less cost.`,
    }),
    full_scrape_interval: integer({
      default: 300,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      since,
      doc: `Time that an address (IPv6: a network of 64 bits) must let pass between two full scrapes, all workers
        together; earlier ones are answered with an error that says when to try again.`,
    }),
  },
})

const cleaning = section({
  doc: 'What is forgotten and closed, and when.',
  leaves: {
    torrent_cleaning_interval: integer({
      default: 30,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Time between two removals of expired peers and empty torrents.',
    }),
    max_peer_age: integer({
      default: 1800,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Peers that have not announced for this long are removed. Keep it above peer_announce_interval.',
    }),
    max_connection_idle: integer({
      default: 180,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Connections without a request for this long are closed.',
    }),
    max_request_seconds: integer({
      default: 10,
      min: 1,
      max: 3600,
      unit: 'seconds',
      since,
      doc: `Time for a request to arrive as a whole, from its first byte, and for a TLS handshake. Slower connections are
        closed.`,
    }),
    max_write_seconds: integer({
      default: 30,
      min: 1,
      max: 3600,
      unit: 'seconds',
      since,
      doc: 'Time for a client to take a response. Slower connections are closed.',
    }),
  },
  legacy: releasedCleaning(60),
})

const sections = {
  network,
  swarm,
  protocol,
  statistics: sinceFirstRelease(statistics),
  cleaning,
  privileges,
  access_list: accessList,
  scrape_exports: sinceFirstRelease(scrapeExportsTo('./http-scrape-export.txt')),
}

/** The HTTP tracker's table. */
export const httpTable: Table<typeof leaves, typeof sections> = {
  application: 'http',
  title: 'aquatic HTTP tracker configuration',
  doc: 'Every key may be left out; the values below are then used.',
  leaves,
  legacy: releasedWorkers,
  sections,
  legacySections: { metrics: metricsOfHttp },
  expandLegacy: layer => [...expandReleasedAddress(layer), ...expandMetrics(layer)],
  examine: examineHttp,
}

export type HttpConfig = ConfigOf<typeof httpTable>
