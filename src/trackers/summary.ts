// What a run comes to, said at its end.

import type { TrackerSummary } from './events.js'
import type { SwarmRooms } from './swarm-rooms.js'
import type { Tracker } from './tracker.js'

/** Of a tracker that was stopped before it opened a socket. */
export const nothingServed: TrackerSummary = {
  seconds: 0,
  requests: 0,
  responses: 0,
  dropped: 0,
  kernelDrops: 0,
  torrents: 0,
  peers: 0,
  counters: {},
}

/** @param kernelDrops of sockets that are closed by now */
export function summarise(
  trackers: readonly Pick<Tracker, 'counters'>[],
  swarms: SwarmRooms,
  seconds: number,
  kernelDrops: number,
): TrackerSummary {
  const counters: Record<string, number> = {}
  for (const tracker of trackers) {
    for (const [name, count] of Object.entries(tracker.counters()))
      counters[name] = (counters[name] ?? 0) + count
  }
  const sum = (prefix: string): number =>
    Object.entries(counters).reduce(
      (total, [name, count]) => total + (name.startsWith(prefix) ? count : 0),
      0,
    )
  return {
    seconds,
    requests: sum('requests'),
    responses: sum('responses'),
    dropped: sum('dropped'),
    kernelDrops,
    ...swarms.totals(),
    counters,
  }
}
