// What a killed process leaves in the file system must not be in the way of the next one: the file of a Unix socket,
// half of a statistics file.

import assert from 'node:assert/strict'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryNameOf } from '../../src/metrics/stale-files.js'
import { scratchDirectory } from '../config/scratch.js'
import { announceReplyOf, announceTarget } from '../support/http-announce.js'
import { exchange } from '../support/http-connection.js'
import { engineMissing, meets } from '../support/requirement.js'
import { startTracker } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

const ENDS = ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGTERM'] as const

describe('an HTTP tracker on a Unix socket', () => {
  it('listens again on it, however the process before it ended', async t => {
    if (!meets(t, engineMissing('native'))) return
    const directory = scratchDirectory(t)
    const path = join(directory, 'http.sock')
    const settings = {
      'network.engine': 'native',
      'network.unix_socket_path': path,
      'network.runs_behind_reverse_proxy': true,
      'statistics.interval': 1,
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': join(directory, 'statistics.json'),
    }
    for (const end of ENDS) {
      const tracker = await startTracker(t, { protocol: 'http', families: [], settings })
      const request = [
        `GET ${announceTarget(infoHash(1), { compact: 1 })} HTTP/1.1`,
        'Host: tracker',
        'X-Forwarded-For: 192.0.2.1',
      ]
      const answer = await exchange({ path }, `${request.join('\r\n')}\r\n\r\n`)
      assert.equal(announceReplyOf(answer).incomplete, 0, 'the announcer is not told of itself')
      assert.ok(readdirSync(directory).includes('http.sock'))
      await tracker.stop(end)
      const left = readdirSync(directory).filter(name => !name.startsWith('statistics.json'))
      assert.deepEqual(left, end === 'SIGTERM' ? [] : ['http.sock'])
    }
  })
})

describe('a tracker with a statistics file', () => {
  it('removes what one before it had written half when it was killed', async t => {
    const directory = scratchDirectory(t)
    const path = join(directory, 'statistics.json')
    const settings = {
      'statistics.interval': 1,
      'statistics.print_to_stdout': true,
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': path,
    }
    const killed = await startTracker(t, { settings })
    await killed.stop('SIGKILL')
    const half = temporaryNameOf(path, killed.process.pid!, 1)
    writeFileSync(half, '{')
    // Long ago; it may have left one of its own, too.
    for (const name of readdirSync(directory)) utimesSync(join(directory, name), 0, 0)
    const next = await startTracker(t, { settings })
    await next.process.waitForLines('stdout', /"event":"statistics"/)
    assert.equal((await next.stop()).code, 0)
    assert.deepEqual(readdirSync(directory), ['statistics.json'])
  })
})
