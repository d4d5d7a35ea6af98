// The rules that WebTorrent's messages and connections depend on, as a configuration sets them; plain data for workers.

import { originList } from '../../config/origins.js'
import type { WsConfig } from '../../config/ws.js'
import { type HttpRules, proxyRulesOf } from '../http/rules.js'

/** Deeper JSON is refused; real offers have 2 levels. */
const JSON_DEPTH_MAX = 32
/** A client that was told to close its connection is given so long to do so. */
const CLOSE_SECONDS = 5
/** Of the request that opens a WebSocket: browsers send cookies of the same host, and proxies their own headers. */
const REQUEST_BYTES_MAX = 16_384

/** For `WebTorrentDecoder`. */
export interface WsMessageLimits {
  readonly maxOffers: number
  /** Of an offer or an answer. */
  readonly maxOfferBytes: number
  readonly maxScrapeTorrents: number
  readonly maxDepth: number
}

/** For `WebSocketStreams`. */
export interface WsSocketLimits {
  readonly maxFrameBytes: number
  readonly maxMessageBytes: number
  readonly backlogBytesMax: number
  /** 0: no pings. */
  readonly pingSeconds: number
  readonly idleSeconds: number
  readonly closeSeconds: number
  /** Empty: all. */
  readonly allowedOrigins: readonly string[]
  /** Empty: none. */
  readonly deniedOrigins: readonly string[]
}

/** What a plain request is answered with. */
export interface WsPageRules {
  /** Where `/` leads to; empty: a page of ours. */
  readonly redirect: string
  readonly hasHealthCheck: boolean
}

export interface WsRules {
  readonly messages: WsMessageLimits
  readonly sockets: WsSocketLimits
  readonly pages: WsPageRules
  readonly announceIntervalSeconds: number
  readonly maxPeerAgeSeconds: number
  readonly maxOfferAgeSeconds: number
  readonly maxTorrentsPerConnection: number
  /** From a new certificate to the end of connections with the old one. */
  readonly tlsGraceSeconds: number
}

/** The rules that a configuration sets. */
export function wsRulesOf({ network, protocol, cleaning }: WsConfig): WsRules {
  return {
    messages: {
      maxOffers: protocol.maxOffers,
      maxOfferBytes: protocol.maxOfferBytes,
      maxScrapeTorrents: protocol.maxScrapeTorrents,
      maxDepth: JSON_DEPTH_MAX,
    },
    sockets: {
      maxFrameBytes: Math.min(network.websocketMaxFrameSize, network.websocketMaxMessageSize),
      maxMessageBytes: network.websocketMaxMessageSize,
      backlogBytesMax: network.websocketMaxBacklogBytes,
      pingSeconds: cleaning.pingInterval,
      idleSeconds: cleaning.maxConnectionIdle,
      closeSeconds: CLOSE_SECONDS,
      allowedOrigins: originList(network.allowedOrigins),
      deniedOrigins: originList(network.deniedOrigins),
    },
    pages: { redirect: network.redirect, hasHealthCheck: network.enableHttpHealthChecks },
    announceIntervalSeconds: protocol.peerAnnounceInterval,
    maxPeerAgeSeconds: cleaning.maxPeerAge,
    maxOfferAgeSeconds: cleaning.maxOfferAge,
    maxTorrentsPerConnection: protocol.maxTorrentsPerConnection,
    tlsGraceSeconds: cleaning.closeAfterTlsUpdateGracePeriod,
  }
}

/** How the front reads the first request of a connection to a listener that serves WebTorrent alone. */
export function frontRulesOf(config: WsConfig): HttpRules {
  const { network, protocol, cleaning } = config
  return {
    maxScrapeTorrents: protocol.maxScrapeTorrents,
    fullScrapeIntervalSeconds: 0,
    maxPeers: 1,
    announceIntervalSeconds: protocol.peerAnnounceInterval,
    minAnnounceIntervalSeconds: 0,
    maxPeerAgeSeconds: cleaning.maxPeerAge,
    keepAlive: true,
    maxRequestBytes: REQUEST_BYTES_MAX,
    requestSeconds: cleaning.maxRequestSeconds,
    idleSeconds: cleaning.maxConnectionIdle,
    writeSeconds: cleaning.maxWriteSeconds,
    proxies: proxyRulesOf(network),
  }
}
