// The table of the keys that trackers on TCP have in the same way: their sockets beside those of every tracker, TLS,
// reverse proxies and limits of connections.

import { boolean, integer, oneOf, path, type SocketAddressLeaf, string, type ValuesOf } from './schema.js'
import type { families, ipv6Listening } from './sections.js'

const since = '0.1.0'
/** A million connections want a million descriptors, which is what Linux allows a process by default (fs.nr_open). */
const mostConnections = 1_000_000

/** `network.engine` */
export const streamEngine = oneOf({
  default: 'auto',
  allowed: ['auto', 'native', 'node'],
  since,
  doc: `"native" serves connections with epoll, and TLS with the OpenSSL inside node (Linux, x64 and arm64); "node"
    uses node:net and node:tls, and runs everywhere. "auto" takes native where it can, and the line at start says
    which is active and why.`,
})

/** `network.tcp_backlog` */
export const tcpBacklog = integer({
  default: 1024,
  min: 1,
  max: 65_535,
  unit: 'connections',
  doc: `Connections of each socket that wait to be accepted. More are refused or time out. The operating system may
    grant less; to raise its limit:

    $ sudo sysctl -w net.core.somaxconn=4096`,
})

/** Keys of the Unix socket. */
export const unixSocket = {
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

/** Keys of TLS. */
export const tls = {
  enable_tls: boolean({
    default: false,
    doc: 'Speak TLS on the IPv4 and IPv6 sockets. Needs tls_certificate_path and tls_private_key_path.',
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

/** Keys of how many connections there may be. */
export const connectionLimits = {
  max_connections: integer({
    default: 0,
    min: 1,
    max: mostConnections,
    unit: 'connections',
    zeroMeans: 'as many as the limit of open files leaves, at most 65,536',
    since,
    doc: `Connections open at the same time, in all workers together; each worker takes an equal share. Further ones wait
      (native engine, see tcp_backlog) or are closed (node engine), and this is counted. Each needs one open file: raise
      that limit with LimitNOFILE= in the service's unit, or:

      $ ulimit -n 100000`,
  }),
  max_connections_per_address: integer({
    default: 0,
    min: 1,
    max: mostConnections,
    unit: 'connections',
    zeroMeans: 'no limit',
    since,
    doc: `Connections open at the same time from one address (IPv6: /64) in each worker; further ones are closed at once,
      and counted. Many clients may share the address of one router or carrier. Behind a proxy all have its address: leave this at 0 there.`,
  }),
}

/** Keys of who tells the addresses of clients. */
export const proxies = {
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

/** What `[network]` of every tracker on TCP says. */
export type StreamNetwork = ValuesOf<
  typeof families &
    typeof ipv6Listening &
    typeof unixSocket &
    typeof tls &
    typeof connectionLimits &
    typeof proxies & {
      readonly address_ipv4: SocketAddressLeaf
      readonly tcp_backlog: typeof tcpBacklog
      readonly engine: typeof streamEngine
    }
>
