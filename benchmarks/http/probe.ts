// The floor of HTTP over the byte stream servers: a fixed answer to whatever ends with an empty line, beside a minimal
// `node:http`. Started by hand with a load program beside it.
//   node dist/benchmarks/http/probe.js native|node|http PORT keep|close [CERTIFICATE KEY]

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readCertificate } from '../../src/net/certificate.js'
import { openTcpListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { NativeTls } from '../../src/net/native/tls.js'
import { NodeStreamServer } from '../../src/net/node/stream-server.js'
import { NodeTls } from '../../src/net/node/tls.js'
import type { StreamLimits, StreamProtocol, StreamServer } from '../../src/net/stream.js'
import { TICKET_KEY_BYTES } from '../../src/net/tls-settings.js'

/** An announce's answer of 30 peers, 250 bytes. */
const BODY = Buffer.from(
  `d8:completei1e10:incompletei29e8:intervali1800e5:peers180:${'peers.'.repeat(30)}7:warning0:e`,
  'latin1',
)
const limits: StreamLimits = {
  capacity: 20_000,
  connectionsPerAddressMax: 0,
  inputBytesMax: 8192,
  outputBytesMax: 1 << 20,
  handshakeSeconds: 10,
  writeSeconds: 10,
  lingerSeconds: 2,
  protocolWordCount: 4,
  outputScratchBytes: 65_536,
}

const IDLE_SECONDS = 60

/** Answers without parsing: the cost of the streams alone. */
function fixedAnswer(server: StreamServer, keepAlive: boolean): StreamProtocol {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n${keepAlive ? '' : 'Connection: close\r\n'}\r\n`
  const answer = Buffer.concat([Buffer.from(head), BODY])
  server.output.set(answer)
  return {
    open: connection => server.setDeadline(connection, 0, IDLE_SECONDS),
    receive(connection, input, _start, end) {
      if (input[end - 1] !== 10 || input[end - 3] !== 10) return 0
      server.write(connection, server.output, 0, answer.length)
      if (keepAlive) server.setDeadline(connection, 0, IDLE_SECONDS)
      else server.finish(connection)
      return end
    },
    overflow: () => undefined,
    expired: connection => server.close(connection),
    ended: connection => server.close(connection),
    drained: () => undefined,
    closed: () => undefined,
  }
}

const [engine, portText, mode, certificatePath, keyPath] = process.argv.slice(2)
const address = { address: '127.0.0.1', port: Number(portText) }
const keepAlive = mode !== 'close'
const certificate =
  certificatePath === undefined
    ? undefined
    : readCertificate({ certificatePath, keyPath, passphrasePath: '' }, new Date())
const ticketKeys = randomBytes(TICKET_KEY_BYTES)
const listen = { protocol: 'http', address, onlyIpv6: true, backlog: 4096 }
const protocol = (streams: StreamServer): StreamProtocol => fixedAnswer(streams, keepAlive)

function answerByNodeHttp(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Length': BODY.length,
    ...(keepAlive ? {} : { Connection: 'close' }),
  })
  response.end(BODY)
}

if (engine === 'http') {
  const server =
    certificate === undefined
      ? createServer(answerByNodeHttp)
      : createTlsServer({ cert: certificate.chainPem, key: certificate.keyPem }, answerByNodeHttp)
  server.listen({ host: address.address, port: address.port, backlog: listen.backlog })
} else if (engine === 'node') {
  const tls = certificate === undefined ? {} : { tls: new NodeTls({ certificate, ticketKeys }) }
  await NodeStreamServer.open({ listeners: [listen], limits, protocol, ...tls })
} else {
  const tls = certificate === undefined ? {} : { tls: new NativeTls({ certificate, ticketKeys }) }
  const server = new NativeStreamServer({ listeners: [openTcpListener(listen)], limits, protocol, ...tls })
  for (;;) server.turn(50)
}
