// The measurements, each run in a process of its own (`run.ts`): what it prints on stdout is its result as JSON.

import { Worker } from 'node:worker_threads'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { report } from '../support/program.js'
import type { AnnounceTimes } from './announcing-worker.js'
import { Announcer, BATCH, createLargeMemory, MAX_PEER_AGE_SECONDS, WANTED_PEERS } from './random-peers.js'
import { nowMs, ownMs, runDelayMs, type Stretch } from './run-delay.js'

const MILLION = 1_000_000

/** Figures of one section, by name. */
export type Figures = Record<string, number>

/** Torrents are chosen with the square of a uniform number: low ones are popular. */
function fill(announcer: Announcer, announces: number, torrents: number): number {
  const started = performance.now()
  const batch = new Int32Array(BATCH)
  for (let index = 0; index < announces; index += BATCH) {
    for (let place = 0; place < BATCH; place++) {
      const uniform = announcer.random() / 2 ** 32
      batch[place] = Math.floor(uniform * uniform * torrents)
    }
    announcer.addBatch(batch, 0, 0)
    if (index % (10 * MILLION) < BATCH) report(`  ${Math.round(index / MILLION)} M announces\n`)
  }
  return (performance.now() - started) / 1000
}

/** 50 million IPv4 peers in 12.5 million torrents: memory of the process, and inserts per second. */
async function largeSwarms(): Promise<Figures> {
  const announcer = new Announcer(await createLargeMemory(), 1, 12345)
  const seconds = fill(announcer, 50 * MILLION, 12.5 * MILLION)
  const { ipv4, torrents } = announcer.swarm.totals()
  const residentBytes = process.memoryUsage.rss()
  return {
    peers: ipv4.peers,
    torrents,
    residentGigabytes: residentBytes / 1e9,
    bytesPerPeer: residentBytes / ipv4.peers,
    millionInsertsPerSecond: ipv4.peers / seconds / MILLION,
  }
}

/** About 1.7 announces for each of 2 million torrents: bytes of memory per announce, the process's own left out. */
async function smallSwarms(): Promise<Figures> {
  const announcer = new Announcer(await createLargeMemory(), 1, 12345)
  const before = process.memoryUsage.rss()
  const announces = 3.4 * MILLION
  for (let index = 0; index < announces; index++) announcer.add(announcer.random() % (2 * MILLION), 0, 0)
  return {
    torrents: announcer.swarm.totals().torrents,
    bytesPerAnnounce: (process.memoryUsage.rss() - before) / announces,
  }
}

/** Announces to one torrent of 1 to 5 million peers: mean time of an announce that inserts and gets 30 peers. */
async function oneTorrent(): Promise<Figures> {
  const announcer = new Announcer(await createLargeMemory(), 1, 99)
  const figures: Figures = {}
  let longestMs = 0
  for (let millions = 1; millions <= 5; millions++) {
    while (announcer.swarm.totals().ipv4.peers < millions * MILLION - 100_000) {
      for (let index = 0; index < 100_000; index++) {
        const started = performance.now()
        announcer.add(1, 0, 0)
        longestMs = Math.max(longestMs, performance.now() - started)
      }
    }
    const announces = 100_000
    const started = performance.now()
    for (let index = 0; index < announces; index++) announcer.add(1, WANTED_PEERS, 0)
    figures[`nanosecondsAt${millions}MillionPeers`] = ((performance.now() - started) / announces) * 1e6
  }
  return { ...figures, longestInsertMs: longestMs }
}

/**
 * A worker announces without pause while this thread cleans 10 million peers of which half have expired: how long the
 * longest of its announces took, beside the longest without cleaning (the machine's own interruptions).
 */
async function cleaning(): Promise<Figures> {
  const memory = await createLargeMemory()
  const announcer = new Announcer(memory, 1, 7)
  for (let index = 0; index < 10 * MILLION; index++) {
    const now = index % 2 === 0 ? 0 : MAX_PEER_AGE_SECONDS
    announcer.add(announcer.random() % (3 * MILLION), 0, now)
  }
  const worker = new Worker(new URL('./announcing-worker.js', import.meta.url), { workerData: memory })
  const ask = (): Promise<AnnounceTimes> =>
    new Promise(resolve => {
      worker.once('message', resolve)
      worker.postMessage('report')
    })
  const quietly = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
  await ask()
  await quietly(3000)
  const idle = await ask()
  const cleaner = new Cleaner(announcer.swarm)
  const steps: Stretch[] = []
  cleaner.begin(MAX_PEER_AGE_SECONDS + 1)
  const startedMs = nowMs()
  for (let isLast = false; !isLast; ) {
    const [startMs, delayBeforeMs] = [nowMs(), runDelayMs()]
    isLast = cleaner.step(20_000)
    steps.push({ startMs, endMs: nowMs(), delayMs: runDelayMs() - delayBeforeMs })
    await new Promise(resolve => setImmediate(resolve))
  }
  const seconds = (nowMs() - startedMs) / 1000
  const busy = await ask()
  worker.unref()
  await worker.terminate()
  return {
    cleaningSeconds: seconds,
    peersLeft: announcer.swarm.totals().ipv4.peers,
    longestAnnounceMs: Math.max(0, ...busy.slow.map(slow => ownMs(slow, steps))),
    longestAnnounceWithDelaysMs: busy.longestMs,
    p999AnnounceMicroseconds: busy.p999Us,
    longestAnnounceWithoutCleaningMs: Math.max(0, ...idle.slow.map(slow => ownMs(slow, []))),
    longestAnnounceWithoutCleaningWithDelaysMs: idle.longestMs,
    p999AnnounceWithoutCleaningMicroseconds: idle.p999Us,
  }
}

export const sections: Record<string, () => Promise<Figures>> = {
  largeSwarms,
  smallSwarms,
  oneTorrent,
  cleaning,
}
