// The UDP tracker's configuration: the one place where its keys are declared. Longer than other files: it is
// a table. Keys, meaning and defaults are those of aquatic 0.9 and of its development version, whose files
// load unchanged; keys of ours carry `since`. A new option is one entry here and nothing elsewhere.

import { familyOf, isWildcard, type SocketAddress } from '../protocol/socket-address.js'
import {
  boolean,
  type ConfigOf,
  type Finding,
  integer,
  type Layer,
  oneOf,
  path,
  type Section,
  type Setting,
  socketAddress,
  string,
  type Table,
  type Value,
} from './schema.js'

const section = <const S extends Section>(parts: S): S => parts

const daySeconds = 86_400
const gibibyte = 1024 ** 3
/** What a socket buffer size can be in Linux, which doubles it in a signed 32-bit number. */
const largestSocketBufferBytes = 1_073_741_823
/** (65,507 bytes of a datagram - 20 bytes of answer header) / 18 bytes for each IPv6 peer. */
const largestResponsePeers = 3_638

const leaves = {
  socket_workers: integer({
    default: 0,
    min: 1,
    max: 1024,
    zeroMeans: 'one for each processor this process may use',
    doc: `Worker threads. Each has its own sockets and serves packets from beginning to end; all share one
      swarm. aquatic 0.9 has 1 here as its default.`,
  }),
  log_level: oneOf({
    default: 'warn',
    allowed: ['off', 'error', 'warn', 'info', 'debug', 'trace'],
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
    use_ipv4: boolean({ default: true, doc: 'Open an IPv4 socket in each worker.' }),
    use_ipv6: boolean({ default: true, doc: 'Open an IPv6 socket in each worker.' }),
    address_ipv4: socketAddress({
      family: 'ipv4',
      default: '0.0.0.0:3000',
      doc: `IPv4 address and port to listen on. Port 0 takes a free one, the same for all workers.

        A busy tracker should keep its packets out of connection tracking:

        $ sudo iptables -t raw -A PREROUTING -p udp --dport 3000 -j NOTRACK

        $ sudo iptables -t raw -A OUTPUT -p udp --sport 3000 -j NOTRACK`,
    }),
    address_ipv6: socketAddress({
      family: 'ipv6',
      default: '[::]:3000',
      doc: 'IPv6 address and port to listen on. Port 0 takes a free one, the same for all workers.',
    }),
    set_only_ipv6: boolean({
      default: true,
      doc: `Keep IPv4 packets away from the IPv6 socket (IPV6_V6ONLY). If false, set use_ipv4 = false or use
        two different ports: the IPv6 socket then serves IPv4 clients too, who are listed as IPv4 peers.`,
    }),
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
      default: 128,
      min: 1,
      max: 1024,
      unit: 'packets',
      since: '0.1.0',
      doc: `Packets that the native engine takes from and gives to the kernel with one system call. It never
        waits for a batch to fill.`,
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
    address: socketAddress({
      family: 'any',
      default: '0.0.0.0:3000',
      doc: `Key of aquatic 0.9, which had one address. An IPv4 address stands for use_ipv6 = false and
        address_ipv4, an IPv6 address for use_ipv4 = false and address_ipv6. Not to be mixed with these.`,
    }),
    only_ipv6: boolean({
      default: false,
      doc: 'Key of aquatic 0.9, beside address: now set_only_ipv6.',
    }),
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

const swarm = section({
  doc: 'Torrents and peers in memory.',
  leaves: {
    memory_limit: integer({
      default: 0,
      min: 1024 ** 2,
      max: 8 * gibibyte,
      unit: 'bytes',
      zeroMeans: 'three quarters of the memory this process may use, at most 8 GiB',
      since: '0.1.0',
      doc: `The most memory that torrents and peers may take. It is reserved at start and costs memory only
        as it fills: about 33 bytes for each IPv4 peer at 4 peers per torrent. When it is full, new torrents
        and peers are refused, counted and logged; known ones are served on.`,
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

const statistics = section({
  doc: 'Figures about requests, torrents and peers. What each means: docs/statistics.md.',
  leaves: {
    interval: integer({
      default: 5,
      min: 1,
      max: daySeconds,
      unit: 'seconds',
      zeroMeans: 'no statistics, and no Prometheus endpoint',
      doc: 'Time between two collections. Counts are those of the moment, also between two cleanings.',
    }),
    torrent_peer_histograms: boolean({
      default: false,
      doc: 'Collect percentiles of the number of peers per torrent, at each cleaning.',
    }),
    peer_clients: boolean({
      default: false,
      doc: `Count BitTorrent clients by name and version, as their peer ids tell. Costs processor time at each
        announce, and memory; see peer_clients_max.`,
    }),
    peer_clients_max: integer({
      default: 1_000_000,
      min: 1000,
      max: 20_000_000,
      unit: 'peer ids',
      since: '0.1.0',
      doc: `Peer ids for which peer_clients makes room, 50 to 100 bytes each. If there are more, the oldest
        are forgotten early, and how many is counted.`,
    }),
    print_to_stdout: boolean({
      default: false,
      doc: `Print statistics at each interval. The name is that of the original; they go to stderr as lines,
        or to stdout as one JSON object with --json.`,
    }),
    write_html_to_file: boolean({
      default: false,
      doc: 'Write statistics to an HTML file at each interval.',
    }),
    html_file_path: path({
      default: 'tmp/statistics.html',
      doc: `Path of that file. It is written beside its place, with the extension tmp added, and then moved
        there: a reader never sees half a page.`,
    }),
    write_json_to_file: boolean({
      default: false,
      since: '0.1.0',
      doc: 'Write statistics to a JSON file at each interval; schemas/tracker-snapshot.json describes it.',
    }),
    json_file_path: path({
      default: 'tmp/statistics.json',
      since: '0.1.0',
      doc: 'Path of that file, written in the same way.',
    }),
    run_prometheus_endpoint: boolean({
      default: false,
      doc: `Serve statistics to Prometheus over HTTP, at /metrics and every other path but /health, which answers
        OK. docs/monitoring.md lists the metrics and has a dashboard. Needs interval to be other than 0.`,
    }),
    prometheus_endpoint_address: socketAddress({
      family: 'any',
      default: '0.0.0.0:9000',
      doc: `Address and port of the Prometheus endpoint. Port 0 takes a free one. There is no password: let only
        those reach it who may know the figures.`,
    }),
    prometheus_peer_id_prefixes: boolean({
      default: false,
      doc: `Export how many peers share each 8-byte beginning of a peer id, for the 1,000 most frequent ones.
        Needs peer_clients = true.`,
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

const privileges = section({
  doc: 'Giving up the rights of root after all sockets are bound. A service manager can do it as well or better.',
  leaves: {
    drop_privileges: boolean({
      default: false,
      doc: `Change root directory, group and user after all sockets are bound and before a packet is read. Only for
        a tracker that is started as root. A worker that fails is not started again after the change of the root
        directory: the process ends. To use a port below 1024 without root, run:

        $ sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80`,
    }),
    chroot_path: path({
      default: '.',
      doc: `The new root directory. "/" keeps the one there is, the only choice on the node engine. Paths that are
        read later, such as the access list's at a reload, are sought below it.`,
    }),
    group: string({
      default: 'nogroup',
      doc: 'Name or number of the group to change to, the only one left.',
    }),
    user: string({ default: 'nobody', doc: 'Name or number of the user to change to.' }),
  },
})

const accessList = section({
  doc: 'Which torrents are served.',
  leaves: {
    mode: oneOf({
      default: 'off',
      allowed: ['allow', 'deny', 'off'],
      doc: `"allow" serves only torrents on the list, "deny" all but those, "off" every torrent. Announces of others are
        answered with an error, scrapes with zeros.`,
    }),
    path: path({
      default: './access-list.txt',
      doc: `File of info hashes, one in a line, as 40 hexadecimal digits; # begins a comment. Read at start and again at
        SIGHUP or SIGUSR1 (after a change of the root directory below the new one). Replace it by renaming another
        file to its name.`,
    }),
  },
})

const scrapeExports = section({
  doc: 'A file with the counts of all torrents, a line for each. docs/statistics.md has its format.',
  leaves: {
    enable_scrape_exports: boolean({
      default: false,
      doc: `Write such a file while cleaning, some 45 bytes for a torrent. It takes 4 MiB of memory, however many
        torrents there are.`,
    }),
    frequency: integer({
      default: 10,
      min: 1,
      max: 1_000_000,
      unit: 'cleanings',
      zeroMeans: 'as 1',
      doc: 'Export at every so many cleanings. The first one always exports.',
    }),
    path: path({
      default: './udp-scrape-export.txt',
      doc: `Path of the file, in a directory that exists and that the tracker may write to. It is written beside its
        place, with the extension tmp, and then renamed: readers see a whole file, old or new.`,
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
  scrape_exports: scrapeExports,
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

/**
 * What aquatic 0.9 did with its one socket, in today's keys. Mixing both generations has no clear meaning.
 */
function expandReleasedAddress(layer: Layer): Finding[] {
  const address = layer.get('network.address')
  const onlyIpv6 = layer.get('network.only_ipv6')
  const released = address ?? onlyIpv6
  if (released === undefined) return []
  const todays = ['use_ipv4', 'use_ipv6', 'address_ipv4', 'address_ipv6', 'set_only_ipv6']
  const mixed = todays.map(key => `network.${key}`).filter(key => layer.has(key))
  if (mixed.length > 0) {
    const key = address === undefined ? 'network.only_ipv6' : 'network.address'
    const generations = `${key} is a key of aquatic 0.9 and must not be mixed with ${mixed.join(', ')}`
    const text = `${generations}. Remove ${key}.`
    return [{ severity: 'problem', keys: [key], text }]
  }
  layer.delete('network.address')
  layer.delete('network.only_ipv6')
  const value = (address?.value ?? { address: '0.0.0.0', port: 3000 }) as SocketAddress
  const family = familyOf(value)
  const set = (key: string, to: Value, from: Setting): unknown =>
    layer.set(`network.${key}`, { value: to, origin: from.origin })
  set('use_ipv4', family === 'ipv4', released)
  set('use_ipv6', family === 'ipv6', released)
  set(`address_${family}`, value, released)
  if (family === 'ipv6') set('set_only_ipv6', onlyIpv6?.value ?? false, onlyIpv6 ?? released)
  return []
}

/** Rules about several keys at once. */
function examine({ network, protocol, cleaning, statistics }: UdpConfig): Finding[] {
  const findings: Finding[] = [...examineEndpoint(statistics)]
  const { useIpv4, useIpv6, addressIpv4, addressIpv6, setOnlyIpv6 } = network
  if (!useIpv4 && !useIpv6) {
    findings.push({
      severity: 'problem',
      keys: ['network.use_ipv6', 'network.use_ipv4'],
      text:
        'network.use_ipv4 and network.use_ipv6 are both false, so nobody could reach the tracker. ' +
        'Set one to true.',
    })
  }
  const dualStack = useIpv6 && !setOnlyIpv6 && isWildcard(addressIpv6)
  if (useIpv4 && dualStack && addressIpv4.port !== 0 && addressIpv4.port === addressIpv6.port) {
    findings.push({
      severity: 'problem',
      keys: ['network.set_only_ipv6', 'network.address_ipv6', 'network.address_ipv4'],
      text:
        'network.address_ipv4 and network.address_ipv6 are the same to IPv4 clients ' +
        `(port ${addressIpv4.port}) while network.set_only_ipv6 is false. ` +
        'Set network.use_ipv4 = false or network.set_only_ipv6 = true.',
    })
  }
  if (cleaning.maxPeerAge <= protocol.peerAnnounceInterval) {
    findings.push({
      severity: 'notice',
      keys: ['cleaning.max_peer_age', 'protocol.peer_announce_interval'],
      text:
        `cleaning.max_peer_age (${cleaning.maxPeerAge} s) is not above protocol.peer_announce_interval ` +
        `(${protocol.peerAnnounceInterval} s): peers are forgotten between two of their announces.`,
    })
  }
  return findings
}

function examineEndpoint(statistics: UdpConfig['statistics']): Finding[] {
  const { interval, runPrometheusEndpoint, prometheusPeerIdPrefixes, peerClients } = statistics
  if (!runPrometheusEndpoint) return []
  const findings: Finding[] = []
  if (interval === 0) {
    findings.push({
      severity: 'notice',
      keys: ['statistics.run_prometheus_endpoint', 'statistics.interval'],
      text: 'statistics.interval is 0, so there is no Prometheus endpoint.',
    })
  }
  if (prometheusPeerIdPrefixes && !peerClients) {
    findings.push({
      severity: 'notice',
      keys: ['statistics.prometheus_peer_id_prefixes', 'statistics.peer_clients'],
      text: 'statistics.peer_clients is false, so statistics.prometheus_peer_id_prefixes has nothing to count.',
    })
  }
  return findings
}
