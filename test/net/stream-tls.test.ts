// TLS of both engines: versions, resumption across servers, a certificate changed while serving, handshakes that fail.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, describe, it, type TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type Certificate, readCertificate } from '../../src/net/certificate.js'
import { NativeTls, nativeTlsObstacle } from '../../src/net/native/tls.js'
import { TICKET_KEY_BYTES } from '../../src/net/tls-settings.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { engineMissing, meets } from '../support/requirement.js'
import {
  type Client,
  counter,
  type Engine,
  LineProtocol,
  limits,
  type StartedServer,
  start,
  startSpeaking,
} from './stream-fixture.js'

let made = 0
const suite = { after: (remove: () => void) => after(remove) }

function certificate(commonName: string, keyKind: 'ec' | 'rsa:2048' = 'ec'): Certificate {
  made++
  return readCertificate(
    makeCertificate(scratchDirectory(suite), `c${made}`, { commonName, keyKind }),
    new Date(),
  )
}

const ticketKeys = randomBytes(TICKET_KEY_BYTES)

async function startTls(t: TestContext, engine: Engine, shown: Certificate): Promise<StartedServer> {
  return await start(t, { engine, tls: { certificate: shown, ticketKeys } })
}

async function talk(client: Client): Promise<TLSSocket> {
  client.send('echo hello\n')
  await client.until('hello\n')
  return client.socket as TLSSocket
}

/** The last session that the server gave: with TLS 1.3 it comes with or after the first answer. */
async function sessionOf(client: Client): Promise<Buffer> {
  const given = new Promise<Buffer>(resolve => client.socket.once('session', resolve))
  client.send('echo hello\n')
  await client.until('hello\n')
  const session = (client.socket as TLSSocket).getProtocol() === 'TLSv1.2' ? undefined : await given
  return session ?? ((client.socket as TLSSocket).getSession() as Buffer)
}

for (const engine of ['native', 'node'] as const) {
  describe(`TLS, ${engine} engine`, () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const keyKind of ['ec', 'rsa:2048'] as const) {
        it(`speaks ${version} with a key of kind ${keyKind}, and negotiates http/1.1`, async t => {
          if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
          const { connect: connectTo, server } = await startTls(t, engine, certificate('localhost', keyKind))
          const client = await connectTo(undefined, {
            minVersion: version,
            maxVersion: version,
            ALPNProtocols: ['h2', 'http/1.1'],
          })
          const socket = await talk(client)
          assert.equal(socket.getProtocol(), version)
          assert.equal(socket.alpnProtocol, 'http/1.1')
          assert.equal(counter(server, 'handshakesFull'), 1)
        })
      }

      it(`resumes ${version} sessions of another server with the same ticket keys`, async t => {
        if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
        const shown = certificate('localhost')
        const [first, second] = [await startTls(t, engine, shown), await startTls(t, engine, shown)]
        const versions = { minVersion: version, maxVersion: version }
        // No session is asked for as long as nobody listens: a listener must be there before the handshake.
        const client = await first.connect(undefined, versions)
        const session = await sessionOf(client)
        const again = await second.connect(undefined, { ...versions, session })
        assert.equal((await talk(again)).isSessionReused(), true)
        assert.equal(counter(second.server, 'handshakesResumed'), 1)
        assert.equal(counter(second.server, 'handshakesFull'), 0)
      })
    }

    it('refuses TLS 1.1, and a client that does not offer http/1.1', async t => {
      if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
      const { connect: connectTo, server } = await startTls(t, engine, certificate('localhost'))
      const old = await connectTo(undefined, {
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      })
      assert.equal(await old.end(), '')
      const other = await connectTo(undefined, { ALPNProtocols: ['h2'] })
      assert.equal(await other.end(), '')
      assert.equal(counter(server, 'handshakesFailed'), 2)
      await talk(await connectTo(undefined, { ALPNProtocols: ['http/1.1'] }))
      assert.equal(server.connections, 1)
    })

    it('shows a new certificate to new connections, and keeps the old ones open', async t => {
      if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
      const { connect: connectTo, setCertificate } = await startTls(t, engine, certificate('before'))
      const before = await connectTo()
      assert.equal((await talk(before)).getPeerCertificate().subject.CN, 'before')
      setCertificate(certificate('after'))
      assert.equal((await talk(await connectTo())).getPeerCertificate().subject.CN, 'after')
      await talk(before)
    })

    it('gives up on handshakes that take longer than handshakeSeconds, or are none', async t => {
      if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
      const started = await startTls(t, engine, certificate('localhost'))
      const { advance, connect: connectTo, port, protocol, server } = started
      const silent = connect(port, '127.0.0.1')
      t.after(() => silent.destroy())
      const silentEnded = new Promise(resolve => silent.resume().on('end', resolve))
      await talk(await connectTo())
      assert.equal(server.connections, 2)
      advance(limits.handshakeSeconds + 1)
      await silentEnded
      assert.equal(counter(server, 'handshakesTimedOut'), 1)
      const plain = connect(port, '127.0.0.1')
      const plainEnded = new Promise(resolve => plain.resume().on('close', resolve).on('error', resolve))
      plain.write('GET / HTTP/1.1\r\n\r\n')
      await plainEnded
      assert.equal(counter(server, 'handshakesFailed'), 1)
      // The protocol never heard of either.
      assert.equal(protocol.opened.length, 1)
      assert.equal(server.connections, 1)
    })
  })
}

/** What a client says first. */
async function clientHello(t: TestContext): Promise<Buffer> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connectTls({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1' })
  client.on('error', () => undefined)
  const [accepted] = await once(listener, 'connection')
  const [hello] = (await once(accepted, 'data')) as [Buffer]
  t.after(() => {
    client.destroy()
    accepted.destroy()
    listener.close()
  })
  return hello
}

/** Counts the steps of handshakes. */
class CountingTls extends NativeTls {
  steps = 0

  override accept(ssl: number): number {
    this.steps++
    return super.accept(ssl)
  }
}

describe('native TLS', () => {
  it('takes a few steps of handshakes in a turn, however many wait for one', async t => {
    if (!meets(t, { ...engineMissing('native'), ...opensslMissing() })) return
    const tls = new CountingTls({ certificate: certificate('localhost'), ticketKeys })
    const { server, port } = await startSpeaking(t, { engine: 'native' }, at => new LineProtocol(at), tls)
    const hello = await clientHello(t)
    const clients = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'))
    for (const client of clients) t.after(() => client.destroy())
    await Promise.all(clients.map(client => once(client, 'connect')))
    while (server.connections < clients.length) server.turn(0)
    const before = tls.steps
    for (const client of clients) client.write(hello)
    for (let turns = 1; tls.steps < before + clients.length; turns++) {
      server.turn(0)
      assert.ok(tls.steps - before <= 8 * turns, `${tls.steps - before} steps in ${turns} turns`)
    }
    await Promise.all(clients.map(client => once(client, 'data')))
  })

  it('is possible here, and refuses a key of another certificate', t => {
    if (!meets(t, { ...engineMissing('native'), ...opensslMissing() })) return
    assert.equal(nativeTlsObstacle(), null)
    const [one, two] = [certificate('one'), certificate('two')]
    assert.throws(
      () => new NativeTls({ certificate: { ...one, keyPem: two.keyPem }, ticketKeys }),
      /OpenSSL refused the private key/,
    )
    const tls = new NativeTls({ certificate: one, ticketKeys })
    assert.throws(() => tls.setCertificate({ ...one, chainPem: '' }), /OpenSSL refused the PEM text/)
    tls.close()
  })
})
