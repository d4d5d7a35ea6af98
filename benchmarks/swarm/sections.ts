// The measurements, each run in a process of its own (`run.ts`): what it prints on stdout is its result as JSON.

import { Worker } from 'node:worker_threads'
import { Cleaner } from '../../src/swarm/cleaner.js'
import type { SwarmMemory } from '../../src/swarm/memory.js'
import { report } from '../support/program.js'
import { median } from '../support/statistics.js'
import type { AnnounceTimes } from './announcing-worker.js'
import { Announcer, BATCH, createLargeMemory, MAX_PEER_AGE_SECONDS, WANTED_PEERS } from './random-peers.js'

const MILLION = 1_000_000
/** Time between two rounds of cleaning. */
const ROUND_SECONDS = 120
/** As `trackers/cleaning.ts` takes steps. */
const ENTRIES_PER_STEP = 20_000

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

/** More than the worker fills while it is measured. */
const TOUCHED_BYTES = 3 * 1024 ** 3

/**
 * Touches the beginning of the swarm's memory, so that the system's first touch of a page (5 ms for a huge page in some
 * virtual machines) is not taken for a delay by cleaning. What lies there is written as it is.
 */
function touch(memory: SwarmMemory, bytes: number): void {
  const words = new Int32Array(memory.buffer, 0, bytes / 4)
  for (let at = 0; at < words.length; at += 1024) words[at] = words[at] | 0
}

/** Occupies this thread's processor as cleaning does, but without a lock. */
async function keepBusy(ms: number): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    for (const stepEndMs = performance.now() + 1; performance.now() < stepEndMs; );
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Rounds of cleaning, and as many pauses of the same length without. */
const CLEANING_ROUNDS = 10

/**
 * A worker announces without pause while this thread cleans 10 million peers, of which a tenth expires in each round:
 * how long the longest of its announces took in each round, beside as many stretches in which this thread is as busy
 * without a lock. What cleaning itself does comes in every round; the machine's interruptions come in some, more of them
 * while all processors are busy. So the quietest round counts, beside the quietest stretch.
 */
async function cleaning(): Promise<Figures> {
  const memory = await createLargeMemory()
  const announcer = new Announcer(memory, 1, 7)
  for (let index = 0; index < 10 * MILLION; index++) {
    const round = index % CLEANING_ROUNDS
    announcer.add(announcer.random() % (3 * MILLION), 0, round * ROUND_SECONDS)
  }
  touch(memory, TOUCHED_BYTES)
  const worker = new Worker(new URL('./announcing-worker.js', import.meta.url), { workerData: memory })
  const ask = (): Promise<AnnounceTimes> =>
    new Promise(resolve => {
      worker.once('message', resolve)
      worker.postMessage('report')
    })
  const cleaner = new Cleaner(announcer.swarm)
  const idle: AnnounceTimes[] = []
  const busy: AnnounceTimes[] = []
  const seconds: number[] = []
  for (let round = 0; round < CLEANING_ROUNDS; round++) {
    await ask()
    const startedAtMs = performance.now()
    cleaner.begin(MAX_PEER_AGE_SECONDS + round * ROUND_SECONDS)
    while (!cleaner.step(ENTRIES_PER_STEP)) await new Promise(resolve => setImmediate(resolve))
    const tookMs = performance.now() - startedAtMs
    busy.push(await ask())
    seconds.push(tookMs / 1000)
    await keepBusy(tookMs)
    idle.push(await ask())
  }
  worker.unref()
  await worker.terminate()
  const longest = (times: readonly AnnounceTimes[]): number[] => times.map(({ longestMs }) => longestMs)
  const p999 = (times: readonly AnnounceTimes[]): number => median(times.map(({ p999Us }) => p999Us))
  return {
    cleaningSeconds: median(seconds),
    peersLeft: announcer.swarm.totals().ipv4.peers,
    cleaningAddsMs: Math.max(0, Math.min(...longest(busy)) - Math.min(...longest(idle))),
    longestAnnounceMs: Math.min(...longest(busy)),
    longestAnnounceWithoutCleaningMs: Math.min(...longest(idle)),
    medianOfLongestMs: median(longest(busy)),
    medianOfLongestWithoutCleaningMs: median(longest(idle)),
    p999AnnounceMicroseconds: p999(busy),
    p999AnnounceWithoutCleaningMicroseconds: p999(idle),
  }
}

export const sections: Record<string, () => Promise<Figures>> = {
  largeSwarms,
  smallSwarms,
  oneTorrent,
  cleaning,
}
