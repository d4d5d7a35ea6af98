// The UDP tracker as a whole: a flat list of steps from configuration to shutdown.

import type { UdpConfig } from '../../config/udp.js'
import { AquaticError } from '../../errors.js'
import { createCounterMemory, sumSnapshots } from '../../metrics/counters.js'
import { createHandlingTimeMemory } from '../../metrics/handling-time.js'
import type { TrackerSnapshot } from '../../metrics/snapshot.js'
import { chooseEngine, type EngineChoice, preferHugePages } from '../../net/engine.js'
import { inheritedDescriptors } from '../../net/inherited-sockets.js'
import { formatSocketAddress, isWildcard, type SocketAddress } from '../../protocol/socket-address.js'
import { Cleaner } from '../../swarm/cleaner.js'
import { locksHeldBy } from '../../swarm/lock.js'
import { heapOffsetBytes, type SwarmMemory } from '../../swarm/memory.js'
import { Swarm } from '../../swarm/swarm.js'
import { scheduleCleaning, torrentObserverOf } from '../cleaning.js'
import type { TrackerEventSink, TrackerSummary } from '../events.js'
import { isMetricsEndpointOn, type MetricsService, openMetricsEndpoint } from '../metrics-endpoint.js'
import { type PrivilegeDrop, preparePrivilegeDrop } from '../privileges.js'
import { reserveSwarm, workerCount } from '../processors.js'
import { Reloader } from '../reload.js'
import { connectServiceManager } from '../service-manager.js'
import { type Statistics, startStatistics } from '../statistics.js'
import { Supervisor } from '../supervisor.js'
import { TorrentFilterOwner } from '../torrent-filter-owner.js'
import { createWorkerSignalMemory, WorkerSignals } from '../worker-signals.js'
import { createConnectionIdKey } from './connection-id.js'
import { type UdpCounterName, udpCounterNames, udpCounters } from './counters.js'
import { rulesOf } from './handler.js'
import { observeUdpTracker } from './observation.js'
import { openUdpSockets, type UdpSockets } from './sockets.js'
import { watchUdpTracker } from './watch.js'
import {
  CONTROL_STOP,
  lockOwnerOf,
  NODE_BEAT_INTERVAL_MS,
  type UdpWorkerData,
  type WorkerSocketReport,
} from './worker-data.js'

const MAIN_THREAD_LOCK_OWNER = 1
/** A worker that sleeps longer would notice a stop too late. */
const POLL_TIMEOUT_MS_MAX = 50
/** Workers allocate next to nothing: a small young generation keeps their memory small. */
const WORKER_YOUNG_GENERATION_MB = 2

export interface RunOptions {
  /** Aborted: stop reading, answer what was read, return. */
  readonly signal: AbortSignal
  readonly onEvent: TrackerEventSink
  /** Called once reloads are possible, with the function to call for each. */
  readonly onReloadable: (reload: () => void) => void
}

/**
 * Serves until `signal` is aborted. `listening` events come when every worker receives.
 * @throws AquaticError when it can't start or can't go on
 */
export async function runUdpTracker(
  config: UdpConfig,
  { signal, onEvent, onReloadable }: RunOptions,
): Promise<TrackerSummary> {
  const choice = await chooseEngine(config.network.engine)
  const privileges = await preparePrivilegeDrop(config.privileges, choice.engine)
  const service = await connectServiceManager(process.env, onEvent)
  const filter = await TorrentFilterOwner.open(config.accessList)
  const swarmMemory = reserveSwarm(config.swarm.memoryLimit, {
    maxPeerAgeSeconds: config.cleaning.maxPeerAge,
    cleaningIntervalSeconds: config.cleaning.torrentCleaningInterval,
  })
  await preferHugePages(choice.engine, swarmMemory.buffer, heapOffsetBytes(swarmMemory))
  const swarm = new Swarm(swarmMemory, { lockOwner: MAIN_THREAD_LOCK_OWNER, randomSeed: 1 })
  const inherited = inheritedDescriptors(process.env, process.pid)
  const sockets = await openUdpSockets(config, choice.engine, workerCount(config.socketWorkers), inherited)
  const startedAtSeconds = process.hrtime()[0]
  const control = new SharedArrayBuffer(4)
  const signals = new WorkerSignals(createWorkerSignalMemory(sockets.workers))
  const counterMemory = createCounterMemory(udpCounterNames, sockets.workers)
  const blocks = Array.from({ length: sockets.workers }, (_, index) => udpCounters(counterMemory, index))
  const observation = observeUdpTracker(config, onEvent)
  const shared = {
    peerIds: observation.peerIds,
    rules: rulesOf(config),
    swarm: swarmMemory,
    filter: filter?.share(sockets.workers) ?? null,
    connectionIdKey: createConnectionIdKey(),
    maxConnectionAgeSeconds: config.cleaning.maxConnectionAge,
    startedAtSeconds,
    control,
    signals: signals.memory,
    counters: counterMemory,
    handlingTimes: isMetricsEndpointOn(config.statistics) ? createHandlingTimeMemory(sockets.workers) : null,
    batchSize: config.network.batchSize,
    pollTimeoutMs: Math.min(config.network.pollTimeoutMs, POLL_TIMEOUT_MS_MAX),
    receiveBufferBytes: config.network.socketRecvBufferSize,
    sendBufferBytes: config.network.socketSendBufferSize,
  }
  const restartObstacle = privileges?.restartObstacle ?? sockets.restartObstacle
  const workers = superviseWorkers(shared, sockets, swarmMemory, restartObstacle, onEvent)
  const nowSeconds = (): number => process.hrtime()[0] - startedAtSeconds
  const counters = (): Record<UdpCounterName, number> => sumSnapshots(blocks.map(block => block.snapshot()))
  const failure = rejectable()
  const cleaner = new Cleaner(swarm, filter?.isForbidden, torrentObserverOf(observation.cleaningObservers))
  const stopCleaning = scheduleCleaning(cleaner, {
    intervalSeconds: config.cleaning.torrentCleaningInterval,
    nowSeconds,
    onFailure: cause => failure.reject(lockAbandoned(cause)),
    times: observation.cleaningTimes,
    observers: observation.cleaningObservers,
  })
  let statistics: Statistics | undefined
  const collect = (): TrackerSnapshot =>
    observation.collect({ workers, counters: blocks, swarm, sockets, filter, statistics, nowSeconds })
  const stopWatching = watchUdpTracker({ swarm, counters, kernelDrops: () => sockets.kernelDrops(), onEvent })
  const stopWorkers = async (): Promise<void> => {
    Atomics.store(new Int32Array(control), CONTROL_STOP, 1)
    await workers.stop()
  }
  const reloadables = filter === null ? [] : [filter]
  const reloader = new Reloader({ reloadables, service, onEvent, onFailure: failure.reject })
  let metrics: MetricsService | undefined
  const stopRequested = aborted(signal)
  try {
    metrics = await openMetricsEndpoint(config.statistics, onEvent)
    const begin = (): Promise<void> => beginServing(privileges, signals, workers, choice, onEvent)
    if (privileges === null) signals.release()
    const starting = startWorkers(workers, sockets, config, choice, begin, onEvent)
    // A stop may come first; then nobody is left to hear how the start went on.
    starting.catch(() => undefined)
    const addresses = (await Promise.race([starting, stopRequested])) ?? []
    statistics = startStatistics(config.statistics, { collect, onEvent })
    metrics?.serve({ collect, handlingTimes: shared.handlingTimes, restarts: () => workers.restarts })
    service.notifyReady(
      `listening ${addresses.map(address => `udp ${formatSocketAddress(address)}`).join(', ')}`,
    )
    onReloadable(() => reloader.request())
    service.watch({
      beats: () => signals.beats(),
      nameOf: index => workers.nameOf(index),
      beatIntervalMs: Math.max(config.network.pollTimeoutMs, NODE_BEAT_INTERVAL_MS),
      status: () => statusLine(swarm),
    })
    await Promise.race([stopRequested, workers.failed, failure.promise])
    reloader.close()
    service.notifyStopping()
    // Before the sockets close: with them go the kernel's counters.
    const kernelDrops = sockets.kernelDrops()
    await stopWorkers()
    return summarise(counters(), kernelDrops, swarm, nowSeconds())
  } finally {
    await workers.terminate()
    stopWatching()
    await Promise.all([stopCleaning(), metrics?.close(), statistics?.stop(), filter?.close()])
    sockets.close()
    service.close()
  }
}

type UdpSupervisor = Supervisor<readonly WorkerSocketReport[]>

function superviseWorkers(
  shared: Omit<UdpWorkerData, 'workerIndex' | 'workerName' | 'sockets'>,
  sockets: UdpSockets,
  swarmMemory: SwarmMemory,
  restartObstacle: string | undefined,
  onEvent: TrackerEventSink,
): UdpSupervisor {
  return new Supervisor({
    workerFile: new URL('./worker.js', import.meta.url),
    namePrefix: 'socket',
    resourceLimits: { maxYoungGenerationSizeMb: WORKER_YOUNG_GENERATION_MB },
    workerDataFor: (workerIndex, workerName): UdpWorkerData => ({
      ...shared,
      workerIndex,
      workerName,
      sockets: sockets.forWorker(workerIndex),
    }),
    locksHeldBy: workerIndex => locksHeldBy(swarmMemory, lockOwnerOf(workerIndex)),
    restartObstacle: () => restartObstacle,
    onRestart: (worker, reason) => onEvent({ event: 'worker-restarted', worker, reason }),
  })
}

/**
 * All sockets are bound and all workers are loaded, and wait where there are privileges to give up: no packet is read
 * before that is done.
 */
async function beginServing(
  privileges: PrivilegeDrop | null,
  signals: WorkerSignals,
  workers: UdpSupervisor,
  { engine }: EngineChoice,
  onEvent: TrackerEventSink,
): Promise<void> {
  if (privileges === null) return
  onEvent({ event: 'notice', text: privileges.apply() })
  signals.release()
  if (engine === 'node') await workers.release()
}

/**
 * Starts worker 1 first: on the node engine only it can tell which port "port 0" became.
 * @returns the addresses that are served
 */
async function startWorkers(
  workers: UdpSupervisor,
  sockets: UdpSockets,
  config: UdpConfig,
  choice: EngineChoice,
  begin: () => Promise<void>,
  onEvent: TrackerEventSink,
): Promise<SocketAddress[]> {
  const reported = await workers.start(0)
  if (reported.length > 0) sockets.learnAddresses(reported.map(report => report.address))
  const others = Array.from({ length: sockets.workers - 1 }, (_, index) => workers.start(index + 1))
  const reports = [...reported, ...(await Promise.all(others)).flat()]
  const opened = firstPerAddress(choice.engine === 'native' ? sockets.opened : reports)
  await begin()
  onEvent({ event: 'notice', text: `engine ${choice.engine}: ${choice.reason}` })
  for (const text of sockets.notices) onEvent({ event: 'notice', text })
  for (const { address } of opened) {
    onEvent({
      event: 'listening',
      protocol: 'udp',
      ...address,
      engine: choice.engine,
      workers: sockets.workers,
    })
  }
  for (const { address } of firstPerAddress(opened)) {
    if (choice.engine === 'node' && isWildcard(address))
      onEvent({ event: 'notice', text: wildcardNotice(address) })
  }
  for (const socket of firstPerAddress(opened)) {
    onEvent({
      event: 'buffers',
      protocol: 'udp',
      ...socket.address,
      receiveBytesAsked: config.network.socketRecvBufferSize,
      receiveBytesGranted: socket.receiveBufferBytesGranted,
      sendBytesAsked: config.network.socketSendBufferSize,
      sendBytesGranted: socket.sendBufferBytesGranted,
    })
  }
  return opened.map(({ address }) => address)
}

function wildcardNotice(address: SocketAddress): string {
  return (
    `the node engine answers on ${formatSocketAddress(address)} from the address that the system prefers; on a machine ` +
    'with several addresses clients may ignore that. Bind to one address, or use the native engine.'
  )
}

/** Every worker's socket on an address got the same buffers: one report for each address will do. */
function firstPerAddress(sockets: readonly WorkerSocketReport[]): WorkerSocketReport[] {
  const byAddress = new Map<string, WorkerSocketReport>()
  for (const socket of sockets) {
    const key = formatSocketAddress(socket.address)
    if (!byAddress.has(key)) byAddress.set(key, socket)
  }
  return [...byAddress.values()]
}

/** A promise that is never fulfilled, and its `reject`. */
function rejectable(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise
  })
  // Looked at late, if at all: until then it must not count as unhandled.
  promise.catch(() => undefined)
  return { promise, reject }
}

function lockAbandoned(cause: Error): AquaticError {
  return new AquaticError('AQ_WORKER_DIED_WITH_LOCK', `The swarm can't be cleaned: ${cause.message}.`, {
    remedy: 'the swarm may be inconsistent, start again; please report this line',
    cause,
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** For the service manager. */
function statusLine(swarm: Swarm): string {
  const { torrents, ipv4, ipv6 } = swarm.totals()
  return `${torrents} torrents, ${ipv4.peers + ipv6.peers} peers`
}

function summarise(
  counters: Record<UdpCounterName, number>,
  kernelDrops: number,
  swarm: Swarm,
  seconds: number,
): TrackerSummary {
  const sum = (prefix: string): number =>
    udpCounterNames.filter(name => name.startsWith(prefix)).reduce((total, name) => total + counters[name], 0)
  const totals = swarm.totals()
  return {
    seconds,
    requests: sum('requests'),
    responses: sum('responses'),
    dropped: sum('dropped'),
    kernelDrops,
    torrents: totals.torrents,
    peers: totals.ipv4.peers + totals.ipv6.peers,
    counters,
  }
}
