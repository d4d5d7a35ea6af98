// A WebTorrent worker's counters as its part of a snapshot.

import type { Counts, TrafficCounts, WorkerSnapshot } from '../../metrics/snapshot.js'
import { openConnections, type StreamCounter } from '../../net/stream.js'
import type { WsCounterName } from './counters.js'

type Counters = Readonly<Record<WsCounterName, number>>
type StreamCounters = Readonly<Record<keyof typeof StreamCounter, number>>

/** Counters of `WebSocketStreams`. */
type SocketCounters = Readonly<
  Record<
    | 'opened'
    | 'refusedOrigin'
    | 'refusedVersion'
    | 'refusedRequest'
    | 'messagesReceived'
    | 'messagesSent'
    | 'pingsSent'
    | 'pongsReceived'
    | 'closedByPeer'
    | 'closedByServer'
    | 'closedIdle'
    | 'closedUnresponsive'
    | 'closedBacklog'
    | 'closedProtocolError'
    | 'closedInvalidData'
    | 'closedTooBig'
    | 'closeTimeouts',
    number
  >
>

/**
 * One worker's figures.
 * @param streams null where the listener is also HTTP's, in whose figures they are
 */
export function wsWorkerSnapshot(
  name: string,
  counters: Counters,
  sockets: SocketCounters,
  streams: StreamCounters | null,
): WorkerSnapshot {
  const connections = {
    ipv4: openOf(counters.connectionsOpenedIpv4, counters.connectionsClosedIpv4),
    ipv6: openOf(counters.connectionsOpenedIpv6, counters.connectionsClosedIpv6),
  }
  return {
    name,
    families: { ipv4: trafficOf(counters, 'Ipv4'), ipv6: trafficOf(counters, 'Ipv6') },
    drops: dropsOf(counters, streams),
    errors: errorsOf(counters, sockets, streams),
    connections: streams === null ? connections.ipv4 + connections.ipv6 : openConnections(streams),
    batches: counters.reads,
    webTorrent: {
      connections,
      offers: {
        received: counters.offersReceived,
        withoutReceiver: counters.offersWithoutReceiver,
        relayedToWorkers: counters.offersRelayedToWorkers,
      },
      answers: {
        received: counters.answersReceived,
        relayedToWorkers: counters.answersRelayedToWorkers,
      },
      takeovers: counters.takeovers,
      sockets: socketsOf(sockets),
    },
  }
}

/** The worker counts while this is read. */
const openOf = (opened: number, closed: number): number => Math.max(0, opened - closed)

/** Frames, TLS and packets are not counted: what a link carries beside the messages depends on how TCP cuts them. */
function trafficOf(counters: Counters, family: 'Ipv4' | 'Ipv6'): TrafficCounts {
  const bytesReceived = counters[`bytesReceived${family}`]
  const bytesSent = counters[`bytesSent${family}`]
  return {
    requests: {
      announce: counters[`requestsAnnounce${family}`],
      scrape: counters[`requestsScrape${family}`],
      invalid: counters[`requestsInvalid${family}`],
    },
    responses: {
      announce: counters[`responsesAnnounce${family}`],
      scrape: counters[`responsesScrape${family}`],
      offer: counters[`responsesOffer${family}`],
      offerAnswer: counters[`responsesAnswer${family}`],
      error: counters[`responsesFailure${family}`],
    },
    packetsReceived: 0,
    packetsSent: 0,
    bytesReceived,
    bytesSent,
    linkBytesReceived: bytesReceived,
    linkBytesSent: bytesSent,
    downloads: counters[`announcesCompleted${family}`],
  }
}

/** Offers and answers that reached nobody, and connections that ended without an answer. */
function dropsOf(counters: Counters, streams: StreamCounters | null): Counts {
  return {
    offersNotPassedOn: counters.offersDropped,
    answersNotPassedOn: counters.answersDropped,
    offersInboxFull: counters.offersDroppedFull,
    answersInboxFull: counters.answersDroppedFull,
    answersToNobody: counters.answersToNobody,
    deliveriesToGone: counters.deliveriesToGone,
    ...(streams === null
      ? {}
      : {
          connectionsPerAddress: streams.refusedPerAddress,
          handshakesFailed: streams.handshakesFailed,
          handshakesTimedOut: streams.handshakesTimedOut,
        }),
  }
}

function errorsOf(counters: Counters, sockets: SocketCounters, streams: StreamCounters | null): Counts {
  return {
    answersUnexpected: counters.answersUnexpected,
    foreignPeerIds: counters.foreignPeerIds,
    membersRefused: counters.membersRefused,
    fullScrape: counters.fullScrapesRefused,
    refusedByAccessList: counters.announcesRefusedByAccessList,
    torrentsRefusedByMemoryLimit: counters.announcesRefusedByMemoryLimit,
    peersRefusedByMemoryLimit: counters.peersRefusedByMemoryLimit,
    scrapesCut: counters.scrapesCut,
    upgradesRefusedOrigin: sockets.refusedOrigin,
    upgradesRefusedVersion: sockets.refusedVersion,
    upgradesRefusedRequest: sockets.refusedRequest,
    closedUnresponsive: sockets.closedUnresponsive,
    closedBacklog: sockets.closedBacklog,
    closedProtocolError: sockets.closedProtocolError,
    closedInvalidData: sockets.closedInvalidData,
    closedTooBig: sockets.closedTooBig,
    closeTimeouts: sockets.closeTimeouts,
    ...(streams === null
      ? {}
      : {
          writeTimeout: streams.endedWriteTimeout,
          outputOverflow: streams.endedOutputOverflow,
          connectionsReset: streams.endedReset,
          connectionsFull: streams.refusedFull,
          acceptsFailed: streams.acceptsFailed,
        }),
  }
}

/** What is no fault of anybody. */
function socketsOf(sockets: SocketCounters): Counts {
  return {
    opened: sockets.opened,
    closedByPeer: sockets.closedByPeer,
    closedByServer: sockets.closedByServer,
    closedIdle: sockets.closedIdle,
    messagesReceived: sockets.messagesReceived,
    messagesSent: sockets.messagesSent,
    pingsSent: sockets.pingsSent,
    pongsReceived: sockets.pongsReceived,
  }
}
