// Real threads on WebTorrent swarms: no member is lost, listed twice or torn, and a thread that dies inside is found.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { Members, memberLocksHeldBy } from '../../src/swarm/members.js'
import { WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import { cleanAll } from './fixture.js'
import type { WebTorrentWorkerData, WebTorrentWorkerReport } from './web-torrent-concurrency-worker.js'
import { checkMembers, MemberSpeaker, makeWebTorrentMemory } from './web-torrent-fixture.js'

function startWorker(data: WebTorrentWorkerData): Worker {
  return new Worker(new URL('./web-torrent-concurrency-worker.js', import.meta.url), { workerData: data })
}

/** Three threads at one task, while this one cleans without pause. */
async function runThreads(
  data: Omit<WebTorrentWorkerData, 'worker'>,
): Promise<readonly WebTorrentWorkerReport[]> {
  const cleaner = new Cleaner(new MemberSpeaker(data.memory, 9).swarm.swarm)
  const reports = Promise.all(
    [1, 2, 3].map(async worker => {
      const [report] = (await once(startWorker({ ...data, worker }), 'message')) as [WebTorrentWorkerReport]
      return report
    }),
  )
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  reports.then(end, end)
  while (!isOver) {
    cleanAll(cleaner, 0, 100)
    await new Promise(resolve => setImmediate(resolve))
  }
  return reports
}

for (const geometry of [{ shardCount: 1, bucketClass: 4 }, {}]) {
  test(`three threads with members of their own in ${JSON.stringify(geometry)}`, async () => {
    const torrents = 3
    const memory = makeWebTorrentMemory(geometry)
    const reports = await runThreads({ task: 'own', memory, announces: 12_000, torrents })
    const listed = reports.flatMap(report => report.listed)
    assert.deepEqual(checkMembers(memory, torrents), new Set(listed))
    assert.equal(new MemberSpeaker(memory).swarm.members, listed.length)
  })
}

test('three threads and a table that is nearly always full', async () => {
  const torrents = 3
  const memory = makeWebTorrentMemory({ memberCapacity: 500 })
  const reports = await runThreads({ task: 'own', memory, announces: 12_000, torrents })
  const listed = reports.flatMap(report => report.listed)
  assert.deepEqual(checkMembers(memory, torrents), new Set(listed))
  const refused = reports.reduce((sum, { outcomes }) => sum + outcomes[WebTorrentOutcome.membersFull]!, 0)
  const table = new Members(memory.members, 1)
  assert.ok(refused > 1000, `only ${refused} were refused`)
  assert.equal(table.refused, refused)
  assert.equal(table.end, 501, 'every record was used')
})

test('three threads that take the same peers over from each other', async () => {
  const torrents = 2
  const memory = makeWebTorrentMemory({ memberCapacity: 16 })
  const reports = await runThreads({ task: 'fight', memory, announces: 30_000, torrents })
  const left = checkMembers(memory, torrents)
  const speaker = new MemberSpeaker(memory)
  assert.equal(speaker.swarm.members, left.size)
  for (const { outcomes, added, removed } of reports) {
    assert.equal(outcomes[WebTorrentOutcome.foreignPeerId], 0)
    assert.equal(outcomes[WebTorrentOutcome.membersFull], 0, 'sixteen peers, sixteen records: none is lost')
    assert.ok(added > 100 && removed > 100, `${added} added, ${removed} removed`)
  }
  const forgotten = [1, 2, 3].map(worker => speaker.swarm.forgetWorker(worker))
  assert.equal(
    forgotten.reduce((sum, count) => sum + count),
    left.size,
  )
  assert.equal(checkMembers(memory, torrents).size, 0)
})

test('a thread terminated with the lock of a member is found by it', async () => {
  const memory = makeWebTorrentMemory()
  const worker = startWorker({ task: 'die', memory, worker: 6, announces: 0, torrents: 0 })
  await once(worker, 'message')
  await worker.terminate()
  assert.equal(memberLocksHeldBy(memory.members, 7), 1)
  assert.equal(memberLocksHeldBy(memory.members, 1), 0)
})
