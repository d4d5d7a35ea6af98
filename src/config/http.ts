// The HTTP tracker's configuration: the one place where its keys are declared. Longer than other files: it is
// a table. Keys and meaning are those of aquatic 0.9 and of its development version, whose files load unchanged;
// keys of ours carry `since`, and where a default is not theirs, its text says so. Rules are in http-rules.ts.

import { expandMetrics, metricsOfOlderFiles } from './http-metrics.js'
import { defaultMinInterval, examineHttp } from './http-rules.js'
import { expandReleasedAddress, releasedListening } from './released.js'
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
  scrapeExportsTo,
  sinceFirstRelease,
  statistics,
  swarm,
  workers,
} from './sections.js'

const since = '0.1.0'
/** A million connections want a million descriptors, which is what Linux allows a process by default (fs.nr_open). */
const mostConnections = 1_000_000

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

const unixSocket = {
  unix_socket_path: path({
    default: '',
    emptyMeans: 'none',
    since,
    doc: `Path of a Unix socket to listen on too, for a reverse proxy on the same machine; with use_ipv4 = false and
      use_ipv6 = false it is the only way in. Clients on it have no address of their own, so it needs
      runs_behind_reverse_proxy or proxy_protocol. TLS is not spoken on it.`,
  }),
  unix_socket_mode: oneOf({
    default: '0660',
    allowed: ['0600', '0660', '0666'],
    since,
    doc: `Who may connect to the Unix socket: its owner ("0600"), its group too ("0660"), or everybody who reaches its
      directory ("0666").`,
  }),
}

const tls = {
  enable_tls: boolean({
    default: false,
    doc: 'Speak TLS (https) on the IPv4 and IPv6 sockets. Needs tls_certificate_path and tls_private_key_path.',
  }),
  tls_certificate_path: path({
    default: '',
    emptyMeans: 'none',
    doc: `PEM file with the certificate and those that lead to its issuer. Read at start and again at SIGHUP or SIGUSR1;
      a file that can't be used keeps the old one, and connections that are open go on.`,
  }),
  tls_private_key_path: path({
    default: '',
    emptyMeans: 'none',
    doc: 'PEM file with the private key of the certificate: PKCS #8, PKCS #1 or SEC 1, RSA or EC.',
  }),
  tls_private_key_passphrase_path: path({
    default: '',
    emptyMeans: 'the key is not encrypted',
    since,
    doc: `File with the passphrase of an encrypted key, in its first line. Let only the tracker's user read it.`,
  }),
}

const connections = {
  keep_alive: boolean({
    default: true,
    doc: `Keep connections open for further requests of the same client. false closes them after a response, and is
      better where clients come once in many minutes and few are wanted at the same time.`,
  }),
  max_connections: integer({
    default: 0,
    min: 1,
    max: mostConnections,
    unit: 'connections',
    zeroMeans: 'as many as the limit of open files leaves, at most 65,536',
    since,
    doc: `Connections open at the same time, in all workers together, each of which has its part of them. Further ones
      wait in the queue of tcp_backlog (native engine) or are closed at once, which is counted, and said. Each needs
      one open file: raise that limit with LimitNOFILE= in the service's unit, or:

      $ ulimit -n 100000`,
  }),
  max_connections_per_address: integer({
    default: 0,
    min: 1,
    max: mostConnections,
    unit: 'connections',
    zeroMeans: 'no limit',
    since,
    doc: `Connections open at the same time from one address; further ones are closed at once, and counted. Many clients
      may share the address of one router or carrier. Behind a proxy all have its address: leave this at 0 there.`,
  }),
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

const proxies = {
  runs_behind_reverse_proxy: boolean({
    default: false,
    doc: `Take the client's address from a header that a reverse proxy sets. A request whose header is missing or has no
      address is answered with an error. Whoever reaches the tracker past the proxy can pretend to have any address:
      let only the proxy reach it, or set trusted_proxies.`,
  }),
  reverse_proxy_ip_header_name: string({
    default: 'X-Forwarded-For',
    doc: 'Name of that header, in any case.',
  }),
  reverse_proxy_ip_header_format: oneOf({
    default: 'last_address',
    allowed: ['last_address', 'hops', 'forwarded'],
    doc: `How that header is read. "last_address": the last one of addresses with commas between them, which is what one
      proxy appended (X-Forwarded-For), or the only one (X-Real-IP). "hops": the same, counted from the right by
      reverse_proxy_hops. "forwarded": elements of RFC 7239, counted in the same way; the header's name is then
      Forwarded. aquatic 0.9 has only "last_address".`,
  }),
  reverse_proxy_hops: integer({
    default: 1,
    min: 1,
    max: 16,
    unit: 'proxies',
    since,
    doc: `How many proxies of yours a request passes, each of which appends an address to the header: the client's is
      that many from the right. Does not count where trusted_proxies is given.`,
  }),
  trusted_proxies: string({
    default: '',
    emptyMeans: 'every connection may be from the proxy',
    since,
    doc: `Addresses and networks of your proxies with commas between them, such as "192.0.2.7, 10.0.0.0/8,
      2001:db8::/32". Only connections from these, and those of the Unix socket, may tell the client's address; others
      count with their own. The client's address is then the first one from the right of the header that is not one of
      these. With proxy_protocol, connections from elsewhere are closed.`,
  }),
  proxy_protocol: oneOf({
    default: 'off',
    allowed: ['off', 'required'],
    since,
    doc: `"required": every connection begins with a PROXY protocol header (version 1 or 2) that tells the client's
      address, as HAProxy (send-proxy-v2) and nginx (proxy_protocol on, of its stream module) send it; those without one are closed. Not to be
      mixed with runs_behind_reverse_proxy.`,
  }),
}

const network = section({
  doc: 'Sockets, TLS, reverse proxies, and the engine that reads and writes.',
  leaves: {
    engine: oneOf({
      default: 'auto',
      allowed: ['auto', 'native', 'node'],
      since,
      doc: `"native" serves connections with epoll, and TLS with the OpenSSL inside node (Linux, x64 and arm64); "node"
        uses node:net and node:tls, and runs everywhere. "auto" takes native where it can, and the line at start says
        which is active and why.`,
    }),
    ...families,
    address_ipv4: socketAddress({ family: 'ipv4', default: '0.0.0.0:3000', doc: addressIpv4Doc }),
    ...ipv6Listening,
    ...unixSocket,
    tcp_backlog: integer({
      default: 1024,
      min: 1,
      max: 65_535,
      unit: 'connections',
      doc: `Connections of each socket that wait to be accepted. More are refused or time out. The operating system may
        grant less; to raise its limit:

        $ sudo sysctl -w net.core.somaxconn=4096`,
    }),
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
      doc: `Whether a scrape without info hashes is answered with all torrents, some 90 bytes for each, or with an error.
        scrape_exports writes the same to a file at less cost.`,
    }),
    full_scrape_interval: integer({
      default: 300,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      since,
      doc: 'Time that an address must let pass between two full scrapes; earlier ones are answered with an error.',
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
  legacy: {
    connection_cleaning_interval: integer({
      default: 60,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'seconds',
      doc: 'Key of aquatic 0.9: time between two searches for idle connections.',
      noEffect: 'time limits of connections are looked at every second.',
    }),
  },
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
  legacy: {
    swarm_workers: integer({
      default: 1,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      doc: 'Key of aquatic 0.9: threads that keep the torrents.',
      noEffect: 'all workers share one swarm; see socket_workers.',
    }),
  },
  sections,
  legacySections: { metrics: metricsOfOlderFiles },
  expandLegacy: layer => [...expandReleasedAddress(layer), ...expandMetrics(layer)],
  examine: examineHttp,
}

export type HttpConfig = ConfigOf<typeof httpTable>
