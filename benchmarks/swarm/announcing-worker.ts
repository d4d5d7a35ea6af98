// Announces without pause and notes how long each announce took; `report` gives the figures since the last report.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { SwarmMemory } from '../../src/swarm/memory.js'
import { Announcer, MAX_PEER_AGE_SECONDS, WANTED_PEERS } from './random-peers.js'

/** What a report says. */
export interface AnnounceTimes {
  readonly longestMs: number
  readonly p999Us: number
}

const announcer = new Announcer(workerData as SwarmMemory, 2, 4711)
/** Announces by their microseconds, up to 10 ms. */
const histogram = new Uint32Array(10_000)
let longestMs = 0

function reportAndReset(): void {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let left = total / 1000
  let p999Us = histogram.length
  while (p999Us > 0 && left > 0) left -= histogram[--p999Us]
  parentPort?.postMessage({ longestMs, p999Us } satisfies AnnounceTimes)
  histogram.fill(0)
  longestMs = 0
}

if (parentPort === null) throw new Error('runs as a worker only')
for (let count = 0; ; count++) {
  const started = performance.now()
  announcer.add(announcer.random() % 3_000_000, WANTED_PEERS, MAX_PEER_AGE_SECONDS)
  const tookMs = performance.now() - started
  if (tookMs > longestMs) longestMs = tookMs
  histogram[Math.min(histogram.length - 1, Math.floor(tookMs * 1000))]++
  if (count % 1000 === 0 && receiveMessageOnPort(parentPort) !== undefined) reportAndReset()
}
