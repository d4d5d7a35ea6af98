// Sockets that a service manager opened for the HTTP tracker: TCP of both families and Unix, on both engines; what is
// of another kind is left alone. And what the manager hears on NOTIFY_SOCKET.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import {
  closeStreamListener,
  type OpenStreamListener,
  openTcpListener,
  openUnixListener,
} from '../../src/net/native/stream-listener.js'
import { closeUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { KeptConnection } from '../support/kept-connection.js'
import { engineMissing, meets } from '../support/requirement.js'
import { tlsSettings } from '../support/tls-tracker.js'
import {
  hasIpv6Loopback,
  startBinary,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { UnixDatagrams } from '../support/unix-datagrams.js'

const common = { protocol: 'test', backlog: 100, onlyIpv6: true }

function tcp(t: TestContext, address = '127.0.0.1', port = 0): OpenStreamListener & { port: number } {
  const listener = openTcpListener({ ...common, address: { address, port } })
  t.after(() => closeStreamListener(listener))
  return { ...listener, port: (listener.address as { port: number }).port }
}

/** Announces over several connections, so that each worker is met; all see one torrent. */
async function assertServes(t: TestContext, tracker: TrackerProcess): Promise<void> {
  for (const { address, port } of tracker.listening) {
    for (let index = 0; index < 8; index++) {
      const connection = await KeptConnection.plain(t, { host: address, port })
      const { incomplete } = await connection.announce({ torrent: port, port: 1000 + index })
      assert.equal(incomplete, index)
    }
  }
}

for (const engine of ['native', 'node'] as const) {
  describe(`socket activation of the HTTP tracker, ${engine} engine`, () => {
    const settings = { 'network.engine': engine, socket_workers: 2 }

    it('serves the sockets passed in, one for each family, and no others', async t => {
      if (!meets(t, engineMissing('native'))) return
      const sockets = [tcp(t), ...(hasIpv6Loopback() ? [tcp(t, '::1')] : [])]
      const passSockets = sockets.map(({ fd }) => fd)
      const tracker = await startTracker(t, { protocol: 'http', settings, passSockets })
      assert.deepEqual(
        tracker.listening.map(({ protocol, address, port }) => ({ protocol, address, port })),
        sockets.map(({ address }) => ({ protocol: 'http', ...address })),
      )
      assert.equal(tracker.listening[0].workers, engine === 'native' ? 2 : 1)
      await assertServes(t, tracker)
      await tracker.process.waitForLines('stdout', /LISTEN_FDS.* are used instead of network\.address_/)
      assert.equal((await tracker.stop()).code, 0)
    })

    it('several sockets on one address (ReusePort=) are all served', async t => {
      if (!meets(t, engineMissing('native'))) return
      const first = tcp(t)
      const second = tcp(t, '127.0.0.1', first.port)
      const options = { families: [4, 4], settings, passSockets: [first.fd, second.fd] } as const
      const tracker = await startTracker(t, { protocol: 'http', ...options })
      for (let index = 0; index < 32; index++) {
        const connection = await KeptConnection.plain(t, { host: '127.0.0.1', port: first.port })
        assert.equal((await connection.announce({ torrent: 1, port: 1000 + index }))['incomplete'], index)
      }
      assert.equal((await tracker.stop()).code, 0)
    })

    it('serves a Unix socket passed in, says its path, and leaves its file to the manager', async t => {
      if (!meets(t, engineMissing('native'))) return
      const path = join(scratchDirectory(t), 'http.sock')
      const listener = openUnixListener({ ...common, path, mode: 0o600 })
      t.after(() => closeStreamListener(listener))
      const proxied = { 'network.runs_behind_reverse_proxy': true, ...settings }
      const passSockets = [listener.fd]
      const tracker = await startTracker(t, {
        protocol: 'http',
        families: [4],
        settings: proxied,
        passSockets,
      })
      assert.equal(tracker.listening[0].address, path)
      const connection = await KeptConnection.plain(t, { path })
      const from = async (address: string, port: number): Promise<unknown> =>
        (await connection.announce({ torrent: 1, port, headers: [`X-Forwarded-For: ${address}`] }))[
          'incomplete'
        ]
      assert.deepEqual([await from('192.0.2.1', 1), await from('192.0.2.2', 2)], [0, 1])
      const { code, stderr } = await tracker.stop()
      assert.deepEqual([code, stderr], [0, ''])
      assert.equal(existsSync(path), true)
    })

    it('leaves alone and names what is of another kind, in a mixed unit too', async t => {
      if (!meets(t, engineMissing('native'))) return
      const udp = openUdpSocket({
        onlyIpv6: true,
        receiveBufferBytes: 0,
        sendBufferBytes: 0,
        answerBytesMax: 1000,
        address: { address: '127.0.0.1', port: 0 },
      })
      t.after(() => closeUdpSocket(udp))
      const listener = tcp(t)
      const mixed = await startTracker(t, {
        protocol: 'http',
        families: [4],
        settings,
        passSockets: [udp.fd, listener.fd],
        environment: { LISTEN_FDNAMES: 'datagrams:web' },
      })
      assert.equal(mixed.port(4), listener.port)
      await mixed.process.waitForLines(
        'stdout',
        /descriptor 3 \(datagrams\) was passed in but is no TCP or Unix/,
      )
      await assertServes(t, mixed)
      const alone = { families: [4] as const, settings, passSockets: [udp.fd] }
      const own = await startTracker(t, { protocol: 'http', ...alone })
      await own.process.waitForLines('stdout', /descriptor 3 \(unknown\) was passed in but is no TCP or Unix/)
      assert.notEqual(own.port(4), listener.port)
      await assertServes(t, own)
      const { stdout } = await own.stop()
      assert.doesNotMatch(stdout, /LISTEN_FDS/)
    })

    it('speaks TLS on the sockets passed in', async t => {
      if (!meets(t, { ...engineMissing('native'), ...opensslMissing() })) return
      const files = makeCertificate(scratchDirectory(t), 'one', { commonName: 'one' })
      const listener = tcp(t)
      const passSockets = [listener.fd]
      const all = { ...settings, ...tlsSettings(files) }
      const tracker = await startTracker(t, { protocol: 'http', families: [4], settings: all, passSockets })
      assert.equal(tracker.listening[0].protocol, 'https')
      const connection = await KeptConnection.tls(t, listener.port)
      assert.equal((await connection.announce({ torrent: 1, port: 1000 }))['incomplete'], 0)
    })

    it('the service manager hears of start, reloads and stop', async t => {
      if (!meets(t, { ...engineMissing('native'), ...opensslMissing() })) return
      const name = `@aquatic-e2e-http-${engine}-${process.pid}`
      const manager = new UnixDatagrams(t, name)
      const files = makeCertificate(scratchDirectory(t), 'one', { commonName: 'one' })
      const all = { ...settings, ...tlsSettings(files) }
      const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '200000' }
      const tracker = await startTracker(t, { protocol: 'http', families: [4], settings: all, environment })
      const ready = await manager.message(/^READY=1$/m)
      assert.match(ready, new RegExp(`STATUS=listening http 127\\.0\\.0\\.1:${tracker.port(4)}`))
      for (let sign = 0; sign < 3; sign++) await manager.message(/^WATCHDOG=1$/, manager.received.length)
      const before = manager.received.length
      tracker.process.signal('SIGHUP')
      await manager.message(/^RELOADING=1$/m, before)
      await tracker.process.waitForLines('stdout', /"certificate unchanged: valid until /)
      await manager.message(/^READY=1$/m, before)
      await tracker.stop()
      await manager.message(/^STOPPING=1$/m)
    })
  })
}

describe('socket activation of the HTTP tracker', () => {
  it('answers what came before the tracker was started', async t => {
    if (!meets(t, engineMissing('native'))) return
    for (const engine of ['native', 'node']) {
      const listener = tcp(t)
      const connection = await KeptConnection.plain(t, { host: '127.0.0.1', port: listener.port })
      const answer = connection.announce({ torrent: 1, port: 1000 })
      const args = ['serve', 'http', '--set', `network.engine=${engine}`]
      startBinary(t, args, { passSockets: [listener.fd] })
      assert.equal((await answer)['incomplete'], 0)
    }
  })
})
