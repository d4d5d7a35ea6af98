// The swarm said in plain Maps, as the properties compare it with.
import { AnnounceEvent, Family } from '../../src/swarm/announce.js'
import type { PeerAnnounce } from './fixture.js'

interface ModelPeer {
  seeder: boolean
  completed: boolean
  validUntil: number
}

interface ModelTorrent {
  readonly peers: ReadonlyMap<number, Map<string, ModelPeer>>
  downloads: number
}

export interface ModelAnswer {
  readonly others: ReadonlySet<string>
  readonly seeders: number
  readonly leechers: number
  readonly downloads: number
}

export class Model {
  readonly torrents = new Map<number, ModelTorrent>()

  /** Applies the announce unless it was refused, and says what the answer may hold. */
  announce(peer: Required<PeerAnnounce>, isRefused = false): ModelAnswer {
    const key = `${peer.address}:${peer.port}`
    const stays = peer.port !== 0 && peer.event !== AnnounceEvent.stopped
    if (stays && !isRefused && !this.torrents.has(peer.torrent)) {
      const families = [Family.ipv4, Family.ipv6].map(family => [family, new Map()] as const)
      this.torrents.set(peer.torrent, { peers: new Map(families), downloads: 0 })
    }
    const torrent = this.torrents.get(peer.torrent)
    if (torrent === undefined) {
      return { others: new Set(), seeders: 0, leechers: 0, downloads: 0 }
    }
    const peers = torrent.peers.get(peer.family)!
    const before = peers.get(key)
    const others = [...peers].filter(([other]) => other !== key)
    if (peer.event === AnnounceEvent.stopped) {
      peers.delete(key)
    } else if (stays && !isRefused) {
      const says = peer.event === AnnounceEvent.completed
      const completed = says || before?.completed === true
      torrent.downloads += says && before?.seeder !== true ? 1 : 0
      peers.set(key, { seeder: peer.seeder || completed, completed, validUntil: peer.now + peer.age })
    }
    const seeders = others.filter(([, other]) => other.seeder).length
    return {
      others: new Set(others.map(([other]) => other)),
      seeders,
      leechers: others.length - seeders,
      downloads: torrent.downloads,
    }
  }

  clean(now: number, isForbidden: (torrent: number) => boolean): void {
    for (const [number, torrent] of this.torrents) {
      for (const peers of torrent.peers.values()) {
        for (const [key, peer] of peers) {
          if (isForbidden(number) || peer.validUntil <= now) {
            peers.delete(key)
          }
        }
      }
      if ([...torrent.peers.values()].every(peers => peers.size === 0)) {
        this.torrents.delete(number)
      }
    }
  }

  /** Peers and seeders of one family in one torrent, or in all. */
  count(family: number, number?: number): { peers: number; seeders: number } {
    const torrents = number === undefined ? [...this.torrents.values()] : [this.torrents.get(number)]
    const peers = torrents.flatMap(torrent => [...(torrent?.peers.get(family)?.values() ?? [])])
    return { peers: peers.length, seeders: peers.filter(peer => peer.seeder).length }
  }
}
