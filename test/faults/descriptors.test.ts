// A process without a free descriptor: who is connected is served on, UDP needs none, and once some are free again new
// connections are taken as before.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { announceReplyOf, announceTarget, getRequest } from '../support/http-announce.js'
import { HttpConnection } from '../support/http-connection.js'
import { metOpenFiles } from '../support/open-files.js'
import { engineMissing, meets } from '../support/requirement.js'
import { infoHash } from '../support/udp-messages.js'
import { allProtocols, msUntilServed } from './service.js'
import { assertAsBefore, underLoad } from './under-load.js'

/** Free descriptors that are left, and connections that want one. */
const FREE = 10
const WANTING = 60

/** An upper bound against waiting forever; no test passes by it. */
const PATIENCE_MS = 120_000

function openFilesLimit(pid: number): string {
  return /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] as string
}

/** The limit below which so many numbers are free: those that are open lie here and there. */
function limitLeaving(free: number, pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let limit = 0
  for (let left = free; left > 0; limit++) if (!open.has(limit)) left--
  return limit
}

describe('a tracker under load without descriptors', () => {
  it('serves those it has and UDP, and all others once descriptors are free again', async t => {
    if (!metOpenFiles(t) || !meets(t, engineMissing('native'))) return
    // Those that are accepted and wait with the others send nothing for as long as that takes.
    const set = { 'http.cleaning.max_request_seconds': 3600, 'http.cleaning.max_connection_idle': 3600 }
    const aftermath = await underLoad(t, { protocols: allProtocols, set }, async tracker => {
      const { pid } = tracker
      const http = tracker.place('http')
      const connected = await HttpConnection.open(http)
      const announced = async (): Promise<void> => {
        announceReplyOf(await connected.get(announceTarget(infoHash(0xfc00_0000), { compact: 1 })))
      }
      await announced()
      const limit = openFilesLimit(pid)
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limitLeaving(FREE, pid)}:${limit}`])
      // The kernel takes connections that nobody accepts yet: they are open, and wait.
      const wanting = await Promise.all(Array.from({ length: WANTING }, () => HttpConnection.open(http)))
      await tracker.process.waitForLines('stdout', /had no descriptor or memory/)
      await announced()
      await msUntilServed('udp', tracker.place('udp'), AbortSignal.timeout(PATIENCE_MS))
      assert.deepEqual(await tracker.missingOver('udp'), [], 'while there is no descriptor')
      for (const connection of wanting) connection.send(getRequest('/health'))
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`])
      // Nobody who waited was forgotten.
      for (const connection of wanting) {
        assert.equal((await connection.answer()).status, 200)
        connection.close()
      }
      await announced()
      connected.close()
    })
    assert.equal(aftermath.workerRestarts, 0)
    assertAsBefore(t, aftermath)
  })
})
