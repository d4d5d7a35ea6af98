// The floor of HTTP over the byte stream servers: a fixed answer to whatever ends with an empty line, beside a minimal
// `node:http`. Started by hand with a load program beside it.
//   node dist/benchmarks/http/stream-floor.js native|node|http PORT [keep|close]

import { createServer } from 'node:http'
import { openTcpListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import type { StreamLimits, StreamProtocol, StreamServer } from '../../src/net/stream.js'

const BODY = Buffer.alloc(250, 'a')
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
    closed: () => undefined,
  }
}

const [engine, portText, mode] = process.argv.slice(2)
const address = { address: '127.0.0.1', port: Number(portText) }
const keepAlive = mode !== 'close'
if (engine === 'http') {
  createServer((_request, response) => {
    response.writeHead(200, {
      'Content-Length': BODY.length,
      ...(keepAlive ? {} : { Connection: 'close' }),
    })
    response.end(BODY)
  }).listen({ host: address.address, port: address.port, backlog: 4096 })
} else if (engine === 'native') {
  const listener = openTcpListener({ protocol: 'http', address, onlyIpv6: true, backlog: 4096 })
  const server = new NativeStreamServer({
    listeners: [listener],
    limits,
    protocol: streams => fixedAnswer(streams, keepAlive),
  })
  for (;;) server.turn(50)
}
