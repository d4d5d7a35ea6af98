// What the operating system and V8 say about this process.

import type { ProcessSnapshot } from './snapshot.js'

/** Of the whole process but for the heap, which is the calling thread's. */
export function processFigures(): ProcessSnapshot {
  const { rss, heapUsed, heapTotal } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return {
    rssBytes: rss,
    cpuUserSeconds: user / 1e6,
    cpuSystemSeconds: system / 1e6,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
  }
}
