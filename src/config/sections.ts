// The table of the sections, keys and texts that every tracker has in the same way.

import { boolean, integer, oneOf, path, type Section, section, socketAddress, string } from './schema.js'

/** The longest time of keys in seconds. */
export const daySeconds = 86_400
const gibibyte = 1024 ** 3

/** `[swarm]` of every tracker. */
export const swarm = section({
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
        as it fills: for each IPv4 peer of UDP and HTTP about 24 bytes at 4 peers per torrent, 37 where torrents have
        one or two. When it is full, new torrents and peers are refused, counted and logged; known ones are served on.`,
    }),
  },
})

/** `[statistics]` of every tracker. */
export const statistics = section({
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

/** `[privileges]` of every tracker. */
export const privileges = section({
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

/** `[access_list]` of every tracker. */
export const accessList = section({
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

/** `[scrape_exports]` of every tracker; `file` is the default path. */
export function scrapeExportsTo(file: string) {
  return section({
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
        default: file,
        doc: `Path of the file, in a directory that exists and that the tracker may write to. It is written beside its
          place, with the extension tmp, and then renamed: readers see a whole file, old or new.`,
      }),
    },
  })
}

/** Facts of `socket_workers`. */
export const workers = {
  default: 0,
  min: 1,
  max: 1024,
  zeroMeans: 'one for each processor this process may use',
} as const

/** Words of `log_level`. */
export const logLevels = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const

/** The first keys of `[network]`. */
export const families = {
  use_ipv4: boolean({ default: true, doc: 'Open an IPv4 socket in each worker.' }),
  use_ipv6: boolean({ default: true, doc: 'Open an IPv6 socket in each worker.' }),
}

/** What `network.address_ipv4` says in every tracker before its own. */
export const addressIpv4Doc =
  'IPv4 address and port to listen on. Port 0 takes a free one, the same for all workers.'

/** The keys behind `network.address_ipv4`. */
export const ipv6Listening = {
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
}

/** The same section where the original has none. */
export function sinceFirstRelease<const S extends Section>(parts: S): S {
  const leaves = Object.entries(parts.leaves).map(([key, leaf]) => [key, { ...leaf, since: '0.1.0' }])
  return { ...parts, leaves: Object.fromEntries(leaves) }
}
