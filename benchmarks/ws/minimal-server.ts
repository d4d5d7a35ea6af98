// What the npm package `ws` itself costs, on node:http and under TLS on node:https: a server that reads announces,
// passes offers and answers on as WebTorrent has it, and answers every announce with the same counts. It checks
// nothing and forgets nobody, so a tracker on top of `ws` can only cost more.
// Run: node dist/benchmarks/ws/minimal-server.js PORT [CERTIFICATE KEY]
import { createRequire } from 'node:module'
import { createPlainOrTlsServer } from './node-server.js'

/** What is used of the package, which comes without types. */
interface WsPackage {
  readonly WebSocketServer: new (
    options: object,
  ) => {
    on(event: 'connection', listener: (socket: WsSocket) => void): void
  }
}

interface WsSocket {
  send(text: string): void
  on(event: 'message', listener: (data: Buffer) => void): void
}

interface Announce {
  readonly info_hash: string
  readonly peer_id: string
  readonly to_peer_id?: string
  readonly offer_id?: string
  readonly answer?: unknown
  readonly offers?: readonly { readonly offer: unknown; readonly offer_id: string }[]
}

interface Peer {
  readonly id: string
  readonly send: (message: unknown) => void
}

interface Torrent {
  readonly peers: Peer[]
  readonly byId: Map<string, Peer>
}

const torrents = new Map<string, Torrent>()

function torrentOf(infoHash: string): Torrent {
  let torrent = torrents.get(infoHash)
  if (torrent === undefined) {
    torrent = { peers: [], byId: new Map() }
    torrents.set(infoHash, torrent)
  }
  return torrent
}

/** Sends each offer to a peer of its own, from a random place on. */
function passOffersOn({ peers }: Torrent, { offers, peer_id, info_hash }: Announce): void {
  if (offers === undefined || peers.length < 2) return
  const first = Math.floor(Math.random() * peers.length)
  let at = first
  for (const { offer, offer_id } of offers) {
    if (peers[at % peers.length]!.id === peer_id) at++
    if (at - first >= peers.length) return
    peers[at++ % peers.length]!.send({ action: 'announce', offer, offer_id, peer_id, info_hash })
  }
}

function take(message: Announce, send: Peer['send']): void {
  const { info_hash, peer_id, to_peer_id, offer_id, answer } = message
  const torrent = torrentOf(info_hash)
  if (answer !== undefined) {
    torrent.byId.get(to_peer_id ?? '')?.send({ action: 'announce', answer, offer_id, peer_id, info_hash })
    return
  }
  if (!torrent.byId.has(peer_id)) {
    const peer = { id: peer_id, send }
    torrent.peers.push(peer)
    torrent.byId.set(peer_id, peer)
  }
  passOffersOn(torrent, message)
  send({ action: 'announce', interval: 120, info_hash, complete: 0, incomplete: 1 })
}

const { WebSocketServer } = createRequire(import.meta.url)('ws') as WsPackage
const server = createPlainOrTlsServer(process.argv.slice(3))
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
sockets.on('connection', socket => {
  const send = (message: unknown): void => socket.send(JSON.stringify(message))
  socket.on('message', data => take(JSON.parse(data.toString()) as Announce, send))
})
server.listen(Number(process.argv[2]), '127.0.0.1')
