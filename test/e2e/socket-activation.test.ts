// Sockets that a service manager opened: the built binary serves them instead of opening its own.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { loadLibc } from '../../src/net/native/libc.js'
import { closeUdpSocket, type OpenUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { engineMissing, meets } from '../support/requirement.js'
import {
  hasIpv6Loopback,
  startBinary,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { connectRequest, infoHash } from '../support/udp-messages.js'

const options = { onlyIpv6: true, receiveBufferBytes: 0, sendBufferBytes: 0, answerBytesMax: 1000 }

/** A bound loopback socket of this process. */
function bound(t: TestContext, address = '127.0.0.1', port = 0): OpenUdpSocket {
  const socket = openUdpSocket({ ...options, address: { address, port } })
  t.after(() => closeUdpSocket(socket))
  return socket
}

/** Announces from several ports; all see one torrent. */
async function assertServes(tracker: TrackerProcess, clients = 8): Promise<void> {
  for (const { address, port } of tracker.listening) {
    for (let index = 0; index < clients; index++) {
      const client = await UdpClient.connected({ address, port })
      const { leechers } = await client.announce({ infoHash: infoHash(port), port: 1000 + index })
      assert.equal(leechers, index)
      client.close()
    }
  }
}

for (const engine of ['native', 'node'] as const) {
  describe(`socket activation, ${engine} engine`, () => {
    it('serves the sockets passed in, one for each family, and no others', async t => {
      if (!meets(t, engineMissing('native'))) return
      const sockets = [bound(t), ...(hasIpv6Loopback() ? [bound(t, '::1')] : [])]
      const settings = { 'network.engine': engine, socket_workers: 2 }
      const tracker = await startTracker(t, { settings, passSockets: sockets.map(({ fd }) => fd) })
      assert.deepEqual(
        tracker.listening.map(({ address, port }) => ({ address, port })),
        sockets.map(({ address }) => address),
      )
      // Without sockets of their own the workers of the node engine are one.
      assert.equal(tracker.listening[0].workers, engine === 'native' ? 2 : 1)
      await assertServes(tracker)
      await tracker.process.waitForLines('stdout', /LISTEN_FDS.* are used instead of network\.address_/)
      assert.equal((await tracker.stop()).code, 0)
    })

    it('several sockets on one address are dealt out to the workers', async t => {
      if (!meets(t, engineMissing('native'))) return
      const first = bound(t)
      const second = bound(t, '127.0.0.1', first.address.port)
      const settings = { 'network.engine': engine, socket_workers: 2 }
      const passSockets = [first.fd, second.fd]
      const tracker = await startTracker(t, { families: [4], settings, passSockets })
      assert.equal(tracker.listening[0].workers, 2)
      assert.equal(tracker.listening[0].port, first.address.port)
      await assertServes(tracker, 32)
      await tracker.stop()
    })

    it('opens nothing for a family that was not passed in, and says so', async t => {
      if (!meets(t, engineMissing('native'))) return
      const passSockets = [bound(t).fd]
      const args = [
        'serve',
        'udp',
        '--set',
        `network.engine=${engine}`,
        '--set',
        'network.address_ipv6=[::1]:0',
      ]
      const child = startBinary(t, args, { passSockets })
      await child.waitForLines(
        'stderr',
        /^note: no IPv6 socket was passed in, so network.use_ipv6 has no effect$/,
      )
      await child.waitForLines('stderr', /^buffers /)
      const { stderr } = await child.stop()
      assert.equal(stderr.match(/^listening/gm)?.length, 1, stderr)
    })

    it('names what it can not use', async t => {
      if (!meets(t, engineMissing('native'))) return
      const libc = loadLibc()
      const unbound = libc.socket(2, 2, 0)
      const tcp = libc.socket(2, 1, 0)
      t.after(() => [unbound, tcp].map(fd => libc.close(fd)))
      const args = ['serve', 'udp', '--set', `network.engine=${engine}`, '--set', 'network.use_ipv6=false']
      if (engine === 'native') {
        const refused = await startBinary(t, args, { passSockets: [unbound] }).ended
        assert.equal(refused.code, 1)
        assert.match(refused.stderr, /error: The UDP socket passed in as descriptor 3 is not bound\./)
      }
      const nonsense = { passSockets: [tcp], environment: { LISTEN_FDS: 'many' } }
      assert.match((await startBinary(t, args, nonsense).ended).stderr, /error: LISTEN_FDS is "many"/)
      const environment = { LISTEN_FDNAMES: 'web' }
      const settings = { 'network.engine': engine }
      const tracker = await startTracker(t, { families: [4], settings, passSockets: [tcp], environment })
      await tracker.process.waitForLines('stdout', /descriptor 3 \(web\) was passed in but is no UDP socket/)
      await assertServes(tracker, 1)
      await tracker.stop()
    })
  })
}

describe('socket activation', () => {
  it('answers what came before the tracker was started', async t => {
    if (!meets(t, engineMissing('native'))) return
    const socket = bound(t)
    const client = await UdpClient.open(socket.address)
    const answer = client.request(connectRequest(77))
    const settings = { 'network.engine': 'native' }
    const tracker = await startTracker(t, { families: [4], settings, passSockets: [socket.fd] })
    assert.equal((await answer).readInt32BE(4), 77)
    client.close()
    await tracker.stop()
  })

  it('sleeps in a socket that was passed in non-blocking', async t => {
    if (!meets(t, engineMissing('native'))) return
    const [getFlags, setFlags, nonBlocking] = [3, 4, 0o4000]
    const socket = bound(t)
    const libc = loadLibc()
    libc.fcntl(socket.fd, setFlags, libc.fcntl(socket.fd, getFlags, 0) | nonBlocking)
    const settings = { 'network.engine': 'native' }
    const tracker = await startTracker(t, { families: [4], settings, passSockets: [socket.fd] })
    assert.equal(libc.fcntl(socket.fd, getFlags, 0) & nonBlocking, 0)
    await assertServes(tracker, 1)
    await tracker.stop()
  })

  it('leaves sockets alone that are meant for another process', async t => {
    if (!meets(t, engineMissing('native'))) return
    const environment = { LISTEN_PID: '1', LISTEN_FDS: '1' }
    const tracker = await startTracker(t, { families: [4], environment })
    await assertServes(tracker, 1)
    const { stdout } = await tracker.stop()
    assert.doesNotMatch(stdout, /LISTEN_FDS/)
  })
})
