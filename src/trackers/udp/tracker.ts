// The UDP tracker: binds its sockets, then starts and watches the workers that serve them. What it shares with other
// trackers of the process is the host's.

import type { UdpConfig } from '../../config/udp.js'
import { createCounterMemory, sumSnapshots } from '../../metrics/counters.js'
import { createHandlingTimeMemory } from '../../metrics/handling-time.js'
import type { EngineChoice } from '../../net/engine.js'
import type { InheritedDescriptor } from '../../net/inherited-sockets.js'
import { formatSocketAddress, isWildcard, type SocketAddress } from '../../protocol/socket-address.js'
import { locksHeldBy } from '../../swarm/lock.js'
import type { TrackerEventSink } from '../events.js'
import { workerCount } from '../processors.js'
import { hangText, Supervisor } from '../supervisor.js'
import {
  type BoundTracker,
  lockOwnerOf,
  NATIVE_SLEEP_MS_MAX,
  NODE_BEAT_INTERVAL_MS,
  type SharedByTrackers,
  type Tracker,
  type TrackerFigures,
  type TrackerSetup,
  WORKER_YOUNG_GENERATION_MB,
} from '../tracker.js'
import { watchFor } from '../watch.js'
import { createWorkerSignalMemory, WorkerSignals } from '../worker-signals.js'
import { createConnectionIdKey } from './connection-id.js'
import { UdpCounter, type UdpCounterName, udpCounterNames, udpCounters } from './counters.js'
import { rulesOf } from './handler.js'
import { udpWorkerSnapshot } from './snapshot.js'
import { openUdpSockets, type UdpSockets } from './sockets.js'
import { udpTroubles } from './watch.js'
import type { UdpWorkerData, WorkerSocketReport } from './worker-data.js'

/** The UDP tracker that a configuration describes, for `runTrackers`. */
export function udpTracker(config: UdpConfig): TrackerSetup {
  return {
    serves: [{ protocol: 'udp', swarm: config }],
    needsTls: false,
    inheritable: 'UDP socket',
    bind: (engine, inherited) => bindUdpTracker(config, engine, inherited),
  }
}

async function bindUdpTracker(
  config: UdpConfig,
  { engine }: EngineChoice,
  inherited: readonly InheritedDescriptor[],
): Promise<BoundTracker> {
  const sockets = await openUdpSockets(config, engine, workerCount(config.socketWorkers), inherited)
  return {
    workerCount: sockets.workers,
    adopted: sockets.adopted,
    create: shared => createUdpTracker(config, sockets, shared),
    close: () => sockets.close(),
  }
}

function createUdpTracker(config: UdpConfig, sockets: UdpSockets, shared: SharedByTrackers): Tracker {
  const { onEvent } = shared
  const { swarm } = shared.swarms.of('udp')
  const counterMemory = createCounterMemory(udpCounterNames, sockets.workers)
  const blocks = Array.from({ length: sockets.workers }, (_, index) => udpCounters(counterMemory, index))
  const counters = (): Record<UdpCounterName, number> => sumSnapshots(blocks.map(block => block.snapshot()))
  const signals = new WorkerSignals(createWorkerSignalMemory(sockets.workers))
  const handlingTimes = shared.isTimed ? createHandlingTimeMemory(sockets.workers) : null
  const workers = superviseWorkers(config, sockets, shared, {
    signals,
    counters: counterMemory,
    handlingTimes,
  })
  const { network } = config
  const figures = (): TrackerFigures => ({
    isServed: { ipv4: network.useIpv4 || !network.setOnlyIpv6, ipv6: network.useIpv6 },
    workers: blocks.map((block, index) => udpWorkerSnapshot(workers.nameOf(index), block.snapshot())),
    kernelDrops: sockets.kernelDrops(),
    peerIdsReplaced: blocks.reduce((sum, { values }) => sum + values[UdpCounter.peerIdsReplaced], 0),
  })
  return {
    workers,
    signals,
    handlingTimes: [handlingTimes],
    beatIntervalMs: NODE_BEAT_INTERVAL_MS,
    reloadables: [],
    start: begin => startWorkers(workers, sockets, config, shared.engine, begin, onEvent),
    figures: () => [figures()],
    counters,
    stopWatching: watchFor(
      udpTroubles({ swarm, counters, kernelDrops: () => sockets.kernelDrops() }),
      onEvent,
    ),
  }
}

type UdpSupervisor = Supervisor<readonly WorkerSocketReport[]>

function superviseWorkers(
  config: UdpConfig,
  sockets: UdpSockets,
  shared: SharedByTrackers,
  { signals, ...memories }: Pick<UdpWorkerData, 'counters' | 'handlingTimes'> & { signals: WorkerSignals },
): UdpSupervisor {
  const { firstWorker, onEvent } = shared
  const { memory, observation } = shared.swarms.of('udp')
  const { network, cleaning } = config
  const forAll: Omit<UdpWorkerData, 'workerIndex' | 'workerName' | 'sockets'> = {
    ...memories,
    signals: signals.memory,
    firstWorker,
    peerIds: observation.peerIds,
    rules: rulesOf(config),
    swarm: memory,
    filter: shared.filter,
    connectionIdKey: createConnectionIdKey(),
    maxConnectionAgeSeconds: cleaning.maxConnectionAge,
    startedAtSeconds: shared.startedAtSeconds,
    control: shared.control,
    batchSize: network.batchSize,
    pollTimeoutMs: Math.min(network.pollTimeoutMs, NATIVE_SLEEP_MS_MAX),
    receiveBufferBytes: network.socketRecvBufferSize,
    sendBufferBytes: network.socketSendBufferSize,
  }
  return new Supervisor({
    workerFile: new URL('./worker.js', import.meta.url),
    namePrefix: 'socket',
    resourceLimits: { maxYoungGenerationSizeMb: WORKER_YOUNG_GENERATION_MB },
    workerDataFor: (workerIndex, workerName): UdpWorkerData => ({
      ...forAll,
      workerIndex,
      workerName,
      sockets: sockets.forWorker(workerIndex),
    }),
    locksHeldBy: workerIndex => locksHeldBy(memory, lockOwnerOf(firstWorker + workerIndex)),
    restartObstacle: () => shared.restartObstacle ?? sockets.restartObstacle,
    onRestart: (worker, reason) => onEvent({ event: 'worker-restarted', worker, reason }),
    beats: () => signals.beatsSinceRelease(),
    onHang: worker => onEvent({ event: 'warning', text: hangText(worker) }),
  })
}

/**
 * Starts worker 1 first: on the node engine only it can tell which port "port 0" became.
 * @returns what is listened on, `udp 127.0.0.1:3000`
 */
async function startWorkers(
  workers: UdpSupervisor,
  sockets: UdpSockets,
  config: UdpConfig,
  choice: EngineChoice,
  begin: () => Promise<void>,
  onEvent: TrackerEventSink,
): Promise<readonly string[]> {
  const reported = await workers.start(0)
  if (reported.length > 0) sockets.learnAddresses(reported.map(report => report.address))
  const others = Array.from({ length: sockets.workers - 1 }, (_, index) => workers.start(index + 1))
  const reports = [...reported, ...(await Promise.all(others)).flat()]
  const opened = firstPerAddress(choice.engine === 'native' ? sockets.opened : reports)
  await begin()
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
  return opened.map(({ address }) => `udp ${formatSocketAddress(address)}`)
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
