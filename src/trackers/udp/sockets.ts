// Which sockets the UDP tracker has: one for each address family and worker. On the native engine they are opened
// here, in the main thread; on the node engine each worker opens its own by the plan made here. Sockets that a service
// manager passed in take the place of both.

import type { UdpConfig } from '../../config/udp.js'
import { bindError } from '../../net/bind-error.js'
import type { EngineName } from '../../net/engine.js'
import {
  findInheritedUdpSocket,
  type InheritedDescriptor,
  inheritedUnbound,
} from '../../net/inherited-sockets.js'
import { kernelDropsOfPorts } from '../../net/kernel-drops.js'
import type { OpenUdpSocket } from '../../net/native/udp-open.js'
import { canShareUdpPort } from '../../net/node/udp-socket.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { answerBytesMax, rulesOf } from './handler.js'
import { inheritedNotices, shareOut, workersWithOwnSockets } from './inherited.js'
import type { NodeSocketPlan, WorkerSockets } from './worker-data.js'

export interface UdpSockets {
  /** Workers that can be used: the node engine has one where its sockets can't share a port. */
  readonly workers: number
  forWorker(workerIndex: number): WorkerSockets
  /** Native: what was opened, worker 0 first. Node: empty, the workers report. */
  readonly opened: readonly OpenUdpSocket[]
  /** Datagrams dropped by the kernel for lack of buffer space since the start. */
  kernelDrops(): number
  /** Node: the first worker's sockets tell which ports the others share. */
  learnAddresses(addresses: readonly SocketAddress[]): void
  /** Why a worker that failed can't be started again, where it can't. */
  readonly restartObstacle: string | undefined
  /** Descriptors passed in that are served. */
  readonly adopted: readonly number[]
  /** About sockets passed in, for the operator. */
  readonly notices: readonly string[]
  close(): void
}

interface FamilyPlan {
  readonly family: 4 | 6
  readonly address: SocketAddress
}

function plannedFamilies({ network }: UdpConfig): FamilyPlan[] {
  const families: FamilyPlan[] = []
  if (network.useIpv4) families.push({ family: 4, address: network.addressIpv4 })
  if (network.useIpv6) families.push({ family: 6, address: network.addressIpv6 })
  return families
}

/**
 * Opens (native) or plans (node) all sockets.
 * @param inherited sockets that a service manager passed in; used where they are UDP sockets
 * @throws AquaticError AQ_BIND_*, AQ_INHERITED_SOCKET
 */
export async function openUdpSockets(
  config: UdpConfig,
  engine: EngineName,
  workers: number,
  inherited: readonly InheritedDescriptor[],
): Promise<UdpSockets> {
  return engine === 'native'
    ? await openNativeSockets(config, workers, inherited)
    : planNodeSockets(config, workers, inherited)
}

const wantedFamilies = (config: UdpConfig): (4 | 6)[] => plannedFamilies(config).map(({ family }) => family)

async function openNativeSockets(
  config: UdpConfig,
  workers: number,
  inherited: readonly InheritedDescriptor[],
): Promise<UdpSockets> {
  const { adoptUdpSocket, closeUdpSocket, isUdpAddressTaken, kernelDropsOf, openUdpSocket } = await import(
    '../../net/native/udp-open.js'
  )
  const options = {
    onlyIpv6: config.network.setOnlyIpv6,
    receiveBufferBytes: config.network.socketRecvBufferSize,
    sendBufferBytes: config.network.socketSendBufferSize,
    answerBytesMax: answerBytesMax(rulesOf(config)),
  }
  const passedIn = inherited
    .map(({ fd }) => adoptUdpSocket(fd, options))
    .filter(socket => socket !== undefined)
  const opened: OpenUdpSocket[] = [...passedIn]
  const byWorker = shareOut(passedIn, workers)
  try {
    for (const { address } of passedIn.length > 0 ? [] : plannedFamilies(config)) {
      // With SO_REUSEPORT a second tracker would get half of the packets and both would be wrong.
      if (isUdpAddressTaken({ ...options, address })) throw bindError('udp', address, 'EADDRINUSE')
      let bound = address
      for (const sockets of byWorker) {
        const socket = openUdpSocket({ ...options, address: bound })
        bound = socket.address
        sockets.push(socket)
        opened.push(socket)
      }
    }
  } catch (error) {
    for (const socket of opened) closeUdpSocket(socket)
    throw error
  }
  return {
    workers,
    opened,
    forWorker: index => ({ engine: 'native', sockets: byWorker[index] }),
    kernelDrops: () => opened.reduce((drops, socket) => drops + kernelDropsOf(socket), 0),
    learnAddresses: () => undefined,
    restartObstacle: undefined,
    adopted: passedIn.map(({ fd }) => fd),
    notices: inheritedNotices(passedIn, wantedFamilies(config)),
    close: () => {
      for (const socket of opened.splice(0)) closeUdpSocket(socket)
    },
  }
}

function planNodeSockets(
  config: UdpConfig,
  workersAsked: number,
  inherited: readonly InheritedDescriptor[],
): UdpSockets {
  const passedIn = inherited
    .map(({ fd }) => findInheritedUdpSocket(fd))
    .filter(socket => socket !== undefined)
  const unbound = passedIn.find(({ address }) => address.port === 0)
  if (unbound !== undefined) throw inheritedUnbound(unbound.fd)
  const onlyIpv6 = config.network.setOnlyIpv6
  const canShare = canShareUdpPort(process.versions.node)
  const ownSockets = passedIn.length > 0 ? workersWithOwnSockets(passedIn, workersAsked) : workersAsked
  const workers = canShare || passedIn.length > 0 ? ownSockets : 1
  const reusePort = canShare && workers > 1
  let plans: NodeSocketPlan[][] = Array.from({ length: workers }, () =>
    plannedFamilies(config).map(({ family, address }) => ({ family, address, onlyIpv6, reusePort })),
  )
  if (passedIn.length > 0) {
    plans = shareOut(passedIn, workers).map(sockets =>
      sockets.map(socket => ({ ...socket, onlyIpv6, reusePort: false })),
    )
  }
  return {
    workers,
    opened: [],
    forWorker: index => ({ engine: 'node', sockets: plans[index] }),
    kernelDrops: () => kernelDropsOfPorts(plans[0].map(plan => plan.address.port)),
    learnAddresses: addresses => {
      if (passedIn.length > 0) return
      plans = plans.map(sockets => sockets.map((plan, index) => ({ ...plan, address: addresses[index] })))
    },
    // node:dgram closed the descriptor when the worker ended, and can't make a copy before.
    restartObstacle:
      passedIn.length > 0 ? 'the node engine can take over a socket passed in only once' : undefined,
    adopted: passedIn.map(({ fd }) => fd),
    notices: [
      ...inheritedNotices(passedIn, wantedFamilies(config)),
      ...fewerWorkersNotice(workers, workersAsked, passedIn.length > 0),
    ],
    close: () => undefined,
  }
}

function fewerWorkersNotice(workers: number, workersAsked: number, arePassedIn: boolean): string[] {
  if (workers >= workersAsked) return []
  const why = arePassedIn
    ? 'a worker of the node engine needs a socket of its own among those passed in'
    : `node ${process.versions.node} can't share a UDP port`
  return [`${workers} worker${workers === 1 ? '' : 's'} instead of ${workersAsked}, because ${why}`]
}
