// An HTTP worker's counters as its part of a snapshot.

import type { Counts, TrafficCounts, WorkerSnapshot } from '../../metrics/snapshot.js'
import { openConnections, type StreamCounter } from '../../net/stream.js'
import type { HttpCounterName } from './counters.js'

type Counters = Readonly<Record<HttpCounterName, number>>
type StreamCounters = Readonly<Record<keyof typeof StreamCounter, number>>

/** One worker's figures. @param webSockets how many of its connections are WebTorrent's, in whose figures they are */
export function httpWorkerSnapshot(
  name: string,
  counters: Counters,
  streams: StreamCounters,
  webSockets = 0,
): WorkerSnapshot {
  return {
    name,
    families: { ipv4: trafficOf(counters, 'Ipv4'), ipv6: trafficOf(counters, 'Ipv6') },
    drops: dropsOf(counters, streams),
    errors: errorsOf(counters, streams),
    connections: Math.max(0, openConnections(streams) - webSockets),
    batches: counters.reads,
  }
}

/** What a link carries beside the payload depends on how TCP cuts it: packets and headers are not counted. */
function trafficOf(counters: Counters, family: 'Ipv4' | 'Ipv6'): TrafficCounts {
  const requests = {
    announce: counters[`requestsAnnounce${family}`],
    scrape: counters[`requestsScrape${family}`],
    other: counters[`requestsOther${family}`],
  }
  const responses = {
    announce: counters[`responsesAnnounce${family}`],
    scrape: counters[`responsesScrape${family}`],
    error: counters[`responsesFailure${family}`] + counters[`responsesHttpError${family}`],
    page: counters[`responsesPage${family}`],
  }
  const bytesReceived = counters[`bytesReceived${family}`]
  const bytesSent = counters[`bytesSent${family}`]
  return {
    requests,
    responses,
    packetsReceived: 0,
    packetsSent: 0,
    bytesReceived,
    bytesSent,
    linkBytesReceived: bytesReceived,
    linkBytesSent: bytesSent,
    downloads: counters[`announcesCompleted${family}`],
  }
}

/** Connections that ended without an answer. */
function dropsOf(counters: Counters, streams: StreamCounters): Counts {
  return {
    proxyProtocol: counters.droppedProxyProtocol,
    silentConnections: counters.droppedSilent,
    connectionsPerAddress: streams.refusedPerAddress,
    handshakesFailed: streams.handshakesFailed,
    handshakesTimedOut: streams.handshakesTimedOut,
  }
}

function errorsOf(counters: Counters, streams: StreamCounters): Counts {
  return {
    badQuery: counters.failuresBadQuery,
    fullScrape: counters.failuresFullScrape,
    fullScrapesEarly: counters.fullScrapesEarly,
    fullScrapesBusy: counters.fullScrapesBusy,
    noAddress: counters.failuresNoAddress,
    proxyHeaderMissing: counters.failuresProxyHeaderMissing,
    proxyHeaderInvalid: counters.failuresProxyHeaderInvalid,
    refusedByAccessList: counters.announcesRefusedByAccessList,
    torrentsRefusedByMemoryLimit: counters.announcesRefusedByMemoryLimit,
    peersRefusedByMemoryLimit: counters.peersRefusedByMemoryLimit,
    scrapesCut: counters.scrapesCut,
    badRequest: counters.httpErrorsBadRequest,
    notFound: counters.httpErrorsNotFound,
    methodNotAllowed: counters.httpErrorsMethod,
    tooLarge: counters.httpErrorsTooLarge,
    requestTimeout: counters.httpErrorsTimeout,
    writeTimeout: streams.endedWriteTimeout,
    outputOverflow: streams.endedOutputOverflow,
    connectionsReset: streams.endedReset,
    connectionsFull: streams.refusedFull,
    acceptsFailed: streams.acceptsFailed,
  }
}
