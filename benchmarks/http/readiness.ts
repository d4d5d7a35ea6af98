// Asks a tracker on this machine until it answers: ready means that an announce is answered with peers, not
// that time has passed.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { torrentCount } from '../support/yardstick.js'
import { announce } from './announce.js'

const retryMs = 10
const patienceMs = 15_000
const inspectedAnnounces = 16

/** A TCP port on the loopback address that nobody has right now. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Resolves when an announce to the last torrent of an allow list is answered as one: an allow list that is
 * still being read, and a proxy whose tracker is not there yet, answer otherwise. Rejects when `giveUp`
 * resolves first, or after 15 s.
 */
export async function waitUntilAnswering(
  port: number,
  isTls: boolean,
  giveUp: Promise<string>,
): Promise<void> {
  let reason: string | undefined
  giveUp.then(sentence => {
    reason = sentence
  })
  const untilMs = performance.now() + patienceMs
  while (performance.now() < untilMs) {
    // Connection refused is what a port says before somebody listens on it; a tracker that accepts and stays
    // silent must not hold the benchmark up either.
    const patience = pause(patienceMs / 5, undefined, { ref: false })
    const answered = announce(port, isTls, torrentCount - 1, 0)
      .then(({ status }) => status === 200)
      .catch((_refused: Error) => false)
    if ((await Promise.race([answered, patience])) === true) return
    if (reason !== undefined) throw new Error(reason)
    await pause(retryMs)
  }
  throw new Error(`no answer within ${patienceMs} ms`)
}

/** Means over some announces, each of a new peer to a torrent of its own. Throws when one is not answered. */
export async function inspectAnswers(
  port: number,
  isTls: boolean,
): Promise<{ readonly peersPerAnnounce: number; readonly bytesPerResponse: number }> {
  let [peers, bytes] = [0, 0]
  for (let index = 0; index < inspectedAnnounces; index++) {
    const torrent = Math.floor(((index + 0.5) / inspectedAnnounces) * torrentCount)
    const answer = await announce(port, isTls, torrent, 1 + index)
    peers += answer.peers
    bytes += answer.bytes
  }
  return { peersPerAnnounce: peers / inspectedAnnounces, bytesPerResponse: bytes / inspectedAnnounces }
}
