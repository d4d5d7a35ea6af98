// The other side of a load generator: a thread that gives every request over HTTP the same answer, and counts them in
// shared memory. It parses nothing, so that what is measured is the generator.

import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import type { Certificate } from '../../src/net/certificate.js'
import { openTcpListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { NativeTls } from '../../src/net/native/tls.js'
import type { StreamLimits, StreamProtocol, StreamServer } from '../../src/net/stream.js'
import { threadId } from '../../src/net/thread-name.js'
import { TICKET_KEY_BYTES } from '../../src/net/tls-settings.js'

export interface ResponderData {
  readonly port: number
  /** One number: requests answered. */
  readonly answered: SharedArrayBuffer
  /** Whether every answer is the last of its connection. */
  readonly closes: boolean
  readonly certificate: Certificate | null
}

const PEERS = 30
const body = Buffer.from(
  `d8:completei1e10:incompletei${PEERS - 1}e8:intervali1800e5:peers${PEERS * 6}:${'peers.'.repeat(PEERS)}e`,
)
const limits: StreamLimits = {
  capacity: 20_000,
  connectionsPerAddressMax: 0,
  inputBytesMax: 8192,
  outputBytesMax: 1 << 20,
  handshakeSeconds: 10,
  writeSeconds: 10,
  lingerSeconds: 2,
  protocolWordCount: 1,
  outputScratchBytes: 65_536,
}

const LINE_FEED = 10

function fixedAnswer(server: StreamServer, answered: Float64Array, closes: boolean): StreamProtocol {
  const header = closes ? 'Connection: close\r\n' : ''
  const head = `HTTP/1.1 200 OK\r\n${header}Content-Length: ${body.length}\r\n\r\n`
  const answer = Buffer.concat([Buffer.from(head), body])
  server.output.set(answer)
  return {
    open: () => undefined,
    receive(connection, input, _start, end) {
      if (input[end - 1] !== LINE_FEED || input[end - 3] !== LINE_FEED) return 0
      answered[0]++
      server.write(connection, server.output, 0, answer.length)
      if (closes) server.finish(connection)
      return end
    },
    overflow: () => undefined,
    expired: connection => server.close(connection),
    ended: connection => server.close(connection),
    drained: () => undefined,
    closed: () => undefined,
  }
}

const { port, answered, closes, certificate } = workerData as ResponderData
const listen = { protocol: 'http', address: { address: '127.0.0.1', port }, onlyIpv6: true, backlog: 4096 }
const ticketKeys = randomBytes(TICKET_KEY_BYTES)
const server = new NativeStreamServer({
  listeners: [openTcpListener(listen)],
  limits,
  protocol: streams => fixedAnswer(streams, new Float64Array(answered), closes),
  ...(certificate === null ? {} : { tls: new NativeTls({ certificate, ticketKeys }) }),
})
parentPort?.postMessage(threadId())
for (;;) server.turn(50)
