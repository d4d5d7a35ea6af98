// The limits of connections and of what is remembered for them, as the configuration and the machine set them.

import type { WsConfig } from '../../config/ws.js'
import type { StreamLimits } from '../../net/stream.js'
import { inputBytesFor, outputBytesFor } from '../../net/websocket.js'
import { connectionsOf, LINGER_SECONDS } from '../http/limits.js'
import { wsOutputBytesFor } from './handler.js'
import { frontRulesOf, wsRulesOf } from './rules.js'

/** A page, a redirect or the answer to an upgrade fits, whatever the messages are. */
const OUTPUT_SCRATCH_BYTES_MIN = 65_536

/** Limits of each worker. @param protocolWordCount words that the front and the WebSockets need together */
export function wsStreamLimitsOf(config: WsConfig, workers: number, protocolWordCount: number): StreamLimits {
  const { network, cleaning } = config
  const rules = wsRulesOf(config)
  const messageBytes = wsOutputBytesFor(rules)
  return {
    capacity: connectionsPerWorker(config, workers),
    connectionsPerAddressMax: network.maxConnectionsPerAddress,
    inputBytesMax: Math.max(inputBytesFor(rules.sockets), frontRulesOf(config).maxRequestBytes + 1),
    outputBytesMax: outputBytesFor(rules.sockets, messageBytes),
    handshakeSeconds: cleaning.maxRequestSeconds,
    writeSeconds: cleaning.maxWriteSeconds,
    lingerSeconds: LINGER_SECONDS,
    protocolWordCount,
    outputScratchBytes: OUTPUT_SCRATCH_BYTES_MIN + messageBytes,
  }
}

/**
 * Limits of a worker whose listener serves HTTP and WebTorrent: the wider of both. Where one has no limit of
 * connections per address, there is none.
 */
export function sharedStreamLimits(http: StreamLimits, ws: StreamLimits): StreamLimits {
  const wider = (key: keyof StreamLimits): number => Math.max(http[key], ws[key])
  const hasAddressLimit = http.connectionsPerAddressMax > 0 && ws.connectionsPerAddressMax > 0
  return {
    capacity: wider('capacity'),
    connectionsPerAddressMax: hasAddressLimit ? wider('connectionsPerAddressMax') : 0,
    inputBytesMax: wider('inputBytesMax'),
    outputBytesMax: wider('outputBytesMax'),
    handshakeSeconds: wider('handshakeSeconds'),
    writeSeconds: wider('writeSeconds'),
    lingerSeconds: wider('lingerSeconds'),
    protocolWordCount: wider('protocolWordCount'),
    outputScratchBytes: wider('outputScratchBytes'),
  }
}

function connectionsPerWorker({ network }: WsConfig, workers: number): number {
  return Math.max(1, Math.ceil(connectionsOf(network, workers) / workers))
}

/** A member's record and its part of the swarm are never smaller. */
const PEER_BYTES_MIN = 64
const MEMBERS_MAX = 4_194_304

/**
 * Members there may be, all workers together: as many as the connections can have and the memory limit admits.
 * The table is reserved, and costs memory as it fills.
 * @param memoryLimitBytes of the swarm
 */
export function memberCapacityOf(config: WsConfig, workers: number, memoryLimitBytes: number): number {
  const { maxTorrentsPerConnection } = config.protocol
  const perConnections = workers * connectionsPerWorker(config, workers) * maxTorrentsPerConnection
  return Math.max(1, Math.min(MEMBERS_MAX, perConnections, Math.floor(memoryLimitBytes / PEER_BYTES_MIN)))
}

/** Torrents in which a client announces with offers, in the mean. */
const BUSY_TORRENTS_PER_CONNECTION = 2
const EXPECTED_ANSWERS_MIN = 4096
const EXPECTED_ANSWERS_MAX = 4_194_304

/** Answers that each worker expects at a time: the offers of all its connections that have not expired. */
export function expectedAnswersOf(config: WsConfig, workers: number): number {
  const { maxOffers, peerAnnounceInterval } = config.protocol
  const rounds = Math.ceil(config.cleaning.maxOfferAge / peerAnnounceInterval)
  const offers =
    connectionsPerWorker(config, workers) * BUSY_TORRENTS_PER_CONNECTION * maxOffers * Math.max(1, rounds)
  return Math.min(EXPECTED_ANSWERS_MAX, Math.max(EXPECTED_ANSWERS_MIN, offers))
}
