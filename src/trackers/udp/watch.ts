// Looks at the tracker's counters every few seconds and says what an operator should know: memory limit reached,
// packets lost in the kernel, answers that could not be sent. Each kind at most once a minute.

import type { Swarm } from '../../swarm/swarm.js'
import type { TrackerEventSink } from '../events.js'
import type { UdpCounterName } from './counters.js'

const LOOK_INTERVAL_MS = 5_000
const REPEAT_AFTER_MS = 60_000

export interface WatchOptions {
  readonly swarm: Swarm
  readonly counters: () => Record<UdpCounterName, number>
  readonly kernelDrops: () => number
  readonly onEvent: TrackerEventSink
}

/** One kind of trouble: how often it has happened, and the sentence that says so. */
interface Trouble {
  readonly count: (counters: Record<UdpCounterName, number>) => number
  readonly sentence: (more: number) => string
}

/** One digit where it matters. */
function mebibytes(bytes: number): string {
  const value = bytes / 1024 ** 2
  return value < 10 ? value.toFixed(1) : value.toFixed(0)
}

function troubles({ swarm, kernelDrops }: WatchOptions): Trouble[] {
  return [
    {
      count: counters => counters.announcesRefusedByMemoryLimit + counters.peersRefusedByMemoryLimit,
      sentence: more =>
        `the swarm's memory limit of ${mebibytes(swarm.totals().limitBytes)} MiB for peers is reached: ` +
        `${more} announces could not be stored. Raise swarm.memory_limit.`,
    },
    {
      count: () => kernelDrops(),
      sentence: more =>
        `the kernel dropped ${more} packets because a receive buffer was full. Raise ` +
        'network.socket_recv_buffer_size (and net.core.rmem_max), or socket_workers.',
    },
    {
      count: counters => counters.sendsSkipped,
      sentence: more =>
        `${more} answers could not be sent (unreachable address or no room). If they are many, raise ` +
        'network.socket_send_buffer_size.',
    },
  ]
}

/** Starts looking. @returns a function that ends it */
export function watchUdpTracker(options: WatchOptions): () => void {
  const watched = troubles(options).map(trouble => ({ trouble, said: 0, saidAtMs: Number.NEGATIVE_INFINITY }))
  const timer = setInterval(() => {
    const counters = options.counters()
    const now = performance.now()
    for (const entry of watched) {
      const count = entry.trouble.count(counters)
      if (count <= entry.said || now - entry.saidAtMs < REPEAT_AFTER_MS) continue
      options.onEvent({ event: 'warning', text: entry.trouble.sentence(count - entry.said) })
      entry.said = count
      entry.saidAtMs = now
    }
  }, LOOK_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}
