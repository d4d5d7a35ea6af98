// What a thread had open is closed after it: its clients hear of it, and the process has no descriptor more.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { closeDescriptors, createDescriptorMemory } from '../../src/net/native/open-descriptors.js'
import { closeStreamListener, openTcpListener } from '../../src/net/native/stream-listener.js'
import { engineMissing, meets } from '../support/requirement.js'
import { Client, limits } from './stream-fixture.js'

const sockets = (): number => readdirSync('/proc/self/fd').length

describe('descriptors of a worker', () => {
  it('are closed after its thread was ended from outside; another worker serves on', async t => {
    if (!meets(t, engineMissing('native'))) return
    const address = { address: '127.0.0.1', port: 0 }
    const listener = openTcpListener({ protocol: 'test', address, onlyIpv6: true, backlog: 100 })
    t.after(() => closeStreamListener(listener))
    const { port } = listener.address as { port: number }
    const descriptors = createDescriptorMemory(limits.capacity)
    const start = async (): Promise<Worker> => {
      const worker = new Worker(new URL('../fixtures/serving-worker.js', import.meta.url), {
        workerData: { listener, descriptors },
      })
      t.after(() => worker.terminate())
      await once(worker, 'message')
      return worker
    }
    const before = sockets()
    const worker = await start()
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(t, '127.0.0.1', port)))
    for (const client of clients) {
      client.send('echo there\n')
      await client.until('there\n')
    }
    // What was closed in the ordinary way is forgotten.
    clients[0].send('close\n')
    await clients[0].end()
    await worker.terminate()
    const left = clients.slice(1)
    assert.equal(closeDescriptors(descriptors), left.length + 1, 'connections and the epoll descriptor')
    for (const client of left) await client.end()
    assert.equal(closeDescriptors(descriptors), 0)
    for (const client of clients) client.socket.destroy()
    await Promise.all(clients.map(client => client.socket.closed || once(client.socket, 'close')))
    assert.equal(sockets(), before)
    await start()
    const client = await Client.connect(t, '127.0.0.1', port)
    client.send('echo again\n')
    await client.until('again\n')
  })
})
