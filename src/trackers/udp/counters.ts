// What the UDP tracker counts, per worker. One counter per outcome: a packet that is not answered is in exactly one
// of the `dropped…` counters.

import { CounterBlock } from '../../metrics/counters.js'

const perFamily = [
  'requestsConnect',
  'requestsAnnounce',
  'requestsScrape',
  'responsesConnect',
  'responsesAnnounce',
  'responsesScrape',
  'responsesError',
  'packetsReceived',
  'bytesReceived',
  'bytesSent',
  'announcesCompleted',
] as const

const perWorker = [
  'droppedTooShort',
  'droppedBadMagic',
  'droppedUnknownAction',
  'droppedInvalidConnectionId',
  'droppedSourcePortZero',
  'scrapesCut',
  'announcesRefusedByAccessList',
  'announcesRefusedByMemoryLimit',
  'peersRefusedByMemoryLimit',
  'peerIdsReplaced',
  'batches',
  'sendsSkipped',
  'sendsRetried',
] as const

type FamilyCounter = (typeof perFamily)[number]
export type UdpCounterName = `${FamilyCounter}Ipv4` | `${FamilyCounter}Ipv6` | (typeof perWorker)[number]

export const udpCounterNames: readonly UdpCounterName[] = [
  ...perFamily.map(name => `${name}Ipv4` as const),
  ...perFamily.map(name => `${name}Ipv6` as const),
  ...perWorker,
]

/**
 * Places in a block, in the order of the names; add `ipv6` to those of the first group for IPv6. A const enum, since V8
 * would load constants of another module from memory at each use.
 */
export const enum UdpCounter {
  requestsConnect = 0,
  requestsAnnounce = 1,
  requestsScrape = 2,
  responsesConnect = 3,
  responsesAnnounce = 4,
  responsesScrape = 5,
  responsesError = 6,
  packetsReceived = 7,
  bytesReceived = 8,
  bytesSent = 9,
  announcesCompleted = 10,
  /** Distance from a family's IPv4 counter to its IPv6 one. */
  ipv6 = 11,
  droppedTooShort = 22,
  droppedBadMagic = 23,
  droppedUnknownAction = 24,
  droppedInvalidConnectionId = 25,
  droppedSourcePortZero = 26,
  scrapesCut = 27,
  announcesRefusedByAccessList = 28,
  announcesRefusedByMemoryLimit = 29,
  peersRefusedByMemoryLimit = 30,
  peerIdsReplaced = 31,
  batches = 32,
  sendsSkipped = 33,
  sendsRetried = 34,
}

/** Block `workerIndex` of the counters' memory. */
export function udpCounters(buffer: SharedArrayBuffer, workerIndex: number): CounterBlock<UdpCounterName> {
  return new CounterBlock(udpCounterNames, buffer, workerIndex)
}
