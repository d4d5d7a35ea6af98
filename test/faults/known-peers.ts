// Peers that a fault must not lose: registered before it over each protocol, asked for after it.

import assert from 'node:assert/strict'
import type { Owner } from '../support/child-process.js'
import { announceReplyOf, announceTarget, dictionaryOf, scrapeTarget } from '../support/http-announce.js'
import { HttpConnection } from '../support/http-connection.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'
import type { Place, Protocol } from './service.js'

const TORRENTS = 8
const PEERS_PER_TORRENT = 5

/** Info hashes of known peers: 0xfa00…, 0xfb00…, apart from those of any load. */
const firstTorrent: Readonly<Record<Protocol, number>> = { udp: 0xfa00_0000, http: 0xfb00_0000, ws: 0 }

/** WebTorrent's hashes are text. */
const webTorrentHash = (torrent: number): string => `known${torrent}`.padEnd(20, '.')

const knownPorts = Array.from({ length: PEERS_PER_TORRENT }, (_, index) => 20_001 + index)

const hashesOf = (protocol: Protocol): readonly Buffer[] =>
  Array.from({ length: TORRENTS }, (_, index) => infoHash(firstTorrent[protocol] + index))

/** One of them, over UDP or HTTP: what it announces. */
export function knownPeer(protocol: 'udp' | 'http'): { readonly infoHash: Buffer; readonly port: number } {
  return { infoHash: hashesOf(protocol)[0], port: knownPorts[0] }
}

/** Asks as a seeder, who is given leechers, and from a port that no known peer has. */
const ASKING_PORT = 20_000

/** Whoever was registered before a fault. `missing` says who of them is not given any more. */
export interface KnownPeers {
  /** A line for each peer that should be there and isn't; resolves when all torrents were asked for. */
  missing(place: Place): Promise<readonly string[]>
}

/** Registers the known peers of a protocol. Those of WebTorrent stay connected until the owner's end. */
export function registerKnownPeers(owner: Owner, protocol: Protocol, place: Place): Promise<KnownPeers> {
  return registrations[protocol](owner, place)
}

type Registration = (owner: Owner, place: Place) => Promise<KnownPeers>

const registrations: Readonly<Record<Protocol, Registration>> = {
  async udp(_, place) {
    await overUdp(place, async client => {
      for (const hash of hashesOf('udp'))
        for (const port of knownPorts) await client.announce({ infoHash: hash, port })
    })
    return { missing: missingOverUdp }
  },
  async http(_, place) {
    await overHttp(place, async connection => {
      for (const hash of hashesOf('http'))
        for (const port of knownPorts)
          announceReplyOf(await connection.get(announceTarget(hash, { port, compact: 1 })))
    })
    return { missing: missingOverHttp }
  },
  async ws(owner, place) {
    const clients = await Promise.all(
      knownPorts.map(() => WebTorrentClient.connect(owner, `ws://${place.address}:${place.port}`)),
    )
    for (const [index, client] of clients.entries())
      for (let torrent = 0; torrent < TORRENTS; torrent++)
        await client.announced(webTorrentHash(torrent), identifier(`known${index}`))
    return { missing: at => missingOverWs(owner, at, clients) }
  },
}

async function missingOverUdp(place: Place): Promise<string[]> {
  return await overUdp(place, async client => {
    const hashes = hashesOf('udp')
    const counts = await client.scrape(hashes)
    const missing: string[] = []
    for (const [index, hash] of hashes.entries()) {
      const { peers } = await client.announce({ infoHash: hash, port: ASKING_PORT, left: 0n, numwant: 100 })
      const { leechers } = counts[index]
      missing.push(...absences(`udp torrent ${index}`, peers, leechers))
    }
    return missing
  })
}

async function missingOverHttp(place: Place): Promise<string[]> {
  return await overHttp(place, async connection => {
    const missing: string[] = []
    for (const [index, hash] of hashesOf('http').entries()) {
      const { files } = dictionaryOf(await connection.get(scrapeTarget(hash)))
      const [counts] = Object.values(files as unknown as Record<string, { incomplete: number }>)
      const query = { port: ASKING_PORT, left: 0, numwant: 50, compact: 1 }
      const { peers } = announceReplyOf(await connection.get(announceTarget(hash, query)))
      missing.push(...absences(`http torrent ${index}`, peers, Number(counts?.incomplete ?? 0)))
    }
    return missing
  })
}

function absences(where: string, peers: readonly string[], leechers: number): string[] {
  const absent = knownPorts.filter(port => !peers.includes(`127.0.0.1:${port}`))
  const lines = absent.map(port => `${where}: 127.0.0.1:${port} is not given`)
  return leechers === knownPorts.length ? lines : [...lines, `${where}: a scrape tells ${leechers} leechers`]
}

/**
 * Members whose connection is open must be counted, those whose connection ended must not; and an offer reaches each of
 * those that are open.
 */
async function missingOverWs(
  owner: Owner,
  place: Place,
  clients: readonly WebTorrentClient[],
): Promise<string[]> {
  const open = clients.filter(({ isOpen }) => isOpen)
  const asking = await WebTorrentClient.connect(owner, `ws://${place.address}:${place.port}`)
  const missing: string[] = []
  for (let torrent = 0; torrent < TORRENTS; torrent++) {
    const hash = webTorrentHash(torrent)
    asking.send({ action: 'scrape', info_hash: hash })
    const { files } = await asking.next()
    const counted = Object.values(files ?? {})[0]?.['incomplete'] ?? 0
    if (counted !== open.length)
      missing.push(`ws torrent ${torrent}: ${counted} of ${open.length} are counted`)
  }
  const offers = open.map((_, index) => ({ offer_id: identifier(`offer${index}`), offer: { sdp: 'x' } }))
  await asking.announced(webTorrentHash(0), identifier('asking'), { left: 0, numwant: open.length, offers })
  for (const client of open) assert.ok((await client.next()).offer)
  await asking.close()
  return missing
}

async function overUdp<T>(place: Place, act: (client: UdpClient) => Promise<T>): Promise<T> {
  const client = await UdpClient.connected(place)
  try {
    return await act(client)
  } finally {
    client.close()
  }
}

async function overHttp<T>(place: Place, act: (connection: HttpConnection) => Promise<T>): Promise<T> {
  const connection = await HttpConnection.open(place)
  try {
    return await act(connection)
  } finally {
    connection.close()
  }
}
