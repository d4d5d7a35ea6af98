import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { NotifySocket } from '../../src/net/native/notify.js'
import { engineMissing, meets } from '../support/requirement.js'
import { UnixDatagrams } from '../support/unix-datagrams.js'

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-notify-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

describe('notify socket', () => {
  it('reaches a path and an abstract name', async t => {
    if (!meets(t, engineMissing('native'))) return
    for (const name of [join(scratch(t), 'notify'), `@aquatic-test-${process.pid}`]) {
      const manager = new UnixDatagrams(t, name)
      const socket = new NotifySocket(name)
      socket.send('READY=1\nSTATUS=\u{1f40b}')
      assert.equal(await manager.message(/READY/), 'READY=1\nSTATUS=\u{1f40b}')
      socket.close()
      socket.close()
    }
  })

  it('finds a manager that was restarted', async t => {
    if (!meets(t, engineMissing('native'))) return
    const name = `@aquatic-test-again-${process.pid}`
    const first = new UnixDatagrams(t, name)
    const socket = new NotifySocket(name)
    await first.close()
    assert.throws(() => socket.send('nobody'), /connect: ECONNREFUSED/)
    const second = new UnixDatagrams(t, name)
    socket.send('again')
    assert.equal(await second.message(/./), 'again')
    socket.close()
  })
})
