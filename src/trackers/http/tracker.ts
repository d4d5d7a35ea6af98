// The HTTP tracker: a plan for byte streams, and its part of one.

import type { HttpConfig } from '../../config/http.js'
import { createHandlingTimeMemory } from '../../metrics/handling-time.js'
import { locksHeldBy } from '../../swarm/lock.js'
import { certificateFilesOf } from '../streams/certificates.js'
import type { StreamPart, StreamPlan } from '../streams/plan.js'
import { streamTracker } from '../streams/tracker.js'
import { lockOwnerOf, type TrackerSetup } from '../tracker.js'
import { memoryTrouble } from '../watch.js'
import { createFullScrapeTimes } from './full-scrape-times.js'
import { streamLimitsOf } from './limits.js'
import { rulesOf } from './rules.js'
import { httpWorkerSnapshot } from './snapshot.js'

/** The HTTP tracker that a configuration describes, for `runTrackers`. */
export function httpTracker(config: HttpConfig): TrackerSetup {
  return streamTracker(httpPlan(config))
}

export function httpPlan(config: HttpConfig): StreamPlan {
  const { network } = config
  return {
    serves: [{ protocol: 'http', swarm: config }],
    network,
    certificateFiles: network.enableTls ? certificateFilesOf(config) : null,
    socketWorkers: config.socketWorkers,
    rules: rulesOf(config),
    limitsFor: workers => streamLimitsOf(config, workers),
    createParts: async ({ workers }) => [httpPart(config, workers)],
  }
}

function httpPart(config: HttpConfig, workers: number): StreamPart {
  return {
    protocol: 'http',
    close: () => undefined,
    open: ({ firstWorker, isTimed, swarms }, fronts) => {
      const { memory, swarm, observation } = swarms.of('http')
      const handlingTimes = isTimed ? createHandlingTimeMemory(workers) : null
      const hasFullScrapes = rulesOf(config).fullScrapeIntervalSeconds > 0
      return {
        workerData: {
          http: {
            swarm: memory,
            peerIds: observation.peerIds,
            fullScrapeTimes: hasFullScrapes ? createFullScrapeTimes() : null,
            handlingTimes,
          },
        },
        handlingTimes,
        figures: names => {
          const all = fronts()
          return {
            workers: all.map(({ requests, streams }, index) =>
              httpWorkerSnapshot(names[index], requests, streams),
            ),
            peerIdsReplaced: all.reduce((sum, { requests }) => sum + requests.peerIdsReplaced, 0),
          }
        },
        // Its requests are counted with the byte streams.
        counters: () => ({}),
        locksHeldBy: workerIndex => locksHeldBy(memory, lockOwnerOf(firstWorker + workerIndex)),
        troubles: [
          memoryTrouble(
            () => fronts().reduce((sum, { requests }) => sum + refusedByMemoryIn(requests), 0),
            () => swarm.totals().limitBytes,
          ),
        ],
      }
    },
  }
}

function refusedByMemoryIn(
  counters: Readonly<Record<'announcesRefusedByMemoryLimit' | 'peersRefusedByMemoryLimit', number>>,
): number {
  return counters.announcesRefusedByMemoryLimit + counters.peersRefusedByMemoryLimit
}
