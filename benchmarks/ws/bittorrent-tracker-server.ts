// The server of the npm package bittorrent-tracker, WebTorrent alone, as its documentation starts it; under TLS
// behind a node:https server of ours, which its documentation leaves to the user.
// Run: node dist/benchmarks/ws/bittorrent-tracker-server.js PORT [CERTIFICATE KEY]
import Server from 'bittorrent-tracker/server'
import { createPlainOrTlsServer } from './node-server.js'

const tracker = new Server({ udp: false, http: false, stats: false, ws: { noServer: true } })
// It warns of every client that misbehaves and of every answer that comes too late.
tracker.on('warning', () => undefined)
const server = createPlainOrTlsServer(process.argv.slice(3))
server.on('upgrade', (request, socket, head) => {
  tracker.ws.handleUpgrade(request, socket, head, client => tracker.ws.emit('connection', client, request))
})
server.listen(Number(process.argv[2]), '127.0.0.1')
