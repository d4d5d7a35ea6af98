// The part of bittorrent-tracker's client (a package without types) that the tests use.
declare module 'bittorrent-tracker/client' {
  import type { EventEmitter } from 'node:events'
  import type { Agent } from 'node:https'

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
    /** Over WebSocket it speaks WebRTC with the classes of webrtc-polyfill, unless told not to. */
    wrtc?: false
    rtcConfig?: { iceServers: readonly never[] }
    proxyOpts?: { httpsAgent: Agent }
  }

  /** A data channel to another peer: emits `connect`, then `data` for each message. */
  interface DataChannel extends EventEmitter {
    /** Peer id of the other side in hexadecimal, once it is known. */
    id?: string
    connected: boolean
    send(data: Uint8Array | string): void
    destroy(): void
  }

  /**
   * Emits `update` ({ complete, incomplete }), then `peer` (address:port, or a data channel over WebSocket) for each,
   * `scrape` and `warning`.
   */
  export default class Client extends EventEmitter {
    constructor(options: ClientOptions)
    start(options?: AnnounceOptions): void
    update(options?: AnnounceOptions): void
    complete(options?: AnnounceOptions): void
    stop(options?: AnnounceOptions): void
    scrape(options?: { infoHash: readonly Buffer[] }): void
    destroy(done?: () => void): void
  }

  export type { AnnounceOptions, DataChannel, ScrapeResult }
}
