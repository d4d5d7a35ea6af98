// More connections than the built HTTP tracker may have: from one address, in all, and without descriptors for them.
// Those it has are served, the others are refused or wait, and it is said once.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { getRequest } from '../support/http-announce.js'
import { exchange, HttpConnection, type HttpPlace } from '../support/http-connection.js'
import { placeOf, plainVariants, startHttp } from '../support/http-variants.js'
import { metOpenFiles } from '../support/open-files.js'
import { openFiles, residentBytes } from '../support/proc-status.js'
import { stoppedEventOf } from '../support/stopped-event.js'

/** All together; set the variable for the whole hundred thousand. */
const CONNECTIONS = Number(process.env['AQUATIC_TEST_CONNECTIONS'] ?? 10_000)
const WAVE = 500
const BREATHING_BYTES = 40 << 20

/** One connection that asks for /health. @returns whether it was answered */
async function tryOnce({ address, port }: { address: string; port: number }): Promise<boolean> {
  const socket = connect({ host: address, port })
  let isAnswered = false
  socket.on('data', chunk => {
    isAnswered ||= chunk.toString('latin1').startsWith('HTTP/1.1 200')
  })
  socket.on('error', () => undefined)
  socket.write(getRequest('/health'))
  await new Promise(resolve => socket.on('close', resolve))
  return isAnswered
}

/** Asks until a process has no more files open. Who asks may be closed, as long as it has no descriptor to spare. */
async function untilFiles(pid: number, place: HttpPlace, most: number, from: string): Promise<void> {
  do await exchange(place, getRequest('/health'), { from }).catch(() => undefined)
  while (openFiles(pid) > most)
}

for (const variant of plainVariants) {
  describe(`floods of connections, ${variant.name}`, () => {
    it(`${CONNECTIONS} connections from one address: its share is served, others are untouched`, async t => {
      const settings = {
        socket_workers: 1,
        'network.max_connections': 200,
        'network.max_connections_per_address': 20,
      }
      const tracker = await startHttp(t, variant, settings, { families: [4] })
      const place = placeOf(tracker) as { address: string; port: number }
      const pid = tracker.process.pid!
      const other = await HttpConnection.open(place, { from: '127.0.0.2' })
      await other.get('/health')
      const filesBefore = openFiles(pid)
      const bytesBefore = residentBytes(pid)
      const held = await Promise.all(Array.from({ length: 15 }, () => HttpConnection.open(place)))
      for (const connection of held) await connection.get('/health')
      let answered = 0
      for (let sent = 0; sent < CONNECTIONS; sent += WAVE) {
        const wave = await Promise.all(Array.from({ length: WAVE }, () => tryOnce(place)))
        answered += wave.filter(Boolean).length
        assert.equal((await other.get('/health')).status, 200)
      }
      for (const connection of held) assert.equal((await connection.get('/health')).status, 200)
      for (const connection of held) connection.close()
      await untilFiles(pid, place, filesBefore + 1, '127.0.0.3')
      assert.ok(residentBytes(pid) < bytesBefore + BREATHING_BYTES)
      other.close()
      const { counters } = stoppedEventOf(await tracker.stop())
      assert.ok(answered > 0)
      const { accepted, refusedPerAddress, responsesPageIpv4 } = counters
      t.diagnostic(`${answered} answered, ${refusedPerAddress} refused`)
      if (variant.engine === 'native') assert.equal(answered + refusedPerAddress, CONNECTIONS)
      assert.ok(responsesPageIpv4 >= answered)
      assert.ok(accepted >= answered)
    })

    it('out of descriptors: those that are open are served, new ones wait (native, said once) or are closed', async t => {
      if (!metOpenFiles(t)) return
      const settings = { socket_workers: 1, 'network.max_connections': 1000 }
      const tracker = await startHttp(t, variant, settings, { families: [4] })
      const place = placeOf(tracker)
      const pid = tracker.process.pid!
      const open = await Promise.all(Array.from({ length: 10 }, () => HttpConnection.open(place)))
      for (const connection of open) await connection.get('/health')
      const filesBefore = openFiles(pid)
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${filesBefore + 5}`])
      const more = await Promise.all(Array.from({ length: 40 }, () => HttpConnection.open(place)))
      // libuv closes what it has no descriptor for without a word to anybody.
      const isSaid = variant.engine === 'native'
      // Asked for nothing yet, each holds its descriptor: had it asked, it might be gone before the next is accepted.
      if (isSaid) await tracker.process.waitForLines('stdout', /had no descriptor or memory/)
      for (const connection of more) connection.send(getRequest('/health'))
      for (const connection of open) assert.equal((await connection.get('/health')).status, 200)
      for (const connection of open) connection.close()
      // All were answered one after the other, as descriptors became free; node may have closed some.
      const ends = await Promise.all(
        more.map(connection =>
          connection.answer().then(
            () => true,
            () => false,
          ),
        ),
      )
      if (isSaid) assert.ok(ends.every(Boolean))
      for (const connection of more) connection.close()
      await untilFiles(pid, place, filesBefore, '127.0.0.1')
      const end = await tracker.stop()
      assert.equal(end.code, 0)
      assert.equal(end.stdout.match(/had no descriptor or memory/g)?.length ?? 0, isSaid ? 1 : 0)
    })
  })
}
