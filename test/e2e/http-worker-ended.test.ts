// A worker's thread that is ended from outside, as when it runs out of memory: its clients hear of it at once, and the
// next worker goes on with listeners and swarm.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { startProcess } from '../support/child-process.js'
import { KeptConnection } from '../support/kept-connection.js'
import { openTargets } from '../support/proc-status.js'
import { engineMissing, meets } from '../support/requirement.js'
import { tlsSettings } from '../support/tls-tracker.js'
import { cleanEnvironment, type Listening } from '../support/tracker-process.js'

const fixture = fileURLToPath(new URL('../fixtures/tracker-losing-workers.js', import.meta.url))

/** Sockets and epoll sets of a process. */
function openDescriptors(pid: number): string[] {
  return openTargets(pid)
    .map(target => target.replace(/\d+/, ''))
    .sort()
}

describe('a worker of the native engine whose thread is ended', () => {
  for (const transport of ['plain', 'tls'] as const) {
    it(`leaves no connection behind (${transport})`, async t => {
      if (!meets(t, { ...engineMissing('native'), ...opensslMissing() })) return
      const files = makeCertificate(scratchDirectory(t), 'one', { commonName: 'one' })
      const settings = {
        'network.engine': 'native',
        socket_workers: 1,
        ...(transport === 'tls' ? tlsSettings(files) : {}),
      }
      const args = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
      const child = startProcess(t, process.execPath, [fixture, 'http', ...args], { env: cleanEnvironment() })
      const [line] = await child.waitForLines('stdout', /"event":"listening"/)
      const { port } = JSON.parse(line) as Listening
      const connect = (): Promise<KeptConnection> =>
        transport === 'tls'
          ? KeptConnection.tls(t, port)
          : KeptConnection.plain(t, { host: '127.0.0.1', port })
      let idle: string[] | undefined
      for (let kill = 1; kill <= 3; kill++) {
        const clients = await Promise.all(Array.from({ length: 5 }, connect))
        for (const [index, client] of clients.entries()) {
          const { incomplete } = await client.announce({ torrent: 1, port: 1000 + index })
          assert.equal(incomplete, kill === 1 ? index : 4, 'the swarm is as it was')
        }
        child.write('end one\n')
        await child.waitForLines('stdout', /"event":"worker-restarted","worker":"http-01"/, kill)
        for (const client of clients) await client.ended()
        // An answer shows that the next worker has all that it needs open.
        const next = await connect()
        await next.announce({ torrent: 1, port: 1000 })
        const now = openDescriptors(child.pid as number)
        idle ??= now
        assert.deepEqual(now, idle)
        next.socket.destroy()
      }
      child.endInput()
      assert.equal((await child.waitForEnd()).code, 0)
    })
  }
})
