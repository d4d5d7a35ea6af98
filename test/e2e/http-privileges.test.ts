// `[privileges]` of the HTTP tracker: the rights of every thread after the start, nothing answered before, and the
// certificate whose files are out of reach afterwards. Needs root, as CI has it.

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { closeStreamListener, openTcpListener } from '../../src/net/native/stream-listener.js'
import { opensslMissing } from '../support/certificates.js'
import { startProcess } from '../support/child-process.js'
import { KeptConnection } from '../support/kept-connection.js'
import { asArguments, assertDropped, drop, isRoot, scratchRoot } from '../support/privileges.js'
import { meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'
import {
  binaryArguments,
  cleanEnvironment,
  hasIpv6Loopback,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'

/** Announces over each address family on several connections, so that each worker is met. */
async function assertAnswers(t: TestContext, tracker: TrackerProcess): Promise<void> {
  for (const { address, port } of tracker.listening) {
    for (let index = 0; index < 8; index++) {
      const connection = await KeptConnection.plain(t, { host: address, port })
      assert.equal((await connection.announce({ torrent: port, port: 1000 + index }))['incomplete'], index)
    }
  }
}

for (const engine of ['native', 'node'] as const) {
  /** The node engine can't change the root directory. */
  const newRoot = (t: TestContext): string => (engine === 'native' ? scratchRoot(t) : '/')

  describe(`privileges of the HTTP tracker, ${engine} engine`, () => {
    it('all threads lose theirs, with both address families and several workers, and it answers', async t => {
      if (!isRoot(t)) return
      const root = newRoot(t)
      const settings = { ...drop({ chroot_path: root }), 'network.engine': engine, socket_workers: 3 }
      const families = hasIpv6Loopback() ? ([4, 6] as const) : ([4] as const)
      const tracker = await startTracker(t, { protocol: 'http', families, settings })
      assertDropped(tracker, root)
      assert.match((await tracker.process.waitForLines('stdout', /privileges dropped/))[0], /nobody/)
      await assertAnswers(t, tracker)
      const { code, stdout, stderr } = await tracker.stop()
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /"event":"stopped"/)
    })

    it('a Unix socket is served, and its file stays where it can not be removed any more', async t => {
      if (!isRoot(t)) return
      const path = join(scratchRoot(t), 'http.sock')
      const settings = {
        ...drop({ chroot_path: '/' }),
        'network.engine': engine,
        'network.unix_socket_path': path,
        'network.runs_behind_reverse_proxy': true,
      }
      for (let start = 0; start < 2; start++) {
        const tracker = await startTracker(t, { protocol: 'http', families: [4], settings })
        await tracker.process.waitForLines('stdout', /"event":"listening".*http\.sock/)
        const connection = await KeptConnection.plain(t, { path })
        const headers = ['X-Forwarded-For: 192.0.2.1']
        assert.equal((await connection.announce({ torrent: 1, port: 1000, headers }))['incomplete'], 0)
        const { code, stderr } = await tracker.stop()
        assert.deepEqual([code, stderr], [0, ''])
        // The next start, as root, replaces it.
        assert.equal(existsSync(path), true)
      }
    })

    it('answers nothing before: where the step fails, who had connected hears nothing', async t => {
      if (!isRoot(t)) return
      const address = { address: '127.0.0.1', port: 0 }
      const listener = openTcpListener({ protocol: 'test', backlog: 10, address, onlyIpv6: true })
      t.after(() => closeStreamListener(listener))
      const { port } = listener.address as { port: number }
      const connections = await Promise.all(
        Array.from({ length: 3 }, () => KeptConnection.plain(t, { host: '127.0.0.1', port })),
      )
      const answers = connections.map(async connection => {
        await assert.rejects(connection.get('/announce'), /the connection ended after ""/)
      })
      const listen = 'LISTEN_FDS=1 LISTEN_PID=$$ exec setpriv --bounding-set=-setuid "$@"'
      const settings = { ...drop({ chroot_path: '/' }), 'network.engine': engine }
      const args = binaryArguments('serve', 'http', ...asArguments(settings))
      const child = startProcess(t, 'sh', ['-c', listen, 'sh', process.execPath, ...args], {
        env: cleanEnvironment(),
        passDescriptors: [listener.fd],
      })
      const { code, stderr } = await child.ended
      assert.equal(code, 1, stderr)
      assert.match(stderr, /error: Cannot change the user to nobody/)
      // What still waits in the listener's queue ends with it.
      closeStreamListener(listener)
      await Promise.all(answers)
    })

    it('TLS goes on with files out of reach; a reload says so, keeps the certificate, and finds a new one', async t => {
      if (!isRoot(t) || !meets(t, opensslMissing())) return
      const root = newRoot(t)
      if (root !== '/') chmodSync(root, 0o755)
      const dropping = { ...drop({ chroot_path: root }) }
      const started = await TlsTracker.start(t, engine, { commonName: 'before' }, dropping)
      const { files, port, tracker } = started
      assertDropped(tracker, root)
      const keptAlive = await KeptConnection.tls(t, port)
      await keptAlive.announce({ torrent: 1, port: 1000 })
      const kept = /"certificate not updated, the old one is kept: .*served(-key)?\.pem can't be read/
      const why = await started.reload(kept)
      assert.match(why, engine === 'native' ? /: there is no such file\./ : /: permission is denied\./)
      assert.equal((await KeptConnection.tls(t, port)).serverName, 'before')
      const after = started.make('after')
      if (root === '/') {
        chmodSync(started.directory, 0o755)
        started.replace(after)
        chmodSync(files.keyPath, 0o644)
      } else {
        // Its path is looked up below the new root directory.
        mkdirSync(join(root, dirname(files.certificatePath)), { recursive: true })
        copyFileSync(after.certificatePath, join(root, files.certificatePath))
        copyFileSync(after.keyPath, join(root, files.keyPath))
        chmodSync(join(root, files.keyPath), 0o644)
      }
      await started.reload(/"certificate updated: valid until /)
      for (let name = ''; name !== 'after'; ) {
        const connection = await KeptConnection.tls(t, port)
        name = connection.serverName
        connection.socket.destroy()
      }
      assert.equal((await keptAlive.announce({ torrent: 1, port: 1001 }))['incomplete'], 1)
      assert.equal((await tracker.stop()).code, 0)
    })
  })
}
