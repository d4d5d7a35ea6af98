// A new certificate at SIGUSR1, in the built binary: connections and swarm stay, a bad one keeps the old, and the
// access list is read by the same signal.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { opensslMissing } from '../support/certificates.js'
import { KeptConnection, torrentHash } from '../support/kept-connection.js'
import { engineMissing, meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'

const missing = (engine: 'native' | 'node') => ({ ...engineMissing(engine), ...opensslMissing() })
const updated = /"certificate updated: valid until 20\d\d-/
const kept = /"warning".*"certificate not updated, the old one is kept: /

/** Connections until one is shown this certificate: workers look for a new one within a fraction of a second. */
async function untilShown(t: TestContext, port: number, name: string, count = 1): Promise<KeptConnection> {
  for (let inARow = 0; ; ) {
    const connection = await KeptConnection.tls(t, port)
    inARow = connection.serverName === name ? inARow + 1 : 0
    if (inARow === count) return connection
    connection.socket.destroy()
  }
}

for (const engine of ['native', 'node'] as const) {
  describe(`reload of the certificate, ${engine} engine`, () => {
    it('shows it to new connections; one that is open goes on, and the swarm is as it was', async t => {
      if (!meets(t, missing(engine))) return
      // Half a request waits while a key is made and sixteen connections are opened.
      const patient = { 'cleaning.max_request_seconds': 600 }
      const started = await TlsTracker.start(t, engine, { commonName: 'before' }, patient)
      const { port, tracker } = started
      const keptAlive = await KeptConnection.tls(t, port)
      assert.equal(keptAlive.serverName, 'before')
      await keptAlive.announce({ torrent: 1, port: 1000, left: 0 })
      // A request of which half has come when the certificate changes.
      const half = await KeptConnection.tls(t, port)
      half.socket.write('GET /announce HTTP/1.1\r\nHo')
      started.replace(started.make('after', { keyKind: 'rsa:2048' }))
      await started.reload(updated)
      const fresh = await untilShown(t, port, 'after', 16)
      const { complete, incomplete } = await fresh.announce({ torrent: 1, port: 1001 })
      assert.deepEqual([complete, incomplete], [1, 0])
      assert.deepEqual((await keptAlive.announce({ torrent: 1, port: 1000, left: 0 }))['incomplete'], 1)
      half.socket.write('st: tracker\r\n\r\n')
      assert.equal((await half.answer()).status, 200)
      const { code, stderr } = await tracker.stop()
      assert.deepEqual([code, stderr], [0, ''])
    })

    it('says that a certificate is unchanged where it is', async t => {
      if (!meets(t, missing(engine))) return
      const started = await TlsTracker.start(t, engine, { commonName: 'before' })
      await started.reload(/"notice","text":"certificate unchanged: valid until 20\d\d-/)
      started.replace(started.make('after'))
      await started.reload(updated)
      await started.reload(/"certificate unchanged: valid until /, 2)
      const { stdout } = await started.tracker.stop()
      assert.equal(stdout.match(/"certificate updated: /g)?.length, 1)
    })

    it('warns of one that expires soon, at start and at each reload, and tells Prometheus', async t => {
      if (!meets(t, missing(engine))) return
      const started = await TlsTracker.start(
        t,
        engine,
        { commonName: 'before', days: 13 },
        {
          'statistics.run_prometheus_endpoint': true,
          'statistics.prometheus_endpoint_address': '127.0.0.1:0',
        },
      )
      const { tracker, files } = started
      const [line] = await tracker.process.waitForLines('stdout', /"event":"warning"/)
      const path = files.certificatePath
      const said: string = JSON.parse(line).text
      const until = said.replace(`the certificate ${path} is valid only until `, '').split('Z.')[0]
      assert.match(until, /^20[\d-]+T/)
      assert.ok(said.endsWith('Z. Renew it, then send SIGHUP'), said)
      const [metrics] = await tracker.process.waitForLines('stdout', /"listening","protocol":"metrics"/)
      const answer = await fetch(`http://127.0.0.1:${JSON.parse(metrics).port}/metrics`)
      const expiry = `aquatic_certificate_expiry_timestamp_seconds{path="${path}"} ${Date.parse(`${until}Z`) / 1000}`
      assert.ok((await answer.text()).split('\n').includes(expiry))
      const again = await started.reload(/"warning","text":"certificate unchanged: .*is valid only until /)
      assert.ok(again.includes(until))
      started.replace(started.make('after', { days: 30 }))
      await started.reload(updated)
    })

    it('keeps the old one where the new one can not be served, says why, and takes the next good one', async t => {
      if (!meets(t, missing(engine))) return
      const started = await TlsTracker.start(t, engine, { commonName: 'before' })
      const { port } = started
      const keptAlive = await KeptConnection.tls(t, port)
      const after = started.make('after')
      const bad = [
        [
          { ...after, keyPath: started.make('other').keyPath },
          /does not belong to the first certificate in /,
        ],
        [started.make('expired', { days: -1 }), /served\.pem expired at 20\d\d-/],
        [{ ...after, certificatePath: after.keyPath }, /served\.pem has no certificate in it\./],
        [
          started.make('locked', { passphrase: 'x' }),
          /is encrypted\. Set network\.tls_private_key_passphrase_path/,
        ],
      ] as const
      for (const [index, [files, reason]] of bad.entries()) {
        started.replace(files)
        assert.match(await started.reload(kept, index + 1), reason)
        await untilShown(t, port, 'before')
      }
      started.replace(after)
      await started.reload(updated)
      await untilShown(t, port, 'after')
      await keptAlive.announce({ torrent: 1, port: 1000 })
    })

    it('one signal reads certificate and access list, each for itself', async t => {
      if (!meets(t, missing(engine))) return
      const hash = (torrent: number): string => `${torrentHash(torrent)}\n`
      const started = await TlsTracker.start(t, engine, { commonName: 'before' }, directory => {
        writeFileSync(join(directory, 'list.txt'), hash(1))
        return { 'access_list.mode': 'allow', 'access_list.path': join(directory, 'list.txt') }
      })
      const { port, tracker } = started
      const keptAlive = await KeptConnection.tls(t, port)
      const isServed = async (torrent: number): Promise<boolean> =>
        (await keptAlive.announce({ torrent, port: 1000 }))['failure reason'] === undefined
      assert.deepEqual([await isServed(1), await isServed(2)], [true, false])
      writeFileSync(started.file('list.txt'), hash(2))
      started.replace(started.make('after'))
      await started.reload(updated)
      await tracker.process.waitForLines('stdout', /"access list updated: 1 info hash"/)
      await untilShown(t, port, 'after')
      assert.deepEqual([await isServed(1), await isServed(2)], [false, true])
      writeFileSync(started.file('list.txt'), `${hash(1)}nonsense\n`)
      started.replace(started.make('again'))
      await started.reload(updated, 2)
      const [warning] = await tracker.process.waitForLines('stdout', /"access list not updated/)
      assert.match(warning, /list\.txt:2: /)
      await untilShown(t, port, 'again')
      assert.deepEqual([await isServed(1), await isServed(2)], [false, true])
      writeFileSync(started.file('list.txt'), hash(1))
      started.replace(started.make('expired', { days: -1 }))
      await started.reload(kept)
      await tracker.process.waitForLines('stdout', /"access list updated: 1 info hash"/, 2)
      assert.deepEqual([await isServed(1), await isServed(2)], [true, false])
    })
  })
}
