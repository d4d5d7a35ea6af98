// Which sockets the UDP tracker has: one for each address family and worker. On the native engine they are opened
// here, in the main thread; on the node engine each worker opens its own by the plan made here.

import type { UdpConfig } from '../../config/udp.js'
import { bindError } from '../../net/bind-error.js'
import type { EngineName } from '../../net/engine.js'
import { kernelDropsOfPorts } from '../../net/kernel-drops.js'
import type { OpenUdpSocket } from '../../net/native/udp-open.js'
import { canShareUdpPort } from '../../net/node/udp-socket.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import { answerBytesMax, rulesOf } from './handler.js'
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

/** Opens (native) or plans (node) all sockets. @throws AquaticError AQ_BIND_* */
export async function openUdpSockets(
  config: UdpConfig,
  engine: EngineName,
  workers: number,
): Promise<UdpSockets> {
  return engine === 'native' ? await openNativeSockets(config, workers) : planNodeSockets(config, workers)
}

async function openNativeSockets(config: UdpConfig, workers: number): Promise<UdpSockets> {
  const { closeUdpSocket, isUdpAddressTaken, kernelDropsOf, openUdpSocket } = await import(
    '../../net/native/udp-open.js'
  )
  const byWorker: OpenUdpSocket[][] = Array.from({ length: workers }, () => [])
  const opened: OpenUdpSocket[] = []
  try {
    for (const { address } of plannedFamilies(config)) {
      const options = {
        onlyIpv6: config.network.setOnlyIpv6,
        receiveBufferBytes: config.network.socketRecvBufferSize,
        sendBufferBytes: config.network.socketSendBufferSize,
        answerBytesMax: answerBytesMax(rulesOf(config)),
      }
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
    close: () => {
      for (const socket of opened.splice(0)) closeUdpSocket(socket)
    },
  }
}

function planNodeSockets(config: UdpConfig, workersAsked: number): UdpSockets {
  const canShare = canShareUdpPort(process.versions.node)
  const workers = canShare ? workersAsked : 1
  let plans: NodeSocketPlan[] = plannedFamilies(config).map(({ family, address }) => ({
    family,
    address,
    onlyIpv6: config.network.setOnlyIpv6,
    reusePort: canShare && workers > 1,
  }))
  return {
    workers,
    opened: [],
    forWorker: () => ({ engine: 'node', sockets: plans }),
    kernelDrops: () => kernelDropsOfPorts(plans.map(plan => plan.address.port)),
    learnAddresses: addresses => {
      plans = plans.map((plan, index) => ({ ...plan, address: addresses[index] }))
    },
    close: () => undefined,
  }
}
