// The HTTP tracker: opens what it listens on, then starts and watches the workers that serve it. What it shares with
// other trackers of the process is the host's.

import type { HttpConfig } from '../../config/http.js'
import { CounterBlock, createCounterMemory, sumSnapshots } from '../../metrics/counters.js'
import { createHandlingTimeMemory } from '../../metrics/handling-time.js'
import type { EngineChoice } from '../../net/engine.js'
import type { InheritedDescriptor } from '../../net/inherited-sockets.js'
import { type StreamAddress, streamCounterNames } from '../../net/stream.js'
import { locksHeldBy } from '../../swarm/lock.js'
import { workerCount } from '../processors.js'
import { Supervisor } from '../supervisor.js'
import {
  type BoundTracker,
  lockOwnerOf,
  NODE_BEAT_INTERVAL_MS,
  type SharedByTrackers,
  type Tracker,
  type TrackerFigures,
  type TrackerSetup,
} from '../tracker.js'
import { memoryTrouble, type Trouble, watchFor } from '../watch.js'
import { createWorkerSignalMemory, WorkerSignals } from '../worker-signals.js'
import { Certificates, certificateFilesOf } from './certificates.js'
import { HttpCounter, type HttpCounterName, httpCounterNames, httpCounters } from './counters.js'
import { createFullScrapeTimes } from './full-scrape-times.js'
import { streamLimitsOf } from './limits.js'
import { formatStreamAddress, type HttpListeners, openHttpListeners } from './listeners.js'
import { rulesOf } from './rules.js'
import { httpWorkerSnapshot } from './snapshot.js'
import type { HttpWorkerData, WorkerListenReport } from './worker-data.js'

/** The HTTP tracker that a configuration describes, for `runTrackers`. */
export function httpTracker(config: HttpConfig): TrackerSetup {
  return {
    serves: [{ protocol: 'http', cleaning: config.cleaning }],
    needsTls: config.network.enableTls,
    bind: (engine, inherited) => bindHttpTracker(config, engine, inherited),
  }
}

async function bindHttpTracker(
  config: HttpConfig,
  { engine }: EngineChoice,
  inherited: readonly InheritedDescriptor[],
): Promise<BoundTracker> {
  const certificates = config.network.enableTls
    ? await Certificates.open(certificateFilesOf(config), engine)
    : null
  const listeners = await openHttpListeners(config, engine, workerCount(config.socketWorkers), inherited)
  return {
    workerCount: listeners.workers,
    create: shared => createHttpTracker(config, listeners, certificates, shared),
    close: () => listeners.close(),
  }
}

function createHttpTracker(
  config: HttpConfig,
  listeners: HttpListeners,
  certificates: Certificates | null,
  shared: SharedByTrackers,
): Tracker {
  const { workers: count } = listeners
  const indices = Array.from({ length: count }, (_, index) => index)
  const counterMemory = createCounterMemory(httpCounterNames, count)
  const streamCounterMemory = createCounterMemory(streamCounterNames, count)
  const blocks = indices.map(index => httpCounters(counterMemory, index))
  const streamBlocks = indices.map(index => new CounterBlock(streamCounterNames, streamCounterMemory, index))
  const counters = (): Record<HttpCounterName, number> => sumSnapshots(blocks.map(block => block.snapshot()))
  const streamCounters = () => sumSnapshots(streamBlocks.map(block => block.snapshot()))
  const signals = new WorkerSignals(createWorkerSignalMemory(count))
  const handlingTimes = shared.isTimed ? createHandlingTimeMemory(count) : null
  const workers = superviseWorkers(config, listeners, certificates, shared, {
    signals: signals.memory,
    counters: counterMemory,
    streamCounters: streamCounterMemory,
    handlingTimes,
  })
  const { network } = config
  const figures = (): TrackerFigures => ({
    isServed: {
      ipv4: network.useIpv4 || !network.setOnlyIpv6 || behindProxy(network),
      ipv6: network.useIpv6 || behindProxy(network),
    },
    workers: indices.map(index =>
      httpWorkerSnapshot(workers.nameOf(index), blocks[index].snapshot(), streamBlocks[index].snapshot()),
    ),
    kernelDrops: 0,
    peerIdsReplaced: blocks.reduce((sum, { values }) => sum + values[HttpCounter.peerIdsReplaced], 0),
  })
  return {
    workers,
    signals,
    handlingTimes: [handlingTimes],
    beatIntervalMs: NODE_BEAT_INTERVAL_MS,
    reloadables: certificates === null ? [] : [certificates],
    start: begin => startWorkers(workers, listeners, shared, begin, network.enableTls),
    figures: () => [figures()],
    counters: () => ({ ...counters(), ...streamCounters() }),
    stopWatching: watchFor(
      [
        memoryTrouble(
          () => {
            const { announcesRefusedByMemoryLimit, peersRefusedByMemoryLimit } = counters()
            return announcesRefusedByMemoryLimit + peersRefusedByMemoryLimit
          },
          () => shared.swarms.of('http').swarm.totals().limitBytes,
        ),
        ...connectionTroubles(streamCounters),
      ],
      shared.onEvent,
    ),
  }
}

/** Where a proxy tells addresses, both families come in by either socket. */
function behindProxy({ runsBehindReverseProxy, proxyProtocol }: HttpConfig['network']): boolean {
  return runsBehindReverseProxy || proxyProtocol !== 'off'
}

function connectionTroubles(
  counters: () => Readonly<Record<'refusedFull' | 'acceptsFailed', number>>,
): Trouble[] {
  return [
    {
      count: () => counters().refusedFull,
      sentence: () =>
        'all connections are taken, so new ones wait or are closed. Raise network.max_connections, or lower ' +
        'cleaning.max_connection_idle.',
    },
    {
      count: () => counters().acceptsFailed,
      sentence: () =>
        'the system had no descriptor or memory for a new connection; those that are open are served on. Raise the ' +
        'limit of open files (LimitNOFILE=), or lower network.max_connections.',
    },
  ]
}

type HttpSupervisor = Supervisor<WorkerListenReport>

function superviseWorkers(
  config: HttpConfig,
  listeners: HttpListeners,
  certificates: Certificates | null,
  shared: SharedByTrackers,
  memories: Pick<HttpWorkerData, 'signals' | 'counters' | 'streamCounters' | 'handlingTimes'>,
): HttpSupervisor {
  const { firstWorker, onEvent } = shared
  const { memory, observation } = shared.swarms.of('http')
  const rules = rulesOf(config)
  const forAll: Omit<HttpWorkerData, 'workerIndex' | 'workerName' | 'listeners'> = {
    ...memories,
    firstWorker,
    rules,
    limits: streamLimitsOf(config, listeners.workers),
    tls: certificates?.share() ?? null,
    swarm: memory,
    filter: shared.filter,
    peerIds: observation.peerIds,
    fullScrapeTimes: rules.fullScrapeIntervalSeconds > 0 ? createFullScrapeTimes() : null,
    startedAtSeconds: shared.startedAtSeconds,
    control: shared.control,
  }
  return new Supervisor({
    workerFile: new URL('./worker.js', import.meta.url),
    namePrefix: 'http',
    workerDataFor: (workerIndex, workerName): HttpWorkerData => ({
      ...forAll,
      workerIndex,
      workerName,
      listeners: listeners.forWorker(workerIndex),
    }),
    locksHeldBy: workerIndex => locksHeldBy(memory, lockOwnerOf(firstWorker + workerIndex)),
    restartObstacle: () => shared.restartObstacle ?? listeners.restartObstacle,
    onEnd: workerIndex => listeners.workerEnded(workerIndex),
    onRestart: (worker, reason) => onEvent({ event: 'worker-restarted', worker, reason }),
  })
}

/** @returns what is listened on, `http 127.0.0.1:3000` */
async function startWorkers(
  workers: HttpSupervisor,
  listeners: HttpListeners,
  { engine, onEvent }: SharedByTrackers,
  begin: () => Promise<void>,
  isTls: boolean,
): Promise<readonly string[]> {
  const reports = await Promise.all(
    Array.from({ length: listeners.workers }, (_, index) => workers.start(index)),
  )
  const addresses: readonly StreamAddress[] = engine.engine === 'native' ? listeners.addresses : reports[0]
  await begin()
  for (const text of listeners.notices) onEvent({ event: 'notice', text })
  for (const address of addresses) {
    const place = 'path' in address ? { address: address.path, port: 0 } : address
    onEvent({
      event: 'listening',
      protocol: isTls && !('path' in address) ? 'https' : 'http',
      ...place,
      engine: engine.engine,
      workers: listeners.workers,
    })
  }
  return addresses.map(address => `http ${formatStreamAddress(address)}`)
}
