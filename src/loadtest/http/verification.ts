// A closer look at some of the answers: a fast tracker whose answers are wrong must not win.

import { nextFile, type TrackerAnswer } from '../../protocol/http/tracker-answer.js'
import type { Remarks } from '../generator.js'

const ID_BYTES = 20

/** Who asked: its own address must not be among the peers it is given. */
export interface Announcer {
  /** 4 or 16 bytes; fewer where the system does not say. */
  readonly address: Uint8Array
  readonly addressBytes: number
  readonly port: number
  /** Peers asked for; -1: not said. */
  readonly numwant: number
}

/** @returns whether all is well; else it is remarked on */
export function isAnnounceAnswerRight(
  answer: TrackerAnswer,
  input: Uint8Array,
  announcer: Announcer,
  remarks: Remarks,
): boolean {
  const wrong = announceFault(answer, input, announcer)
  if (wrong !== null) remarks.add(`announce answer wrong: ${wrong}`)
  return wrong === null
}

function announceFault(answer: TrackerAnswer, input: Uint8Array, announcer: Announcer): string | null {
  const peers = answer.peers + answer.peers6
  if (answer.interval < 0) return 'no interval'
  if (answer.hasOddPeers) return 'a length of compact peers that is no number of peers'
  if (answer.complete < -1 || answer.incomplete < -1) return 'a count below zero'
  const isCounted = answer.complete >= 0 && answer.incomplete >= 0
  if (isCounted && peers > answer.complete + answer.incomplete) {
    return `${peers} peers of ${answer.complete + answer.incomplete}`
  }
  const { address, addressBytes, port } = announcer
  const isFour = addressBytes === 4
  const start = isFour ? answer.peersStart : answer.peers6Start
  const end = isFour ? answer.peersEnd : answer.peers6End
  if (addressBytes > 0 && hasPeer(input, start, end, address, addressBytes, port)) {
    return 'the announcer itself among the peers'
  }
  // Last, as it is the least of all faults.
  if (announcer.numwant >= 0 && peers > announcer.numwant) {
    return `more than the ${announcer.numwant} peers that were asked for`
  }
  return null
}

function hasPeer(
  input: Uint8Array,
  start: number,
  end: number,
  address: Uint8Array,
  addressBytes: number,
  port: number,
): boolean {
  for (let at = start; at + addressBytes + 2 <= end; at += addressBytes + 2) {
    let same = 0
    while (same < addressBytes && input[at + same] === address[same]) same++
    if (same < addressBytes) continue
    if (input[at + same] * 256 + input[at + same + 1] === port) return true
  }
  return false
}

/**
 * @param hashes 20 bytes each of what was asked for
 * @returns whether all is well; else it is remarked on
 */
export function isScrapeAnswerRight(
  answer: TrackerAnswer,
  input: Uint8Array,
  end: number,
  hashes: Uint8Array,
  remarks: Remarks,
): boolean {
  let at = answer.files > 0 ? answer.filesStart : -1
  for (; at >= 0; at = nextFile(input, at, end)) {
    if (hasHash(hashes, input, at)) continue
    remarks.add('scrape answer wrong: a torrent that was not asked for')
    return false
  }
  return true
}

function hasHash(hashes: Uint8Array, input: Uint8Array, at: number): boolean {
  for (let hash = 0; hash < hashes.length; hash += ID_BYTES) {
    let same = 0
    while (same < ID_BYTES && input[at + same] === hashes[hash + same]) same++
    if (same === ID_BYTES) return true
  }
  return false
}
