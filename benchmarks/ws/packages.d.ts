// What the benchmarks use of two packages without types: the servers of ws and of bittorrent-tracker.
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage, Server } from 'node:http'
  import type { Duplex } from 'node:stream'

  interface WebSocket {
    send(text: string): void
    on(event: 'message', listener: (data: Buffer) => void): this
  }

  class WebSocketServer extends EventEmitter {
    constructor(options: { server: Server; perMessageDeflate: boolean; clientTracking: boolean })
    on(event: 'connection', listener: (socket: WebSocket) => void): this
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (client: WebSocket) => void,
    ): void
  }

  export { type WebSocket, WebSocketServer }
}

declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events'
  import type { WebSocketServer } from 'ws'

  export default class Server extends EventEmitter {
    constructor(options: { udp: boolean; http: boolean; stats: boolean; ws: { noServer: boolean } })
    readonly ws: WebSocketServer
  }
}
