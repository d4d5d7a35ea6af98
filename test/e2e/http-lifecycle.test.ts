// Start, stop and failing workers of `aquatic serve http` as a process.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startProcess } from '../support/child-process.js'
import { announceTarget, getRequest, httpClient } from '../support/http-announce.js'
import { exchange, HttpConnection } from '../support/http-connection.js'
import { allVariants, placeOf, plainVariants, startHttp } from '../support/http-variants.js'
import { engineMissing, meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { binaryArguments, cleanEnvironment } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

describe('serve http', () => {
  for (const variant of allVariants) {
    it(`says where it listens, with engine and workers (${variant.name})`, async t => {
      const tracker = await startHttp(t, variant, { socket_workers: 2 }, { families: [4] })
      const [first] = tracker.listening
      assert.deepEqual(first, {
        event: 'listening',
        protocol: variant.tls ? 'https' : 'http',
        address: '127.0.0.1',
        port: first.port,
        engine: variant.engine,
        workers: variant.engine === 'native' ? 2 : 1,
      })
      await tracker.stop()
    })
  }

  for (const variant of plainVariants) {
    it(`ends with 0 after SIGTERM and 130 after SIGINT, with one line of totals (${variant.name})`, async t => {
      for (const [signal, code] of [
        ['SIGTERM', 0],
        ['SIGINT', 130],
      ] as const) {
        const tracker = await startHttp(t, variant, {}, { families: [4] })
        await httpClient(placeOf(tracker)).announce(infoHash(1))
        await exchange(placeOf(tracker), getRequest('/health'))
        const idle = await HttpConnection.open(placeOf(tracker))
        await idle.get('/none')
        const end = await tracker.stop(signal)
        assert.equal(end.code, code, end.stderr)
        await idle.ended()
        idle.close()
        const { requests, responses, dropped, torrents, peers } = stoppedEventOf(end)
        assert.deepEqual(
          { requests, responses, dropped, torrents, peers },
          { requests: 2, responses: 3, dropped: 0, torrents: 1, peers: 1 },
        )
      }
    })

    it(`answers at SIGTERM all that had come until then (${variant.name})`, async t => {
      const tracker = await startHttp(t, variant, { socket_workers: 2 }, { families: [4] })
      const place = placeOf(tracker)
      const kept = await HttpConnection.open(place)
      await kept.get('/health')
      // While the process stands still the system takes connections and requests for it.
      tracker.process.signal('SIGSTOP')
      const clients = await Promise.all(Array.from({ length: 150 }, () => HttpConnection.open(place)))
      const hash = infoHash(1)
      for (const [index, client] of [...clients, kept].entries()) {
        await client.sent(getRequest(announceTarget(hash, { port: 1 + index })))
      }
      const ended = tracker.stop('SIGTERM')
      tracker.process.signal('SIGCONT')
      for (const client of [...clients, kept]) {
        assert.equal((await client.answer()).status, 200)
        assert.equal(await client.ended(), 'ended')
        client.close()
      }
      const { requests, responses, peers } = stoppedEventOf(await ended)
      assert.deepEqual([requests, responses, peers], [152, 152, 151])
    })

    it(`names a busy port (${variant.name})`, async t => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address() as { port: number }
      const sets = [
        `network.address_ipv4=127.0.0.1:${port}`,
        'network.use_ipv6=false',
        `network.engine=${variant.engine}`,
      ].flatMap(setting => ['--set', setting])
      const args = binaryArguments('serve', 'http', ...sets)
      const { code, stderr } = await startProcess(t, process.execPath, args, { env: cleanEnvironment() })
        .ended
      other.close()
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(`Cannot listen on http 127\\.0\\.0\\.1:${port}: another program`))
    })
  }

  it('spreads connections over several workers, which share one swarm and are named http-01, …', async t => {
    if (!meets(t, engineMissing('native'))) return
    const tracker = await startHttp(t, plainVariants[0], { socket_workers: 3 }, { families: [4] })
    const client = httpClient(placeOf(tracker))
    for (let port = 1; port <= 40; port++) {
      assert.equal((await client.announce(infoHash(1), { port })).incomplete, port - 1)
    }
    const tasks = `/proc/${tracker.process.pid}/task`
    const names = readdirSync(tasks).map(task => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim())
    assert.deepEqual(names.filter(name => name.startsWith('http-')).sort(), ['http-01', 'http-02', 'http-03'])
    await tracker.stop()
  })

  it('restarts a worker that fails and says so; the others and its port are served on', async t => {
    if (!meets(t, engineMissing('native'))) return
    const fixture = fileURLToPath(new URL('../fixtures/http-worker-failing.js', import.meta.url))
    const child = startProcess(t, process.execPath, [fixture], { env: cleanEnvironment() })
    const [line] = await child.waitForLines('stdout', /"event":"listening"/)
    const { port } = JSON.parse(line)
    const place = { address: '127.0.0.1', port }
    const before = await HttpConnection.open(place)
    await before.get(announceTarget(infoHash(1), { port: 1 }))
    // The first answer comes before the worker watches the connection.
    await before.get('/health')
    child.signal('SIGUSR2')
    await child.waitForLines('stdout', /"event":"broken","connections":1/)
    before.send('G')
    const [restarted] = await child.waitForLines('stdout', /"event":"worker-restarted"/)
    assert.match(restarted, /"worker":"http-01","reason":"a connection's descriptor failed: ENOTSOCK"/)
    await before.ended()
    before.close()
    // Connections that come while there is no worker wait in the listener's queue.
    const { incomplete } = await httpClient(place).announce(infoHash(1), { port: 2 })
    assert.equal(incomplete, 1, 'the swarm is that of before')
    await child.stop()
  })
})
