// A UDP worker's counters as its part of a snapshot.

import {
  type Counts,
  linkOverheadBytes,
  type TrafficCounts,
  type WorkerSnapshot,
} from '../../metrics/snapshot.js'
import type { UdpCounterName } from './counters.js'

type Counters = Readonly<Record<UdpCounterName, number>>

/** One worker's figures. */
export function udpWorkerSnapshot(name: string, counters: Counters): WorkerSnapshot {
  return {
    name,
    families: {
      ipv4: trafficOf(counters, 'Ipv4', linkOverheadBytes.ipv4),
      ipv6: trafficOf(counters, 'Ipv6', linkOverheadBytes.ipv6),
    },
    drops: dropsOf(counters),
    errors: errorsOf(counters),
    connections: null,
    batches: counters.batches,
  }
}

function trafficOf(counters: Counters, family: 'Ipv4' | 'Ipv6', overheadBytes: number): TrafficCounts {
  const responses = {
    connect: counters[`responsesConnect${family}`],
    announce: counters[`responsesAnnounce${family}`],
    scrape: counters[`responsesScrape${family}`],
    error: counters[`responsesError${family}`],
  }
  const packetsReceived = counters[`packetsReceived${family}`]
  const packetsSent = responses.connect + responses.announce + responses.scrape + responses.error
  const bytesReceived = counters[`bytesReceived${family}`]
  const bytesSent = counters[`bytesSent${family}`]
  return {
    requests: {
      connect: counters[`requestsConnect${family}`],
      announce: counters[`requestsAnnounce${family}`],
      scrape: counters[`requestsScrape${family}`],
    },
    responses,
    packetsReceived,
    packetsSent,
    bytesReceived,
    bytesSent,
    linkBytesReceived: bytesReceived + packetsReceived * overheadBytes,
    linkBytesSent: bytesSent + packetsSent * overheadBytes,
    downloads: counters[`announcesCompleted${family}`],
  }
}

function dropsOf(counters: Counters): Counts {
  return {
    tooShort: counters.droppedTooShort,
    badMagic: counters.droppedBadMagic,
    unknownAction: counters.droppedUnknownAction,
    invalidConnectionId: counters.droppedInvalidConnectionId,
    sourcePortZero: counters.droppedSourcePortZero,
  }
}

function errorsOf(counters: Counters): Counts {
  return {
    refusedByAccessList: counters.announcesRefusedByAccessList,
    torrentsRefusedByMemoryLimit: counters.announcesRefusedByMemoryLimit,
    peersRefusedByMemoryLimit: counters.peersRefusedByMemoryLimit,
    scrapesCut: counters.scrapesCut,
    sendsSkipped: counters.sendsSkipped,
    sendsRetried: counters.sendsRetried,
  }
}
