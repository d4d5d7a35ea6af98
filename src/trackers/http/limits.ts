// The limits of connections, as the configuration and the machine set them.

import { readFileSync } from 'node:fs'
import type { HttpConfig } from '../../config/http.js'
import { softLimit } from '../../config/machine/limits.js'
import type { StreamNetwork } from '../../config/streams.js'
import type { StreamLimits } from '../../net/stream.js'
import { openFilesOfProcess, openFilesPerWorker } from '../common-needs.js'
import { answerBytesMax } from './answers.js'
import { PROTOCOL_WORDS } from './handler.js'
import { rulesOf } from './rules.js'

const AUTOMATIC_CONNECTIONS_MAX = 65_536
const AUTOMATIC_CONNECTIONS_MIN = 64
/** A finished connection waits so long for its peer to close its side, so that a reset does not overtake the answer. */
export const LINGER_SECONDS = 2
/** Room for the answers to as many pipelined requests as fit into one read, unless they are unusually long. */
const OUTPUT_BYTES_MIN = 256 * 1024
const LONGEST_ANSWERS = 4

/** Limits of each worker. */
export function streamLimitsOf(config: HttpConfig, workers: number): StreamLimits {
  const { network, cleaning } = config
  const rules = rulesOf(config)
  return {
    capacity: Math.max(1, Math.ceil(connectionsOf(network, workers) / workers)),
    connectionsPerAddressMax: network.maxConnectionsPerAddress,
    inputBytesMax: network.maxRequestBytes + 1,
    outputBytesMax: Math.max(OUTPUT_BYTES_MIN, LONGEST_ANSWERS * answerBytesMax(rules)),
    handshakeSeconds: cleaning.maxRequestSeconds,
    writeSeconds: cleaning.maxWriteSeconds,
    lingerSeconds: LINGER_SECONDS,
    protocolWordCount: PROTOCOL_WORDS,
    // Many short answers at once, or the longest one.
    outputScratchBytes: 65_536 + answerBytesMax(rules),
  }
}

/** Connections at a time, all workers together. 0 asks for as many as the limit of open files leaves. */
export function connectionsOf(
  { maxConnections }: Pick<StreamNetwork, 'maxConnections'>,
  workers: number,
): number {
  if (maxConnections > 0) return maxConnections
  const left = openFilesLimit() - openFilesOfProcess - workers * (openFilesPerWorker + 2)
  return Math.min(AUTOMATIC_CONNECTIONS_MAX, Math.max(AUTOMATIC_CONNECTIONS_MIN, left))
}

/** Where there is no /proc there is no limit that could be known. */
function openFilesLimit(): number {
  if (process.platform !== 'linux') return AUTOMATIC_CONNECTIONS_MAX
  return softLimit(readFileSync('/proc/self/limits', 'latin1'), 'Max open files') ?? AUTOMATIC_CONNECTIONS_MAX
}
