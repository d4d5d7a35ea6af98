// The UDP tracker's configuration: the one place where its keys are declared. Longer than other files: it is
// a table. Keys, meaning and defaults are those of aquatic 0.9 and of its development version, whose files
// load unchanged; keys of ours carry `since`. A new option is one entry here and nothing elsewhere.

import { expandReleasedAddress, releasedListening } from './released.js'
import { examineEndpoint, examineListening, examinePeerAge } from './rules.js'
import {
  boolean,
  type ConfigOf,
  type Finding,
  integer,
  oneOf,
  section,
  socketAddress,
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
  statistics,
  swarm,
  workers,
} from './sections.js'

/** What a socket buffer size can be in Linux, which doubles it in a signed 32-bit number. */
const largestSocketBufferBytes = 1_073_741_823
/** (65,507 bytes of a datagram - 20 bytes of answer header) / 18 bytes for each IPv6 peer. */
const largestResponsePeers = 3_638

const leaves = {
  socket_workers: integer({
    ...workers,
    doc: `Worker threads. Each has its own sockets and serves packets from beginning to end; all share one
      swarm. aquatic 0.9 has 1 here as its default.`,
  }),
  log_level: oneOf({
    default: 'warn',
    allowed: logLevels,
    doc: `What is logged to stderr while the tracker runs: "warn" adds what an operator should know (packets lost, memory
      limit reached) to errors. The lines at start and stop are not part of the log; --quiet leaves them out. aquatic
      0.9 has "error" here as its default.`,
  }),
}

const network = section({
  doc: 'Sockets and the engine that reads and writes them.',
  leaves: {
    engine: oneOf({
      default: 'auto',
      allowed: ['auto', 'native', 'node'],
      since: '0.1.0',
      doc: `"native" moves packets in batches with recvmmsg and sendmmsg (Linux, x64 and arm64); "node" uses
        node:dgram and runs everywhere; on a wildcard address it answers from the address that the system prefers, not always from
        the one asked. "auto" takes native where it can, and the line at start says which is
        active and why.`,
    }),
    ...families,
    address_ipv4: socketAddress({
      family: 'ipv4',
      default: '0.0.0.0:3000',
      doc: `${addressIpv4Doc}

        A busy tracker should keep its packets out of connection tracking:

        $ sudo iptables -t raw -A PREROUTING -p udp --dport 3000 -j NOTRACK

        $ sudo iptables -t raw -A OUTPUT -p udp --sport 3000 -j NOTRACK`,
    }),
    ...ipv6Listening,
    socket_recv_buffer_size: integer({
      default: 8_000_000,
      min: 1,
      max: largestSocketBufferBytes,
      unit: 'bytes',
      zeroMeans: 'leave it to the operating system',
      doc: `Receive buffer of each socket. Packets that arrive while it is full are lost. The operating system
        may grant less than is asked for; both figures are reported at start. To raise its limit:

        $ sudo sysctl -w net.core.rmem_max=8000000

        On FreeBSD and macOS:

        $ sudo sysctl kern.ipc.maxsockbuf=16777216`,
    }),
    socket_send_buffer_size: integer({
      default: 0,
      min: 1,
      max: largestSocketBufferBytes,
      unit: 'bytes',
      zeroMeans: 'leave it to the operating system',
      since: '0.1.0',
      doc: `Send buffer of each socket. Worth raising if the statistics show send errors. To raise the
        operating system's limit:

        $ sudo sysctl -w net.core.wmem_max=8000000`,
    }),
    batch_size: integer({
      default: 256,
      min: 1,
      max: 1024,
      unit: 'packets',
      since: '0.1.0',
      doc: `Packets that the native engine takes from and gives to the kernel with one system call. It never
        waits for a batch to fill; when it is full, its first packet waits for the last, some 0.4 ms.`,
    }),
    poll_timeout_ms: integer({
      default: 50,
      min: 0,
      max: 10_000,
      unit: 'milliseconds',
      doc: `How long a worker of the native engine sleeps at most when no packet arrives, and so how soon it
        notices that it is to stop. 0 never sleeps: it occupies one processor for each worker. More than 50 acts as
        50, so that a stop takes no longer.`,
    }),
  },
  legacy: {
    ...releasedListening,
    use_io_uring: boolean({
      // The original's default is true. Here false is what needs no notice, because it is what happens.
      default: false,
      doc: 'Key of aquatic built with its io-uring feature, where it is true if left out.',
      noEffect: 'packets are moved by recvmmsg and sendmmsg here; see network.engine.',
    }),
    ring_size: integer({
      default: 128,
      min: 1,
      max: 65_535,
      doc: 'Key of aquatic built with its io-uring feature.',
      noEffect: 'there is no ring; network.batch_size is the nearest relative.',
    }),
    resend_buffer_max_len: integer({
      default: 0,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      doc: 'Responses that aquatic keeps for a second attempt after a send error.',
      noEffect: 'the engine itself retries or counts failed sends; see network.socket_send_buffer_size.',
    }),
    set_reuseport_lb: boolean({
      default: true,
      doc: 'Key of aquatic built for FreeBSD: SO_REUSEPORT_LB instead of SO_REUSEPORT.',
      noEffect: 'the native engine runs on Linux, whose SO_REUSEPORT balances load by itself.',
    }),
  },
})

const protocol = section({
  doc: 'What clients are told.',
  leaves: {
    max_scrape_torrents: integer({
      default: 70,
      min: 1,
      max: 255,
      unit: 'torrents',
      doc: 'Torrents answered in one scrape; further ones are cut off. Clients ask for 74 at most (BEP 15).',
    }),
    max_response_peers: integer({
      default: 30,
      min: 1,
      max: largestResponsePeers,
      unit: 'peers',
      doc: `Peers in one announce response. A datagram of 1,232 bytes, which passes every network in one
        piece, holds 202 IPv4 or 67 IPv6 peers; larger ones travel in fragments and are lost more often.`,
    }),
    peer_announce_interval: integer({
      default: 900,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Time that clients are asked to let pass between announces.',
    }),
  },
})

const cleaning = section({
  doc: 'What is forgotten, and when.',
  leaves: {
    torrent_cleaning_interval: integer({
      default: 120,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Time between two removals of expired peers and empty torrents.',
    }),
    max_connection_age: integer({
      default: 120,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: `How long a client may use a connection id, the proof that it owns its address. Clients renew
        theirs after 60 seconds (BEP 15), so less than 60 makes them announce in vain.`,
    }),
    max_peer_age: integer({
      default: 1200,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      doc: 'Peers that have not announced for this long are removed. Keep it above peer_announce_interval.',
    }),
  },
})

const sections = {
  network,
  swarm,
  protocol,
  statistics,
  cleaning,
  privileges,
  access_list: accessList,
  scrape_exports: scrapeExportsTo('./udp-scrape-export.txt'),
}

/** The UDP tracker's table. */
export const udpTable: Table<typeof leaves, typeof sections> = {
  application: 'udp',
  title: 'aquatic UDP tracker configuration',
  doc: `Every key may be left out; the values below are then used.`,
  leaves,
  sections,
  expandLegacy: expandReleasedAddress,
  examine,
}

export type UdpConfig = ConfigOf<typeof udpTable>

/** Rules about several keys at once. */
function examine({ network, protocol, cleaning, statistics }: UdpConfig): Finding[] {
  return [
    ...examineEndpoint(statistics),
    ...examineListening(network),
    ...examinePeerAge(cleaning.maxPeerAge, protocol.peerAnnounceInterval),
  ]
}
