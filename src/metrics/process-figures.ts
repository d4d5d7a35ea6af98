// What the operating system and V8 say about this process.

import { openSync, readSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import type { ProcessSnapshot } from './snapshot.js'

/** Of the whole process but for the heap, which is the calling thread's. */
export function processFigures(): ProcessSnapshot {
  const { user, system } = process.cpuUsage()
  const heap = getHeapStatistics()
  return {
    rssBytes: residentBytes(),
    cpuUserSeconds: user / 1e6,
    cpuSystemSeconds: system / 1e6,
    heapUsedBytes: heap.used_heap_size,
    heapTotalBytes: heap.total_heap_size,
  }
}

/**
 * Open from the start: a tracker that changes its root directory ([privileges]) finds no /proc afterwards, where
 * `process.memoryUsage` throws.
 */
const statusFile = process.platform === 'linux' ? openStatus() : undefined
/** It has about 1,500. */
const status = Buffer.alloc(8192)

function openStatus(): number | undefined {
  try {
    return openSync('/proc/self/status', 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** Resident memory; 0 on a Linux without /proc. */
function residentBytes(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss()
  if (statusFile === undefined) return 0
  const text = status.toString('latin1', 0, readSync(statusFile, status, 0, status.length, 0))
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}
