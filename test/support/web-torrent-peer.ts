// One peer of WebTorrent swarms, with a peer id and a connection of its own.

import type { ClientOptions } from 'ws'
import type { Owner } from './child-process.js'
import { type TrackerMessage, WebTorrentClient } from './web-torrent-client.js'

let lastNumber = 0

/** 20 characters that no other one has: each is a byte of an identifier. */
export function newIdentifier(prefix = '-WW0208-'): string {
  return `${prefix}${String(++lastNumber).padStart(20 - prefix.length, '0')}`
}

/** An offer as WebTorrent makes it. */
export function offerOf(id = newIdentifier('offer'), sdp = 'v=0\r\n'): { offer: object; offer_id: string } {
  return { offer: { type: 'offer', sdp }, offer_id: id }
}

export class WebTorrentPeer {
  readonly client: WebTorrentClient
  readonly peerId = newIdentifier()

  private constructor(client: WebTorrentClient) {
    this.client = client
  }

  static async connect(owner: Owner, url: string, options: ClientOptions = {}): Promise<WebTorrentPeer> {
    return new WebTorrentPeer(await WebTorrentClient.connect(owner, url, options))
  }

  /** Sends a message and reads the next one, which is its answer as long as nothing else is under way. */
  async request(message: object | string): Promise<TrackerMessage> {
    this.client.send(message)
    return await this.client.next()
  }

  /** An announce of a leecher; `more` goes beside and over what it says itself. */
  announceMessage(infoHash: string, more: object = {}): object {
    return { action: 'announce', info_hash: infoHash, peer_id: this.peerId, left: 1, ...more }
  }

  async announce(infoHash: string, more: object = {}): Promise<TrackerMessage> {
    return await this.request(this.announceMessage(infoHash, more))
  }

  /** Seeders, leechers and downloads of a torrent, as a scrape tells them. */
  async counts(infoHash: string): Promise<readonly number[]> {
    const { files = {} } = await this.request({ action: 'scrape', info_hash: infoHash })
    const { complete, incomplete, downloaded } = files[infoHash]
    return [complete, incomplete, downloaded]
  }
}
