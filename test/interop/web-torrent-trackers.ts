// The trackers that WebTorrent clients are tried on.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeCertificate, scratchDirectory } from '../support/certificates.js'
import type { Owner } from '../support/child-process.js'

/** For now: the other implementation. */
export async function startWebTorrent(owner: Owner, { tls }: { engine: 'native' | 'node'; tls: boolean }) {
  const { default: Server } = (await import('bittorrent-tracker/server' as string)) as {
    default: new (options: object) => { onWebSocketConnection(socket: unknown): void; close(): void }
  }
  const { WebSocketServer } = await import('ws')
  const certificate = tls
    ? makeCertificate(scratchDirectory(owner), 'tracker', { commonName: 'tracker' })
    : undefined
  const tracker = new Server({ http: false, udp: false, ws: { noServer: true }, stats: false })
  const server = certificate
    ? https.createServer({
        cert: readFileSync(certificate.certificatePath),
        key: readFileSync(certificate.keyPath),
      })
    : http.createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket: { upgradeReq?: unknown }, request) => {
    socket.upgradeReq = request
    tracker.onWebSocketConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    tracker: { url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}` },
    certificatePath: certificate?.certificatePath,
  }
}
