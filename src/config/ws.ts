// The WebTorrent tracker's configuration: the one place where its keys are declared. Longer than other files: it is
// a table. Keys and meaning are those of aquatic 0.9 and of its development version, whose files load unchanged;
// keys of ours carry `since`, and where a default is not theirs, its text says so. Rules are in ws-rules.ts.

import { expandMetrics, metricsOfWs } from './older-metrics.js'
import { expandReleasedAddress, releasedCleaning, releasedListening, releasedWorkers } from './released.js'
import {
  boolean,
  type ConfigOf,
  integer,
  oneOf,
  path,
  section,
  socketAddress,
  string,
  type Table,
} from './schema.js'
import {
  accessList,
  addressIpv4Doc,
  daySeconds,
  families,
  ipv6Listening,
  logLevels,
  privileges,
  sinceFirstRelease,
  statistics,
  swarm,
  workers,
} from './sections.js'
import { connectionLimits, proxies, streamEngine, tcpBacklog, tls, unixSocket } from './streams.js'
import { defaultMaxFrameBytes, examineWs } from './ws-rules.js'

const since = '0.1.0'
const kibibyte = 1024
const mebibyte = 1024 ** 2

const leaves = {
  socket_workers: integer({
    ...workers,
    doc: `Worker threads. Each has its own sockets and serves connections from beginning to end; all share one swarm,
      and messages for a connection of another worker go there through shared memory. aquatic 0.9 has 1 here as its
      default.`,
  }),
  log_level: oneOf({
    default: 'warn',
    allowed: logLevels,
    doc: `What is logged to stderr while the tracker runs: "warn" adds what an operator should know (a limit reached, a
      certificate that could not be renewed) to errors. The lines at start and stop are not part of the log; --quiet
      leaves them out.`,
  }),
}

const messages = {
  websocket_max_message_size: integer({
    default: 64 * kibibyte,
    min: kibibyte,
    max: 2 * mebibyte,
    unit: 'bytes',
    doc: `The most bytes of a message from a client; longer ones close the connection (code 1009). An announce with 10
      offers has some 20,000.`,
  }),
  websocket_max_frame_size: integer({
    default: defaultMaxFrameBytes,
    min: kibibyte,
    max: 2 * mebibyte,
    unit: 'bytes',
    doc: `The most bytes of one frame of a message, which most clients send in one. More than
      websocket_max_message_size acts as that. aquatic 0.9 has 16,384 here as its default, which long offers exceed.`,
  }),
  websocket_max_backlog_bytes: integer({
    default: 256 * kibibyte,
    min: 4 * kibibyte,
    max: 64 * mebibyte,
    unit: 'bytes',
    since,
    doc: `The most bytes that wait in the tracker for a client that reads more slowly than others send to it. More close
      its connection (code 1013), and this is counted.`,
  }),
  relay_inbox_bytes: integer({
    default: 16 * mebibyte,
    min: 64 * kibibyte,
    max: 1024 * mebibyte,
    unit: 'bytes',
    since,
    doc: `Room for messages from other workers in each worker. When it is full, the oldest of them is dropped, and
      counted. A thousand clients that announce ten offers each at the same moment send 12 MB. Only bursts use the memory.`,
  }),
}

const pages = {
  allowed_origins: string({
    default: '',
    emptyMeans: 'all',
    since,
    doc: `Origins of web pages that may use the tracker, with commas between them, such as "https://example.org,
      http://localhost:8080". Others are answered with 403, and counted; so are programs outside of browsers, which send
      no origin. It keeps other sites from using the tracker, and nobody who wants to be let in.`,
  }),
  denied_origins: string({
    default: '',
    emptyMeans: 'none',
    since,
    doc: 'Origins of web pages that may not use the tracker, in the same way. Programs that send none are let in.',
  }),
  redirect: string({
    default: '',
    emptyMeans: 'a short page that says what this is',
    since,
    doc: 'URL to which browsers are sent that open the address of the tracker as a page ("/").',
  }),
  enable_http_health_checks: boolean({
    default: true,
    doc: `Answer GET /health with status 200, also over TLS. aquatic 0.9 has false here as its default, and refuses it
      together with TLS.`,
  }),
}

/** aquatic has one address for both families, and leaves the addresses behind a reverse proxy alone. */
const listening = sinceFirstRelease({
  doc: '',
  leaves: {
    ...families,
    address_ipv4: socketAddress({ family: 'ipv4', default: '0.0.0.0:3000', doc: addressIpv4Doc }),
    ...ipv6Listening,
  },
})
const proxiesOfOurs = sinceFirstRelease({ doc: '', leaves: proxies })

const network = section({
  doc: 'Sockets, TLS, reverse proxies, sizes of messages, and the engine that reads and writes.',
  leaves: {
    engine: streamEngine,
    ...listening.leaves,
    ...unixSocket,
    tcp_backlog: tcpBacklog,
    ...tls,
    tls_certificate_path: path({
      default: '',
      emptyMeans: 'none',
      doc: `PEM file with the certificate and those that lead to its issuer. Read at start and again at SIGHUP or SIGUSR1;
        a file that can't be used keeps the old one. Connections that are open go on for
        close_after_tls_update_grace_period.`,
    }),
    ...messages,
    ...connectionLimits,
    ...proxiesOfOurs.leaves,
    ...pages,
  },
  legacy: {
    ...releasedListening,
    websocket_write_buffer_size: integer({
      default: 8 * kibibyte,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'bytes',
      doc: 'Key of aquatic 0.9: bytes that are collected before they are sent.',
      noEffect:
        'messages are sent at once; network.websocket_max_backlog_bytes limits what waits for a slow client.',
    }),
  },
})

const protocol = section({
  doc: 'What clients are told, and how much of what they say is passed on.',
  leaves: {
    max_scrape_torrents: integer({
      default: 255,
      min: 1,
      max: 10_000,
      unit: 'torrents',
      doc: 'Torrents answered in one scrape; further ones are left out.',
    }),
    max_offers: integer({
      default: 10,
      min: 0,
      max: 1000,
      unit: 'offers',
      doc: 'Offers of one announce that are passed on, each to another peer; further ones are left out.',
    }),
    max_offer_bytes: integer({
      default: 16 * kibibyte,
      min: 256,
      max: 2 * mebibyte,
      unit: 'bytes',
      since,
      doc: 'The most bytes of an offer or an answer as JSON. A longer one is not passed on, and counted.',
    }),
    peer_announce_interval: integer({
      default: 120,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Time that clients are asked to let pass between announces.',
    }),
    max_torrents_per_connection: integer({
      default: 1000,
      min: 1,
      max: 1_000_000,
      unit: 'torrents',
      since,
      doc: `Torrents that one connection may announce without stopping them, counted for each of its peer ids. Those
        that were forgotten after \`cleaning.max_peer_age\` count until the connection ends. Announces of further ones are
        answered with an error.`,
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
      doc: `Time between two removals of expired peers and empty torrents. Peers whose connection ends are removed at
        once.`,
    }),
    max_peer_age: integer({
      default: 180,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Peers that have not announced for this long are removed. Keep it above peer_announce_interval.',
    }),
    max_offer_age: integer({
      default: 120,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Time for a peer to answer an offer; an answer that comes later is refused.',
    }),
    max_connection_idle: integer({
      default: 180,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: `Connections without an announce or scrape for this long are closed. Keep it above peer_announce_interval.
        Pings do not count.`,
    }),
    ping_interval: integer({
      default: 50,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      zeroMeans: 'no pings',
      since,
      doc: `Time between two pings to a client, so that routers and reverse proxies do not take its connection for dead:
        many close it after 60 seconds of silence.`,
    }),
    max_request_seconds: integer({
      default: 10,
      min: 1,
      max: 3600,
      unit: 'seconds',
      since,
      doc: `Time for the request that opens a WebSocket to arrive as a whole, and for a TLS handshake. Slower connections
        are closed.`,
    }),
    max_write_seconds: integer({
      default: 30,
      min: 1,
      max: 3600,
      unit: 'seconds',
      since,
      doc: `Time for a client to take some of what waits for it. Slower connections are closed. aquatic 0.9 waits for 10
        seconds.`,
    }),
    close_after_tls_update_grace_period: integer({
      default: 216_000,
      min: 0,
      max: 2_000_000,
      unit: 'seconds',
      doc: `After a new certificate was read, connections with the old one are closed when this has passed. The default
        is 60 hours.`,
    }),
  },
  legacy: releasedCleaning(30),
})

const sections = {
  network,
  swarm,
  protocol,
  statistics: sinceFirstRelease(statistics),
  cleaning,
  privileges,
  access_list: accessList,
}

/** The WebTorrent tracker's table. */
export const wsTable: Table<typeof leaves, typeof sections> = {
  application: 'ws',
  title: 'aquatic WebTorrent tracker configuration',
  doc: 'Every key may be left out; the values below are then used.',
  leaves,
  legacy: releasedWorkers,
  sections,
  legacySections: { metrics: metricsOfWs },
  expandLegacy: layer => [...expandReleasedAddress(layer), ...expandMetrics(layer)],
  examine: examineWs,
}

export type WsConfig = ConfigOf<typeof wsTable>
