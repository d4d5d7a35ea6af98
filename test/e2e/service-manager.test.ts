// What the built binary tells a service manager on NOTIFY_SOCKET, from start to stop.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { engineMissing, meets } from '../support/requirement.js'
import { startTracker } from '../support/tracker-process.js'
import { UnixDatagrams } from '../support/unix-datagrams.js'

describe('service manager', () => {
  for (const engine of ['native', 'node'] as const) {
    it(`hears of start and stop, and signs of life between them (${engine})`, async t => {
      if (!meets(t, engineMissing('native'))) return
      const name = `@aquatic-e2e-${engine}-${process.pid}`
      const manager = new UnixDatagrams(t, name)
      const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '200000' }
      const settings = { 'network.engine': engine, socket_workers: 2 }
      const tracker = await startTracker(t, { families: [4], environment, settings })
      const ready = await manager.message(/^READY=1$/m)
      assert.equal(
        ready,
        `READY=1\nMAINPID=${tracker.process.pid}\nSTATUS=listening udp 127.0.0.1:${tracker.port(4)}`,
      )
      for (let sign = 0; sign < 3; sign++) await manager.message(/^WATCHDOG=1$/, manager.received.length)
      await tracker.stop()
      await manager.message(/^STOPPING=1$/m)
      assert.equal(
        manager.received.findIndex(message => /^READY=1$/m.test(message)),
        0,
      )
      assert.match(manager.received.at(-1) as string, /^STOPPING=1\n/)
    })
  }

  it('is reached after the change of the root directory and of the user', async t => {
    if (!meets(t, engineMissing('native'))) return
    if (process.geteuid?.() !== 0) return t.skip('changing the root directory needs root')
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-e2e-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const name = join(directory, 'notify')
    const manager = new UnixDatagrams(t, name)
    const settings = {
      'network.engine': 'native',
      'privileges.drop_privileges': true,
      'privileges.chroot_path': directory,
    }
    const tracker = await startTracker(t, { families: [4], environment: { NOTIFY_SOCKET: name }, settings })
    await manager.message(/^READY=1$/m)
    await tracker.stop()
    await manager.message(/^STOPPING=1$/m)
  })

  it('is not needed: a wrong name is said once', async t => {
    if (!meets(t, engineMissing('native'))) return
    const environment = { NOTIFY_SOCKET: '/no/such/socket' }
    const tracker = await startTracker(t, { families: [4], environment })
    const { code, stdout } = await tracker.stop()
    assert.equal(code, 0)
    assert.equal(stdout.match(/NOTIFY_SOCKET=\/no\/such\/socket\): connect: ENOENT/g)?.length, 1, stdout)
  })
})
