// What the HTTP tracker counts, per worker, beside what its byte streams count (`net/stream.ts`). One counter per
// outcome: each request that was read to its end is in exactly one of the `responses…`.

import { CounterBlock } from '../../metrics/counters.js'

const perFamily = [
  'requestsAnnounce',
  'requestsScrape',
  'requestsOther',
  'responsesAnnounce',
  'responsesScrape',
  'responsesFailure',
  'responsesPage',
  'responsesHttpError',
  'bytesReceived',
  'bytesSent',
  'announcesCompleted',
] as const

const perWorker = [
  'failuresBadQuery',
  'failuresFullScrape',
  'failuresNoAddress',
  'failuresProxyHeaderMissing',
  'failuresProxyHeaderInvalid',
  'announcesRefusedByAccessList',
  'announcesRefusedByMemoryLimit',
  'peersRefusedByMemoryLimit',
  'scrapesCut',
  'httpErrorsBadRequest',
  'httpErrorsNotFound',
  'httpErrorsMethod',
  'httpErrorsTooLarge',
  'httpErrorsTimeout',
  'droppedProxyProtocol',
  'droppedSilent',
  'peerIdsReplaced',
  'reads',
] as const

type FamilyCounter = (typeof perFamily)[number]
export type HttpCounterName = `${FamilyCounter}Ipv4` | `${FamilyCounter}Ipv6` | (typeof perWorker)[number]

export const httpCounterNames: readonly HttpCounterName[] = [
  ...perFamily.map(name => `${name}Ipv4` as const),
  ...perFamily.map(name => `${name}Ipv6` as const),
  ...perWorker,
]

/** Distance from a family's IPv4 counter to its IPv6 one. */
export const IPV6_COUNTERS = perFamily.length

type Places = Readonly<Record<FamilyCounter | (typeof perWorker)[number], number>>

/** Places in a block; add `IPV6_COUNTERS` to those of the first group for IPv6. */
export const HttpCounter = Object.fromEntries([
  ...perFamily.map((name, index) => [name, index]),
  ...perWorker.map((name, index) => [name, 2 * perFamily.length + index]),
]) as Places

/** Block `workerIndex` of the counters' memory. */
export function httpCounters(buffer: SharedArrayBuffer, workerIndex: number): CounterBlock<HttpCounterName> {
  return new CounterBlock(httpCounterNames, buffer, workerIndex)
}
