// Servers woken by other threads: a native loop that sleeps in the kernel, and node's event loop.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { closeStreamListener, openTcpListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { closeWakeUp, openWakeUp, wakeNative } from '../../src/net/native/wake-up.js'
import { wakeNode } from '../../src/net/node/wake-up.js'
import type { StreamServer } from '../../src/net/stream.js'
import { engineMissing, meets } from '../support/requirement.js'
import { LineProtocol, startSpeaking, limits as streamLimits } from './stream-fixture.js'
import { until } from './websocket-fixture.js'

/** Longer than a test may take: what sleeps so long has not been woken. */
const LONG_MS = 60_000

class WokenProtocol extends LineProtocol {
  wakes = 0
  onWoken: () => void = () => undefined

  woken(): void {
    this.wakes++
    this.onWoken()
  }
}

/** Runs a statement in another thread, in which `wake` is `wakeNative` or `wakeNode`. */
function elsewhere(file: string, statement: string, data: unknown): Worker {
  const url = new URL(`../../src/net/${file}.js`, import.meta.url)
  const text = `import(${JSON.stringify(url.href)}).then(({ wakeNative, wakeNode }) => {
    const { workerData } = require('node:worker_threads')
    ${statement}
  })`
  return new Worker(text, { eval: true, workerData: data })
}

describe('waking the native engine', () => {
  it('ends the sleep of a turn, once for all wake-ups before it', async t => {
    if (!meets(t, engineMissing('native'))) return
    const fd = openWakeUp()
    const listener = openTcpListener({
      protocol: 'test',
      address: { address: '127.0.0.1', port: 0 },
      onlyIpv6: true,
      backlog: 16,
    })
    let protocol: WokenProtocol | undefined
    const server = new NativeStreamServer({
      listeners: [listener],
      limits: streamLimits,
      protocol: speaking => {
        protocol = new WokenProtocol(speaking)
        return protocol
      },
      wakeUp: { fd },
    })
    t.after(() => {
      server.closeAll()
      closeStreamListener(listener)
      closeWakeUp(fd)
    })
    const wakes = (): number => (protocol as WokenProtocol).wakes
    assert.equal(server.turn(0), 0)
    for (let round = 1; round <= 3; round++) {
      wakeNative(fd)
      wakeNative(fd)
      assert.equal(server.turn(LONG_MS), 1)
      assert.equal(wakes(), round)
      // Never read, and yet no event is left.
      assert.equal(server.turn(0), 0)
    }
    const ready = new Int32Array(new SharedArrayBuffer(4))
    const statement = 'Atomics.wait(workerData.ready, 0, 0); wakeNative(workerData.fd)'
    const worker = elsewhere('native/wake-up', statement, { fd, ready })
    t.after(() => worker.terminate())
    await new Promise(resolve => worker.once('online', resolve))
    Atomics.store(ready, 0, 1)
    Atomics.notify(ready, 0)
    while (wakes() === 3) server.turn(LONG_MS)
    assert.equal(wakes(), 4)
  })
})

describe('waking the node engine', () => {
  it('calls back for a word that another thread changes', async t => {
    const signal = new Int32Array(new SharedArrayBuffer(4))
    let protocol: WokenProtocol | undefined
    const started = await startSpeaking(t, { engine: 'node', wakeUp: { signal } }, (server: StreamServer) => {
      protocol = new WokenProtocol(server)
      return protocol
    })
    const wakes = (): number => (protocol as WokenProtocol).wakes
    const answered: number[] = []
    ;(protocol as unknown as WokenProtocol).onWoken = () => answered.push(started.server.nowSeconds)
    for (let round = 1; round <= 3; round++) {
      wakeNode(signal)
      wakeNode(signal)
      await until(() => wakes() === round)
      for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
      assert.equal(wakes(), round)
    }
    const worker = elsewhere('node/wake-up', 'wakeNode(workerData)', signal)
    await new Promise(resolve => worker.once('exit', resolve))
    await until(() => wakes() === 4)
    assert.equal(answered.length, 4)
  })
})
