// The part of bittorrent-tracker's client (a package without types) that the tests use.
declare module 'bittorrent-tracker/client' {
  import type { EventEmitter } from 'node:events'

  type AnnounceOptions = {
    uploaded?: number
    downloaded?: number
    /** Bytes missing; all ones on the wire if left out. */
    left?: number
    numwant?: number
  }

  type ScrapeResult = {
    announce: string
    infoHash: string
    complete: number
    incomplete: number
    downloaded: number
  }

  type ClientOptions = {
    infoHash: Buffer
    peerId: Buffer
    announce: string
    port: number
    wrtc?: false
  }

  /** Emits `update` ({ complete, incomplete }), then `peer` (address:port) for each, `scrape` and `warning`. */
  export default class Client extends EventEmitter {
    constructor(options: ClientOptions)
    start(options?: AnnounceOptions): void
    update(options?: AnnounceOptions): void
    complete(options?: AnnounceOptions): void
    stop(options?: AnnounceOptions): void
    scrape(options?: { infoHash: readonly Buffer[] }): void
    destroy(done?: () => void): void
  }

  export type { AnnounceOptions, ScrapeResult }
}
