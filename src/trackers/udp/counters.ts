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

/** Distance from a family's IPv4 counter to its IPv6 one. */
export const IPV6_COUNTERS = perFamily.length

const indexOf = (name: UdpCounterName): number => udpCounterNames.indexOf(name)

/** Places in a block; add `IPV6_COUNTERS` to those of the first group for IPv6. */
export const UdpCounter = {
  requestsConnect: indexOf('requestsConnectIpv4'),
  requestsAnnounce: indexOf('requestsAnnounceIpv4'),
  requestsScrape: indexOf('requestsScrapeIpv4'),
  responsesConnect: indexOf('responsesConnectIpv4'),
  responsesAnnounce: indexOf('responsesAnnounceIpv4'),
  responsesScrape: indexOf('responsesScrapeIpv4'),
  responsesError: indexOf('responsesErrorIpv4'),
  packetsReceived: indexOf('packetsReceivedIpv4'),
  bytesReceived: indexOf('bytesReceivedIpv4'),
  bytesSent: indexOf('bytesSentIpv4'),
  announcesCompleted: indexOf('announcesCompletedIpv4'),
  droppedTooShort: indexOf('droppedTooShort'),
  droppedBadMagic: indexOf('droppedBadMagic'),
  droppedUnknownAction: indexOf('droppedUnknownAction'),
  droppedInvalidConnectionId: indexOf('droppedInvalidConnectionId'),
  droppedSourcePortZero: indexOf('droppedSourcePortZero'),
  scrapesCut: indexOf('scrapesCut'),
  announcesRefusedByAccessList: indexOf('announcesRefusedByAccessList'),
  announcesRefusedByMemoryLimit: indexOf('announcesRefusedByMemoryLimit'),
  peersRefusedByMemoryLimit: indexOf('peersRefusedByMemoryLimit'),
  peerIdsReplaced: indexOf('peerIdsReplaced'),
  batches: indexOf('batches'),
  sendsSkipped: indexOf('sendsSkipped'),
  sendsRetried: indexOf('sendsRetried'),
} as const

/** Block `workerIndex` of the counters' memory. */
export function udpCounters(buffer: SharedArrayBuffer, workerIndex: number): CounterBlock<UdpCounterName> {
  return new CounterBlock(udpCounterNames, buffer, workerIndex)
}
