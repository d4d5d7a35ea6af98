// The WebTorrent tracker: a plan for byte streams, and its part of one.

import type { HttpConfig } from '../../config/http.js'
import type { WsConfig } from '../../config/ws.js'
import { CounterBlock, createCounterMemory, sumSnapshots } from '../../metrics/counters.js'
import { createHandlingTimeMemory } from '../../metrics/handling-time.js'
import type { EngineName } from '../../net/engine.js'
import { webSocketCounterNames } from '../../net/websocket.js'
import { locksHeldBy } from '../../swarm/lock.js'
import { createMemberMemory, memberLocksHeldBy } from '../../swarm/members.js'
import { httpPlan } from '../http/tracker.js'
import { certificateFilesOf } from '../streams/certificates.js'
import type { OpenStreamPart, PartContext, StreamPart, StreamPlan } from '../streams/plan.js'
import { wordsWithWebSockets } from '../streams/speech.js'
import { streamTracker } from '../streams/tracker.js'
import { lockOwnerOf, type SharedByTrackers, type TrackerSetup } from '../tracker.js'
import { memoryTrouble, type Trouble } from '../watch.js'
import { type WsCounterName, wsCounterNames, wsCounters } from './counters.js'
import { createInboxMemory, type InboxMemory, inboxLocksHeldBy, lostMessages } from './inbox.js'
import { expectedAnswersOf, memberCapacityOf, sharedStreamLimits, wsStreamLimitsOf } from './limits.js'
import type { WakeUps } from './part.js'
import { frontRulesOf, wsRulesOf } from './rules.js'
import { wsWorkerSnapshot } from './snapshot.js'

/** The WebTorrent tracker that a configuration describes, for `runTrackers`. */
export function wsTracker(config: WsConfig): TrackerSetup {
  return streamTracker(wsPlan(config))
}

/** Both on one port: the same listener, of which the HTTP tracker's configuration decides, and the same workers. */
export function httpAndWsTracker(http: HttpConfig, ws: WsConfig): TrackerSetup {
  const first = httpPlan(http)
  const second = wsPlan(ws)
  return streamTracker({
    ...first,
    serves: [...first.serves, ...second.serves],
    limitsFor: workers => sharedStreamLimits(first.limitsFor(workers), second.limitsFor(workers)),
    createParts: async context => [
      ...(await first.createParts(context)),
      ...(await second.createParts(context)),
    ],
  })
}

function wsPlan(config: WsConfig): StreamPlan {
  const { network } = config
  return {
    serves: [{ protocol: 'ws', swarm: config }],
    network,
    certificateFiles: network.enableTls ? certificateFilesOf(config) : null,
    socketWorkers: config.socketWorkers,
    rules: frontRulesOf(config),
    limitsFor: workers => wsStreamLimitsOf(config, workers, wordsWithWebSockets),
    createParts: async context => [await wsPart(config, context)],
  }
}

/** What wakes each worker, and what gives it back. */
interface OpenWakeUps {
  readonly wakeUps: WakeUps
  close(): void
}

async function openWakeUps(engine: EngineName, workers: number): Promise<OpenWakeUps> {
  if (engine === 'node') {
    const signals = Array.from({ length: workers }, () => new SharedArrayBuffer(4))
    return { wakeUps: { engine, signals }, close: () => undefined }
  }
  const { closeWakeUp, openWakeUp } = await import('../../net/native/wake-up.js')
  const fds = Array.from({ length: workers }, openWakeUp)
  return {
    wakeUps: { engine, fds },
    close: () => {
      for (const fd of fds.splice(0)) closeWakeUp(fd)
    },
  }
}

async function wsPart(config: WsConfig, context: PartContext): Promise<StreamPart> {
  const { wakeUps, close } = await openWakeUps(context.engine, context.workers)
  return {
    protocol: 'ws',
    close,
    open: (shared, fronts) => new OpenWsPart(config, context.workers, wakeUps, shared, fronts),
  }
}

class OpenWsPart implements OpenStreamPart {
  readonly workerData: OpenStreamPart['workerData']
  readonly handlingTimes: SharedArrayBuffer | null
  readonly troubles: readonly Trouble[]
  readonly #firstWorker: number
  readonly #swarmMemory: Parameters<typeof locksHeldBy>[0]
  readonly #members: SharedArrayBuffer
  readonly #inboxes: InboxMemory
  readonly #fronts: Parameters<StreamPart['open']>[1]
  readonly #blocks: readonly CounterBlock<WsCounterName>[]
  readonly #socketBlocks: readonly CounterBlock<(typeof webSocketCounterNames)[number]>[]

  constructor(
    config: WsConfig,
    workers: number,
    wakeUps: WakeUps,
    { firstWorker, isTimed, swarms }: SharedByTrackers,
    fronts: Parameters<StreamPart['open']>[1],
  ) {
    const { memory, swarm, observation } = swarms.of('ws')
    const { limitBytes } = swarm.totals()
    const indices = Array.from({ length: workers }, (_, index) => index)
    const counters = createCounterMemory(wsCounterNames, workers)
    const socketCounters = createCounterMemory(webSocketCounterNames, workers)
    this.#firstWorker = firstWorker
    this.#swarmMemory = memory
    this.#fronts = fronts
    this.#members = createMemberMemory(memberCapacityOf(config, workers, limitBytes))
    this.#inboxes = createInboxMemory(workers, config.network.relayInboxBytes)
    this.#blocks = indices.map(index => wsCounters(counters, index))
    this.#socketBlocks = indices.map(index => new CounterBlock(webSocketCounterNames, socketCounters, index))
    this.handlingTimes = isTimed ? createHandlingTimeMemory(workers) : null
    this.workerData = {
      ws: {
        rules: wsRulesOf(config),
        memory: { swarm: memory, members: this.#members },
        inboxes: this.#inboxes,
        wakeUps,
        expectedAnswers: expectedAnswersOf(config, workers),
        counters,
        socketCounters,
        peerIds: observation.peerIds,
        handlingTimes: this.handlingTimes,
      },
    }
    this.troubles = [
      memoryTrouble(
        () => {
          const all = sumSnapshots(this.#blocks.map(block => block.snapshot()))
          return all.announcesRefusedByMemoryLimit + all.peersRefusedByMemoryLimit
        },
        () => limitBytes,
      ),
      {
        count: () => this.#lost().offers + this.#lost().answers,
        sentence: more =>
          `${more} offers and answers between workers were lost, because the inbox of a worker was full. Raise ` +
          'network.relay_inbox_bytes, or lower protocol.max_offers.',
      },
    ]
  }

  figures(names: readonly string[], tellsOfStreams: boolean) {
    const fronts = this.#fronts()
    return {
      workers: this.#blocks.map((block, index) =>
        wsWorkerSnapshot(
          names[index],
          this.#withLost(block.snapshot(), index),
          this.#socketBlocks[index].snapshot(),
          tellsOfStreams ? fronts[index].streams : null,
        ),
      ),
      peerIdsReplaced: this.#blocks.reduce((sum, block) => sum + block.snapshot().peerIdsReplaced, 0),
    }
  }

  counters(): Readonly<Record<string, number>> {
    return {
      ...sumSnapshots(this.#blocks.map((block, index) => this.#withLost(block.snapshot(), index))),
      ...sumSnapshots(this.#socketBlocks.map(block => block.snapshot())),
    }
  }

  locksHeldBy(workerIndex: number): number {
    const owner = lockOwnerOf(this.#firstWorker + workerIndex)
    return (
      locksHeldBy(this.#swarmMemory, owner) +
      memberLocksHeldBy(this.#members, owner) +
      inboxLocksHeldBy(this.#inboxes, owner)
    )
  }

  #lost(): { readonly offers: number; readonly answers: number } {
    return lostMessages(this.#inboxes)
  }

  /** With what an inbox that was full has lost, which whoever filled it counts there. */
  #withLost(counters: Record<WsCounterName, number>, workerIndex: number): Record<WsCounterName, number> {
    const { offers, answers } = lostMessages({ rings: [this.#inboxes.rings[workerIndex]] })
    counters.offersDroppedFull += offers
    counters.answersDroppedFull += answers
    return counters
  }
}
