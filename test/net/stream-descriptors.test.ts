// A server that has run out of descriptors goes on serving, says so once, and accepts again when some are free.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startProcess } from '../support/child-process.js'
import { engineMissing, meets } from '../support/requirement.js'
import { packageRoot } from '../support/tracker-process.js'
import { Client } from './stream-fixture.js'

/** Enough for node itself and some connections. */
const DESCRIPTORS = 50

describe('byte streams without descriptors', () => {
  it('pauses accepting, serves those it has, and goes on', async t => {
    if (!meets(t, engineMissing('native'))) return
    const program = join(packageRoot, 'dist/test/fixtures/stream-server-few-descriptors.js')
    const command = `ulimit -n ${DESCRIPTORS} && exec "${process.execPath}" "${program}"`
    const child = startProcess(t, 'sh', ['-c', command])
    const [line] = await child.waitForLines('stdout', /^port \d+$/)
    const port = Number(line.slice('port '.length))
    const clients: Client[] = []
    for (let index = 0; index < DESCRIPTORS; index++) clients.push(await Client.connect(t, '127.0.0.1', port))
    await child.waitForLines('stdout', /^paused EMFILE$/)
    await child.waitForLines('stdout', /^still paused$/)
    clients[0].send('still here\n')
    await clients[0].until('still here\n')
    const last = clients[clients.length - 1]
    last.send('at last\n')
    for (const { socket } of clients.slice(1, DESCRIPTORS / 2)) socket.destroy()
    assert.equal(await last.until('at last\n'), 'at last\n')
    const { stdout } = await child.stop('SIGKILL')
    assert.equal(stdout.match(/^paused/gm)?.length, 1)
  })
})
