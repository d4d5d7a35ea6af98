// What the WebTorrent tracker counts, per worker, beside what its byte streams and WebSockets count. Each message that
// was read to its end is in exactly one of the `requests…`; each one sent in exactly one of the `responses…`.

import { CounterBlock } from '../../metrics/counters.js'

const perFamily = [
  'requestsAnnounce',
  'requestsScrape',
  'requestsInvalid',
  'responsesAnnounce',
  'responsesScrape',
  'responsesOffer',
  'responsesAnswer',
  'responsesFailure',
  'bytesReceived',
  'bytesSent',
  'announcesCompleted',
  'connectionsOpened',
  'connectionsClosed',
] as const

const perWorker = [
  'offersReceived',
  'offersDropped',
  'offersWithoutReceiver',
  'offersRelayedToWorkers',
  'answersReceived',
  'answersDropped',
  'answersRelayedToWorkers',
  'answersUnexpected',
  'answersToNobody',
  'offersDroppedFull',
  'answersDroppedFull',
  'deliveriesToGone',
  'takeovers',
  'foreignPeerIds',
  'membersRefused',
  'announcesRefusedByAccessList',
  'announcesRefusedByMemoryLimit',
  'peersRefusedByMemoryLimit',
  'scrapesCut',
  'fullScrapesRefused',
  'peerIdsReplaced',
  'reads',
] as const

type FamilyCounter = (typeof perFamily)[number]
export type WsCounterName = `${FamilyCounter}Ipv4` | `${FamilyCounter}Ipv6` | (typeof perWorker)[number]

export const wsCounterNames: readonly WsCounterName[] = [
  ...perFamily.map(name => `${name}Ipv4` as const),
  ...perFamily.map(name => `${name}Ipv6` as const),
  ...perWorker,
]

/** Distance from a family's IPv4 counter to its IPv6 one. */
export const IPV6_WS_COUNTERS = perFamily.length

type Places = Readonly<Record<FamilyCounter | (typeof perWorker)[number], number>>

/** Places in a block; add `IPV6_WS_COUNTERS` to those of the first group for IPv6. */
export const WsCounter = Object.fromEntries([
  ...perFamily.map((name, index) => [name, index]),
  ...perWorker.map((name, index) => [name, 2 * perFamily.length + index]),
]) as Places

/** Block `workerIndex` of the counters' memory. */
export function wsCounters(buffer: SharedArrayBuffer, workerIndex: number): CounterBlock<WsCounterName> {
  return new CounterBlock(wsCounterNames, buffer, workerIndex)
}

/** A worker died with its connections: none of them is open any more. */
export function forgetWsConnections({ values }: CounterBlock<WsCounterName>): void {
  for (const family of [0, IPV6_WS_COUNTERS]) {
    values[WsCounter.connectionsClosed + family] = values[WsCounter.connectionsOpened + family]
  }
}
