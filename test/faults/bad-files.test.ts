// Files that are broken, gone or something else when a signal asks to read them: what was in force stays so, the line
// names the file and what to do, and the next good file is taken. A configuration is read at start alone.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { opensslMissing } from '../support/certificates.js'
import { KeptConnection } from '../support/kept-connection.js'
import { sumOf } from '../support/metrics.js'
import { engineMissing, meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'
import { startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { assertAsBefore, underLoad } from './under-load.js'

/** What may stand where a file was; each makes a reload of that file fail. */
type Ruin = (path: string, whole: Buffer) => void

const ruins: readonly Ruin[] = [
  () => undefined,
  path => mkdirSync(path),
  path => execFileSync('mkfifo', [path]),
  path => symlinkSync('/dev/zero', path),
  path => symlinkSync(path, path),
  // Half-written, in the middle of a line.
  (path, whole) => writeFileSync(path, whole.subarray(0, whole.length / 2)),
  // Root may read everything.
  ...(process.getuid?.() === 0
    ? []
    : [(path: string, whole: Buffer) => writeFileSync(path, whole, { mode: 0 })]),
]

/** As after a crash: the length is there, the contents are not. */
const zeros: Ruin = (path, whole) => writeFileSync(path, Buffer.alloc(whole.length))

const listOf = (...torrents: readonly number[]): string =>
  torrents.map(torrent => `${infoHash(torrent).toString('hex')}\n`).join('')

const SIGNALS = 100

describe('files that are bad when a signal comes', () => {
  it('access list: the old one is in force, until a good one is there; a hundred signals end with the last', async t => {
    const directory = scratchDirectory(t)
    const [path, configuration] = [join(directory, 'list.txt'), join(directory, 'serve.toml')]
    const [denied, deniedLater] = [0xfd00_0001, 0xfd00_0002]
    writeFileSync(path, listOf(denied))
    writeFileSync(configuration, `[access_list]\nmode = "deny"\npath = "${path}"\n`)
    const options = { protocols: ['udp', 'http'] as const, args: ['-c', configuration] }
    const aftermath = await underLoad(t, options, async tracker => {
      const client = await UdpClient.connected(tracker.place('udp'))
      t.after(() => client.close())
      const isServed = async (torrent: number): Promise<boolean> =>
        (await client.request(client.announcePacket({ infoHash: infoHash(torrent) }))).readInt32BE(0) === 1
      const kept = /"access list not updated, the old one is kept: /
      const whole = readFileSync(path)
      let refusals = 0
      for (const ruin of [...ruins, zeros]) {
        rmSync(path, { recursive: true, force: true })
        ruin(path, whole)
        tracker.process.signal(refusals % 2 === 0 ? 'SIGHUP' : 'SIGUSR1')
        const line = (await tracker.process.waitForLines('stdout', kept, refusals + 1))[refusals++]
        assert.ok(line.includes(path), line)
        assert.deepEqual([await isServed(denied), await isServed(deniedLater)], [false, true])
      }
      const counted = async (): Promise<number> =>
        sumOf(await tracker.metrics(), 'aquatic_reloads_total', 'what="access_list",result="kept"')
      // Figures may be a second old.
      while ((await counted()) < refusals);
      assert.equal(await counted(), refusals)
      rmSync(path, { recursive: true, force: true })
      for (let signal = 1; signal <= SIGNALS; signal++) {
        writeFileSync(`${path}.new`, signal % 2 === 0 ? 'nonsense\n' : listOf(denied))
        renameSync(`${path}.new`, path)
        tracker.process.signal('SIGHUP')
        if (signal % 10 === 0) assert.equal(await isServed(denied), false)
      }
      writeFileSync(`${path}.new`, listOf(deniedLater, denied, 0xfd00_0003))
      renameSync(`${path}.new`, path)
      tracker.process.signal('SIGHUP')
      await tracker.process.waitForLines('stdout', /"access list updated: 3 info hashes"/)
      assert.deepEqual([await isServed(denied), await isServed(deniedLater)], [false, false])
    })
    assertAsBefore(t, aftermath)
  })

  it('configuration: signals do not read it, and the next start says what is wrong with it', async t => {
    const path = join(scratchDirectory(t), 'serve.toml')
    const good = '[statistics]\ninterval = 1\n'
    writeFileSync(path, good)
    const aftermath = await underLoad(t, { protocols: ['udp'], args: ['-c', path] }, async tracker => {
      const nothing = /there is nothing to reload/
      const told: RegExp[] = [/there is no such file/, /it is a directory/, /serve\.toml:1/, /not UTF-8/]
      const put = [
        () => undefined,
        () => mkdirSync(path),
        () => writeFileSync(path, good.slice(0, 7)),
        () => writeFileSync(path, Buffer.alloc(100, 0xff)),
      ]
      for (const [index, act] of put.entries()) {
        rmSync(path, { recursive: true, force: true })
        act()
        tracker.process.signal('SIGHUP')
        await tracker.process.waitForLines('stdout', nothing, index + 1)
        const { code, stderr } = await startBinary(t, ['serve', '-c', path], {}).waitForEnd()
        assert.notEqual(code, 0)
        assert.match(stderr, told[index])
        assert.match(stderr, /serve\.toml/)
      }
      // Two changes; a file that is gone or a directory is none.
      const changed = /serve\.toml has changed since start: restart to use it/
      await tracker.process.waitForLines('stdout', changed, 2)
    })
    assertAsBefore(t, aftermath)
  })

  for (const engine of ['native', 'node'] as const) {
    it(`certificate and key: the old pair is shown until there is a good one (${engine} engine)`, async t => {
      if (!meets(t, { ...engineMissing(engine), ...opensslMissing() })) return
      const patience = { 'cleaning.max_connection_idle': 3600 }
      const started = await TlsTracker.start(t, engine, { commonName: 'before' }, patience)
      const after = started.make('after')
      const kept = /"certificate not updated, the old one is kept: /
      const { certificatePath, keyPath } = started.files
      const open = await KeptConnection.tls(t, started.port)
      // From now on it may be idle; its first request would not have been waited for as long as all this takes.
      await open.announce({ torrent: 1, port: 1000 })
      let refusals = 0
      for (const path of [certificatePath, keyPath]) {
        const whole = readFileSync(path)
        for (const ruin of [...ruins, zeros]) {
          rmSync(path, { recursive: true, force: true })
          ruin(path, whole)
          const line = await started.reload(kept, ++refusals)
          assert.ok(line.includes(path), line)
          const connection = await KeptConnection.tls(t, started.port)
          assert.equal(connection.serverName, 'before')
          connection.socket.destroy()
        }
        rmSync(path, { recursive: true, force: true })
        writeFileSync(path, whole)
      }
      for (let signal = 0; signal < SIGNALS; signal++) {
        const files = signal % 2 === 0 ? after.keyPath : after.certificatePath
        copyFileSync(files, keyPath)
        started.tracker.process.signal('SIGHUP')
      }
      started.replace(after)
      await started.reload(/"certificate updated: /)
      for (let name = ''; name !== 'after'; ) {
        const connection = await KeptConnection.tls(t, started.port)
        name = connection.serverName
        connection.socket.destroy()
      }
      await open.announce({ torrent: 1, port: 1000 })
      assert.deepEqual(await ended(started), [0, ''])
    })
  }
})

async function ended({ tracker }: TlsTracker): Promise<[number | null, string]> {
  const { code, stderr } = await tracker.stop()
  return [code, stderr]
}
