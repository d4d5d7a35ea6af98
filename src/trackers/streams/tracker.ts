// A tracker on byte streams: opens what it listens on, then starts and watches the workers that serve it. It speaks
// HTTP or WebTorrent, or both where they have one port: one listener, the same workers, and two parts (`plan.ts`).

import { CounterBlock, createCounterMemory, sumSnapshots } from '../../metrics/counters.js'
import type { EngineChoice } from '../../net/engine.js'
import type { InheritedDescriptor } from '../../net/inherited-sockets.js'
import { type StreamAddress, streamCounterNames } from '../../net/stream.js'
import type { SpokenName } from '../events.js'
import { httpCounterNames, httpCounters } from '../http/counters.js'
import type { HttpRules } from '../http/rules.js'
import { workerCount } from '../processors.js'
import { hangText, Supervisor } from '../supervisor.js'
import {
  type BoundTracker,
  NODE_BEAT_INTERVAL_MS,
  type Protocol,
  type SharedByTrackers,
  type Tracker,
  type TrackerFigures,
  type TrackerSetup,
} from '../tracker.js'
import { type Trouble, watchFor } from '../watch.js'
import { createWorkerSignalMemory, WorkerSignals } from '../worker-signals.js'
import { Certificates } from './certificates.js'
import { formatStreamAddress, openStreamListeners, type StreamListeners } from './listeners.js'
import type { FrontCounters, OpenStreamPart, StreamPart, StreamPlan } from './plan.js'
import type { StreamWorkerData, WorkerListenReport } from './worker-data.js'

/** The tracker of a plan, for `runTrackers`. */
export function streamTracker(plan: StreamPlan): TrackerSetup {
  return {
    serves: plan.serves,
    needsTls: plan.certificateFiles !== null,
    inheritable: 'TCP or Unix stream socket that listens',
    bind: (engine, inherited) => bindStreamTracker(plan, engine, inherited),
  }
}

/** What is there once everything is bound. */
interface BoundParts {
  readonly plan: StreamPlan
  readonly listeners: StreamListeners
  readonly certificates: Certificates | null
  readonly parts: readonly StreamPart[]
}

async function bindStreamTracker(
  plan: StreamPlan,
  { engine }: EngineChoice,
  inherited: readonly InheritedDescriptor[],
): Promise<BoundTracker> {
  const { certificateFiles, network, limitsFor } = plan
  const certificates = certificateFiles === null ? null : await Certificates.open(certificateFiles, engine)
  const listeners = await openStreamListeners(
    {
      protocol: plan.serves[0].protocol === 'ws' ? 'ws' : 'http',
      network,
      workers: workerCount(plan.socketWorkers),
      capacityFor: workers => limitsFor(workers).capacity,
    },
    engine,
    inherited,
  )
  const parts = await plan.createParts({ engine, workers: listeners.workers })
  return {
    workerCount: listeners.workers,
    adopted: listeners.adopted,
    create: shared => createStreamTracker({ plan, listeners, certificates, parts }, shared),
    close: () => {
      listeners.close()
      for (const part of parts) part.close()
    },
  }
}

function createStreamTracker(bound: BoundParts, shared: SharedByTrackers): Tracker {
  const { plan, listeners, certificates } = bound
  const count = listeners.workers
  const indices = Array.from({ length: count }, (_, index) => index)
  const memories = {
    counters: createCounterMemory(httpCounterNames, count),
    streamCounters: createCounterMemory(streamCounterNames, count),
  }
  const requests = indices.map(index => httpCounters(memories.counters, index))
  const streams = indices.map(index => new CounterBlock(streamCounterNames, memories.streamCounters, index))
  const fronts = (): FrontCounters[] =>
    indices.map(index => ({ requests: requests[index].snapshot(), streams: streams[index].snapshot() }))
  const parts: OpenStreamPart[] = []
  const webSocketsOpen = (worker: number): number =>
    parts.reduce((sum, part) => sum + part.webSocketsOpen(worker), 0)
  for (const part of bound.parts) parts.push(part.open(shared, fronts, webSocketsOpen))
  const streamCounters = () => sumSnapshots(streams.map(block => block.snapshot()))
  const signals = new WorkerSignals(createWorkerSignalMemory(count))
  const workers = superviseWorkers(bound, parts, shared, { ...memories, signals })
  const figures = (): TrackerFigures[] => {
    const names = indices.map(index => workers.nameOf(index))
    return parts.map((part, index) => ({
      ...part.figures(names, index === 0),
      // WebTorrent has one swarm for both families, which stands with IPv4.
      isServed: { ...isServed(plan), ...(plan.serves[index].protocol === 'ws' ? { ipv4: true } : {}) },
      kernelDrops: 0,
    }))
  }
  const allCounters = [
    () => sumSnapshots(requests.map(block => block.snapshot())),
    ...parts.map(part => () => part.counters()),
    streamCounters,
  ]
  return {
    workers,
    signals,
    handlingTimes: parts.map(({ handlingTimes }) => handlingTimes),
    beatIntervalMs: NODE_BEAT_INTERVAL_MS,
    reloadables: certificates === null ? [] : [certificates],
    start: begin => startWorkers(workers, bound, shared, begin),
    figures,
    counters: () => allCounters.map(read => read()).reduce(addByName),
    stopWatching: watchFor(
      [...parts.flatMap(({ troubles }) => troubles), ...connectionTroubles(streamCounters)],
      shared.onEvent,
    ),
  }
}

/** Counters of the same name in two parts are counts of the same kind. */
function addByName(
  sum: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  const result = { ...sum }
  for (const [name, count] of Object.entries(more)) result[name] = (result[name] ?? 0) + count
  return result
}

/** Where a proxy tells addresses, both families come in by either socket. */
function isServed({ network, rules }: StreamPlan): TrackerFigures['isServed'] {
  const isBehindProxy = hasProxy(rules)
  return {
    ipv4: network.useIpv4 || !network.setOnlyIpv6 || isBehindProxy,
    ipv6: network.useIpv6 || isBehindProxy,
  }
}

function hasProxy({ proxies }: HttpRules): boolean {
  return proxies.headerName !== null || proxies.proxyProtocol
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

type StreamSupervisor = Supervisor<WorkerListenReport>

function superviseWorkers(
  { plan, listeners, certificates }: BoundParts,
  parts: readonly OpenStreamPart[],
  shared: SharedByTrackers,
  {
    signals,
    ...memories
  }: Pick<StreamWorkerData, 'counters' | 'streamCounters'> & { readonly signals: WorkerSignals },
): StreamSupervisor {
  const { firstWorker, onEvent } = shared
  const forAll: Omit<StreamWorkerData, 'workerIndex' | 'workerName' | 'listeners'> = {
    ...memories,
    signals: signals.memory,
    firstWorker,
    rules: plan.rules,
    limits: plan.limitsFor(listeners.workers),
    tls: certificates?.share() ?? null,
    http: null,
    ws: null,
    ...Object.assign({}, ...parts.map(({ workerData }) => workerData)),
    filter: shared.filter,
    startedAtSeconds: shared.startedAtSeconds,
    control: shared.control,
  }
  return new Supervisor({
    workerFile: new URL('./worker.js', import.meta.url),
    namePrefix: plan.serves[0].protocol,
    workerDataFor: (workerIndex, workerName): StreamWorkerData => ({
      ...forAll,
      workerIndex,
      workerName,
      listeners: listeners.forWorker(workerIndex),
    }),
    locksHeldBy: workerIndex => parts.reduce((sum, part) => sum + part.locksHeldBy(workerIndex), 0),
    restartObstacle: () => shared.restartObstacle ?? listeners.restartObstacle,
    onEnd: workerIndex => listeners.workerEnded(workerIndex),
    onRestart: (worker, reason) => onEvent({ event: 'worker-restarted', worker, reason }),
    beats: () => signals.beatsSinceRelease(),
    onHang: worker => onEvent({ event: 'warning', text: hangText(worker) }),
  })
}

/** @returns what is listened on, `http 127.0.0.1:3000` */
async function startWorkers(
  workers: StreamSupervisor,
  { plan, listeners }: BoundParts,
  { engine, onEvent }: SharedByTrackers,
  begin: () => Promise<void>,
): Promise<readonly string[]> {
  const reports = await Promise.all(
    Array.from({ length: listeners.workers }, (_, index) => workers.start(index)),
  )
  const addresses: readonly StreamAddress[] = engine.engine === 'native' ? listeners.addresses : reports[0]
  await begin()
  for (const text of listeners.notices) onEvent({ event: 'notice', text })
  const listening: string[] = []
  for (const { protocol } of plan.serves) {
    for (const address of addresses) {
      const isTls = plan.certificateFiles !== null && !('path' in address)
      const place = 'path' in address ? { address: address.path, port: 0 } : address
      onEvent({
        event: 'listening',
        protocol: spokenName(protocol, isTls),
        ...place,
        engine: engine.engine,
        workers: listeners.workers,
      })
      listening.push(`${protocol} ${formatStreamAddress(address)}`)
    }
  }
  return listening
}

function spokenName(protocol: Protocol, isTls: boolean): SpokenName {
  if (!isTls || protocol === 'udp') return protocol
  return protocol === 'ws' ? 'wss' : 'https'
}
