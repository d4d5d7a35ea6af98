// The numbers of the UDP counters and their names are two lists, one for the compiler and one for reports.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UdpCounter, udpCounterNames } from '../../../src/trackers/udp/counters.js'

const ofFamilies = {
  requestsConnect: UdpCounter.requestsConnect,
  requestsAnnounce: UdpCounter.requestsAnnounce,
  requestsScrape: UdpCounter.requestsScrape,
  responsesConnect: UdpCounter.responsesConnect,
  responsesAnnounce: UdpCounter.responsesAnnounce,
  responsesScrape: UdpCounter.responsesScrape,
  responsesError: UdpCounter.responsesError,
  packetsReceived: UdpCounter.packetsReceived,
  bytesReceived: UdpCounter.bytesReceived,
  bytesSent: UdpCounter.bytesSent,
  announcesCompleted: UdpCounter.announcesCompleted,
}

const ofWorkers = {
  droppedTooShort: UdpCounter.droppedTooShort,
  droppedBadMagic: UdpCounter.droppedBadMagic,
  droppedUnknownAction: UdpCounter.droppedUnknownAction,
  droppedInvalidConnectionId: UdpCounter.droppedInvalidConnectionId,
  droppedSourcePortZero: UdpCounter.droppedSourcePortZero,
  scrapesCut: UdpCounter.scrapesCut,
  announcesRefusedByAccessList: UdpCounter.announcesRefusedByAccessList,
  announcesRefusedByMemoryLimit: UdpCounter.announcesRefusedByMemoryLimit,
  peersRefusedByMemoryLimit: UdpCounter.peersRefusedByMemoryLimit,
  peerIdsReplaced: UdpCounter.peerIdsReplaced,
  batches: UdpCounter.batches,
  sendsSkipped: UdpCounter.sendsSkipped,
  sendsRetried: UdpCounter.sendsRetried,
}

describe('UDP counters', () => {
  it('are where their names are', () => {
    const names = new Map<number, string>()
    for (const [name, index] of Object.entries(ofFamilies)) {
      names.set(index, `${name}Ipv4`)
      names.set(index + UdpCounter.ipv6, `${name}Ipv6`)
    }
    for (const [name, index] of Object.entries(ofWorkers)) names.set(index, name)
    assert.deepEqual(
      [...names].sort(([a], [b]) => a - b).map(([, name]) => name),
      udpCounterNames,
    )
  })
})
