// A socket worker's thread: receive a batch, answer each request in place, send the batch, account for it.
// The native engine's loop never leaves this file's `while` and sleeps only in the kernel; the node engine's is
// driven by events. Both call the same handler.

import { parentPort, workerData } from 'node:worker_threads'
import { AquaticError } from '../../errors.js'
import { HandlingTime } from '../../metrics/handling-time.js'
import type { OpenUdpSocket } from '../../net/native/udp-open.js'
import { NodeUdpSocket } from '../../net/node/udp-socket.js'
import { setThreadName } from '../../net/thread-name.js'
import type { SendTotals } from '../../net/udp-batch.js'
import { Lookahead } from '../../swarm/lookahead.js'
import { Swarm } from '../../swarm/swarm.js'
import { PeerIdTable } from '../peer-id-table.js'
import { RELEASE_MESSAGE, type WorkerMessage } from '../supervisor.js'
import { TorrentFilter } from '../torrent-filter.js'
import { CONTROL_STOP, lockOwnerOf, NODE_BEAT_INTERVAL_MS } from '../tracker.js'
import { WorkerSignals } from '../worker-signals.js'
import { ConnectionIds } from './connection-id.js'
import { UdpCounter, udpCounters } from './counters.js'
import { packetBytesFor, UdpHandler } from './handler.js'
import type { NodeSocketPlan, UdpWorkerData, WorkerSocketReport } from './worker-data.js'

function countSendFailures(totals: SendTotals, counters: Float64Array): void {
  if (totals.skipped === 0 && totals.retried === 0) return
  counters[UdpCounter.sendsSkipped] += totals.skipped
  counters[UdpCounter.sendsRetried] += totals.retried
  totals.skipped = 0
  totals.retried = 0
}

function createHandler(data: UdpWorkerData, counters: Float64Array): UdpHandler {
  const swarm = new Swarm(data.swarm, {
    lockOwner: lockOwnerOf(data.firstWorker + data.workerIndex),
    randomSeed: crypto.getRandomValues(new Int32Array(1))[0],
  })
  const connectionIds = new ConnectionIds(data.connectionIdKey, data.maxConnectionAgeSeconds)
  const filter =
    data.filter === null ? null : new TorrentFilter(data.filter, data.firstWorker + data.workerIndex)
  const lookahead = new Lookahead(data.swarm, data.batchSize)
  const peerIds = data.peerIds === null ? null : new PeerIdTable(data.peerIds)
  return new UdpHandler(data.rules, swarm, connectionIds, filter, counters, lookahead, peerIds)
}

function handlingTimeOf({ handlingTimes, workerIndex }: UdpWorkerData): HandlingTime | null {
  return handlingTimes === null ? null : new HandlingTime(handlingTimes, workerIndex)
}

function report(message: WorkerMessage<readonly WorkerSocketReport[]>): void {
  parentPort?.postMessage(message)
}

async function runNative(data: UdpWorkerData, opened: readonly OpenUdpSocket[]): Promise<void> {
  const { NativeUdpSocket } = await import('../../net/native/udp-socket.js')
  const { NativeUdpPoll } = await import('../../net/native/udp-poll.js')
  const { values: counters } = udpCounters(data.counters, data.workerIndex)
  const handler = createHandler(data, counters)
  const shape = { batchSize: data.batchSize, packetBytes: packetBytesFor(data.rules) }
  const sockets = opened.map(socket => new NativeUdpSocket(socket, shape))
  const poll = new NativeUdpPoll(sockets, data.pollTimeoutMs)
  const control = new Int32Array(data.control)
  const handlingTime = handlingTimeOf(data)
  const isStopping = (): boolean => Atomics.load(control, CONTROL_STOP) !== 0
  const signals = new WorkerSignals(data.signals)
  report({ type: 'ready', ready: [] })
  signals.waitForRelease(isStopping)
  while (Atomics.load(control, CONTROL_STOP) === 0) {
    signals.beat(data.workerIndex)
    const socket = poll.receive()
    if (socket === null) continue
    handler.handleBatch(socket.batch, poll.monotonicSeconds() - data.startedAtSeconds)
    if (handlingTime !== null) handlingTime.record(poll.elapsedNanoseconds(), socket.batch.count)
    socket.send()
    countSendFailures(socket.totals, counters)
  }
}

async function runNode(data: UdpWorkerData, plans: readonly NodeSocketPlan[]): Promise<void> {
  const { values: counters } = udpCounters(data.counters, data.workerIndex)
  const handler = createHandler(data, counters)
  const sockets = await openAll(data, plans)
  const serve = (): void => {
    const handlingTime = handlingTimeOf(data)
    for (const socket of sockets) listenOn(socket, handler, data.startedAtSeconds, counters, handlingTime)
  }
  const signals = new WorkerSignals(data.signals)
  setInterval(() => signals.beat(data.workerIndex), NODE_BEAT_INTERVAL_MS).unref()
  parentPort?.on('message', async message => {
    if (message === RELEASE_MESSAGE) {
      serve()
      report({ type: 'serving' })
      return
    }
    for (const socket of sockets) await socket.close()
    parentPort?.close()
  })
  // Until it may begin nobody looks at a datagram: node:dgram drops what comes.
  if (signals.isReleased) serve()
  report({ type: 'ready', ready: sockets.map(describe) })
}

/** Opens every socket of the plan, or none. */
async function openAll(data: UdpWorkerData, plans: readonly NodeSocketPlan[]): Promise<NodeUdpSocket[]> {
  const { receiveBufferBytes, sendBufferBytes, rules } = data
  const packetBytes = packetBytesFor(rules)
  const sockets: NodeUdpSocket[] = []
  try {
    for (const plan of plans) {
      sockets.push(await NodeUdpSocket.open({ ...plan, receiveBufferBytes, sendBufferBytes, packetBytes }))
    }
    return sockets
  } catch (error) {
    for (const socket of sockets) await socket.close()
    throw error
  }
}

function listenOn(
  socket: NodeUdpSocket,
  handler: UdpHandler,
  startedAtSeconds: number,
  counters: Float64Array,
  handlingTime: HandlingTime | null,
): void {
  socket.listen(
    ({ batch, totals }) => {
      const receivedAt = process.hrtime()
      handler.handleBatch(batch, receivedAt[0] - startedAtSeconds)
      if (handlingTime !== null) {
        const [seconds, nanoseconds] = process.hrtime(receivedAt)
        handlingTime.record(seconds * 1_000_000_000 + nanoseconds, batch.count)
      }
      socket.send()
      countSendFailures(totals, counters)
    },
    error => {
      // Reported by the system for an earlier send; the socket goes on. Counted like any answer given up.
      socket.totals.skipped++
      countSendFailures(socket.totals, counters)
      if ((error as NodeJS.ErrnoException).code === 'EBADF') throw error
    },
  )
}

function describe(socket: NodeUdpSocket): WorkerSocketReport {
  const { address, receiveBufferBytesGranted, sendBufferBytesGranted } = socket
  return { address, receiveBufferBytesGranted, sendBufferBytesGranted }
}

async function main(data: UdpWorkerData): Promise<void> {
  setThreadName(data.workerName)
  try {
    if (data.sockets.engine === 'native') await runNative(data, data.sockets.sockets)
    else await runNode(data, data.sockets.sockets)
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    const { code, message, remedy } = error
    report({ type: 'refused', code, message, ...(remedy === undefined ? {} : { remedy }) })
  }
}

await main(workerData as UdpWorkerData)
