// What a plan means for the sockets of one worker, whichever engine opens them.

import type { UdpClientOptions } from '../../net/udp-client.js'
import { UdpBytes } from '../../protocol/udp.js'
import { UdpAnswerBytes } from '../../protocol/udp-client.js'
import type { GeneratorContext } from '../generator.js'
import { requestBytesMax } from './request-writer.js'

/** Datagrams in one system call. */
const BATCH = 64
/** Peers for which there is room where the plan does not say how many are wanted; longer answers are cut. */
const PEERS_UNSAID = 200
const ANSWER_BYTES_MIN = 2048

export function clientOptionsOf({ plan, worker }: GeneratorContext): UdpClientOptions {
  const { connectionsPerWorker, population, receiveBufferBytes, sourceAddresses, target } = plan
  return {
    target,
    sockets: connectionsPerWorker,
    sourceAddresses,
    firstSource: worker * connectionsPerWorker,
    receiveBufferBytes,
    batchSize: BATCH,
    requestBytes: requestBytesMax(plan),
    answerBytes: Math.max(
      ANSWER_BYTES_MIN,
      announceAnswerBytes(plan.numwant, target.family),
      UdpAnswerBytes.header + population.scrapeTorrents * UdpAnswerBytes.scrapeEntry,
    ),
  }
}

function announceAnswerBytes(numwant: number, family: 4 | 6): number {
  const peers = numwant > 0 ? Math.min(numwant, 4096) : PEERS_UNSAID
  return UdpAnswerBytes.announceHeader + peers * (family === 6 ? UdpBytes.peerIpv6 : UdpBytes.peerIpv4)
}
