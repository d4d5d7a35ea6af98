import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import {
  StreamClient,
  StreamClientEnd,
  type StreamClientOptions,
  type StreamClientProtocol,
} from '../../src/net/native/stream-client.js'
import { NativeTlsClient } from '../../src/net/native/tls-client.js'
import {
  type MadeCertificate,
  makeCertificate,
  opensslMissing,
  scratchDirectory,
} from '../support/certificates.js'
import { engineMissing, meets } from '../support/requirement.js'

/** What happened, in order: `connected 0`, `received 0 text`, `closed 0 ECONNREFUSED`. */
class Recorder implements StreamClientProtocol {
  readonly events: string[] = []
  readonly ends: number[] = []
  received0 = ''
  /** Bytes consumed of what is shown; everything unless told. */
  consume: (text: string) => number = text => text.length
  onConnected: (slot: number) => void = () => undefined
  onReceived: (slot: number) => void = () => undefined
  onClosed: (slot: number) => void = () => undefined
  client!: StreamClient

  connected(slot: number): void {
    this.events.push(`connected ${slot}`)
    this.onConnected(slot)
  }

  received(slot: number, input: Uint8Array, start: number, end: number): number {
    const text = Buffer.from(input.subarray(start, end)).toString('latin1')
    const consumed = this.consume(text)
    this.received0 += text.slice(0, consumed)
    this.events.push(`received ${slot} ${text.length > 40 ? text.length : text}`)
    this.onReceived(slot)
    return consumed
  }

  closed(slot: number, end: number, kept: number): void {
    const unread = Buffer.from(this.client.input.subarray(0, kept)).toString('latin1')
    this.ends.push(end)
    this.events.push(`closed ${slot} ${this.client.describeEnd(end)}${kept === 0 ? '' : `, kept ${unread}`}`)
    this.onClosed(slot)
  }

  /** Turns of the loop, in between those of node, until something was recorded so often. */
  async until(pattern: RegExp, count = 1): Promise<void> {
    while (this.events.filter(event => pattern.test(event)).length < count) await this.turn()
  }

  async turn(): Promise<void> {
    this.client.turn(0)
    await new Promise(resolve => setImmediate(resolve))
  }

  write(slot: number, text: string): boolean {
    this.client.output.set(Buffer.from(text, 'latin1'))
    return this.client.write(slot, 0, text.length)
  }
}

interface Started {
  readonly recorder: Recorder
  readonly client: StreamClient
  readonly server: Server
  /** Connections of the server, in the order in which they came. */
  readonly sockets: Socket[]
}

async function start(
  test: TestContext,
  options: Partial<StreamClientOptions> = {},
  server: Server = createServer(),
): Promise<Started> {
  const sockets: Socket[] = []
  server.on(
    server.listenerCount('secureConnection') > 0 ? 'secureConnection' : 'connection',
    (socket: Socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      test.after(() => socket.destroy())
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => server.close())
  const recorder = new Recorder()
  const client = new StreamClient({
    target: { address: '127.0.0.1', port: (server.address() as AddressInfo).port },
    capacity: 8,
    sourceAddresses: 1,
    inputBytesMax: 1024,
    outputScratchBytes: 65_536,
    outputBytesMax: 1 << 20,
    sendsAtOnce: true,
    protocol: () => recorder,
    ...options,
  })
  recorder.client = client
  test.after(() => client.closeAll())
  return { recorder, client, server, sockets }
}

function native(name: string, run: (test: TestContext) => Promise<void>): void {
  it(name, { timeout: 30_000 }, async test => {
    if (meets(test, engineMissing('native'))) await run(test)
  })
}

describe('a stream client', () => {
  native('connects, sends, and shows what comes until it is consumed', async test => {
    const { recorder, client, sockets } = await start(test)
    client.connect(3)
    assert.equal(client.connections, 1)
    assert.equal(client.isOpen(3), false)
    await recorder.until(/connected/)
    assert.equal(client.isOpen(3), true)
    assert.equal(recorder.write(3, 'hello'), true)
    while (sockets.length === 0) await recorder.turn()
    const [chunk] = (await once(sockets[0], 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'hello')
    recorder.consume = text => (text.endsWith('.') ? text.length : 0)
    sockets[0].write('one ')
    await recorder.until(/received 3 one $/)
    sockets[0].write('two.')
    await recorder.until(/received 3 one two\.$/)
    assert.equal(recorder.received0, 'one two.')
    assert.deepEqual([client.bytesSent, client.bytesReceived], [5, 8])
  })

  native('tells why a connection is over', async test => {
    const { recorder, client, sockets, server } = await start(test)
    recorder.consume = () => 0
    for (const slot of [0, 1]) client.connect(slot)
    await recorder.until(/connected/, 2)
    while (sockets.length < 2) await recorder.turn()
    sockets[0].end('half')
    await recorder.until(/closed/)
    sockets[1].resetAndDestroy()
    await recorder.until(/closed/, 2)
    server.close()
    sockets[0].destroy()
    await once(server, 'close')
    client.connect(5)
    await recorder.until(/closed/, 3)
    const closed = recorder.events.filter(event => event.startsWith('closed'))
    assert.equal(closed.length, 3)
    assert.match(closed[0], /^closed \d closed by the server, kept half$/)
    assert.match(closed[1], /^closed \d ECONNRESET$/)
    assert.equal(closed[2], 'closed 5 ECONNREFUSED')
    assert.deepEqual(recorder.ends, [
      StreamClientEnd.ended,
      StreamClientEnd.reset,
      StreamClientEnd.connectFailed,
    ])
    assert.equal(client.connections, 0)
  })

  native('lets a callback close, and open again in the same slot', async test => {
    const { recorder, client, sockets } = await start(test)
    let turns = 0
    recorder.onReceived = slot => {
      client.close(slot)
      if (++turns < 3) client.connect(slot)
    }
    recorder.onConnected = slot => void recorder.write(slot, 'x')
    client.connect(0)
    while (turns < 3) {
      await recorder.turn()
      for (const socket of sockets) if (!socket.writableEnded) socket.end('answer')
    }
    for (let more = 0; more < 10; more++) await recorder.turn()
    assert.deepEqual(
      recorder.events.filter(event => event.startsWith('closed')),
      [],
    )
    assert.equal(client.connections, 0)
  })

  native('finishes when the server does', async test => {
    const { recorder, client, sockets } = await start(test)
    recorder.onReceived = slot => client.finish(slot)
    client.connect(0)
    await recorder.until(/connected/)
    while (sockets.length === 0) await recorder.turn()
    // No time passes, so that the server is not taken for one that does not close.
    const startMs = performance.now()
    const clock = test.mock.method(performance, 'now', () => startMs)
    sockets[0].write('answer')
    await recorder.until(/received/)
    for (let more = 0; more < 10; more++) await recorder.turn()
    assert.equal(client.connections, 1)
    sockets[0].end('more that nobody wants')
    await recorder.until(/closed/)
    clock.mock.restore()
    assert.deepEqual(recorder.events, ['connected 0', 'received 0 answer', 'closed 0 finished'])
    assert.equal(client.isOpen(0), false)
  })

  native('finishes at once where the server has closed with its answer', async test => {
    const { recorder, client, sockets } = await start(test)
    recorder.onReceived = slot => client.finish(slot)
    client.connect(0)
    while (sockets.length === 0) await new Promise(resolve => setImmediate(resolve))
    sockets[0].end('answer')
    await once(sockets[0], 'finish')
    await recorder.until(/closed/)
    assert.deepEqual(recorder.events, ['connected 0', 'received 0 answer', 'closed 0 finished'])
  })

  native('does not wait for ever for a server that does not close', async test => {
    const { recorder, client, sockets } = await start(test)
    client.connect(0)
    await recorder.until(/connected/)
    while (sockets.length === 0) await recorder.turn()
    client.finish(0)
    const ended = new Promise(resolve => sockets[0].once('close', resolve))
    sockets[0].resume()
    while (recorder.ends.length === 0) {
      client.turn(20)
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.deepEqual(recorder.events, ['connected 0', 'closed 0 finished'])
    await ended
  })

  native('spreads connections over source addresses, each slot with its own', async test => {
    const { recorder, client, sockets } = await start(test, { sourceAddresses: 3 })
    for (let slot = 0; slot < 6; slot++) client.connect(slot)
    await recorder.until(/connected/, 6)
    while (sockets.length < 6) await recorder.turn()
    const from = sockets.map(({ remoteAddress }) => remoteAddress).sort()
    assert.deepEqual(
      from,
      ['1', '1', '2', '2', '3', '3'].map(last => `127.0.0.${last}`),
    )
    const address = new Uint8Array(16)
    assert.equal(client.readLocalAddress(4, address), 4)
    assert.deepEqual([...address.subarray(0, 4)], [127, 0, 0, 2])
  })

  native('keeps what the system does not take, in order, up to its limit', async test => {
    const { recorder, client, sockets } = await start(test, { outputBytesMax: 100_000 })
    client.connect(0)
    await recorder.until(/connected/)
    while (sockets.length === 0) await recorder.turn()
    sockets[0].pause()
    let written = 0
    const numbers = Buffer.alloc(10_000)
    const put = (): boolean => {
      for (let at = 0; at < numbers.length; at += 4) numbers.writeUInt32LE((written + at) / 4, at)
      client.output.set(numbers)
      written += numbers.length
      return client.write(0, 0, numbers.length)
    }
    while (put());
    while (client.keptOutputBytes(0) + numbers.length <= 100_000) put()
    assert.ok(client.sendsKept > 0)
    const chunks: Buffer[] = []
    sockets[0].on('data', chunk => chunks.push(chunk))
    sockets[0].resume()
    while (client.keptOutputBytes(0) > 0) await recorder.turn()
    const total = (): number => chunks.reduce((sum, { length }) => sum + length, 0)
    while (total() < written) await recorder.turn()
    const all = Buffer.concat(chunks)
    for (let at = 0; at < all.length; at += 4) assert.equal(all.readUInt32LE(at), at / 4)
    assert.equal(client.bytesSent, written)
    sockets[0].pause()
    while (recorder.ends.length === 0) {
      put()
      client.turn(0)
    }
    assert.deepEqual(recorder.ends, [StreamClientEnd.outputOverflow])
  })

  native('ends a connection whose input is never consumed, and reads on in any other', async test => {
    const { recorder, client, sockets } = await start(test)
    client.connect(0)
    await recorder.until(/connected/)
    while (sockets.length === 0) await recorder.turn()
    // Many times what is read in one turn.
    const much = 'x'.repeat(100_000)
    sockets[0].write(much)
    while (recorder.received0.length < much.length) await recorder.turn()
    assert.equal(recorder.received0, much)
    recorder.consume = () => 0
    sockets[0].write('y'.repeat(1024))
    await recorder.until(/closed/)
    assert.deepEqual(recorder.ends, [StreamClientEnd.inputOverflow])
    assert.equal(client.connections, 0)
  })

  native('waits for parts of a millisecond', async test => {
    const { client } = await start(test)
    const startMs = performance.now()
    for (let turns = 0; turns < 20; turns++) client.turn(0.5)
    const tookMs = performance.now() - startMs
    assert.ok(tookMs >= 9.9, `${tookMs}`)
  })

  native('closes all, and nothing is told', async test => {
    const { recorder, client } = await start(test)
    client.connect(0)
    await recorder.until(/connected/)
    client.connect(1)
    client.closeAll()
    assert.equal(client.connections, 0)
    assert.deepEqual(recorder.events, ['connected 0'])
  })
})

describe('a stream client with TLS', () => {
  function servedCertificate(test: TestContext): MadeCertificate {
    const names = 'DNS:tracker.example'
    return makeCertificate(scratchDirectory(test), 'served', { commonName: 'x', names })
  }

  function startTls(test: TestContext, served: MadeCertificate, tls: NativeTlsClient): Promise<Started> {
    const cert = readFileSync(served.certificatePath)
    const server = createTlsServer({ cert, key: readFileSync(served.keyPath) }, () => undefined)
    return start(test, { tls, inputBytesMax: 65_536 }, server)
  }

  function withTls(name: string, run: (test: TestContext) => Promise<void>): void {
    native(name, async test => {
      if (meets(test, opensslMissing())) await run(test)
    })
  }

  withTls('exchanges bytes, many records at a time', async test => {
    const tls = new NativeTlsClient({ hostName: 'tracker.example', trustedPems: null })
    const { recorder, client, sockets } = await startTls(test, servedCertificate(test), tls)
    client.connect(0)
    await recorder.until(/connected/)
    recorder.write(0, 'hello')
    while (sockets.length === 0) await recorder.turn()
    const [chunk] = (await once(sockets[0], 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'hello')
    const much = 'x'.repeat(200_000)
    sockets[0].write(much)
    while (recorder.received0.length < much.length) await recorder.turn()
    assert.equal(recorder.received0, much)
    sockets[0].end()
    await recorder.until(/closed/)
    assert.deepEqual(recorder.ends, [StreamClientEnd.ended])
  })

  withTls('believes a certificate that it trusts, for its name only', async test => {
    const served = servedCertificate(test)
    const trustedPems = [readFileSync(served.certificatePath, 'latin1')]
    for (const [hostName, said] of [
      ['tracker.example', /^connected 0$/],
      ['other.example', /^closed 0 certificate: hostname mismatch$/],
      ['127.0.0.1', /^closed 0 certificate: IP address mismatch$/],
    ] as const) {
      const tls = new NativeTlsClient({ hostName, trustedPems })
      const { recorder, client } = await startTls(test, served, tls)
      client.connect(0)
      await recorder.until(said)
    }
  })

  withTls('says what is wrong where the other side speaks no TLS', async test => {
    const tls = new NativeTlsClient({ hostName: '127.0.0.1', trustedPems: null })
    const { recorder, client, sockets } = await start(test, { tls })
    client.connect(0)
    while (sockets.length === 0) await recorder.turn()
    sockets[0].write('HTTP/1.1 400 Bad Request\r\n\r\n')
    await recorder.until(/closed/)
    client.connect(0)
    while (sockets.length < 2) await recorder.turn()
    sockets[1].end()
    await recorder.until(/closed/, 2)
    assert.deepEqual(recorder.events, [
      'closed 0 TLS: wrong version number',
      'closed 0 TLS: closed by the server',
    ])
    assert.deepEqual(recorder.ends, [StreamClientEnd.tlsFailed, StreamClientEnd.tlsFailed])
  })
})
