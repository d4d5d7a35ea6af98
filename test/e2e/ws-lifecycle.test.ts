// The built WebTorrent tracker over time: a new certificate, a new access list, a worker that dies, the end.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { opensslMissing, scratchDirectory } from '../support/certificates.js'
import { startProcess } from '../support/child-process.js'
import { plainVariants, startHttp } from '../support/http-variants.js'
import { engineMissing, meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { TlsTracker } from '../support/tls-tracker.js'
import { cleanEnvironment, type Listening } from '../support/tracker-process.js'
import { identifier, socketUrl, WebTorrentClient } from '../support/web-torrent-client.js'

const hash = identifier('torrent')
const missing = (engine: 'native' | 'node') => ({ ...engineMissing(engine), ...opensslMissing() })
const updated = /"certificate updated: valid until 20\d\d-/

function serverName(client: WebTorrentClient): string {
  const { _socket } = client.socket as unknown as { readonly _socket: TLSSocket }
  return String(_socket.getPeerCertificate().subject.CN)
}

/** A client that was shown this certificate: workers look for a new one within a fraction of a second. */
async function untilShown(t: TestContext, url: string, name: string): Promise<WebTorrentClient> {
  for (;;) {
    const client = await WebTorrentClient.connect(t, url)
    if (serverName(client) === name) return client
    await client.close()
  }
}

for (const engine of ['native', 'node'] as const) {
  describe(`reload of the certificate of serve ws, ${engine} engine`, () => {
    const start = (t: TestContext, graceSeconds: number): Promise<TlsTracker> =>
      TlsTracker.start(
        t,
        engine,
        { commonName: 'before' },
        { 'cleaning.close_after_tls_update_grace_period': graceSeconds },
        'ws',
      )

    it('leaves connections alone for the grace period', async t => {
      if (!meets(t, missing(engine))) return
      const started = await start(t, 3600)
      const url = socketUrl(started.tracker, { tls: true })
      const before = await WebTorrentClient.connect(t, url)
      assert.equal(serverName(before), 'before')
      await before.announced(hash, identifier('before'))
      started.replace(started.make('after'))
      await started.reload(updated)
      const after = await untilShown(t, url, 'after')
      assert.deepEqual(await after.counts(hash, identifier('after')), [0, 2])
      assert.deepEqual(await before.counts(hash, identifier('before')), [0, 2])
    })

    it('closes those with the old one when it is over, and no others', async t => {
      if (!meets(t, missing(engine))) return
      const started = await start(t, 0)
      const url = socketUrl(started.tracker, { tls: true })
      const before = await Promise.all(Array.from({ length: 4 }, () => WebTorrentClient.connect(t, url)))
      for (const [index, client] of before.entries()) await client.announced(hash, identifier(`b${index}`))
      started.replace(started.make('after'))
      await started.reload(updated)
      for (const client of before) {
        assert.deepEqual(await client.ended(), { code: 1001, reason: 'the certificate has changed' })
      }
      const after = await untilShown(t, url, 'after')
      await after.announced(hash, identifier('after'))
      // The same certificate once more is no reason to close anything.
      await started.reload(/"certificate unchanged: valid until 20\d\d-/)
      assert.equal((await after.announced(hash, identifier('after'))).action, 'announce')
      const { counters } = stoppedEventOf(await started.tracker.stop())
      assert.equal((await after.ended()).reason, 'the tracker stops')
      assert.equal(counters['closedByServer'], 5)
    })
  })
}

for (const variant of plainVariants) {
  const { engine } = variant
  describe(`serve ws over time, ${variant.name}`, () => {
    it('tells its clients when it stops, and says what there was', async t => {
      if (!meets(t, engineMissing(engine))) return
      const tracker = await startHttp(t, variant, { socket_workers: 2 }, { protocol: 'ws', families: [4] })
      const url = socketUrl(tracker, variant)
      const clients = await Promise.all(Array.from({ length: 6 }, () => WebTorrentClient.connect(t, url)))
      for (const [index, client] of clients.entries()) await client.announced(hash, identifier(`p${index}`))
      const end = await tracker.stop('SIGINT')
      for (const client of clients) {
        assert.deepEqual(await client.ended(), { code: 1001, reason: 'the tracker stops' })
      }
      assert.deepEqual([end.code, end.stderr], [130, ''])
      const { peers, torrents, requests, responses } = stoppedEventOf(end)
      // Peers leave with their connections.
      assert.deepEqual([peers, torrents, requests], [0, 1, 6])
      assert.ok(responses >= 6)
    })

    it('goes by a new access list, and forgets torrents that are not served any more', async t => {
      if (!meets(t, engineMissing(engine))) return
      const file = join(scratchDirectory(t), 'list.txt')
      const hex = (letter: string): string => `${Buffer.from(letter.repeat(20)).toString('hex')}\n`
      writeFileSync(file, hex('a'))
      const settings = {
        'access_list.mode': 'allow',
        'access_list.path': file,
        'cleaning.torrent_cleaning_interval': 1,
      }
      const tracker = await startHttp(t, variant, settings, { protocol: 'ws', families: [4] })
      const client = await WebTorrentClient.connect(t, socketUrl(tracker, variant))
      const failure = async (letter: string): Promise<string | undefined> =>
        (await client.announced(letter.repeat(20), identifier('one')))['failure reason']
      assert.deepEqual([await failure('a'), await failure('b')], [undefined, 'Info hash not allowed'])
      writeFileSync(file, hex('b'))
      tracker.process.signal('SIGHUP')
      await tracker.process.waitForLines('stdout', /"access list updated: 1 info hash"/)
      assert.deepEqual([await failure('a'), await failure('b')], ['Info hash not allowed', undefined])
      client.send({ action: 'scrape', info_hash: ['a'.repeat(20), 'b'.repeat(20)] })
      const { files } = await client.next()
      assert.deepEqual(
        [files?.['a'.repeat(20)]?.['incomplete'], files?.['b'.repeat(20)]?.['incomplete']],
        [0, 1],
      )
    })
  })
}

const fixture = fileURLToPath(new URL('../fixtures/tracker-losing-workers.js', import.meta.url))

describe('a WebTorrent worker whose thread is ended', () => {
  it('takes its peers with it, and the next one has the others offers again', async t => {
    if (!meets(t, engineMissing('native'))) return
    const child = startProcess(
      t,
      process.execPath,
      [fixture, 'ws', 'network.engine=native', 'socket_workers=2'],
      {
        env: cleanEnvironment(),
      },
    )
    const [line] = await child.waitForLines('stdout', /"event":"listening"/)
    const url = `ws://127.0.0.1:${(JSON.parse(line) as Listening).port}`
    const clients = await Promise.all(Array.from({ length: 16 }, () => WebTorrentClient.connect(t, url)))
    for (const [index, client] of clients.entries()) await client.announced(hash, identifier(`p${index}`))
    child.write('end one\n')
    await child.waitForLines('stdout', /"event":"worker-restarted","worker":"ws-0[12]"/)
    // Who was connected to the one that is gone, hears of it; the others go on.
    const gone = new Set<WebTorrentClient>()
    for (const client of clients) void client.ended().then(() => gone.add(client))
    const fresh = await Promise.all(Array.from({ length: 16 }, () => WebTorrentClient.connect(t, url)))
    for (const [index, client] of fresh.entries()) await client.announced(hash, identifier(`f${index}`))
    assert.ok(gone.size > 0 && gone.size < clients.length, `${gone.size}`)
    const left = clients.filter(client => !gone.has(client))
    const [, incomplete] = await left[0].counts(hash, identifier(`p${clients.indexOf(left[0])}`))
    assert.equal(incomplete, left.length + fresh.length)
    // Offers to everybody else, on either worker.
    const offers = Array.from({ length: 10 }, (_, index) => ({
      offer_id: identifier(`${index}`),
      offer: { type: 'offer', sdp: '' },
    }))
    const receivers = [...left.slice(1), ...fresh]
    const sender = left[0]
    const hasEach = (): boolean => receivers.every(({ waiting }) => waiting > 0)
    while (!hasEach()) await sender.announced(hash, identifier(`p${clients.indexOf(sender)}`), { offers })
    child.endInput()
    assert.equal((await child.waitForEnd()).code, 0)
  })
})
