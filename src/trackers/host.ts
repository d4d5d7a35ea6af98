// Runs the trackers of one process, from configuration to shutdown: one access list, one set of statistics, one metrics
// endpoint for all of them, whatever they speak, and a swarm for each kind (`swarm-rooms.ts`).

import { AquaticError } from '../errors.js'
import type { TrackerSnapshot } from '../metrics/snapshot.js'
import { chooseEngine, type EngineChoice, type EngineName } from '../net/engine.js'
import { type InheritedDescriptor, inheritedDescriptors } from '../net/inherited-sockets.js'
import { counted } from './counted.js'
import type { TrackerEventSink, TrackerSummary } from './events.js'
import {
  isMetricsEndpointOn,
  type MetricsEndpointConfig,
  type MetricsService,
  openMetricsEndpoint,
} from './metrics-endpoint.js'
import type { ObservationConfig } from './observation.js'
import { type PrivilegeDrop, type PrivilegeSettings, preparePrivilegeDrop } from './privileges.js'
import { Reloader } from './reload.js'
import { connectServiceManager, type ServiceManager } from './service-manager.js'
import { collectSnapshots } from './snapshot.js'
import { type Statistics, startStatistics } from './statistics.js'
import { nothingServed, summarise } from './summary.js'
import { SwarmRooms } from './swarm-rooms.js'
import { type AccessListSettings, TorrentFilterOwner } from './torrent-filter-owner.js'
import {
  type BoundTracker,
  CONTROL_STOP,
  type SharedByTrackers,
  type Tracker,
  type TrackerSetup,
} from './tracker.js'

/** The part of the configuration that does not depend on what is spoken. */
export interface HostConfig {
  readonly network: { readonly engine: 'auto' | EngineName }
  readonly privileges: PrivilegeSettings
  readonly accessList: AccessListSettings
  readonly statistics: ObservationConfig['statistics'] & MetricsEndpointConfig
}

export interface RunOptions {
  /** Aborted: stop reading, answer what was read, return. */
  readonly signal: AbortSignal
  readonly onEvent: TrackerEventSink
  /** Called once reloads are possible, with the function to call for each. */
  readonly onReloadable: (reload: () => void) => void
  /** For a live screen; absent where nobody looks. */
  readonly watcher?: TrackerWatcher
}

/** Somebody who looks at the trackers while they run. */
export interface TrackerWatcher {
  /**
   * Called when every worker receives. `snapshot` gives the figures of the moment, one for each protocol; it takes a
   * fraction of a millisecond of the main thread, but with `countsClients` a walk over all peer ids.
   * @returns what is called once the trackers are to stop: there are no figures any more
   */
  readonly onRunning: (snapshot: (countsClients: boolean) => TrackerSnapshot[]) => () => void
}

/**
 * Serves until `signal` is aborted. `listening` events come when every worker receives.
 * @throws AquaticError when it can't start or can't go on
 */
export async function runTrackers(
  config: HostConfig,
  setups: readonly TrackerSetup[],
  options: RunOptions,
): Promise<TrackerSummary> {
  const { onEvent } = options
  const engine = await chooseEngine(
    config.network.engine,
    setups.some(({ needsTls }) => needsTls),
  )
  const privileges = await preparePrivilegeDrop(config.privileges, engine.engine)
  const service = await connectServiceManager(process.env, onEvent)
  let filter: TorrentFilterOwner | null
  try {
    filter = await TorrentFilterOwner.open(config.accessList, options.signal)
  } catch (error) {
    service.close()
    if (options.signal.aborted) return nothingServed
    throw error
  }
  const bound: BoundTracker[] = []
  try {
    const swarms = await SwarmRooms.open(setups, {
      statistics: config.statistics,
      isWatched: options.watcher !== undefined,
      engine: engine.engine,
      onEvent,
    })
    const inherited = inheritedDescriptors(process.env, process.pid)
    await bindAll(setups, bound, engine, inherited, onEvent)
    const shared: Omit<SharedByTrackers, 'firstWorker'> = {
      engine,
      swarms,
      filter: filter?.share(bound.reduce((sum, { workerCount }) => sum + workerCount, 0)) ?? null,
      startedAtSeconds: process.hrtime()[0],
      control: new SharedArrayBuffer(4),
      isTimed: isMetricsEndpointOn(config.statistics),
      restartObstacle: privileges?.restartObstacle,
      onEvent,
    }
    let firstWorker = 0
    const trackers = bound.map(tracker => {
      const created = tracker.create({ ...shared, firstWorker })
      firstWorker += tracker.workerCount
      return created
    })
    const host: Host = { config, shared, filter, privileges, service, setups, trackers }
    return await serve(host, options)
  } finally {
    await filter?.close()
    for (const tracker of bound) tracker.close()
    service.close()
  }
}

/** Binds every tracker, one after the other: each takes what it can of the sockets passed in that are left. */
async function bindAll(
  setups: readonly TrackerSetup[],
  bound: BoundTracker[],
  engine: EngineChoice,
  inherited: readonly InheritedDescriptor[],
  onEvent: TrackerEventSink,
): Promise<void> {
  let left = inherited
  for (const setup of setups) {
    const tracker = await setup.bind(engine, left)
    bound.push(tracker)
    left = left.filter(({ fd }) => !tracker.adopted.includes(fd))
  }
  const kinds = [...new Set(setups.map(({ inheritable }) => inheritable))].join(' and no ')
  for (const { fd, name } of left) {
    const text = `descriptor ${fd} (${name}) was passed in but is no ${kinds}: not used`
    onEvent({ event: 'notice', text })
  }
}

/** Everything that is ready when the first worker starts. */
interface Host {
  readonly config: HostConfig
  readonly shared: Omit<SharedByTrackers, 'firstWorker'>
  readonly filter: TorrentFilterOwner | null
  readonly privileges: PrivilegeDrop | null
  readonly service: ServiceManager
  readonly setups: readonly TrackerSetup[]
  readonly trackers: readonly Tracker[]
}

async function serve(host: Host, options: RunOptions): Promise<TrackerSummary> {
  const { signal, onEvent, onReloadable, watcher } = options
  const { config, shared, filter, service, setups, trackers } = host
  const failure = rejectable()
  const nowSeconds = (): number => process.hrtime()[0] - shared.startedAtSeconds
  const startedAtMs = performance.now()
  const stopCleaning = shared.swarms.startCleaning({
    isForbidden: filter?.isForbidden,
    nowSeconds,
    onFailure: cause => failure.reject(lockAbandoned(cause)),
  })
  let statistics: Statistics | undefined
  let metrics: MetricsService | undefined
  let stopWatcher: (() => void) | undefined
  const collect = (countsClients = true): TrackerSnapshot[] =>
    collectSnapshots(setups, trackers, shared.swarms, nowSeconds(), {
      intervalSeconds: config.statistics.interval,
      uptimeSeconds: (performance.now() - startedAtMs) / 1000,
      accessList: { mode: config.accessList.mode, entries: filter?.entries ?? 0 },
      outputFailures: statistics?.outputFailures() ?? 0,
      countsClients,
    })
  const reloadables = [
    ...(filter === null ? [] : [filter]),
    ...trackers.flatMap(tracker => tracker.reloadables),
  ]
  const reloader = new Reloader({ reloadables, service, onEvent, onFailure: failure.reject })
  const stopRequested = aborted(signal)
  try {
    metrics = await openMetricsEndpoint(config.statistics, onEvent)
    const starting = startAll(host, onEvent)
    // A stop may come first; then nobody is left to hear how the start went on.
    starting.catch(() => undefined)
    const listening = (await Promise.race([starting, stopRequested])) ?? []
    statistics = startStatistics(config.statistics, { collect, onEvent })
    metrics?.serve({
      collect,
      handlingTimes: trackers.flatMap(({ handlingTimes }) => handlingTimes),
      restarts: () => trackers.reduce((sum, { workers }) => sum + workers.restarts, 0),
      reloads: () => reloader.counts(),
      expiries: () => reloader.expiries(),
    })
    // Not before: a program that starts a tracker reads the first line for its address.
    reloader.sayDoubts()
    service.notifyReady(`listening ${listening.join(', ')}`)
    onReloadable(() => reloader.request())
    watchWorkers(host)
    if (!signal.aborted) stopWatcher = watcher?.onRunning(collect)
    const failures = trackers.map(({ workers }) => workers.failed)
    await Promise.race([stopRequested, failure.promise, ...failures])
    stopWatcher?.()
    stopWatcher = undefined
    reloader.close()
    service.notifyStopping()
    // Before the sockets close: with them go the kernel's counters.
    const kernelDrops = trackers
      .flatMap(tracker => tracker.figures())
      .reduce((sum, figures) => sum + figures.kernelDrops, 0)
    Atomics.store(new Int32Array(shared.control), CONTROL_STOP, 1)
    await Promise.all(trackers.map(({ workers }) => workers.stop()))
    return summarise(trackers, shared.swarms, nowSeconds(), kernelDrops)
  } finally {
    stopWatcher?.()
    await Promise.all(trackers.map(({ workers }) => workers.terminate()))
    for (const tracker of trackers) tracker.stopWatching()
    await Promise.all([stopCleaning(), metrics?.close(), statistics?.stop()])
  }
}

/**
 * Starts the workers of all trackers. Where rights of root are to be given up, they wait until all sockets are bound
 * and all workers are loaded: no request is read before that is done.
 * @returns what is listened on
 */
async function startAll(
  { privileges, shared, trackers }: Host,
  onEvent: TrackerEventSink,
): Promise<string[]> {
  if (privileges === null) for (const { signals } of trackers) signals.release()
  let loading = trackers.length
  const allLoaded = rendezvous()
  const begin = async (): Promise<void> => {
    loading--
    if (loading > 0) return await allLoaded.promise
    if (privileges !== null) {
      onEvent({ event: 'notice', text: privileges.apply() })
      for (const { signals } of trackers) signals.release()
      if (shared.engine.engine === 'node') await Promise.all(trackers.map(({ workers }) => workers.release()))
    }
    onEvent({ event: 'notice', text: `engine ${shared.engine.engine}: ${shared.engine.reason}` })
    allLoaded.resolve()
  }
  return (await Promise.all(trackers.map(tracker => tracker.start(begin)))).flat()
}

/** Lets the service manager's watchdog know that every worker goes on. */
function watchWorkers({ service, shared, trackers }: Host): void {
  const names = trackers.flatMap(({ workers, signals }) =>
    signals.beats().map((_, index) => workers.nameOf(index)),
  )
  service.watch({
    beats: () => trackers.flatMap(({ signals }) => signals.beats()),
    nameOf: index => names[index],
    beatIntervalMs: Math.max(...trackers.map(({ beatIntervalMs }) => beatIntervalMs)),
    status: () => {
      const { torrents, peers } = shared.swarms.totals()
      return `${counted(torrents, 'torrent')}, ${counted(peers, 'peer')}`
    },
  })
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

/** Somewhere to wait for each other. */
function rendezvous(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>(resolvePromise => {
    resolve = resolvePromise
  })
  return { promise, resolve }
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
