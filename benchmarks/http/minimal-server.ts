// What `node:http` and `node:https` themselves cost: a server that reads an announce as it must be read and
// answers every one with the same peers. It keeps no swarm, so a tracker on top of it can only cost more.
// Run: node dist/benchmarks/http/minimal-server.js PORT [CERTIFICATE KEY]
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

const peersMax = 50
const interval = 'd8:completei1e10:incompletei1e8:intervali120e5:peers'
/** The answers for 0 to 50 peers. */
const answers = Array.from({ length: peersMax + 1 }, (_, count) => {
  const peers = Buffer.alloc(6 * count, '\x7f\x00\x00\x01\x1a\xe1', 'latin1')
  return Buffer.concat([Buffer.from(`${interval}${peers.length}:`), peers, Buffer.from('6:peers60:e')])
})

/** The 20 bytes of an info hash, which no text encoding holds: `%XX`, or a character that is a byte. */
function decodeHash(text: string): Buffer | undefined {
  const hash = Buffer.allocUnsafe(20)
  let length = 0
  for (let index = 0; index < text.length; index++) {
    if (length === 20) return undefined
    let byte = text.charCodeAt(index)
    if (byte === 0x25) {
      byte = Number.parseInt(text.slice(index + 1, index + 3), 16)
      index += 2
    }
    if (Number.isNaN(byte) || byte > 255) return undefined
    hash[length++] = byte
  }
  return length === 20 ? hash : undefined
}

/** The answer to an announce; undefined when it is none. */
function answerFor(url: string): Buffer | undefined {
  if (!url.startsWith('/announce?')) return undefined
  let [hash, port, wanted]: [Buffer | undefined, number, number] = [undefined, 0, peersMax]
  for (const pair of url.slice(10).split('&')) {
    const equals = pair.indexOf('=')
    const value = pair.slice(equals + 1)
    if (pair.startsWith('info_hash=')) hash = decodeHash(value)
    else if (pair.startsWith('port=')) port = Number(value)
    else if (pair.startsWith('numwant=')) wanted = Number(value)
  }
  if (hash === undefined || !(port > 0 && port < 65536) || !(wanted >= 0)) return undefined
  return answers[Math.min(Math.trunc(wanted), peersMax)]
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const answer = answerFor(request.url ?? '')
  const body = answer ?? 'd14:failure reason15:Invalid requeste'
  response.writeHead(answer === undefined ? 400 : 200, {
    'Content-Type': 'text/plain',
    'Content-Length': body.length,
  })
  response.end(body)
}

const [port, certificate, key] = process.argv.slice(2)
// Idle connections stay as long as aquatic keeps them, not the five seconds of the default.
const options = { keepAliveTimeout: 180_000 }
const server =
  certificate === undefined || key === undefined
    ? createServer(options, serve)
    : createTlsServer({ ...options, cert: readFileSync(certificate), key: readFileSync(key) }, serve)
server.listen(Number(port), '127.0.0.1')
