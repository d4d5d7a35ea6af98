// What loading a list costs: time, memory, and how long the main thread was kept from its work meanwhile.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { TorrentFilterOwner } from '../../src/trackers/torrent-filter-owner.js'
import { writeList } from './lists.js'

/** One load. Memory is the resident memory of the process above what it had before the first. */
export interface LoadCost {
  readonly what: string
  readonly seconds: number
  readonly bytesPerHash: number
  readonly longestDelayMs: number
}

/** Loads a list of `hashes` hashes at start and then again and again, as a tracker without traffic does. */
export async function measureLoads(directory: string, hashes: number, reloads: number): Promise<LoadCost[]> {
  const path = join(directory, 'large.txt')
  writeList(path, hashes)
  const before = process.memoryUsage.rss()
  const delays = monitorEventLoopDelay({ resolution: 1 })
  const costs: LoadCost[] = []
  const timed = async <T>(what: string, load: () => Promise<T>): Promise<T> => {
    delays.reset()
    delays.enable()
    const start = performance.now()
    const result = await load()
    const seconds = (performance.now() - start) / 1000
    delays.disable()
    const bytesPerHash = (process.memoryUsage.rss() - before) / hashes
    costs.push({ what, seconds, bytesPerHash, longestDelayMs: delays.max / 1e6 })
    return result
  }
  const owner = await timed('start', () => TorrentFilterOwner.open({ mode: 'deny', path }))
  if (owner?.entries !== hashes) throw new Error(`${owner?.entries} hashes of ${hashes} were loaded`)
  for (let reload = 1; reload <= reloads; reload++) await timed(`reload ${reload}`, () => owner.reload())
  await owner.close()
  rmSync(path)
  return costs
}
