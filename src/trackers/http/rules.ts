// The rules that answers and connections depend on, as a configuration sets them; plain data for the workers.

import type { HttpConfig } from '../../config/http.js'
import { networkList } from '../../config/networks.js'
import type { StreamNetwork } from '../../config/streams.js'
import { ForwardedFormat } from '../../protocol/http/forwarded.js'

/** How a reverse proxy passes the client's address on. */
export interface ProxyRules {
  /** Name of the header, or null where addresses are those of connections (or of the PROXY protocol). */
  readonly headerName: string | null
  /** A `ForwardedFormat`. */
  readonly headerFormat: number
  readonly hops: number
  /** Networks of trusted proxies as text; empty: every connection may be from the proxy. */
  readonly trusted: readonly string[]
  /** Every connection begins with a PROXY protocol header. */
  readonly proxyProtocol: boolean
}

export interface HttpRules {
  readonly maxScrapeTorrents: number
  /** Between two full scrapes of an address; 0: there are none. */
  readonly fullScrapeIntervalSeconds: number
  readonly maxPeers: number
  readonly announceIntervalSeconds: number
  /** 0: not said. */
  readonly minAnnounceIntervalSeconds: number
  readonly maxPeerAgeSeconds: number
  readonly keepAlive: boolean
  readonly maxRequestBytes: number
  /** For a request's head to arrive. */
  readonly requestSeconds: number
  /** Between two requests. */
  readonly idleSeconds: number
  /** Without progress on an answer. */
  readonly writeSeconds: number
  readonly proxies: ProxyRules
}

/** The rules that a configuration sets. */
export function rulesOf({ network, protocol, cleaning }: HttpConfig): HttpRules {
  return {
    maxScrapeTorrents: protocol.maxScrapeTorrents,
    fullScrapeIntervalSeconds: protocol.fullScrape === 'on' ? protocol.fullScrapeInterval : 0,
    maxPeers: protocol.maxPeers,
    announceIntervalSeconds: protocol.peerAnnounceInterval,
    minAnnounceIntervalSeconds: Math.min(protocol.minAnnounceInterval, protocol.peerAnnounceInterval),
    maxPeerAgeSeconds: cleaning.maxPeerAge,
    keepAlive: network.keepAlive,
    maxRequestBytes: network.maxRequestBytes,
    requestSeconds: cleaning.maxRequestSeconds,
    idleSeconds: cleaning.maxConnectionIdle,
    writeSeconds: cleaning.maxWriteSeconds,
    proxies: proxyRulesOf(network),
  }
}

/** How the client's address is found, the same for every tracker on TCP. */
export function proxyRulesOf(network: StreamNetwork): ProxyRules {
  const format = network.reverseProxyIpHeaderFormat
  return {
    headerName: network.runsBehindReverseProxy ? headerNameOf(network) : null,
    headerFormat: format === 'forwarded' ? ForwardedFormat.forwarded : ForwardedFormat.addresses,
    hops: format === 'last_address' ? 1 : network.reverseProxyHops,
    trusted: networkList(network.trustedProxies),
    proxyProtocol: network.proxyProtocol === 'required',
  }
}

/** RFC 7239 leaves no choice of the name. */
function headerNameOf(network: StreamNetwork): string {
  return network.reverseProxyIpHeaderFormat === 'forwarded' ? 'Forwarded' : network.reverseProxyIpHeaderName
}
