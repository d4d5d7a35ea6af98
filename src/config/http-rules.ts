// Rules about several keys of the HTTP tracker at once.

import type { HttpConfig } from './http.js'
import { examineEndpoint, examinePeerAge, notice } from './rules.js'
import type { Finding } from './schema.js'
import { examineStreams } from './stream-rules.js'

/** Every rule. */
export function examineHttp({ network, protocol, cleaning, statistics }: HttpConfig): Finding[] {
  return [
    ...examineEndpoint(statistics),
    ...examineStreams(network),
    ...examinePeerAge(cleaning.maxPeerAge, protocol.peerAnnounceInterval),
    ...examineMinInterval(protocol),
  ]
}

/** The default is no wish of anybody: files of the original, whose interval is 120, need not hear of it. */
export const defaultMinInterval = 300

function examineMinInterval({
  minAnnounceInterval,
  peerAnnounceInterval,
}: HttpConfig['protocol']): Finding[] {
  if (minAnnounceInterval <= peerAnnounceInterval || minAnnounceInterval === defaultMinInterval) return []
  const keys = ['protocol.min_announce_interval', 'protocol.peer_announce_interval']
  const text =
    `protocol.min_announce_interval (${minAnnounceInterval} s) is above protocol.peer_announce_interval ` +
    `(${peerAnnounceInterval} s), which clients are told in its place.`
  return [notice(keys, text)]
}
