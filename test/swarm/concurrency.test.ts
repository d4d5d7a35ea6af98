// Real threads on one swarm: nothing is lost, nothing is torn, and a thread that dies inside is found.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { Header } from '../../src/swarm/layout.js'
import { acquireLock, locksHeldBy, releaseLock } from '../../src/swarm/lock.js'
import { wordsOf } from '../../src/swarm/memory.js'
import { cleanAll, makeMemory, Speaker } from './fixture.js'
import { checkInvariants } from './invariants.js'
import type { HammerReport, SwarmWorkerData } from './swarm-worker.js'

function startWorker(data: SwarmWorkerData): Worker {
  return new Worker(new URL('./swarm-worker.js', import.meta.url), { workerData: data })
}

for (const geometry of [{ shardCount: 1, bucketClass: 4 }, { shardCount: 4 }]) {
  test(`four threads and a cleaner on ${JSON.stringify(geometry)}`, async () => {
    const memory = makeMemory(geometry)
    const torrents = 3
    const workers = [2, 3, 4, 5].map(lockOwner =>
      startWorker({ task: 'hammer', memory, lockOwner, announces: 30_000, torrents }),
    )
    const speaker = new Speaker(memory, 1)
    const cleaner = new Cleaner(speaker.swarm)
    let reported = 0
    const reports = workers.map(async worker => {
      const [report] = (await once(worker, 'message')) as [HammerReport]
      reported++
      return report
    })
    // The cleaner finds nothing to drop, but it takes every lock there is, again and again.
    while (reported < workers.length) {
      cleanAll(cleaner, 0, 100)
      await new Promise(resolve => setImmediate(resolve))
    }
    const listed = (await Promise.all(reports)).flatMap(report => report.listed)
    checkInvariants(memory)
    const found: string[] = []
    for (let torrent = 0; torrent < torrents; torrent++) {
      for (const family of [4, 6]) {
        speaker.say({ torrent, family, address: 1, port: 0, wanted: 20_000 })
        found.push(...speaker.peers().map(peer => `${torrent}:${family}:${peer.split(':')[0]}`))
      }
    }
    assert.deepEqual(found.sort(), listed.sort())
    const totals = speaker.swarm.totals()
    assert.equal(totals.ipv4.peers + totals.ipv6.peers, listed.length)
  })
}

test('a thread terminated inside an announce is found by the lock it left', async () => {
  const memory = makeMemory()
  const worker = startWorker({ task: 'die', memory, lockOwner: 7, announces: 0, torrents: 0 })
  await once(worker, 'message')
  await worker.terminate()
  assert.equal(locksHeldBy(memory, 7), 1)
  assert.equal(locksHeldBy(memory, 1), 0)
})

test('locks are told apart by owner, also while somebody waits', () => {
  const memory = makeMemory()
  const words = wordsOf(memory)
  acquireLock(words, Header.poolLock, 3)
  assert.equal(locksHeldBy(memory, 3), 1)
  Atomics.or(words, Header.poolLock, 0x40000000)
  assert.equal(locksHeldBy(memory, 3), 1)
  assert.equal(locksHeldBy(memory, 2), 0)
  releaseLock(words, Header.poolLock)
  assert.equal(locksHeldBy(memory, 3), 0)
})
