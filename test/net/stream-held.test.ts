// A node server that is held, while rights of root are given up: connections wait, and nothing of them is read.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { readCertificate } from '../../src/net/certificate.js'
import { NodeStreamServer } from '../../src/net/node/stream-server.js'
import { NodeTls } from '../../src/net/node/tls.js'
import { TICKET_KEY_BYTES } from '../../src/net/tls-settings.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { meets } from '../support/requirement.js'
import { Client, counter, LineProtocol, limits } from './stream-fixture.js'

const capacity = 4
const address = { address: '127.0.0.1', port: 0 }

async function hold(t: TestContext, tls?: NodeTls) {
  let protocol: LineProtocol | undefined
  const server = await NodeStreamServer.open({
    listeners: [{ protocol: 'test', address, onlyIpv6: true, backlog: 100 }],
    limits: { ...limits, capacity },
    isHeld: true,
    protocol: streams => {
      protocol = new LineProtocol(streams)
      return protocol
    },
    ...(tls === undefined ? {} : { tls }),
  })
  t.after(() => server.closeAll())
  const [listening] = server.listening as unknown as { port: number }[]
  return { server, protocol: protocol as unknown as LineProtocol, port: listening.port }
}

describe('a held node server', () => {
  it('reads nothing of as many connections as it has slots, closes more, and then serves them', async t => {
    const { server, protocol, port } = await hold(t)
    const clients: Client[] = []
    for (let index = 0; index < capacity; index++) {
      const client = await Client.connect(t, '127.0.0.1', port)
      client.send(`echo ${index}\n`)
      clients.push(client)
    }
    const tooMany = await Client.connect(t, '127.0.0.1', port)
    assert.equal(await tooMany.end(), '')
    assert.deepEqual(protocol.opened, [])
    assert.equal(counter(server, 'refusedFull'), 1)
    assert.deepEqual([counter(server, 'accepted'), counter(server, 'bytesReceived')], [0, 0])
    server.serve()
    for (const [index, client] of clients.entries()) await client.until(`${index}\n`)
    assert.equal(counter(server, 'accepted'), capacity)
  })

  it('shakes hands with TLS clients afterwards, and forgets those that are gone', async t => {
    if (!meets(t, opensslMissing())) return
    const certificate = readCertificate(
      makeCertificate(scratchDirectory(t), 'c', { commonName: 'localhost' }),
      new Date(),
    )
    const { server, port } = await hold(
      t,
      new NodeTls({ certificate, ticketKeys: randomBytes(TICKET_KEY_BYTES) }),
    )
    const gone = await Client.connect(t, '127.0.0.1', port)
    gone.reset()
    const connecting = Client.connect(t, '127.0.0.1', port, undefined, { rejectUnauthorized: false })
    for (let index = 0; index < capacity - 2; index++) await Client.connect(t, '127.0.0.1', port)
    const tooMany = await Client.connect(t, '127.0.0.1', port)
    await tooMany.end()
    server.serve()
    const client = await connecting
    client.send('echo secret\n')
    await client.until('secret\n')
    assert.equal(counter(server, 'handshakesFull'), 1)
  })

  it('closes what waits when it is closed', async t => {
    const { server, port } = await hold(t)
    const waiting = await Client.connect(t, '127.0.0.1', port)
    await server.closeAll()
    assert.equal(await waiting.end(), '')
  })
})
