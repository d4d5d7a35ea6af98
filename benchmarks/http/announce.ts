// An announce as the yardstick sends it, and what is read of the answer.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { torrentInfoHash } from '../support/yardstick.js'

/** One whole response of a tracker: status, bytes with the header, and the IPv4 peers in the body. */
export interface Answer {
  readonly status: number
  readonly bytes: number
  readonly peers: number
}

/**
 * The request of one leecher for a torrent of the yardstick; the number makes peer id and port its own. A
 * stopped one leaves no peer behind.
 */
export function encodeAnnounce(
  torrent: number,
  peer: number,
  event: 'started' | 'stopped' = 'started',
): string {
  const infoHash = [...torrentInfoHash(torrent)]
    .map(byte => `%${byte.toString(16).padStart(2, '0')}`)
    .join('')
  const peerId = `-AQ0000-${peer.toString(16).padStart(12, '0')}`
  const query =
    `info_hash=${infoHash}&peer_id=${peerId}&port=${1 + (peer % 60000)}&uploaded=0&downloaded=0&left=1000` +
    `&compact=1&numwant=${event === 'started' ? 30 : 0}&event=${event}`
  return `GET /announce?${query} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: probe\r\n\r\n`
}

/**
 * Reads a response whose header and body are complete; undefined while bytes are missing, and for a
 * response without Content-Length until `hasEnded`.
 */
export function parseAnswer(received: Buffer, hasEnded: boolean): Answer | undefined {
  const headerEnd = received.indexOf('\r\n\r\n')
  if (headerEnd < 0) return undefined
  const header = received.toString('latin1', 0, headerEnd)
  const length = /^content-length: *(\d+) *$/im.exec(header)
  const bytes = length === null ? received.length : headerEnd + 4 + Number(length[1])
  if (received.length < bytes || (length === null && !hasEnded)) return undefined
  const body = received.toString('latin1', headerEnd + 4, bytes)
  const peers = /5:peers(\d+):/.exec(body)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(header)?.[1] ?? 0)
  // A refusal has status 200 too, as BitTorrent wants it, and no peers.
  return { status: peers === null ? 0 : status, bytes, peers: peers === null ? 0 : Number(peers[1]) / 6 }
}

function open(port: number, isTls: boolean): Socket {
  const where = { port, host: '127.0.0.1' }
  return isTls ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where)
}

/** Sends one announce over a connection of its own; rejects when it ends without an answer. */
export async function announce(port: number, isTls: boolean, torrent: number, peer: number): Promise<Answer> {
  const socket = open(port, isTls)
  let received = Buffer.alloc(0)
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect')
    socket.write(encodeAnnounce(torrent, peer))
    for await (const piece of socket) {
      received = Buffer.concat([received, piece as Buffer])
      const answer = parseAnswer(received, false)
      if (answer !== undefined) return answer
    }
  } finally {
    socket.destroy()
  }
  const answer = parseAnswer(received, true)
  if (answer === undefined) throw new Error('the connection ended without an answer')
  return answer
}
