// HTTP and WebTorrent of one process may listen on the same addresses: then they have one listener, one set of workers,
// and clients choose by their first request. What belongs to the listener must be said alike for both.

import { formatSocketAddress, isWildcard, type SocketAddress } from '../protocol/socket-address.js'
import { tomlText } from './print.js'
import { notice, problem } from './rules.js'
import { camelCase, type Finding, type Value } from './schema.js'
import type { StreamNetwork } from './streams.js'

/** Keys of `[http.network]` and `[ws.network]` that are about the listener. */
const keysOfListener = [
  ...['use_ipv4', 'use_ipv6', 'address_ipv4', 'address_ipv6', 'set_only_ipv6', 'unix_socket_path'],
  ...['unix_socket_mode', 'tcp_backlog', 'enable_tls', 'tls_certificate_path', 'tls_private_key_path'],
  ...['tls_private_key_passphrase_path', 'runs_behind_reverse_proxy', 'reverse_proxy_ip_header_name'],
  ...['reverse_proxy_ip_header_format', 'reverse_proxy_hops', 'trusted_proxies', 'proxy_protocol'],
]

/** Whether both listen on the same address, or on the same Unix socket. Port 0 stands for one free port. */
export function haveOneListener(http: StreamNetwork, ws: StreamNetwork): boolean {
  return sharedPlace(http, ws) !== undefined
}

/** The first place where both listen. */
function sharedPlace(http: StreamNetwork, ws: StreamNetwork): string | undefined {
  const taken = new Set(placesOf(http).map(({ place }) => place))
  return placesOf(ws).find(({ place }) => taken.has(place))?.place
}

interface Place {
  readonly key: string
  readonly place: string
  /** Undefined for a Unix socket. */
  readonly address?: SocketAddress
  /** Clients of both families come in here. */
  readonly isDualStack?: boolean
}

function placesOf(network: StreamNetwork): Place[] {
  const { useIpv4, useIpv6, addressIpv4, addressIpv6, setOnlyIpv6, unixSocketPath } = network
  const places: Place[] = []
  if (useIpv4) {
    places.push({ key: 'address_ipv4', place: formatSocketAddress(addressIpv4), address: addressIpv4 })
  }
  if (useIpv6) {
    const isDualStack = !setOnlyIpv6 && isWildcard(addressIpv6)
    const place = formatSocketAddress(addressIpv6)
    places.push({ key: 'address_ipv6', place, address: addressIpv6, isDualStack })
  }
  if (unixSocketPath !== '') places.push({ key: 'unix_socket_path', place: unixSocketPath })
  return places
}

/** What is wrong with two listeners, or with one for both. */
export function examineListeners(http: StreamNetwork, ws: StreamNetwork): Finding[] {
  const place = sharedPlace(http, ws)
  return place === undefined ? examineClashes(http, ws) : examineAgreement(place, http, ws)
}

function examineAgreement(place: string, http: StreamNetwork, ws: StreamNetwork): Finding[] {
  const textOf = (network: StreamNetwork, key: string): string =>
    tomlText((network as unknown as Record<string, Value>)[camelCase(key)])
  const different = keysOfListener.filter(key => textOf(http, key) !== textOf(ws, key))
  if (different.length === 0) return []
  const differences = different.map(
    key => `http.network.${key} is ${textOf(http, key)}, ws.network.${key} is ${textOf(ws, key)}`,
  )
  const text =
    `HTTP and WebTorrent share ${place}, so they are reached in the same way; but ${differences.join('; ')}. ` +
    'Make them equal, or give ws.network other addresses.'
  return [
    problem(
      different.flatMap(key => [`http.network.${key}`, `ws.network.${key}`]),
      text,
    ),
  ]
}

/** Addresses that differ and yet take each other's clients. */
function examineClashes(http: StreamNetwork, ws: StreamNetwork): Finding[] {
  const findings: Finding[] = []
  for (const one of placesOf(http)) {
    for (const other of placesOf(ws)) {
      if (!overlap(one, other)) continue
      const [httpKey, wsKey] = [`http.network.${one.key}`, `ws.network.${other.key}`]
      const text =
        `${httpKey} (${one.place}) and ${wsKey} (${other.place}) have clients in common. ` +
        'Make the addresses of both equal, to share them, or choose another port for one.'
      findings.push(problem([wsKey, httpKey], text))
    }
  }
  return findings
}

function overlap(one: Place, other: Place): boolean {
  if (one.address === undefined || other.address === undefined) return false
  if (one.address.port !== other.address.port || one.address.port === 0) return false
  if (one.key === other.key) return isWildcard(one.address) || isWildcard(other.address)
  return one.isDualStack === true || other.isDualStack === true
}

interface SharedWorkers {
  readonly http: { readonly socketWorkers: number }
  readonly ws: { readonly socketWorkers: number }
}

interface Pages {
  readonly redirect: string
  readonly enableHttpHealthChecks: boolean
}

/** What `[ws]` says in vain where the HTTP tracker's workers and pages are those of both. */
export function examineIdleKeys(
  { http, ws }: SharedWorkers,
  { redirect, enableHttpHealthChecks }: Pages,
): Finding[] {
  const findings: Finding[] = []
  const why = 'HTTP and WebTorrent share their addresses'
  if (http.socketWorkers !== ws.socketWorkers && ws.socketWorkers !== 0) {
    const text = `${why}, so http.socket_workers (${http.socketWorkers}) counts, and ws.socket_workers does not.`
    findings.push(notice(['ws.socket_workers', 'http.socket_workers'], text))
  }
  const idle: string[] = []
  if (redirect !== '') idle.push('ws.network.redirect')
  if (!enableHttpHealthChecks) idle.push('ws.network.enable_http_health_checks')
  if (idle.length > 0) {
    findings.push(
      notice(idle, `${why}, so plain requests are the HTTP tracker's; without use: ${idle.join(', ')}.`),
    )
  }
  return findings
}
