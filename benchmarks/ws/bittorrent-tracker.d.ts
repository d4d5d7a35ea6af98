// The part of bittorrent-tracker's server (a package without types) that the benchmarks use.
declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  /** The package `ws`'s server inside. */
  interface WebSocketServer extends EventEmitter {
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (client: object) => void,
    ): void
  }

  export default class Server extends EventEmitter {
    constructor(options: { udp: boolean; http: boolean; stats: boolean; ws: { noServer: boolean } })
    readonly ws: WebSocketServer
  }
}
